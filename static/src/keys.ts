// A key per action makes a retry the same action. `crypto.randomUUID` is missing on
// plain-http addresses of a local network, `getRandomValues` is there.

export function makeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What makes two attempts the same action: the words and fields, whatever their order. */
export function signature(name: string, body: object): string {
  return name + JSON.stringify(Object.entries(body).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Keys of actions that got no answer: trying again cannot do it twice. */
export function openKeys(): { of(name: string, body: object): string; done(name: string, body: object): void } {
  const kept = new Map<string, string>();
  return {
    of(name, body) {
      const key = kept.get(signature(name, body)) ?? makeKey();
      kept.set(signature(name, body), key);
      return key;
    },
    done: (name, body) => void kept.delete(signature(name, body)),
  };
}
