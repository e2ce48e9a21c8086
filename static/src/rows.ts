// Draws a question into a row of the list. What people wrote goes in as text, never as HTML.

import type { DeskCard } from "./cards";
import { labelsOf } from "./labels";
import type { Label } from "./labels";
import { nameOf } from "./names";
import type { Names } from "./names";
import { pageLang, plural, text } from "./texts";
import { ago, dressTimes } from "./times";
import { isUrgent } from "./triage";
import type { Claim } from "./wire";

export interface Sight {
  names: Names;
  tally(id: string): number;
  claim(id: string): Claim | undefined;
  twins(id: string): number;
  numberOf(id: string): number | undefined;
  isPicked(id: string): boolean;
  /** What the open question is. */
  open(): string | null;
  /** Why a row is only here because somebody looks at it; null for one that belongs here. */
  left(card: DeskCard): string | null;
}

export type Fill = (name: string, words: string | null | undefined) => HTMLElement | null;

/** Writes into the parts of an element; a part without words is not seen. */
export function filler(element: HTMLElement): Fill {
  return (name, words) => {
    const spot = element.querySelector<HTMLElement>(`[data-fill="${name}"]`);
    if (!spot) return null;
    if (spot.textContent !== (words ?? "")) spot.textContent = words ?? "";
    if (spot.hidden === Boolean(words)) spot.hidden = !words;
    return spot;
  };
}

export function mark(element: HTMLElement, name: string, value: string | boolean | null | undefined): void {
  const told = value === false || value === null ? undefined : value === true ? "" : value;
  // Even the same again would make the browser look at the row once more.
  if (element.dataset[name] === told) return;
  if (told === undefined) delete element.dataset[name];
  else element.dataset[name] = told;
}

export function fillWords(fill: Fill, { words, lang }: DeskCard): void {
  const spot = fill("words", words ?? text("words_out"));
  if (words === null) spot?.removeAttribute("lang");
  else if (spot && spot.lang !== lang) spot.lang = lang;
}

export function fillAsker(fill: Fill, card: DeskCard, languages: Names["languages"]): void {
  fill("name", card.name || text("a_parent"));
  fill("topic", card.topic);
  fill("lang", card.lang === pageLang() ? null : nameOf(languages, card.lang));
}

/** What a row's labels were made of: they are made again only when that is another. */
const labelled = new WeakMap<HTMLElement, { card: DeskCard; twins: number }>();

function labelRow(row: HTMLElement, card: DeskCard, { names, numberOf, twins: twinsOf }: Sight): void {
  const twins = twinsOf(card.id);
  const before = labelled.get(row);
  if (before?.card === card && before.twins === twins) return;
  labelled.set(row, { card, twins });
  drawLabels(row.querySelector('[data-fill="labels"]'), labelsOf(card, { names, text, plural, numberOf, twins }));
}

function drawLabels(spot: HTMLElement | null, labels: readonly Label[]): void {
  if (!spot) return;
  spot.hidden = !labels.length;
  spot.replaceChildren(
    ...labels.map(([kind, words]) => {
      const label = document.createElement("li");
      label.className = "label";
      label.dataset["label"] = kind;
      label.textContent = words;
      return label;
    }),
  );
}

export const addressOf = (id: string): string => {
  const { list = "waiting" } = document.body.dataset;
  return `?${new URLSearchParams({ list, open: id }).toString()}`;
};

export function drawRow(row: HTMLElement, card: DeskCard, sight: Sight): void {
  const { names } = sight;
  const fill = filler(row);
  const claim = sight.claim(card.id);
  const other = claim && claim.by !== names.me ? claim : undefined;
  const left = sight.left(card);
  const isOpen = sight.open() === card.id;

  if (row.dataset["card"] !== card.id) row.id = `q-${card.id}`;
  mark(row, "card", card.id);
  mark(row, "rev", String(card.rev));
  mark(row, "order", card.order);
  mark(row, "state", card.state);
  mark(row, "place", card.place);
  mark(row, "urgent", isUrgent(card));
  mark(row, "claim", claim && (other ? "other" : "me"));
  mark(row, "left", left !== null);
  mark(row, "picked", sight.isPicked(card.id));

  const link = row.querySelector<HTMLAnchorElement>("a[data-open]");
  const pick = row.querySelector<HTMLInputElement>("[data-pick]");
  if (pick) {
    pick.checked = sight.isPicked(card.id);
    if (link?.dataset["open"] !== card.id) pick.setAttribute("aria-label", text("pick", { n: card.number }));
  }
  if (link) {
    if (link.dataset["open"] !== card.id) link.href = addressOf(card.id);
    mark(link, "open", card.id);
    if (!isOpen) link.removeAttribute("aria-current");
    else if (!link.hasAttribute("aria-current")) link.setAttribute("aria-current", "true");
  }
  fillWords(fill, card);
  fillAsker(fill, card, names.languages);
  fill("number", String(card.number));
  drawTime(row, card);
  drawVotes(row, sight.tally(card.id));
  labelRow(row, card, sight);
  fill("claim", left !== null || !claim ? null : other ? text("claimed", { name: other.name || text("a_colleague") }) : text("mine"));
  fill("left", left);
}

function drawTime(row: HTMLElement, card: DeskCard): void {
  const time = row.querySelector<HTMLTimeElement>('time[data-fill="asked"]');
  if (!time || time.dateTime === card.asked_at) return;
  time.dateTime = card.asked_at;
  time.hidden = false;
  const asked = new Date(card.asked_at);
  // Too long ago for relative words: the day has to do.
  if (ago((Date.now() - asked.getTime()) / 1000)) dressTimes(row);
  else time.textContent = asked.toLocaleDateString(pageLang(), { dateStyle: "medium" });
}

function drawVotes(row: HTMLElement, votes: number): void {
  const spot = row.querySelector<HTMLElement>('[data-fill="votes"]');
  const number = spot?.querySelector("[data-tally]");
  if (!spot || !number) return;
  if (number.textContent !== String(votes)) number.textContent = String(votes);
  if (spot.hidden !== (votes === 0)) spot.hidden = votes === 0;
}
