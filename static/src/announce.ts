// What a listener hears: one polite region, at most one sentence every five seconds, and never
// counters or clocks. What comes meanwhile is merged.

import { plural, text } from "./texts";

const PAUSE_MS = 5000;
const TOGGLE = "[data-announce-toggle]";
const KEPT_AS = "facetoface:quiet";

export interface Announcer {
  /** The latest of a kind wins: who was away does not need yesterday's stage. */
  say(kind: string, words: string): void;
  arrived(key: string, number: number): void;
}

export function openAnnouncer(): Announcer {
  const region = document.querySelector("[data-announce]");
  const toggle = document.querySelector(TOGGLE);
  const waiting = new Map<string, string>();
  const numbers = new Map<string, number>();
  let last = 0;
  let timer: number | undefined;
  let quiet = false;

  try {
    quiet = localStorage.getItem(KEPT_AS) === "1";
  } catch {
    // Storage is refused: it speaks until it is turned down again.
  }
  toggle?.setAttribute("aria-pressed", String(quiet));
  toggle?.addEventListener("click", () => {
    quiet = !quiet;
    toggle.setAttribute("aria-pressed", String(quiet));
    try {
      localStorage.setItem(KEPT_AS, quiet ? "1" : "0");
    } catch {
      // It holds for this page.
    }
  });

  function speak(): void {
    timer = undefined;
    last = Date.now();
    const words = [...waiting.values()].join(" ");
    waiting.clear();
    numbers.clear();
    if (region && !quiet) region.textContent = words;
  }

  function say(kind: string, words: string): void {
    if (!words) return;
    waiting.set(kind, /[.!?…]$/.test(words) ? words : `${words}.`);
    // A breath even when nothing was said lately, so that one change is one sentence.
    timer ??= window.setTimeout(speak, Math.max(300, last + PAUSE_MS - Date.now()));
  }

  return {
    say,
    arrived(key, number) {
      const all = (numbers.get(key) ?? 0) + number;
      numbers.set(key, all);
      say(key, plural(key, all));
    },
  };
}

/** Announces what came to the stage, unless it was there before. */
export function stageTeller(announcer: Announcer): () => void {
  const onStage = (): HTMLElement | null => document.querySelector('[data-place="stage"] > [data-card]');
  let before = onStage()?.dataset["card"];
  return () => {
    const card = onStage();
    const id = card?.dataset["card"];
    if (id === before) return;
    before = id;
    const words = card?.querySelector("[data-words]")?.textContent?.trim();
    if (words) announcer.say("stage", text("on_stage", { words }));
  };
}
