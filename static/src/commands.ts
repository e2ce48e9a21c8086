// Every action is a form that works without scripts. Here it goes over the link instead, and its
// answer comes back to the same place.

import { bodyFrom, fieldsOf } from "./bodies";
import { openKeys } from "./keys";
import type { Link } from "./link";
import { keepScroll } from "./scroll";
import { text } from "./texts";
import type { Answer, Body, Refusal } from "./wire";

export interface Doings {
  /** A form whose words are never lost has a way of its own. */
  keep?(form: HTMLFormElement, body: Body): Promise<void>;
  /** What only this screen knows when the button is pressed. */
  complete?(form: HTMLFormElement, body: Body): void;
  /** Shows the outcome before the answer; gives the way back. */
  expect?(form: HTMLFormElement): (() => void) | undefined;
  done?(command: string): void;
}

const OUTSIDE = "form, [data-card]";

function write(spot: Element | null | undefined, words: string): void {
  if (!(spot instanceof HTMLElement)) return;
  spot.textContent = words;
  if (words) spot.hidden = false;
}

export const pageSpot = (): Element | undefined =>
  Array.from(document.querySelectorAll("[data-say]")).find((spot) => !spot.closest(OUTSIDE));

let silence: number | undefined;

/** Good news may go by itself after a while; a refusal stays until the next attempt. */
export function sayOnPage(words: string, seconds = 0): void {
  const spot = pageSpot();
  clearTimeout(silence);
  if (seconds) silence = window.setTimeout(sayOnPage, seconds * 1000, "");
  if (spot?.textContent !== words) keepScroll(() => write(spot, words));
}

/** Nearest to where the reader acted: the form, its card, the page. */
export function sayAt(form: Element, words: string): void {
  const near = form.querySelector("[data-say]") ?? form.closest("[data-card]")?.querySelector("[data-say]");
  if (near) write(near, words);
  else sayOnPage(words);
}

export const wordsOf = (refusal: Refusal): string =>
  refusal.say || text(refusal.code === "unsent" ? "not_sent" : "refused");

/** After any other answer the same may have been done all the same: it is asked again under the same key. */
export const isSettled = (answer: Answer): boolean =>
  answer.ok || (answer.code !== "unsent" && answer.code !== "not_saved");

type Pressed = (event: SubmitEvent, form: HTMLFormElement) => HTMLElement | null;

/** Which button sent a form; the second half of a double click, on what moved under it, was not meant. */
export function watchPress(): Pressed {
  let pressed: HTMLElement | null = null;
  addEventListener(
    "click",
    (event) => {
      const before = pressed?.closest("[data-card]");
      pressed = event.target instanceof Element ? event.target.closest("button") : null;
      if (event.detail > 1 && before && pressed?.closest("[data-card]") !== before) event.preventDefault();
    },
    true,
  );
  // `submitter` is missing on older Safari; there the last click in this form was it.
  return ({ submitter }, form) => submitter ?? (pressed && form.contains(pressed) ? pressed : null);
}

/** Whatever was typed has been taken: the next picture of the card may replace it. */
export function fold(form: HTMLFormElement): void {
  form.reset();
  const details = form.closest<HTMLDetailsElement>("[data-card] details");
  if (!details?.open) return;
  const held = details.contains(document.activeElement);
  details.open = false;
  if (held) details.querySelector("summary")?.focus({ preventScroll: true });
}

export function startCommands(link: Link, doings: Doings): void {
  const keys = openKeys();
  const pressed = watchPress();

  async function run(form: HTMLFormElement, command: string, body: Body): Promise<void> {
    const undo = doings.expect?.(form);
    const answer = await link.command(command, { ...body, key: keys.of(command, body) });
    if (isSettled(answer)) keys.done(command, body);
    if (answer.ok) {
      if (!undo) fold(form);
      doings.done?.(command);
      return;
    }
    undo?.();
    sayAt(form, wordsOf(answer));
    // The card itself is about to move to where the other person put it.
    if (answer.code === "stale") sayOnPage(wordsOf(answer));
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || event.defaultPrevented) return;
    const command = form.dataset["command"];
    if (!command) return;
    event.preventDefault();
    if (form.hasAttribute("aria-busy")) return;
    const button = pressed(event, form);
    const body = bodyFrom(fieldsOf(form, button));
    doings.complete?.(form, body);
    const busy = button ?? form.querySelector("button");
    form.setAttribute("aria-busy", "true");
    busy?.setAttribute("aria-busy", "true");
    sayAt(form, "");
    sayOnPage("");
    const act = form.hasAttribute("data-keep") && doings.keep ? doings.keep(form, body) : run(form, command, body);
    void act.finally(() => {
      form.removeAttribute("aria-busy");
      busy?.removeAttribute("aria-busy");
    });
  });
}
