// The one place where HTML enters the page. Focus, half-typed words, what is folded open and the scroll
// position are the reader's, not ours.

import { watchFinger } from "./finger";
import { halfTyped, isTyping, morph } from "./morph";
import { slot, tallyKey } from "./order";
import { keepScroll, noteMoved } from "./scroll";
import { plural, text } from "./texts";
import type { Card, Patch, SessionFacts, ShownCard } from "./wire";

export interface Hooks {
  /** Lays what is not in the shared HTML (votes, tallies, times) over a card before it is seen. */
  dress(card: HTMLElement): void;
  /** Whether a card that was not there before waits until the reader asks for it. */
  waits?(id: string, list: HTMLElement): boolean;
  /** Cards that were not there before, by place; not told for a whole board. */
  arrived?(place: string, cards: HTMLElement[]): void;
  changed?(): void;
  facts?(facts: SessionFacts): void;
}

export interface Board {
  show(patch: Patch, whole: boolean): void;
  /** The caller's own questions, complete. */
  own(cards: readonly ShownCard[]): void;
  reveal(): void;
  count(): void;
}

/**
 * Safe because nothing but cards comes through here: rendered by our own templates, which escape
 * every word a person wrote, and sent by our own origin. A template element runs nothing, and the
 * page's content policy allows no inline script. Words that were never on the server (a kept
 * question, a counter) go in as textContent elsewhere.
 */
export function parse(html: string): HTMLElement | null {
  const frame = document.createElement("template");
  frame.innerHTML = html;
  const card = frame.content.firstElementChild;
  return card instanceof HTMLElement ? card : null;
}

const spots = (selector: string): NodeListOf<HTMLElement> => document.querySelectorAll<HTMLElement>(selector);

/** What a folded box hides still has a place on the page for newer browsers, though nobody sees it. */
export const isSeen = (element: Element): boolean => element.checkVisibility?.() ?? element.getClientRects().length > 0;

export function focusOn(element: HTMLElement): void {
  // Without a place in the tab order of its own, only for the reader who was here.
  if (element.tabIndex < 0) element.tabIndex = -1;
  element.focus({ preventScroll: true });
}

