import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeskCard } from "../src/cards";
import { inverse } from "../src/undo";

const card: DeskCard = {
  id: "q1", rev: 4, number: 1, state: "held", words: "Why?", lang: "en", asked_at: "2026-03-03T18:00:00Z",
  place: "waiting", order: "00000001",
};
const body = { question: "q1", rev: 4 };
const back = { question: "q1", rev: 9 };

test("each action has its way back, at the rev of the action itself", () => {
  assert.deepEqual(inverse("question.approve", body, 9, card), ["question.hide", back]);
  assert.deepEqual(inverse("question.decline", { ...body, reason: "twice", say: "…" }, 9, card), ["question.restore", back]);
  assert.deepEqual(inverse("question.hide", body, 9, card), ["question.restore", back]);
  assert.deepEqual(inverse("question.merge", { ...body, into: "q2" }, 9, card), ["question.unmerge", back]);
  assert.deepEqual(inverse("question.hand_over", { ...body, to: "Rosa" }, 9, card), ["question.restore", back]);
  assert.deepEqual(inverse("lineup.add", body, 9, card), ["lineup.remove", back]);
  assert.deepEqual(inverse("lineup.remove", body, 9, card), ["lineup.add", back]);
  assert.deepEqual(inverse("stage.bring", body, 9, card), ["stage.skip", back]);
});

test("who was to answer is to answer again", () => {
  assert.deepEqual(inverse("lineup.assign", { ...body, speaker: "Ben" }, 9, { ...card, speaker: "Ana" }), [
    "lineup.assign",
    { ...back, speaker: "Ana" },
  ]);
  assert.deepEqual(inverse("lineup.assign", { ...body, speaker: "Ben" }, 9, undefined), ["lineup.assign", { ...back, speaker: "" }]);
});

test("tags and flags go the other way", () => {
  const tag = { question: "q1", tag: "buses" };
  assert.deepEqual(inverse("question.tag", tag, 9, card), ["question.tag", { ...tag, on: false }]);
  assert.deepEqual(inverse("question.flag", { question: "q1", flag: "look", on: false }, 9, card), [
    "question.flag",
    { question: "q1", flag: "look", on: true },
  ]);
});

test("what has left the building stays out", () => {
  for (const command of ["question.answer", "question.note", "stage.settle", "input.pause", "participant.mute"]) {
    assert.equal(inverse(command, body, 9, card), null);
  }
});

test("a question only for staff cannot be given back to the others", () => {
  assert.equal(inverse("question.hand_over", body, 9, { ...card, private: true }), null);
});
