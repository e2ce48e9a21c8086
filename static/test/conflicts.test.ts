import assert from "node:assert/strict";
import { test } from "node:test";
import { lost } from "../src/conflicts";

test("words that still have their field are not lost", () => {
  assert.deepEqual(lost(["a note", "an answer"], ["an answer"]), ["a note"]);
  assert.deepEqual(lost(["a note"], ["a note", "more"]), []);
  assert.deepEqual(lost([], ["new"]), []);
});

test("the same words twice are two", () => {
  assert.deepEqual(lost(["so", "so"], ["so"]), ["so"]);
});
