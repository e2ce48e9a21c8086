// The shapes that travel, and the one rule for taking them in (docs/wire.md).

export interface ShownCard {
  id: string;
  rev: number;
  place: string;
  order: string | number;
  html: string;
}

export interface GoneCard {
  id: string;
  rev: number;
  gone: true;
}

export type Card = ShownCard | GoneCard;

export interface SessionFacts {
  state?: string;
  input?: string;
}

export type Tallies = Record<string, number>;

export interface Patch {
  epoch: number;
  from: number;
  to: number;
  cards: Card[];
  session?: SessionFacts;
  /** Only over plain HTTP, where no pulse comes along. */
  tallies?: Tallies;
}

export interface Pulse {
  head?: number;
  tallies?: Tallies;
  here?: number;
  retry_ms?: number;
}

export interface Own {
  cards: ShownCard[];
  votes: string[];
}

export type Body = Record<string, string | number | boolean>;

export interface Success {
  ok: true;
  question?: string;
  rev?: number;
  head?: number;
}

export interface Refusal {
  ok: false;
  /** A code of the wire, or "unsent": nobody answered, so nobody knows whether it was taken. */
  code: string;
  say?: string;
}

export type Answer = Success | Refusal;

/** How far this device is: the number of the last change it has taken in. */
export interface Mark {
  epoch: number;
  seq: number;
}

export type Verdict = "apply" | "drop" | "fetch" | "restart";

/**
 * apply: the next changes; drop: known already; fetch: something between is missing;
 * restart: this is the whole board, so every card it does not list is gone.
 */
export function judge(patch: Patch, mine: Mark): Verdict {
  const foreign = patch.epoch !== mine.epoch;
  if (patch.from === 0 && (foreign || patch.to > mine.seq)) return "restart";
  if (foreign) return "fetch";
  if (patch.to <= mine.seq) return "drop";
  return patch.from <= mine.seq ? "apply" : "fetch";
}

export function isAnswer(value: unknown): value is Answer {
  return typeof value === "object" && value !== null && typeof (value as { ok?: unknown }).ok === "boolean";
}
