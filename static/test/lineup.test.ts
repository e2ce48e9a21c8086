import assert from "node:assert/strict";
import { test } from "node:test";
import { behind } from "../src/drag";
import { behindOf, moved } from "../src/lineup";

const line = ["a", "b", "c", "d"];

test("a question goes behind another, or to the front", () => {
  assert.deepEqual(moved(line, "d", "a"), ["a", "d", "b", "c"]);
  assert.deepEqual(moved(line, "a", "d"), ["b", "c", "d", "a"]);
  assert.deepEqual(moved(line, "c", ""), ["c", "a", "b", "d"]);
  assert.deepEqual(moved(line, "b", "a"), line);
});

test("a step up or down ends at either end", () => {
  assert.equal(behindOf(line, "c", "up"), "a");
  assert.equal(behindOf(line, "b", "up"), "");
  assert.equal(behindOf(line, "a", "up"), null);
  assert.equal(behindOf(line, "c", "down"), "d");
  assert.equal(behindOf(line, "d", "down"), null);
  assert.equal(behindOf(line, "gone", "down"), null);
});

test("a step and the move it makes agree", () => {
  for (const id of line) {
    for (const way of ["up", "down"] as const) {
      const after = behindOf(line, id, way);
      if (after === null) continue;
      const at = line.indexOf(id);
      assert.equal(moved(line, id, after).indexOf(id), way === "up" ? at - 1 : at + 1);
    }
  }
});

test("what is let go falls behind the last middle above it", () => {
  const middles = [{ id: "a", y: 50 }, { id: "b", y: 150 }, { id: "c", y: 250 }];
  assert.equal(behind(middles, 10), "");
  assert.equal(behind(middles, 60), "a");
  assert.equal(behind(middles, 249), "b");
  assert.equal(behind(middles, 900), "c");
  assert.equal(behind([], 5), "");
});
