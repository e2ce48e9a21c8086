"""Danger is found by words that stand together; what only sounds like it is left alone."""

from __future__ import annotations

import pytest

from live.demo import ANSWERED, ASKED
from moderation.danger import is_danger, signs
from moderation.screening import screen
from moderation.spelling import entries, fold

USUAL: tuple[str, ...] = (
    "can the coach text the team about practice",
    "when is picture day",
    "my daughter is afraid of the fire drill",
    "¿a qué hora les toca el recreo?",
    "mi hijo quiere tocar la trompeta",
    "¿cuándo es la venta de ropa usada?",
    "the homework is killing us",
    "what is the rule about knives",
)


def folded(words: str) -> list[str]:
    return fold(words).replace("¿", "").replace("?", "").split()


@pytest.mark.parametrize("words", USUAL)
def test_usual_questions_are_no_danger(words: str) -> None:
    assert not is_danger(folded(words))
    assert signs(folded(words)) == []


def test_alternatives_in_a_list_stand_for_each_other() -> None:
    there = set(entries("danger")["idiom"])
    assert {"almost hit", "casi hit", "who will pay", "quienes van a pagar"} <= there
    assert not [entry for entry in there if "|" in entry]


def test_nothing_is_flagged_of_what_the_demo_asks() -> None:
    """Its questions are as usual as can be: an alarm on one of them would teach people to look away."""
    asked = [words for *_, words in ASKED] + [words for _, *told in ANSWERED for words in told]
    assert {words: screen(words) for words in asked if screen(words)} == {}
