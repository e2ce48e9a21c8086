// What this phone keeps for itself, per session. Private windows may refuse storage or empty it:
// then it lasts as long as the page does.

const memory = new Map<string, string>();

const label = (name: string): string => `facetoface:${document.body.dataset["code"] ?? ""}:${name}`;

export function take<T>(name: string): T | null {
  let kept = memory.get(label(name)) ?? null;
  try {
    kept = localStorage.getItem(label(name)) ?? kept;
  } catch {
    // Storage is refused: the memory of this page is all there is.
  }
  try {
    return kept === null ? null : (JSON.parse(kept) as T);
  } catch {
    return null;
  }
}

export function put(name: string, value: unknown): void {
  const words = JSON.stringify(value);
  memory.delete(label(name));
  try {
    localStorage.setItem(label(name), words);
  } catch {
    memory.set(label(name), words);
  }
}

export function drop(name: string): void {
  memory.delete(label(name));
  try {
    localStorage.removeItem(label(name));
  } catch {
    // Nothing could have been kept there.
  }
}
