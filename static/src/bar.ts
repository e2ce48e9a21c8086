// The top of the desk: the counts that matter, what may be danger, and how open the input is.

import { openGuard } from "./guard";
import type { Guard } from "./guard";
import { addressOf } from "./rows";
import { text } from "./texts";
import { dressTimes } from "./times";
import type { Counts } from "./triage";
import type { SessionFacts } from "./wire";

const spots = (selector: string): NodeListOf<HTMLElement> => document.querySelectorAll<HTMLElement>(selector);

function write(selector: string, words: string): void {
  for (const spot of spots(selector)) if (spot.textContent !== words) spot.textContent = words;
}

export function drawCounts(counts: Counts): void {
  for (const place of ["waiting", "shown", "lineup", "done"] as const) write(`[data-count="${place}"]`, String(counts[place]));
  drawOldest(counts.oldest);
  drawUrgent(counts.urgent);
}

/** In words, so it changes once a minute at most; told to nobody who listens. */
function drawOldest(oldest: string | null): void {
  for (const spot of spots("[data-oldest]")) {
    spot.hidden = oldest === null;
    const time = spot.querySelector("time");
    if (oldest === null || !time || time.dateTime === oldest) continue;
    time.dateTime = oldest;
    dressTimes(spot);
  }
}

function drawUrgent(ids: readonly string[]): void {
  const strip = document.querySelector<HTMLAnchorElement>("#urgent");
  if (!strip) return;
  const [first] = ids;
  strip.hidden = first === undefined;
  write("[data-urgent-count]", String(ids.length));
  for (const spot of spots("[data-urgent-one]")) spot.hidden = ids.length !== 1;
  for (const spot of spots("[data-urgent-many]")) spot.hidden = ids.length < 2;
  if (first === undefined || strip.dataset["open"] === first) return;
  strip.dataset["open"] = first;
  strip.href = addressOf(first);
}

let guard: Guard | undefined;

/** What is seen follows from the attributes of the page alone. */
export function drawFacts({ state, input, slow, hold }: SessionFacts): void {
  const about = document.body.dataset;
  if (state !== undefined && state !== about["state"]) {
    about["state"] = state;
    const words = text(`state_${state}`);
    if (words) write('[data-session="state"]', words);
  }
  if (input !== undefined && input !== about["input"]) {
    about["input"] = input;
    // Two who pause at the same moment must not open it again.
    const bar = document.querySelector<HTMLElement>(".input");
    if (bar) guard ??= openGuard(bar);
    guard?.settle();
  }
  if (hold !== undefined) about["hold"] = String(hold);
  if (slow === undefined) return;
  about["slow"] = String(slow);
  for (const button of spots('[name="seconds"]')) {
    button.setAttribute("aria-pressed", String(button.getAttribute("value") === String(slow)));
  }
}
