// A colleague was faster. What was half typed here stays to be read and copied, also where there is no field for it
// any more.

import { text } from "./texts";

type Field = HTMLTextAreaElement | HTMLInputElement;

/** What somebody typed into an element and has not sent. */
export function typedIn(root: ParentNode): string[] {
  return Array.from(root.querySelectorAll<Field>("textarea, input[type=text], input:not([type])"))
    .filter((field) => field.value !== field.defaultValue && !field.closest('form[aria-busy="true"]'))
    .map((field) => field.value.trim())
    .filter(Boolean);
}

/** What was there before, and is not any more. Pure. */
export function lost(before: readonly string[], after: readonly string[]): string[] {
  const left = [...after];
  return before.filter((words) => {
    const at = left.indexOf(words);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** Puts words that lost their field beside what was said about the question. */
export function keepWords(article: HTMLElement, kept: readonly string[]): void {
  article.querySelector("[data-kept-words]")?.remove();
  if (!kept.length) return;
  const box = document.createElement("div");
  box.className = "told";
  box.dataset["keptWords"] = "";
  const head = document.createElement("strong");
  head.textContent = text("kept_words");
  box.append(head);
  for (const words of kept) {
    const line = document.createElement("p");
    line.className = "words";
    line.dir = "auto";
    line.textContent = words;
    box.append(line);
  }
  const say = article.querySelector("[data-say]");
  if (say) say.after(box);
  else article.prepend(box);
}
