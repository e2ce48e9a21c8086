import assert from "node:assert/strict";
import { test } from "node:test";
import { leaves } from "../src/acts";
import type { DeskCard } from "../src/cards";

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
