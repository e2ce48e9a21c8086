// From a key to what it does, wherever the focus is.

import { meaningOf } from "./keymap";
import type { Deed } from "./keymap";
import { isTyping } from "./morph";
import { focusOn, isSeen } from "./patches";

export interface KeyEnds {
  /** Does it; false where it is not meant for the desk after all. */
  deeds: Readonly<Record<Deed, () => boolean | void>>;
  article(): HTMLElement | null;
  /** A key that the open question does not offer, or not yet. */
  missing(key: string): void;
}

const FIELDS = "textarea, select, input:not([type=hidden])";

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLSelectElement || (target instanceof HTMLElement && (isTyping(target) || target.isContentEditable));

/** What a key does to the part of the page that carries it. */
export function press(target: HTMLElement): void {
  const held = target.closest("[inert]")?.closest("[data-card]");
  // Somebody else is on it: the way to it leads over taking it over.
  if (held) return held.querySelector<HTMLElement>("[data-take]")?.focus();
  // What an open box hides is not pressed by accident.
  if (target.matches("button, a")) return isSeen(target) ? target.click() : undefined;
  if (target.matches(FIELDS)) {
    unfold(target.parentElement);
    return target.focus();
  }
  const box = target.matches("summary") ? target.parentElement : null;
  if (box instanceof HTMLDetailsElement) {
    box.open = !box.open;
    unfold(box.parentElement);
    if (!box.open) return target.focus();
  }
  if (box) return (box.querySelector<HTMLElement>("[data-focus]") ?? firstOf(box) ?? box).focus();
  const first = firstOf(target) ?? target;
  unfold(first.parentElement);
  first.focus();
}

/** The first button or field of it, rather one that is in sight. */
function firstOf(inside: Element): HTMLElement | undefined {
  const all = Array.from(inside.querySelectorAll<HTMLElement>(`button, ${FIELDS}`));
  return all.find(isSeen) ?? all[0];
}

function unfold(inside: Element | null): void {
  for (let box = inside?.closest("details"); box; box = box.parentElement?.closest("details") ?? null) box.open = true;
}

/** Closes what is unfolded around the focus, or in the open question; false where nothing is. */
export function foldUp(article: HTMLElement | null): boolean {
  const focus = document.activeElement;
  const box =
    focus?.closest<HTMLDetailsElement>("details[open]") ??
    article?.querySelector<HTMLDetailsElement>('details[name="decide"][open]') ??
    document.querySelector<HTMLDetailsElement>(".bar details[open], #many details[open]");
  if (box) {
    box.open = false;
    box.querySelector("summary")?.focus();
    return true;
  }
  if (!isField(focus)) return false;
  focusOn(article?.contains(focus) ? article : (document.getElementById("panel") as HTMLElement));
  return true;
}

export function startKeys({ deeds, article, missing }: KeyEnds): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const meaning = meaningOf(event, isField(event.target));
    if (!meaning) return;
    if ("deed" in meaning) {
      if (deeds[meaning.deed]() !== false) event.preventDefault();
      return;
    }
    const open = article();
    if ("digit" in meaning) {
      const choice = open?.querySelector<HTMLElement>(`details[open] [data-digit="${meaning.digit}"]`);
      if (!choice) return;
      event.preventDefault();
      return press(choice);
    }
    event.preventDefault();
    const target = open?.querySelector<HTMLElement>(`[data-key="${meaning.press}"]`);
    if (target) press(target);
    else missing(meaning.press);
  });
}
