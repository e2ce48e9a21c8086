import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, fill } from "../src/texts";

test("placeholders are filled, unknown ones stay visible", () => {
  assert.equal(fill("On stage now: {words}", { words: "Why?" }), "On stage now: Why?");
  assert.equal(fill("{n} of {all}", { n: 0 }), "0 of {all}");
  assert.equal(fill("{words}", { words: "$& {n}" }), "$& {n}");
});

test("a plural is chosen by the language's own rules", () => {
  const en = { one: "{n} new question", other: "{n} new questions" };
  assert.equal(choose(en, 1, "en"), "1 new question");
  assert.equal(choose(en, 4, "en"), "4 new questions");
  const pl = { one: "{n} pytanie", few: "{n} pytania", many: "{n} pytań", other: "{n} pytania" };
  assert.equal(choose(pl, 3, "pl"), "3 pytania");
  assert.equal(choose(pl, 5, "pl"), "5 pytań");
});

test("a missing form or text is not a fault", () => {
  assert.equal(choose({ other: "{n} more" }, 1, "en"), "1 more");
  assert.equal(choose(undefined, 1, "en"), "");
  assert.equal(choose("{n} left", 2, "en"), "2 left");
});
