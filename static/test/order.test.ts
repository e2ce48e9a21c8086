import assert from "node:assert/strict";
import { test } from "node:test";
import { byTally, slot } from "../src/order";

test("a card goes where its order puts it", () => {
  assert.equal(slot([], "5", false), 0);
  assert.equal(slot(["1", "3", "5"], "4", false), 2);
  assert.equal(slot(["1", "3", "5"], "0", false), 0);
  assert.equal(slot(["1", "3", "5"], "6", false), 3);
  assert.equal(slot(["5", "3", "1"], "4", true), 1);
  assert.equal(slot(["5", "3", "1"], "6", true), 0);
  assert.equal(slot(["5", "3", "1"], "0", true), 3);
});

test("orders are compared by code unit, not by language", () => {
  assert.equal(slot(["B", "a"], "Z", false), 1);
  assert.equal(slot(["a", "ä"], "z", false), 1);
});

test("most asked first, the later one among equals", () => {
  const cards = [
    { tally: 0, order: "1" },
    { tally: 4, order: "2" },
    { tally: 4, order: "3" },
  ];
  assert.deepEqual(cards.sort(byTally).map((card) => card.order), ["3", "2", "1"]);
});
