import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { DeskCard } from "../src/cards";
import { balance, choices, counts, filtered, fold, inOrder, narrowed } from "../src/triage";
import type { Filters } from "../src/triage";
import type { Claim, Tallies } from "../src/wire";

interface Samples {
  me: string;
  cards: DeskCard[];
  tallies: Tallies;
  claims: Record<string, Claim>;
  cases: { about: string; list: string; filters: Filters; sort?: string; ids: string[] }[];
  counts: unknown;
  choices: Record<string, unknown>;
  balance: unknown;
}

const samples = JSON.parse(readFileSync("../tests/samples/triage.json", "utf8")) as Samples;
const { cards, tallies } = samples;
const on = (list: string): DeskCard[] => cards.filter((card) => card.place === list);

for (const { about, list, filters, sort = "newest", ids } of samples.cases) {
  test(`as on the server: ${about}`, () => {
    const found = filtered(inOrder(on(list), list, sort, tallies), filters, samples);
    assert.deepEqual(found.map((card) => card.id), ids);
  });
}

test("the counts are the server's", () => {
  const told = counts(cards);
  assert.deepEqual({ ...told, oldest: told.oldest && Date.parse(told.oldest) }, {
    ...(samples.counts as object),
    oldest: Date.parse((samples.counts as { oldest: string }).oldest),
  });
});

test("what can be chosen in a list is the server's", () => {
  for (const [list, told] of Object.entries(samples.choices)) assert.deepEqual(choices(on(list)), told, list);
});

test("the balance is the server's", () => {
  assert.deepEqual(balance(cards), samples.balance);
});

test("no filter lets everything through, untouched", () => {
  assert.equal(filtered(cards, { text: "  " }, samples), cards);
});

test("a search knows no case and no accents", () => {
  assert.equal(fold("¿Habrá AUTOBÚS?"), "¿habra autobus?");
  assert.equal(fold("ﬁnd"), "find");
});

test("the search is no filter among those that can be folded away", () => {
  assert.equal(narrowed({ text: "bus", language: "es", topic: "", whose: "mine" }), 2);
});

test("one is found among five thousand", () => {
  const many = Array.from({ length: 5000 }, (_, number): DeskCard => ({
    ...(cards[0] as DeskCard),
    id: `q${number}`,
    number,
    words: `¿Cuándo llega el autobús número ${number} a la escuela?`,
  }));
  const found = filtered(inOrder(many, "waiting", "newest", tallies), { text: "autobus 4712" }, samples);
  assert.deepEqual(found.map((card) => card.id), ["q4712"]);
});
