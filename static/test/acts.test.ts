import assert from "node:assert/strict";
import { test } from "node:test";
import { leaves, openActs } from "../src/acts";
import type { DeskCard } from "../src/cards";
import type { Link } from "../src/link";
import type { Answer } from "../src/wire";

const card = (place: string): DeskCard => ({
  id: "q1", rev: 1, number: 1, state: "", words: "", lang: "en", asked_at: "", place, order: "",
});

test("a decision leads out of the list, so that the next question comes", () => {
  for (const command of ["question.approve", "question.decline", "question.hand_over", "question.merge"]) {
    assert.equal(leaves(command, card("waiting")), true, command);
  }
  assert.equal(leaves("question.answer", card("shown")), true);
  assert.equal(leaves("question.restore", card("done")), true);
});

test("what only tells more of a question leaves it where it is", () => {
  for (const command of ["question.note", "question.tag", "question.flag", "question.edit_words", "lineup.assign", "lineup.move"]) {
    assert.equal(leaves(command, card("waiting")), false, command);
  }
  assert.equal(leaves("question.answer", card("done")), false);
  assert.equal(leaves("question.hand_over", card("done")), false);
});

/** One command on a question; `order` is what comes first, its card or the answer. Tells of each move what was drawn. */
async function told(answer: Answer, order: "card first" | "answer first"): Promise<[string, boolean][]> {
  let now = card("shown");
  const come = (): void => void (now = { ...card("lineup"), rev: 2 });
  const drawn: [string, boolean][] = [];
  const link = {
    command: async () => {
      if (order === "card first") come();
      return Promise.resolve(answer);
    },
  };
  const acts = openActs(link as unknown as Link, () => now, () => drawn.push([now.place, acts.isLeaving("q1")]));
  await acts.run("lineup.add", { question: "q1", rev: 1 });
  if (order === "answer first") come();
  assert.equal(acts.isLeaving("q1"), false);
  return drawn;
}

test("a card that comes before the answer is drawn where it went, once the answer is here", async () => {
  const answer: Answer = { ok: true, n: 7, question: "q1", rev: 2 };
  assert.deepEqual(await told(answer, "answer first"), [["shown", true]]);
  assert.deepEqual(await told(answer, "card first"), [["shown", true], ["lineup", false]]);
});

test("what is refused is drawn where it was", async () => {
  const refused: Answer = { ok: false, code: "stale", say: "Your change was not made." };
  assert.deepEqual(await told(refused, "answer first"), [["shown", true], ["shown", false]]);
});
