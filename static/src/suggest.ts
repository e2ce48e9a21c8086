// What a question meets while it is being written: those like it, and a word of care before everyone can
// read it. Loaded when the sheet opens; without it the sheet works all the same.

import type { Answer } from "./wire";

export interface Ends {
  form: HTMLFormElement;
  words: HTMLTextAreaElement;
  lang: string;
  /** Our own cards, from HTML. */
  parse(html: string): HTMLElement | null;
  vote(question: string, on: boolean): Promise<Answer>;
  refused(answer: Answer): void;
  /** What the sheet shows may be another now. */
  changed(): void;
}

export interface Suggestions {
  /** Whether these words are held back until their writer has said that everyone may read them. */
  holds(words: string): Promise<boolean>;
  /** The question has gone. */
  clear(): void;
}

interface Seen {
  similar: string[];
  flags: { flag: string; say: string }[];
}

const PAUSE_MS = 600;
const LEAST_WORDS = 3;
/** Longer than this nobody waits for advice: the question goes. */
const PATIENCE_MS = 1500;
/** A press that was meant for what stood there before. */
const TREMOR_MS = 500;

export function openSuggestions({ form, words, lang, ...ends }: Ends): Suggestions | null {
  const spot = (name: string): HTMLElement | null => form.querySelector<HTMLElement>(`[data-${name}]`);
  const place = spot("similar-place");
  const list = spot("similar-list");
  const offer = spot("offer");
  const go = spot("ask-go");
  if (!place || !list || !offer || !go) return null;

  let asked: { words: string; answer: Promise<Seen | null> } | undefined;
  let timer: number | undefined;
  let drawn = 0;
  let told = false;
  const allowed = new Set<string>();

  const show = (name: string, on: boolean): void => {
    const found = spot(name);
    if (found) found.hidden = !on;
  };

  async function fetchSeen(typed: string): Promise<Seen | null> {
    const stop = new AbortController();
    const limit = setTimeout(() => stop.abort(), PATIENCE_MS * 2);
    try {
      const answer = await fetch(`/s/${document.body.dataset["code"] ?? ""}/draft`, {
        method: "POST",
        signal: stop.signal,
        credentials: "same-origin",
        headers: { Accept: "application/json", "Content-Type": "application/json" },
        body: JSON.stringify({ words: typed, lang }),
      });
      return answer.ok ? ((await answer.json()) as Seen) : null;
    } catch {
      return null;
    } finally {
      clearTimeout(limit);
    }
  }

  /** Asked once for the same words, unless nobody answered. */
  async function look(typed: string): Promise<Seen | null> {
    if (asked?.words !== typed) asked = { words: typed, answer: fetchSeen(typed) };
    const mine = asked;
    const seen = await mine.answer;
    if (!seen && asked === mine) asked = undefined;
    return seen;
  }

  /** One thing at a time in a place that never grows: danger, then questions like it, then what everyone could read. */
  function draw({ similar, flags }: Seen): void {
    // Not under a finger, nor from under the keyboard.
    if (place?.matches(":active") || list?.contains(document.activeElement)) return;
    const danger = flags.some(({ flag }) => flag === "danger");
    const cards = danger ? [] : similar.map(ends.parse).filter((card): card is HTMLElement => card !== null);
    const ids = (all: Iterable<Element>): string =>
      Array.from(all, (card) => (card as HTMLElement).dataset["similar"]).join();
    if (list && ids(cards) !== ids(list.children)) {
      list.replaceChildren(...cards);
      list.scrollLeft = 0;
      // More than one is scrolled through, by the keyboard too.
      list.tabIndex = cards.length > 1 ? 0 : -1;
      drawn = Date.now();
      show("similar-counted", false);
    }
    const counted = spot("similar-counted")?.hidden === false;
    const care = danger || cards.length ? "" : flags.map(({ say }) => say).join(" ");
    const said = spot("similar-care");
    if (said) said.textContent = care;
    show("similar-care", care !== "");
    show("similar-help", danger);
    show("similar-head", cards.length > 0 && !counted);
    show("similar-hint", !danger && !cards.length && !care);
    const region = spot("similar-told");
    if (!region || told || !cards.length) return;
    told = true;
    region.textContent = spot("similar-head")?.textContent ?? "";
  }

  function closeOffer(): void {
    if (offer?.hidden !== false) return;
    offer.hidden = true;
    if (go) go.hidden = false;
    form.removeAttribute("data-offered");
    ends.changed();
  }

  function consider(): void {
    clearTimeout(timer);
    const typed = words.value;
    if (typed.trim().split(/\s+/).length < LEAST_WORDS) return;
    timer = window.setTimeout(() => {
      void look(typed).then((seen) => seen && words.value === typed && draw(seen));
    }, PAUSE_MS);
  }

  words.addEventListener("input", () => {
    closeOffer();
    consider();
  });
  form.addEventListener("change", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.name === "private") closeOffer();
  });

  form.addEventListener(
    "click",
    (event) => {
      const button = event.target instanceof Element ? event.target.closest("button") : null;
      if (!button || !(offer.contains(button) || list.contains(button))) return;
      if (Date.now() - drawn < TREMOR_MS) {
        event.preventDefault();
        event.stopPropagation();
      } else if (button.name === "sure") for (const one of offer.dataset["flags"]?.split(" ") ?? []) allowed.add(one);
    },
    true,
  );

  function press(button: HTMLElement, on: boolean): void {
    button.setAttribute("aria-pressed", String(on));
    const label = button.querySelector("[data-label]");
    if (label) label.textContent = button.dataset[on ? "labelOn" : "labelOff"] ?? "";
  }

  list.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-similar-vote]") : null;
    if (!button || button.hasAttribute("aria-busy")) return;
    const on = button.getAttribute("aria-pressed") !== "true";
    press(button, on);
    button.setAttribute("aria-busy", "true");
    void ends.vote(button.dataset["similarVote"] ?? "", on).then((answer) => {
      button.removeAttribute("aria-busy");
      if (!answer.ok) press(button, !on);
      ends.refused(answer);
      show("similar-counted", answer.ok === on);
      show("similar-head", answer.ok !== on);
    });
  });

  // This part of the page may have come after the last key.
  consider();

  return {
    async holds(typed) {
      const late = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE_MS, null));
      const seen = await Promise.race([look(typed), late]);
      const flags = seen?.flags ?? [];
      if (flags.every(({ flag }) => allowed.has(flag))) return false;
      const say = spot("offer-say");
      say?.replaceChildren(
        ...flags.map((one) => {
          const line = document.createElement("p");
          line.textContent = one.say;
          return line;
        }),
      );
      show("offer-help", flags.some(({ flag }) => flag === "danger"));
      offer.dataset["flags"] = flags.map(({ flag }) => flag).join(" ");
      offer.hidden = false;
      go.hidden = true;
      form.dataset["offered"] = "";
      drawn = Date.now();
      ends.changed();
      offer.tabIndex = -1;
      offer.focus({ preventScroll: true });
      return true;
    },
    clear() {
      clearTimeout(timer);
      asked = undefined;
      told = false;
      allowed.clear();
      closeOffer();
      draw({ similar: [], flags: [] });
      show("similar-counted", false);
    },
  };
}
