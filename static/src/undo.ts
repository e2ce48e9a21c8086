// How each action is taken back: one table. The way back carries the rev of one's own action, so it is refused as
// stale once somebody else has acted on the question. Pure.

import type { DeskCard } from "./cards";
import type { Body } from "./wire";

export type Step = [command: string, body: Body];
/** `card` is the question as it was before. */
type Inverse = (body: Body, rev: number, card: DeskCard | undefined) => Body | null;

const onQuestion: Inverse = ({ question = "" }, rev) => ({ question, rev });
/** What was asked only for staff is with a person from the beginning: it cannot go back to the others. */
const unlessPrivate: Inverse = (body, rev, card) => (card?.private ? null : onQuestion(body, rev, card));
const theOtherWay: Inverse = ({ on, ...body }) => ({ ...body, on: on === false });

const INVERSES: Readonly<Record<string, [command: string, body: Inverse]>> = {
  "question.approve": ["question.hide", onQuestion],
  "question.decline": ["question.restore", onQuestion],
  "question.hide": ["question.restore", onQuestion],
  "question.hand_over": ["question.restore", unlessPrivate],
  "question.merge": ["question.unmerge", onQuestion],
  "question.tag": ["question.tag", theOtherWay],
  "question.flag": ["question.flag", theOtherWay],
  "lineup.add": ["lineup.remove", onQuestion],
  "lineup.remove": ["lineup.add", onQuestion],
  "lineup.assign": ["lineup.assign", (body, rev, card) => ({ ...onQuestion(body, rev, card), speaker: card?.speaker ?? "" })],
  "stage.bring": ["stage.skip", onQuestion],
};

/** The command that takes this one back, or null where there is none. */
export function inverse(command: string, body: Body, rev: number, card: DeskCard | undefined): Step | null {
  const found = INVERSES[command];
  const back = found?.[1](body, rev, card);
  return found && back ? [found[0], back] : null;
}
