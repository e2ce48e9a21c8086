import assert from "node:assert/strict";
import { test } from "node:test";
import { largest } from "../src/fit";
import { ago } from "../src/times";

test("near times are words, far ones stay as the server wrote them", () => {
  assert.deepEqual(ago(-5), [0, "second"]);
  assert.deepEqual(ago(44), [0, "second"]);
  assert.deepEqual(ago(60), [-1, "minute"]);
  assert.deepEqual(ago(240), [-4, "minute"]);
  assert.deepEqual(ago(3599), [-1, "hour"]);
  assert.deepEqual(ago(7200), [-2, "hour"]);
  assert.equal(ago(86_400), null);
  assert.equal(ago(NaN), null);
});

test("the largest size that fits", () => {
  assert.equal(largest(24, 200, (size) => size <= 137), 137);
  assert.equal(largest(24, 200, () => true), 200);
  assert.equal(largest(24, 200, () => false), 24);
});
