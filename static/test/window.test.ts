import assert from "node:assert/strict";
import { test } from "node:test";
import { span } from "../src/window";

test("only what is in sight is there, and a little more", () => {
  assert.deepEqual(span(0, 500, 100, 5000), [0, 13]);
  assert.deepEqual(span(100_000, 500, 100, 5000), [992, 1013]);
  assert.deepEqual(span(499_500, 500, 100, 5000), [4987, 5000]);
});

test("a short list is all there, an empty one is empty", () => {
  assert.deepEqual(span(0, 500, 100, 3), [0, 3]);
  assert.deepEqual(span(0, 500, 100, 0), [0, 0]);
});

test("a list that became shorter than where it was scrolled to still shows its end", () => {
  assert.deepEqual(span(90_000, 500, 100, 20), [12, 20]);
});
