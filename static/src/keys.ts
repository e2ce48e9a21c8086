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
