import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { KEYS, OF_QUESTION, meaningOf } from "../src/keymap";
import type { Pressed } from "../src/keymap";

const press = (key: string, more: Partial<Pressed> = {}): Pressed => ({
  key, ctrlKey: false, altKey: false, metaKey: false, repeat: false, isComposing: false, ...more,
});

test("each key has one meaning", () => {
  assert.deepEqual(meaningOf(press("j"), false), { deed: "next" });
  assert.deepEqual(meaningOf(press("?"), false), { deed: "keys" });
  assert.deepEqual(meaningOf(press("a"), false), { press: "a" });
  assert.deepEqual(meaningOf(press("3"), false), { digit: "3" });
  for (const key of ["z", "A", "0", "Tab", "ArrowDown", "F5", " "]) assert.equal(meaningOf(press(key), false), null, key);
  for (const key of OF_QUESTION) assert.equal(KEYS[key], undefined, key);
});

test("who types writes letters, and gets out by Escape", () => {
  for (const key of ["j", "a", "x", "/", "?", "1", "Enter"]) assert.equal(meaningOf(press(key), true), null, key);
  assert.deepEqual(meaningOf(press("Escape"), true), { deed: "close" });
});

test("with a modifier a key is the browser's own", () => {
  for (const more of [{ ctrlKey: true }, { altKey: true }, { metaKey: true }, { isComposing: true }]) {
    assert.equal(meaningOf(press("a", more), false), null);
    assert.equal(meaningOf(press("j", more), false), null);
  }
});

test("a key that is held down leafs, and decides nothing", () => {
  assert.deepEqual(meaningOf(press("k", { repeat: true }), false), { deed: "previous" });
  for (const key of ["a", "u", "x", "2", "Enter"]) assert.equal(meaningOf(press(key, { repeat: true }), false), null, key);
});

test("the page shows every key there is, and no other", () => {
  const source = readFileSync("../live/texts.py", "utf8");
  const table = source.slice(source.indexOf("def desk_keys"), source.indexOf("def role_labels"));
  const shown = [...table.matchAll(/\("([^"]+)", _\(/g)].flatMap(([, keys = ""]) => keys.split(" "));
  const named = (key: string): string => (key === "Escape" ? "Esc" : key);
  // The capital is x with the range that Shift makes everywhere.
  const known = [...Object.keys(KEYS).filter((key) => key !== "X").map(named), ...OF_QUESTION];
  assert.deepEqual(shown.sort(), known.sort());
});
