import assert from "node:assert/strict";
import { test } from "node:test";
import { isAnswer, judge } from "../src/wire";

const mine = { epoch: 3, seq: 41 };
const patch = (from: number, to: number, epoch = 3) => ({ epoch, from, to, cards: [] });

test("the next changes are applied, also when part of them is known already", () => {
  assert.equal(judge(patch(41, 43), mine), "apply");
  assert.equal(judge(patch(30, 42), mine), "apply");
});

test("what is known already is dropped", () => {
  assert.equal(judge(patch(39, 41), mine), "drop");
  assert.equal(judge(patch(5, 40), mine), "drop");
  assert.equal(judge(patch(0, 41), mine), "drop");
});

test("a gap is fetched", () => {
  assert.equal(judge(patch(42, 43), mine), "fetch");
});

test("the whole board starts over", () => {
  assert.equal(judge(patch(0, 50), mine), "restart");
  assert.equal(judge(patch(0, 1), { epoch: 3, seq: 0 }), "restart");
});

test("another epoch starts over, whatever its numbers", () => {
  assert.equal(judge(patch(0, 2, 4), mine), "restart");
  assert.equal(judge(patch(41, 43, 4), mine), "fetch");
  assert.equal(judge(patch(1, 2, 2), mine), "fetch");
});

test("every order of arrival ends at the same number", () => {
  const patches = [patch(41, 42), patch(42, 44), patch(44, 45)];
  const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
  for (const order of orders) {
    const at = { ...mine };
    for (const index of order) {
      const next = patches[index]!;
      const verdict = judge(next, at);
      if (verdict === "apply") at.seq = next.to;
      // What catching up brings: everything since.
      if (verdict === "fetch") at.seq = 45;
    }
    assert.equal(at.seq, 45);
  }
});

test("an answer says whether it went well", () => {
  assert.equal(isAnswer({ ok: true, head: 4 }), true);
  assert.equal(isAnswer({ ok: false, code: "bad" }), true);
  assert.equal(isAnswer({ detail: "bad gateway" }), false);
  assert.equal(isAnswer(null), false);
  assert.equal(isAnswer("ok"), false);
});
