import assert from "node:assert/strict";
import { test } from "node:test";
import { sumUp } from "../src/many";

const fine = (number: number) => ({ number, code: null, say: "" });

test("what was done is counted, what was refused is told by its sentence", () => {
  const late = { code: "stale", say: "Ana declined this 4 seconds ago. Your change was not made." };
  const wrong = { code: "not_now", say: "That cannot be done: this question is answered now." };
  assert.deepEqual(
    sumUp("question.approve", [fine(1), { number: 2, ...late }, fine(3), { number: 4, ...wrong }, { number: 9, ...wrong }, { number: 7, ...late }]),
    { command: "question.approve", done: 2, stale: [2, 7], refused: [[wrong.say, [4, 9]]] },
  );
});

test("all done is all there is to tell", () => {
  assert.deepEqual(sumUp("question.tag", [fine(1)]), { command: "question.tag", done: 1, stale: [], refused: [] });
});
