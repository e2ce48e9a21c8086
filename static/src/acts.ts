// What a moderator does to a question: shown before the answer where it leads on to the next one, taken back where it
// can be, and told like a person would where a colleague was faster.

import type { DeskCard } from "./cards";
import { isSettled } from "./commands";
import { openKeys } from "./keys";
import type { Link } from "./link";
import { inverse } from "./undo";
import type { Step } from "./undo";
import type { Answer, Body } from "./wire";

/** In which list a question stands after a command; one that keeps it where it is has no row. */
const PLACE_AFTER: Readonly<Record<string, string>> = {
  "question.approve": "shown",
  "question.decline": "done",
  "question.hide": "done",
  "question.hand_over": "done",
  "question.merge": "done",
  "question.answer": "done",
  "question.restore": "waiting",
  "question.reopen": "shown",
  "lineup.add": "lineup",
  "lineup.remove": "shown",
  "stage.bring": "stage",
  "stage.settle": "done",
  "stage.skip": "lineup",
  "stage.defer": "shown",
};

/** Whether the question leaves its list by this. Pure. */
export const leaves = (command: string, card: DeskCard): boolean =>
  PLACE_AFTER[command] !== undefined && PLACE_AFTER[command] !== card.place;

export interface Outcome {
  command: string;
  body: Body;
  answer: Answer;
  /** The question as it was before. */
  card: DeskCard | undefined;
  back: Step | null;
}

export interface Acts {
  /** Does it, after whatever is under way for the same question. */
  run(command: string, body: Body): Promise<Outcome>;
  /** On its way out of its list by one's own hand, whether or not the cards tell so already. */
  isLeaving(id: string): boolean;
  /** Whether nobody else has acted on the question up to this rev since one did oneself. */
  isOwn(id: string, rev: number): boolean;
}

export function openActs(link: Link, of: (id: string) => DeskCard | undefined, moved: (id: string) => void): Acts {
  const keys = openKeys();
  const chains = new Map<string, Promise<unknown>>();
  /** The rev of one's own last act on a question: a form that was drawn before knows less. */
  const revs = new Map<string, { from: number; to: number }>();
  const leaving = new Map<string, number>();

  /** The rev that a body acts on: its own, unless all that came after it was one's own doing. */
  function current(body: Body): Body {
    const own = revs.get(String(body["question"]));
    const rev = Number(body["rev"]);
    return own && rev >= own.from && rev < own.to ? { ...body, rev: own.to } : body;
  }

  async function send(command: string, raw: Body, card: DeskCard | undefined): Promise<Outcome> {
    const body = "rev" in raw ? current(raw) : raw;
    const id = String(body["question"] ?? "");
    const answer = await link.command(command, { ...body, key: keys.of(command, body) });
    if (isSettled(answer)) keys.done(command, body);
    if (!answer.ok) return { command, body, answer, card, back: null };
    // "Next" answers with the one that it brought.
    const rev = answer.question === id ? (answer.rev ?? 0) : 0;
    if (rev) {
      const own = revs.get(id);
      const from = own && own.to === body["rev"] ? own.from : Number(body["rev"] ?? rev);
      revs.set(id, { from, to: rev });
    }
    return { command, body, answer, card, back: inverse(command, body, rev, card) };
  }

  function isLeaving(id: string): boolean {
    const until = leaving.get(id);
    if (until === undefined) return false;
    if ((of(id)?.rev ?? Infinity) < until) return true;
    leaving.delete(id);
    return false;
  }

  return {
    run(command, body) {
      const id = String(body["question"] ?? "");
      const card = of(id);
      const goes = card !== undefined && leaves(command, card);
      if (goes) {
        leaving.set(id, Infinity);
        moved(id);
      }
      const before = chains.get(id) ?? Promise.resolve();
      const mine = before.then(() => send(command, body, card));
      if (id) chains.set(id, mine);
      return mine.then((outcome) => {
        if (chains.get(id) === mine) chains.delete(id);
        if (!goes) return outcome;
        if (outcome.answer.ok) leaving.set(id, outcome.answer.rev ?? 0);
        else leaving.delete(id);
        // Refused, or its card came before the answer: it has not been drawn where it stands now.
        if (!isLeaving(id)) moved(id);
        return outcome;
      });
    },
    isOwn: (id, rev) => rev <= (revs.get(id)?.to ?? -1),
    isLeaving,
  };
}
