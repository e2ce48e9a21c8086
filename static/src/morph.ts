// A card becomes its newer self in place: what the reader typed, folded open or was just told stays.

import { Idiomorph } from "idiomorph";

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;
const isField = (node: unknown): node is Field =>
  node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement || node instanceof HTMLSelectElement;

/** Somebody typed or chose something here that has not been sent. */
function touched(field: Field): boolean {
  if (field instanceof HTMLSelectElement) {
    const options = Array.from(field.options);
    const first = Math.max(0, options.map((option) => option.defaultSelected).lastIndexOf(true));
    return field.selectedIndex !== first;
  }
  if (field instanceof HTMLInputElement && /checkbox|radio/.test(field.type)) {
    return field.checked !== field.defaultChecked;
  }
  return field.type !== "hidden" && field.value !== field.defaultValue;
}

export const halfTyped = (card: HTMLElement): boolean =>
  Array.from(card.querySelectorAll("textarea, input, select")).some((field) => isField(field) && touched(field));

export const isTyping = (element: Element): boolean =>
  element instanceof HTMLTextAreaElement ||
  (element instanceof HTMLInputElement && !/checkbox|radio|button/.test(element.type));

const title = (details: Node): string =>
  details instanceof HTMLDetailsElement ? (details.querySelector("summary")?.textContent ?? "") : "";

export function morph(card: HTMLElement, fresh: HTMLElement): void {
  Idiomorph.morph(card, fresh, {
    morphStyle: "outerHTML",
    callbacks: {
      beforeNodeMorphed(old, next) {
        if (isField(old)) return !touched(old) && !(old === document.activeElement && isTyping(old));
        // What was folded open stays open as long as it is the same thing.
        if (old instanceof HTMLDetailsElement && title(old) !== title(next)) old.open = false;
        // A sentence to the reader stays until the next attempt.
        return !(old instanceof HTMLElement && old.hasAttribute("data-say") && old.textContent);
      },
      beforeAttributeUpdated: (name, element) =>
        !(
          name === "aria-busy" ||
          name === "tabindex" ||
          (name === "open" && element instanceof HTMLDetailsElement) ||
          (element.hasAttribute("data-waiting") && (name === "hidden" || name === "data-waiting"))
        ),
    },
  });
}
