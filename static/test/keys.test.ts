import assert from "node:assert/strict";
import { test } from "node:test";
import { openKeys } from "../src/keys";

test("an action that got no answer keeps its key, whatever the order of its fields", () => {
  const keys = openKeys();
  const first = keys.of("question.approve", { question: "q1", rev: 3 });
  assert.match(first, /^[0-9a-f]{32}$/);
  assert.equal(keys.of("question.approve", { rev: 3, question: "q1" }), first);
  assert.notEqual(keys.of("question.approve", { rev: 4, question: "q1" }), first);
  assert.notEqual(keys.of("question.hide", { rev: 3, question: "q1" }), first);
});

test("an action that was answered is over: the next one is another", () => {
  const keys = openKeys();
  const first = keys.of("question.note", { words: "so" });
  keys.done("question.note", { words: "so" });
  assert.notEqual(keys.of("question.note", { words: "so" }), first);
});
