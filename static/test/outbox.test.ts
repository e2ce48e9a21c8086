import assert from "node:assert/strict";
import { test } from "node:test";
import { makeKey, signature } from "../src/keys";
import { keyFor, passes, withKept } from "../src/outbox";
import type { Kept } from "../src/outbox";

const make = () => "fresh";
const kept: Kept[] = [
  { key: "k1", body: { words: "Why?", name: "Ana" } },
  { key: "k2", body: { words: "When?" }, say: "The session is over." },
];

test("the same words and fields, unsent, keep their key", () => {
  assert.equal(keyFor(kept, { name: "Ana", words: "Why?" }, make), "k1");
});

test("an edited question is another question", () => {
  assert.equal(keyFor(kept, { words: "Why not?", name: "Ana" }, make), "fresh");
  assert.equal(keyFor(kept, { words: "Why?" }, make), "fresh");
  assert.equal(keyFor(kept, { words: "Why?", name: "Ana", private: true }, make), "fresh");
  assert.equal(keyFor([], { words: "Why?" }, make), "fresh");
});

test("a refused one is asked anew", () => {
  assert.equal(keyFor(kept, { words: "When?" }, make), "fresh");
});

test("an entry is kept once", () => {
  assert.deepEqual(withKept(kept, { key: "k1", body: { words: "Why?", name: "Ana" } }).map((entry) => entry.key), ["k2", "k1"]);
});

test("only what passes is tried again by itself", () => {
  for (const code of ["unsent", "too_fast", "not_saved"]) assert.equal(passes(code), true);
  for (const code of ["bad", "not_now", "key_reused", "forbidden"]) assert.equal(passes(code), false);
});

test("keys are long, random and fit for the wire", () => {
  const keys = new Set(Array.from({ length: 1000 }, makeKey));
  assert.equal(keys.size, 1000);
  for (const key of keys) assert.match(key, /^[0-9a-f]{32}$/);
});

test("a signature does not depend on the order of fields", () => {
  assert.equal(signature("a", { x: 1, y: "2" }), signature("a", { y: "2", x: 1 }));
  assert.notEqual(signature("a", { x: 1 }), signature("b", { x: 1 }));
  assert.notEqual(signature("a", { x: 1 }), signature("a", { x: "1" }));
});
