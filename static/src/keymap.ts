// The keys of the desk: one table. Keys of the open question are where the server put them (`data-key`), so that what
// a question does not offer has no key. Pure.

export type Deed = "next" | "previous" | "open" | "select" | "reach" | "undo" | "search" | "keys" | "close";

export const KEYS: Readonly<Record<string, Deed>> = {
  j: "next",
  k: "previous",
  Enter: "open",
  x: "select",
  X: "reach",
  u: "undo",
  "/": "search",
  "?": "keys",
  Escape: "close",
};

/** Approve, decline, line-up, join, private, write, tidy, note, tag, flag, look again. */
export const OF_QUESTION = "adqmpwentfr";

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  repeat: boolean;
  isComposing: boolean;
}

export type Meaning = { deed: Deed } | { press: string } | { digit: string };

/** What a key means; null while somebody types, or where it is the browser's own. */
export function meaningOf(pressed: Pressed, typing: boolean): Meaning | null {
  const { key, repeat } = pressed;
  if (pressed.ctrlKey || pressed.altKey || pressed.metaKey || pressed.isComposing) return null;
  if (typing) return key === "Escape" ? { deed: "close" } : null;
  const deed = KEYS[key];
  // A key that is held down leafs through the list; it decides nothing.
  if (repeat && deed !== "next" && deed !== "previous") return null;
  if (deed) return { deed };
  if (/^[1-9]$/.test(key)) return { digit: key };
  return key.length === 1 && OF_QUESTION.includes(key) ? { press: key } : null;
}