export function openBoard(hooks: Hooks): Board {
  const lists = new Map<string, HTMLElement>();
  for (const list of document.querySelectorAll<HTMLElement>("[data-place]")) {
    lists.set(list.dataset["place"] ?? "", list);
  }
  const mine = lists.get("mine");
  const newButton = document.querySelector<HTMLElement>("[data-new]");
  // What is gone stays gone: an older picture of it must not bring it back.
  const tombstones = new Map<string, number>();
  let arrivals = new Map<string, HTMLElement[]>();

  const cardsOf = (list: HTMLElement): HTMLElement[] =>
    Array.from(list.children).filter(
      (child): child is HTMLElement => child instanceof HTMLElement && child.hasAttribute("data-card"),
    );

  const boardCards = (): HTMLElement[] =>
    Array.from(lists.values()).flatMap((list) => (list === mine ? [] : cardsOf(list)));

  function find(id: string, own: boolean): HTMLElement | undefined {
    const cards = document.querySelectorAll<HTMLElement>(`[data-place] > [data-card="${CSS.escape(id)}"]`);
    return Array.from(cards).find((card) => (card.parentElement === mine) === own);
  }

  /** Where to go on when the card that had the focus goes: the next one, or what takes its place. */
  let adrift: { list: Element; next: Element | null } | null = null;

  function leave(card: HTMLElement): void {
    const list = card.parentElement;
    if (list) adrift = { list, next: card.nextElementSibling ?? card.previousElementSibling };
  }

  function land(): void {
    if (!adrift) return;
    const { list, next } = adrift;
    adrift = null;
    const there = next?.parentElement === list ? next : (list.firstElementChild ?? list);
    if (there instanceof HTMLElement) focusOn(there);
  }

  function settleIn(card: HTMLElement, list: HTMLElement): void {
    const others = cardsOf(list).filter((other) => other !== card && !other.hasAttribute("data-kept"));
    const most = list.dataset["sort"] === "most";
    const rank = (one: HTMLElement): string => (most ? tallyKey(one) : (one.dataset["order"] ?? ""));
    const before = others[slot(others.map(rank), rank(card), list.dataset["sort"] !== "asc")] ?? null;
    if (card.parentElement === list && (before ? card.nextElementSibling === before : !card.nextElementSibling)) return;

    const active = document.activeElement;
    const held = active instanceof HTMLElement && card.contains(active) ? active : null;
    const stays = card.parentElement === list || (held !== null && isTyping(held));
    if (held && !stays) leave(card);
    if (card.parentElement) noteMoved(card);
    list.insertBefore(card, before);
    // Moving drops the focus. Who is typing goes along; who pressed a button goes on with the next.
    if (held && stays) held.focus({ preventScroll: true });
  }

  function remove(card: HTMLElement): void {
    if (halfTyped(card)) {
      card.dataset["gone"] = "";
      for (const button of card.querySelectorAll("button")) button.disabled = true;
      const say = card.querySelector("[data-say]");
      if (say) say.textContent = text("gone");
      return;
    }
    if (card.contains(document.activeElement)) leave(card);
    card.remove();
  }

  function put(shown: ShownCard, own: boolean, whole: boolean): void {
    const list = own ? mine : lists.get(shown.place);
    const old = find(shown.id, own);
    // Epochs count anew; within one, an older picture than ours is a straggler.
    const known = whole || own ? -1 : Math.max(tombstones.get(shown.id) ?? -1, Number(old?.dataset["rev"] ?? -1));
    if (shown.rev < known) return;
    if (!list || (shown.place === "mine") !== own) {
      if (old) remove(old);
      return;
    }
    const fresh = parse(shown.html);
    if (!fresh) return;
    fresh.dataset["card"] = shown.id;
    fresh.dataset["rev"] = String(shown.rev);
    fresh.dataset["order"] = String(shown.order);
    hooks.dress(fresh);
    if (old) {
      const place = `${old.dataset["order"] ?? ""} ${old.parentElement?.dataset["place"] ?? ""}`;
      delete old.dataset["gone"];
      const had = old.contains(document.activeElement);
      morph(old, fresh);
      // The button that was pressed may not be offered any more.
      const lost = had && !old.contains(document.activeElement);
      if (lost && list === old.parentElement) focusOn(old);
      else if (lost) leave(old);
      // What waits to be read stands behind a button in its own list only: on stage it is seen by everybody.
      if (list !== old.parentElement) {
        delete old.dataset["waiting"];
        old.hidden = false;
      }
      // In a list that the reader sorted otherwise, a card that only changed keeps its place.
      if (place !== `${String(shown.order)} ${list.dataset["place"] ?? ""}`) settleIn(old, list);
      return;
    }
    const last = cardsOf(list).pop();
    const cut = document.querySelector<HTMLElement>("[data-more]");
    // Further down than the page goes: it comes with the rest.
    if (!whole && cut && !cut.hidden && list.contains(last ?? null) && list.dataset["sort"] === "desc") {
      if (list.dataset["place"] === "questions" && String(shown.order) < (last?.dataset["order"] ?? "")) return;
    }
    if (!whole && !own && hooks.waits?.(shown.id, list)) {
      fresh.dataset["waiting"] = "";
      fresh.hidden = true;
    }
    settleIn(fresh, list);
    arrivals.set(shown.place, [...(arrivals.get(shown.place) ?? []), fresh]);
  }

  function showFacts(facts: SessionFacts): void {
    hooks.facts?.(facts);
    const about = document.body.dataset;
    if (facts.state !== undefined && facts.state !== about["state"]) {
      about["state"] = facts.state;
      const words = text(`state_${facts.state}`);
      for (const spot of spots('[data-session="state"]')) if (words) spot.textContent = words;
    }
    if (facts.input === undefined) return;
    about["input"] = facts.input;
    for (const spot of spots('[data-session="input"]')) spot.hidden = facts.input === "open";
  }

  function count(): void {
    for (const [place, list] of lists) {
      const cards = cardsOf(list);
      for (const spot of spots(`[data-empty="${place}"]`)) spot.hidden = cards.length > 0;
      for (const spot of spots(`[data-when="${place}"]`)) spot.hidden = cards.length === 0;
      const cut = place === "questions" ? document.querySelector<HTMLElement>("[data-more]:not([hidden])") : null;
      const number = String(cards.filter((card) => !card.hidden).length + Number(cut?.dataset["more"] ?? 0));
      for (const spot of spots(`[data-count="${place}"]`)) if (spot.textContent !== number) spot.textContent = number;
    }
    const waiting = document.querySelectorAll("[data-waiting]").length;
    if (!newButton) return;
    newButton.hidden = waiting === 0;
    if (waiting) newButton.textContent = plural("new_questions", waiting);
  }

  function take(change: () => void): void {
    arrivals = new Map();
    keepScroll(() => {
      change();
      count();
      land();
      hooks.changed?.();
    });
  }

  function draw(patch: Patch, whole: boolean): void {
    const joined: string[] = [];
    take(() => {
      if (whole) {
        const listed = new Set(patch.cards.map((card: Card) => card.id));
        for (const card of boardCards()) if (!listed.has(card.dataset["card"] ?? "")) remove(card);
        tombstones.clear();
      }
      for (const card of patch.cards) {
        if (!("gone" in card)) put(card, false, whole);
        else if (card.rev >= (tombstones.get(card.id) ?? 0)) {
          tombstones.set(card.id, card.rev);
          const old = find(card.id, false);
          if (!old || !(whole || card.rev >= Number(old.dataset["rev"] ?? 0))) continue;
          remove(old);
          if (card.into) joined.push(card.into);
        }
      }
      if (patch.session) showFacts(patch.session);
      // Its reader finds it again where it is now; the mark goes with the next change of that card.
      for (const id of joined) {
        const living = find(id, false);
        if (living) living.dataset["joined"] = text("joined");
      }
    });
    document.body.dataset["epoch"] = String(patch.epoch);
    document.body.dataset["seq"] = String(patch.to);
    if (!whole) for (const [place, cards] of arrivals) hooks.arrived?.(place, cards);
  }

  const calmly = watchFinger();

  return {
    show: (patch, whole) => calmly(() => draw(patch, whole)),
    own: (cards) =>
      calmly(() => {
        if (!mine) return;
        take(() => {
          const listed = new Set(cards.map((card) => card.id));
          for (const card of cardsOf(mine)) {
            if (!card.hasAttribute("data-kept") && !listed.has(card.dataset["card"] ?? "")) remove(card);
          }
          for (const card of cards) put(card, true, false);
        });
      }),
    reveal() {
      const cards = Array.from(document.querySelectorAll<HTMLElement>("[data-waiting]"));
      for (const card of cards) {
        delete card.dataset["waiting"];
        card.hidden = false;
      }
      count();
      cards[0]?.scrollIntoView({ block: "nearest" });
      if (cards[0]) focusOn(cards[0]);
    },
    count,
  };
}
