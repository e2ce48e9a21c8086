import assert from "node:assert/strict";
import { test } from "node:test";
import { nextOf, steady, step } from "../src/listing";

const rows = ["a", "b", "c", "d"];

test("nobody looks: the list is as it should be", () => {
  assert.deepEqual(steady(rows, ["d", "a", "x"], false), ["d", "a", "x"]);
});

test("under a pointer what has left stays, and what is new comes at the end", () => {
  assert.deepEqual(steady(rows, ["x", "d", "b", "y"], true), ["a", "b", "c", "d", "x", "y"]);
});

test("nothing moves under a pointer, whatever the order should be", () => {
  assert.deepEqual(steady(rows, ["d", "c", "b", "a"], true), rows);
});

test("the open question keeps its place behind the row before it", () => {
  assert.deepEqual(steady(rows, ["a", "b", "d"], false, new Set(["c"])), ["a", "b", "c", "d"]);
  assert.deepEqual(steady(rows, ["b", "c", "d"], false, new Set(["a"])), ["a", "b", "c", "d"]);
  assert.deepEqual(steady(rows, ["a", "d"], false, new Set(["c", "b"])), rows);
  assert.deepEqual(steady(rows, ["x"], false, new Set(["d"])), ["d", "x"]);
});

test("what is kept and still in the list goes where the list says", () => {
  assert.deepEqual(steady(rows, ["c", "a"], false, new Set(["c"])), ["c", "a"]);
});

test("after a decision comes the next one that is free", () => {
  assert.equal(nextOf(rows, "b", () => true), "c");
  assert.equal(nextOf(rows, "b", (id) => id !== "c"), "d");
  assert.equal(nextOf(rows, "d", () => true), "c");
  assert.equal(nextOf(rows, "d", (id) => id === "a"), "a");
  assert.equal(nextOf(["a"], "a", () => true), undefined);
  assert.equal(nextOf(rows, "gone", () => true), "a");
});

test("a step stays within the rows", () => {
  assert.equal(step(rows, "a", 1), "b");
  assert.equal(step(rows, "a", -1), "a");
  assert.equal(step(rows, "d", 1), "d");
  assert.equal(step(rows, null, 1), "a");
  assert.equal(step(rows, "gone", -1), "a");
  assert.equal(step([], null, 1), undefined);
});
