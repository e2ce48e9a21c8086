import assert from "node:assert/strict";
import { test } from "node:test";
import { openCards } from "../src/cards";
import type { DeskCard } from "../src/cards";

const card = (id: string, number: number, more: Partial<DeskCard> = {}): DeskCard => ({
  id, rev: number, number, state: "held", words: id, lang: "en", asked_at: "2026-03-03T18:00:00Z",
  place: "waiting", order: String(number).padStart(8, "0"), ...more,
});
const ids = (cards: readonly DeskCard[]): string[] => cards.map(({ id }) => id);

test("cards stand in their lists by their order", () => {
  const cards = openCards();
  assert.deepEqual(cards.take([card("b", 2), card("a", 1), card("l", 3, { place: "lineup", order: "i" })], true), ["b", "a", "l"]);
  assert.deepEqual([ids(cards.in("waiting")), ids(cards.in("lineup")), ids(cards.in("done"))], [["a", "b"], ["l"], []]);
});

test("a card that changed its place has left the other", () => {
  const cards = openCards();
  cards.take([card("a", 1), card("b", 2)], true);
  assert.deepEqual([ids(cards.in("waiting")), ids(cards.in("shown"))], [["a", "b"], []]);
  assert.deepEqual(cards.take([card("a", 1, { rev: 7, place: "shown", state: "shown" })], false), ["a"]);
  assert.deepEqual([ids(cards.in("waiting")), ids(cards.in("shown"))], [["b"], ["a"]]);
});

test("an older picture than ours is dropped; the same one twice does no harm", () => {
  const cards = openCards();
  cards.take([card("a", 1, { rev: 7, words: "new" })], true);
  assert.deepEqual(cards.take([card("a", 1, { rev: 6, words: "old" })], false), []);
  assert.deepEqual(cards.take([card("a", 1, { rev: 7, words: "new" })], false), ["a"]);
  assert.equal(cards.of("a")?.words, "new");
});

test("what is gone is in no list", () => {
  const cards = openCards();
  cards.take([card("a", 1), card("b", 2)], true);
  assert.deepEqual(ids(cards.in("waiting")), ["a", "b"]);
  cards.take([{ id: "a", rev: 9, gone: true }], false);
  assert.deepEqual([ids(cards.in("waiting")), cards.of("a"), ids(cards.all())], [["b"], undefined, ["b"]]);
});

test("a whole board is all there is, whatever was known", () => {
  const cards = openCards();
  cards.take([card("a", 1, { rev: 90 }), card("b", 2)], true);
  assert.deepEqual(cards.take([card("a", 1), card("c", 3)], true).sort(), ["a", "b", "c"]);
  assert.deepEqual([ids(cards.all()), cards.of("a")?.rev], [["a", "c"], 1]);
});
