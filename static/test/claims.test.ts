import assert from "node:assert/strict";
import { test } from "node:test";
import { afterTold } from "../src/claims";

const ana = { by: "a1", name: "Ana" };
const ben = { by: "b2", name: "Ben" };

test("changes are laid over what is known", () => {
  assert.deepEqual(afterTold({ q1: ana, q2: ben }, { q2: ana, q3: ben, q1: null }, false), { q2: ana, q3: ben });
});

test("the first word after joining is all there is", () => {
  assert.deepEqual(afterTold({ q1: ana }, { q2: ben }, true), { q2: ben });
});

test("what was known before is left alone", () => {
  const before = { q1: ana };
  afterTold(before, { q1: null }, false);
  assert.deepEqual(before, { q1: ana });
});
