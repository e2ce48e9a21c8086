// A question typed without signal is kept on this phone and sent once, later, also after a reload.
// It is written down before the first attempt: from then on nothing can lose it.

import { makeKey, signature } from "./keys";
import type { Link } from "./link";
import * as shelf from "./shelf";
import type { Answer, Body } from "./wire";

export interface Kept {
  key: string;
  body: Body;
  /** Why the server did not take it. It is not tried again by itself, and not thrown away. */
  say?: string;
}

export interface Outbox {
  /** The answer, or "kept" when none comes soon: then it goes on by itself. */
  send(body: Body): Promise<Answer | "kept">;
  flush(): void;
  start(): void;
}

const SHELF = "outbox";
const SOON_MS = 6000;
const AGAIN_MS = 15_000;

/** The same words and fields, still unsent, are the same question; edited ones are another. */
export function keyFor(kept: readonly Kept[], body: Body, make: () => string): string {
  const same = kept.find((entry) => signature("", entry.body) === signature("", body));
  return same && same.say === undefined ? same.key : make();
}

/** Nobody was there, it was too much at once, or it could not be written down: worth another try. */
export const passes = (code: string): boolean => code === "unsent" || code === "too_fast" || code === "not_saved";

export function withKept(kept: readonly Kept[], entry: Kept): Kept[] {
  return [...kept.filter((other) => other.key !== entry.key), entry];
}

export interface OutboxEnds {
  /** Taken: resolves when the reader can see it among the own questions. Late: the sheet has gone. */
  taken(late: boolean): Promise<void>;
  refusal(answer: Answer): string;
  /** Back into the form, to be changed. */
  edit(body: Body): void;
  changed(): void;
}

export function openOutbox(link: Link, ends: OutboxEnds): Outbox {
  const list = document.querySelector('[data-place="mine"]');
  const pattern = document.querySelector<HTMLTemplateElement>("template#kept");
  // In the open sheet already; a card as well would show it twice.
  const inSheet = new Set<string>();
  const underWay = new Map<string, Promise<Answer>>();
  let timer: number | undefined;

  // Read each time: another tab of this session shares the shelf.
  const kept = (): Kept[] => shelf.take<Kept[]>(SHELF) ?? [];

  function keep(change: (kept: Kept[]) => Kept[]): void {
    const left = change(kept());
    if (left.length) shelf.put(SHELF, left);
    else shelf.drop(SHELF);
  }

  const forget = (key: string): void => keep((all) => all.filter((entry) => entry.key !== key));

  function drawCard(entry: Kept): HTMLElement | null {
    const card = (pattern?.content.firstElementChild as HTMLElement | null | undefined)?.cloneNode(true);
    if (!(card instanceof HTMLElement)) return null;
    const write = (name: string, words: string): void => {
      const spot = card.querySelector(`[${name}]`);
      if (spot) spot.textContent = words;
    };
    card.dataset["card"] = `kept-${entry.key}`;
    card.dataset["kept"] = "";
    write("data-words", String(entry.body["words"] ?? ""));
    if (entry.say !== undefined) write("data-say", entry.say);
    const buttons: [string, () => void][] = [
      ["data-kept-edit", () => ends.edit(entry.body)],
      ["data-kept-drop", () => undefined],
    ];
    for (const [name, act] of buttons) {
      const button = card.querySelector<HTMLElement>(`[${name}]`);
      if (!button) continue;
      button.hidden = entry.say === undefined;
      button.addEventListener("click", () => {
        forget(entry.key);
        draw();
        act();
      });
    }
    return card;
  }

  function draw(): void {
    if (!list) return;
    for (const card of list.querySelectorAll("[data-kept]")) card.remove();
    for (const entry of kept()) {
      const card = inSheet.has(entry.key) ? null : drawCard(entry);
      if (card) list.prepend(card);
    }
    ends.changed();
  }

  async function attempt(entry: Kept): Promise<Answer> {
    const answer = await link.command("question.ask", { ...entry.body, key: entry.key });
    if (answer.ok) {
      forget(entry.key);
      await ends.taken(!inSheet.has(entry.key));
    } else if (!passes(answer.code)) {
      keep((all) => withKept(all, { ...entry, say: ends.refusal(answer) }));
    } else later();
    return answer;
  }

  function tryOnce(entry: Kept): Promise<Answer> {
    const going =
      underWay.get(entry.key) ??
      attempt(entry).finally(() => {
        underWay.delete(entry.key);
        draw();
      });
    underWay.set(entry.key, going);
    return going;
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    for (const entry of kept()) if (entry.say === undefined) void tryOnce(entry);
  }

  function later(): void {
    timer ??= window.setTimeout(flush, AGAIN_MS * (1 + Math.random()));
  }

  return {
    flush,
    start() {
      draw();
      flush();
    },
    async send(body) {
      const entry: Kept = { key: keyFor(kept(), body, makeKey), body };
      keep((all) => withKept(all, entry));
      inSheet.add(entry.key);
      const soon = new Promise<"kept">((resolve) => setTimeout(() => resolve("kept"), SOON_MS));
      const answer = await Promise.race([tryOnce(entry), soon]);
      inSheet.delete(entry.key);
      // After "not saved" it may have been saved all the same: only the same key is safe to try again with.
      // Whoever is told to wait still stands in front of the form, with the words in it.
      if (answer !== "kept" && !answer.ok && (answer.code === "too_fast" || !passes(answer.code))) {
        // The words are still in the form, with the reason beside them.
        forget(entry.key);
        draw();
        return answer;
      }
      draw();
      return answer !== "kept" && answer.ok ? answer : "kept";
    },
  };
}
