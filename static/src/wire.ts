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
  /** The question that lives for it, where the reader sees that one. */
  into?: string;
}

export type Card = ShownCard | GoneCard;

export interface SessionFacts {
  state?: string;
  input?: string;
  /** Seconds between two questions of one person; 0 where it does not matter. */
  slow?: number;
  hold?: boolean;
  stage?: string | null;
  lineup?: string[];
}

export type Tallies = Record<string, number>;

export interface Patch<C = Card> {
  epoch: number;
  from: number;
  to: number;
  cards: C[];
  session?: SessionFacts;
  /** Only over plain HTTP, where no pulse comes along. */
  tallies?: Tallies;
}

/** Who looks at a question now. */
export interface Claim {
  by: string;
  name: string;
}

export interface Pulse {
  head?: number;
  tallies?: Tallies;
  here?: number;
  retry_ms?: number;
  /** To the desk: null where nobody is on it any more. */
  claims?: Record<string, Claim | null>;
  /** To the desk: questions that may ask the same. */
  twins?: Record<string, string[]>;
  /** To the desk: who has just decided on a question. */
  acts?: Record<string, Claim>;
}

export interface Own {
  cards: ShownCard[];
  votes: string[];
  /** Only the staff can be asked from here. */
  muted?: boolean;
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
  /** Who has it, where somebody else does. */
  by?: string;
  name?: string;
  /** Seconds, where it was too much at once. */
  retry_after?: number;
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
export function judge(patch: { epoch: number; from: number; to: number }, mine: Mark): Verdict {
  const foreign = patch.epoch !== mine.epoch;
  if (patch.from === 0 && (foreign || patch.to > mine.seq)) return "restart";
  if (foreign) return "fetch";
  if (patch.to <= mine.seq) return "drop";
  return patch.from <= mine.seq ? "apply" : "fetch";
}

export function isAnswer(value: unknown): value is Answer {
  return typeof value === "object" && value !== null && typeof (value as { ok?: unknown }).ok === "boolean";
}
