"""The desk's lists, held to the table of cases that the desk's script is held to as well."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from moderation import triage
from moderation.triage import Filters, by_place, choices, counts, fold, in_order, matching, place_of
from sessions.audiences import Card, card
from sessions.database import Database
from sessions.question import Audience
from tests.house import WAYS, House

TABLE = msgspec.json.decode((Path(__file__).parent.parent / "samples" / "triage.json").read_bytes())
CARDS = msgspec.convert(TABLE["cards"], list[Card])


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["about"])
def test_a_list_holds_what_was_asked_for_in_its_order(case: dict[str, Any]) -> None:
    filters = msgspec.convert(case["filters"], Filters)
    for seed in range(3):
        cards = random.Random(seed).sample(CARDS, len(CARDS))
        there = by_place(cards)[case["list"]]
        ordered = in_order(there, case["list"], case.get("sort", "newest"), TABLE["tallies"])
        found = matching(ordered, filters, TABLE["claims"], TABLE["me"])
        assert [c.id for c in found] == case["ids"]


def test_every_card_stands_where_it_says() -> None:
    assert {c.id: place_of(c) for c in CARDS} == {c.id: c.place for c in CARDS}


def test_the_counts_that_matter() -> None:
    assert msgspec.to_builtins(counts(by_place(CARDS))) == TABLE["counts"]
    nothing = counts(by_place([]))
    assert (nothing.waiting, nothing.urgent, nothing.oldest) == (0, [], None)


@pytest.mark.parametrize("place", triage.LISTS)
def test_what_there_is_to_choose_from(place: str) -> None:
    assert choices(by_place(CARDS)[place]) == TABLE["choices"][place]


def test_the_balance_tells_who_was_heard() -> None:
    found = triage.balance(by_place(CARDS))
    assert {name: [list(row) for row in rows] for name, rows in found.items()} == TABLE["balance"]


def test_filters_tell_which_are_on() -> None:
    assert Filters().on == []
    assert Filters(language="es", text="bus").on == ["language", "text"]


@pytest.mark.parametrize(
    ("text", "folded"), [("Ñandú", "nandu"), ("ÉCOLE", "ecole"), ("plain", "plain"), ("ﬁn", "fin"), ("تُوجد", "توجد")]
)
def test_folding_takes_accents_and_capitals_away(text: str, folded: str) -> None:
    assert fold(text) == folded


async def test_the_board_and_its_cards_stand_in_the_same_lists(database: Database) -> None:
    house = await House.build(database)
    for state in WAYS:
        question = await house.asked(state)
        await house.do(house.ben, "question.note", question=question, words="Seen.")
    await house.ask("Only for staff?", private=True)
    board = await house.board()
    cards = [c for q in board.questions.values() if (c := card(q, Audience.DESK))]
    questions = by_place(board.questions.values())
    shown = by_place(cards)
    for place in shown:
        assert [q.id for q in in_order(questions[place], place)] == [c.id for c in in_order(shown[place], place)]
    assert counts(questions) == counts(shown)
    assert triage.balance(questions) == triage.balance(shown)
