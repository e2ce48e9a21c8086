// What this phone keeps for itself, per session. Private windows may refuse storage or empty it:
// then it lasts as long as the page does.

const memory = new Map<string, string>();

// By person too: on a shared computer the next one must not find what the last one typed.
const label = (name: string): string => {
  const { code = "", me = "" } = document.body.dataset;
  return `facetoface:${code}:${me}:${name}`;
};

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

/** Everything of everybody who used this browser here. */
export function empty(): void {
  memory.clear();
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith("facetoface:")) localStorage.removeItem(key);
  } catch {
    // Nothing could have been kept there.
  }
}
