// What waits, in what order, and what of it is asked for. Pure, and the same as the server's moderation/triage.py:
// both are held against tests/samples/triage.json.

import { byOrder } from "./cards";
import type { DeskCard } from "./cards";
import type { Claim, Tallies } from "./wire";

export const DANGER = "danger";
const NONE = "-";
const ANY = "*";

export interface Filters {
  language?: string;
  topic?: string;
  school?: string;
  flag?: string;
  tag?: string;
  whose?: string;
  text?: string;
}

export interface Around {
  me: string;
  claims: Readonly<Record<string, Claim>>;
  tallies: Readonly<Tallies>;
}

export const isDanger = (card: DeskCard): boolean => card.flags?.includes(DANGER) ?? false;
export const isUrgent = (card: DeskCard): boolean => isDanger(card) && card.place !== "done" && card.place !== null;

// Order

type Rank = (a: DeskCard, b: DeskCard, tallies: Readonly<Tallies>) => number;

const oldest: Rank = (a, b) => a.number - b.number;
const newest: Rank = (a, b) => b.number - a.number;
const most: Rank = (a, b, tallies) => (tallies[b.id] ?? 0) - (tallies[a.id] ?? 0) || newest(a, b, tallies);
const latest: Rank = (a, b, tallies) => b.rev - a.rev || newest(a, b, tallies);
const dangerFirst =
  (then: Rank): Rank =>
  (a, b, tallies) =>
    Number(isDanger(b)) - Number(isDanger(a)) || then(a, b, tallies);

const RANKS: Readonly<Record<string, Rank>> = {
  waiting: dangerFirst(oldest),
  shown: dangerFirst(newest),
  "shown by most": dangerFirst(most),
  done: latest,
  lineup: byOrder,
};

export function inOrder(cards: readonly DeskCard[], list: string, sort: string, tallies: Tallies): DeskCard[] {
  const rank = RANKS[`${list} by ${sort}`] ?? RANKS[list] ?? oldest;
  return [...cards].sort((a, b) => rank(a, b, tallies));
}

// Filters

/** Case and accents do not matter to who searches. */
export const fold = (words: string): string => words.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");

const folded = new WeakMap<DeskCard, string>();

function searched(card: DeskCard): string {
  const known = folded.get(card);
  if (known !== undefined) return known;
  const parts = card.state === "withdrawn" ? [] : [card.words, card.original, card.name, card.tags?.join(" ")];
  const whole = fold([`#${card.number}`, ...parts.filter(Boolean)].join(" "));
  folded.set(card, whole);
  return whole;
}

const wordsIn = (text: string): string[] => fold(text).split(/\s+/).filter(Boolean);

const orNone = (value: string | undefined, wanted: string): boolean =>
  wanted === NONE ? !value : value === wanted;

const FLAGS: Readonly<Record<string, (card: DeskCard) => boolean>> = {
  [ANY]: (card) => Boolean(card.flags?.length),
  // What an asker took back is nobody's to find.
  private: (card) => Boolean(card.private) && card.state !== "withdrawn",
  contact: (card) => Boolean(card.contact) && card.state !== "withdrawn",
};

type Test = (card: DeskCard, wanted: string, around: Around) => boolean;

const TESTS: Readonly<Record<Exclude<keyof Filters, "text">, Test>> = {
  language: (card, wanted) => card.lang === wanted,
  topic: (card, wanted) => orNone(card.topic, wanted),
  school: (card, wanted) => orNone(card.school, wanted),
  flag: (card, wanted) => FLAGS[wanted]?.(card) ?? card.flags?.includes(wanted) ?? false,
  tag: (card, wanted) => card.tags?.includes(wanted) ?? false,
  whose: (card, wanted, { me, claims }) => (wanted === "mine" ? claims[card.id]?.by === me : !claims[card.id]),
};

/** How many filters beside the search are on. */
export const narrowed = (filters: Filters): number =>
  Object.keys(TESTS).filter((name) => filters[name as keyof typeof TESTS]).length;

export function filtered(cards: readonly DeskCard[], filters: Filters, around: Around): readonly DeskCard[] {
  const words = wordsIn(filters.text ?? "");
  const tests = Object.entries(TESTS).flatMap(([name, test]) => {
    const wanted = filters[name as keyof typeof TESTS];
    return wanted ? [(card: DeskCard) => test(card, wanted, around)] : [];
  });
  if (!words.length && !tests.length) return cards;
  return cards.filter(
    (card) => tests.every((test) => test(card)) && words.every((word) => searched(card).includes(word)),
  );
}

// Counts

export interface Counts {
  waiting: number;
  shown: number;
  lineup: number;
  stage: number;
  done: number;
  urgent: string[];
  /** When the one that waits longest was asked. */
  oldest: string | null;
}

export function counts(cards: readonly DeskCard[]): Counts {
  const told: Counts = { waiting: 0, shown: 0, lineup: 0, stage: 0, done: 0, urgent: [], oldest: null };
  for (const { place, asked_at } of cards) {
    if (place !== null && place in told) told[place as "waiting"]++;
    // Times of the server are all written alike, so they compare as text.
    if (place === "waiting" && (told.oldest === null || asked_at < told.oldest)) told.oldest = asked_at;
  }
  told.urgent = cards.filter(isUrgent).sort((a, b) => a.number - b.number).map((card) => card.id);
  return told;
}

export type Choices = Record<"language" | "topic" | "school" | "flag" | "tag", Record<string, number>>;

/** What can be chosen in a list's filters, and how many there are of each. */
export function choices(cards: readonly DeskCard[]): Choices {
  const told: Choices = { language: {}, topic: {}, school: {}, flag: {}, tag: {} };
  const add = (kind: keyof Choices, value: string): void => {
    told[kind][value] = (told[kind][value] ?? 0) + 1;
  };
  for (const card of cards) {
    add("language", card.lang);
    add("topic", card.topic || NONE);
    add("school", card.school || NONE);
    for (const kind of Object.keys(FLAGS)) if (FLAGS[kind]?.(card)) add("flag", kind);
    for (const flag of card.flags ?? []) add("flag", flag);
    for (const tag of card.tags ?? []) add("tag", tag);
  }
  return told;
}

/** [what, waiting, in line, answered] */
export type Share = [string, number, number, number];
export type Balance = Record<"languages" | "topics" | "schools", Share[]>;

const column = (card: DeskCard): number =>
  card.place === "waiting"
    ? 1
    : card.place === "lineup" || card.place === "stage"
      ? 2
      : card.state === "answered" || (card.state === "private" && card.answers?.length)
        ? 3
        : 0;

export function balance(cards: readonly DeskCard[]): Balance {
  const kinds: [keyof Balance, (card: DeskCard) => string][] = [
    ["languages", (card) => card.lang],
    ["topics", (card) => card.topic || NONE],
    ["schools", (card) => card.school || NONE],
  ];
  const told = { languages: [], topics: [], schools: [] } as Balance;
  for (const [kind, of] of kinds) {
    const shares = new Map<string, Share>();
    for (const card of cards) {
      const at = column(card);
      if (!at) continue;
      const share = shares.get(of(card)) ?? [of(card), 0, 0, 0];
      share[at as 1]++;
      shares.set(share[0], share);
    }
    const sum = ([, ...numbers]: Share): number => numbers.reduce((a, b) => a + b);
    told[kind] = [...shares.values()].sort((a, b) => sum(b) - sum(a) || (a[0] < b[0] ? -1 : 1));
  }
  return told;
}
