// The small labels of a row: what there is to know of a question before it is opened. Pure.

import type { DeskCard } from "./cards";
import { nameOf } from "./names";
import type { Names } from "./names";
import { DANGER } from "./triage";

export type Label = [kind: string, words: string];

export interface Speech {
  names: Pick<Names, "flags" | "marks" | "states" | "reasons">;
  text(key: string, values?: Record<string, string | number>): string;
  plural(key: string, n: number): string;
  /** The arrival number of another question. */
  numberOf(id: string): number | undefined;
  twins: number;
}

const MOST = 5;

const flagged = (flag: string, { names }: Speech): string => names.flags[flag]?.say ?? flag;

/** What became of it, as in the lists where that is not plain. */
export function stateOf(card: DeskCard, { states, reasons }: Speech["names"]): string {
  const state = card.state === "private" && card.answers?.length ? "answered" : card.state;
  const words = nameOf(states, state);
  if (card.state === "declined" && card.reason) {
    return `${words}: ${reasons.find(({ code }) => code === card.reason)?.say ?? card.reason}`;
  }
  return card.state === "private" && card.handed_to ? `${words}: ${card.handed_to}` : words;
}

type Maker = (card: DeskCard, say: Speech) => string | readonly string[] | false | undefined;

const MAKERS: readonly [kind: string, make: Maker][] = [
  ["danger", (card, say) => card.flags?.includes(DANGER) && flagged(DANGER, say)],
  ["state", (card, { names }) => card.place === "done" && stateOf(card, names)],
  ["followed", (card, { names }) => card.followed === "open" && names.marks["followed"]],
  ["private", (card, { names }) => card.private && names.marks["private"]],
  ["muted", (card, { names }) => card.is_muted && names.marks["muted"]],
  ["flag", (card, say) => card.flags?.filter((flag) => flag !== DANGER).map((flag) => flagged(flag, say))],
  ["into", (card, { text, numberOf }) => card.into !== undefined && text("into", { n: numberOf(card.into) ?? "" })],
  ["merged", (card, { plural }) => Boolean(card.merged?.length) && plural("joined", card.merged?.length ?? 0)],
  ["twins", (_, { plural, twins }) => twins > 0 && plural("like_it", twins)],
  ["notes", (card, { plural }) => Boolean(card.notes?.length) && plural("notes", card.notes?.length ?? 0)],
  ["contact", (card, { names }) => card.contact && names.marks["contact"]],
  ["revised", (card, { names }) => card.revised && names.marks["revised"]],
  ["tag", (card) => card.tags?.map((tag) => `#${tag}`)],
];

export function labelsOf(card: DeskCard, say: Speech): Label[] {
  const all = MAKERS.flatMap(([kind, make]) => [make(card, say) || []].flat().map((words): Label => [kind, words]));
  if (all.length <= MOST) return all;
  return [...all.slice(0, MOST - 1), ["more", `+${all.length - MOST + 1}`]];
}
