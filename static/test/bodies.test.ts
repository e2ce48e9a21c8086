import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyFrom, graphemes } from "../src/bodies";

test("a form becomes the body of its command", () => {
  const body = bodyFrom([
    ["question", "q1"],
    ["rev", "917"],
    ["key", "made-by-the-server"],
    ["back", "desk"],
    ["reason", "off_topic"],
    ["say", "  "],
  ]);
  assert.deepEqual(body, { question: "q1", rev: 917, reason: "off_topic" });
});

test("a ticked box is true, an empty field is left out", () => {
  assert.deepEqual(bodyFrom([["private", "true"], ["name", ""]]), { private: true });
  assert.deepEqual(bodyFrom([["private", "on"]]), { private: true });
  assert.deepEqual(bodyFrom([["private", "false"]]), { private: false });
});

test("words keep their spaces and have one kind of line end", () => {
  assert.deepEqual(bodyFrom([["words", " Why?\r\nReally.\rYes. "]]), { words: " Why?\nReally.\nYes. " });
});

test("files never travel", () => {
  assert.deepEqual(bodyFrom([["words", new Uint8Array(1)]]), {});
});

test("counted are the characters that a reader sees", () => {
  assert.equal(graphemes(""), 0);
  assert.equal(graphemes("  ¿Qué?  "), 5);
  assert.equal(graphemes("e\u0301"), 1);
  assert.equal(graphemes("\u{1F468}\u200D\u{1F469}\u200D\u{1F467}"), 1);
  assert.equal(graphemes("a\nb"), 3);
});

test("numbers and switches travel as what they are", () => {
  assert.deepEqual(bodyFrom([["seconds", "30"], ["rev", "7"]]), { seconds: 30, rev: 7 });
  assert.deepEqual(bodyFrom([["on", "false"], ["sure", "true"]]), { on: false, sure: true });
});
