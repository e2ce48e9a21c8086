// From a form to the body of a command: the same fields that a page without scripts would send.

import type { Body } from "./wire";

const NUMBERS = ["rev", "seconds"];
const SWITCHES = ["private", "on", "sure"];

export function bodyFrom(fields: Iterable<readonly [string, unknown]>): Body {
  const body: Body = {};
  for (const [name, value] of fields) {
    // `back` is only where a page without scripts returns to; keys are made by the scripts.
    if (typeof value !== "string" || name === "back" || name === "key") continue;
    if (NUMBERS.includes(name)) body[name] = Number(value);
    else if (SWITCHES.includes(name)) body[name] = value === "true" || value === "on";
    // Some browsers hand out a textarea's line ends as they would travel in a form.
    else if (value.trim() !== "") body[name] = value.replace(/\r\n?/g, "\n");
  }
  return body;
}

/** `FormData(form, button)` is too new for the phones we meet. */
export function fieldsOf(form: HTMLFormElement, button: HTMLElement | null): [string, unknown][] {
  const fields: [string, unknown][] = [...new FormData(form).entries()];
  if (button instanceof HTMLButtonElement && button.name) fields.push([button.name, button.value]);
  return fields;
}

/** What a reader would call characters; the server counts the same way. */
export function graphemes(words: string): number {
  const clean = words.normalize("NFC").trim();
  if (!("Segmenter" in Intl)) return Array.from(clean).length;
  let count = 0;
  for (const _ of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(clean)) count++;
  return count;
}
