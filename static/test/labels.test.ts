import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeskCard } from "../src/cards";
import { labelsOf } from "../src/labels";
import type { Speech } from "../src/labels";

const card: DeskCard = {
  id: "q1", rev: 4, number: 1, state: "held", words: "Why?", lang: "en", asked_at: "2026-03-03T18:00:00Z",
  place: "waiting", order: "00000001",
};
const said = { words: "So.", by: "Ana", at: "2026-03-03T18:00:00Z" };
const speech: Speech = {
  names: {
    flags: { danger: { say: "May be danger" }, phone: { say: "A phone number" } },
    marks: { private: "Only for staff", contact: "Left a contact", muted: "Asker is muted", followed: "To be followed up" },
    states: { answered: "Answered", declined: "Not taken up", private: "With a person", merged: "Joined" },
    reasons: [{ code: "off_topic", say: "not about the subject" }],
  },
  text: (key, values = {}) => `${key} ${Object.values(values).join()}`,
  plural: (key, n) => `${n} ${key}`,
  numberOf: (id) => (id === "q7" ? 7 : undefined),
  twins: 0,
};
const words = (more: Partial<DeskCard>, say: Partial<Speech> = {}): string[] =>
  labelsOf({ ...card, ...more }, { ...speech, ...say }).map(([kind, what]) => `${kind}: ${what}`);

test("a plain question has none", () => {
  assert.deepEqual(words({}), []);
});

test("what matters most comes first", () => {
  assert.deepEqual(words({ flags: ["phone", "danger", "new"], private: true, contact: true }), [
    "danger: May be danger",
    "private: Only for staff",
    "flag: A phone number",
    "flag: new",
    "contact: Left a contact",
  ]);
});

test("what became of it is told where it is done", () => {
  assert.deepEqual(words({ place: "done", state: "declined", reason: "off_topic" }), ["state: Not taken up: not about the subject"]);
  assert.deepEqual(words({ place: "done", state: "private", handed_to: "Rosa" }), ["state: With a person: Rosa"]);
  assert.deepEqual(words({ place: "done", state: "private", answers: [said] }), ["state: Answered"]);
  assert.deepEqual(words({ place: "done", state: "merged", into: "q7" }), ["state: Joined", "into: into 7"]);
  assert.deepEqual(words({ place: "done", state: "answered", followed: "open" }), ["state: Answered", "followed: To be followed up"]);
});

test("neighbours are counted", () => {
  assert.deepEqual(words({ merged: ["a", "b"], notes: [said], tags: ["bus"] }, { twins: 3 }), [
    "merged: 2 joined",
    "twins: 3 like_it",
    "notes: 1 notes",
    "tag: #bus",
  ]);
});

test("five are enough", () => {
  assert.deepEqual(words({ is_muted: true, tags: ["a", "b", "c", "d", "e"] }), [
    "muted: Asker is muted",
    "tag: #a",
    "tag: #b",
    "tag: #c",
    "more: +2",
  ]);
});
