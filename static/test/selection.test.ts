import assert from "node:assert/strict";
import { test } from "node:test";
import { openSelection } from "../src/selection";

const rows = ["a", "b", "c", "d", "e"];

test("one is picked and let go", () => {
  const picked = openSelection();
  picked.toggle("b");
  assert.deepEqual([picked.has("b"), picked.size], [true, 1]);
  picked.toggle("b");
  assert.deepEqual([picked.has("b"), picked.size], [false, 0]);
});

test("a range goes from the last one picked, either way, and is told in the order of the rows", () => {
  const picked = openSelection();
  picked.toggle("d");
  picked.reach("b", rows);
  assert.deepEqual(picked.of(rows), ["b", "c", "d"]);
  picked.reach("e", rows);
  assert.deepEqual(picked.of(rows), ["b", "c", "d", "e"]);
});

test("a range that ends on a picked one lets the range go", () => {
  const picked = openSelection();
  picked.set(rows);
  picked.toggle("b");
  picked.reach("d", rows);
  assert.deepEqual(picked.of(rows), ["a", "e"]);
});

test("without a beginning, or with one that is not there any more, it is one row", () => {
  const picked = openSelection();
  picked.reach("c", rows);
  assert.deepEqual(picked.of(rows), ["c"]);
  picked.reach("e", ["d", "e"]);
  assert.deepEqual(picked.of(rows), ["c", "e"]);
});

test("what is not in the list any more is not picked any more", () => {
  const picked = openSelection();
  picked.set(rows);
  picked.keep((id) => id < "c");
  assert.deepEqual(picked.of(rows), ["a", "b"]);
});
