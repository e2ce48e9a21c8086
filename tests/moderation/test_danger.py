"""Danger is found by signs and by hints that add up; what only sounds like it is left alone."""

from __future__ import annotations

import pytest

from moderation.danger import ENOUGH, STRETCH, hints, is_danger, signs
from moderation.spelling import entries, fold
from tests.load.scores import screening

HINTED: tuple[str, ...] = (
    "the coach asked the girls for photos in their swimsuits",
    "a man on instagram sends my son gift cards and wants a picture",
    "my grandson flinches when i raise my hand, he lives with my daughter and her new man",
    "dejé a mi esposo porque me ahorca y él sabe a qué hora los recojo",
    "el entrenador les pidió a las muchachas fotos en traje de baño",
    "mi niño dice que su abuelo juega a tocarlo",
    "mi hija le tiene pavor al conserje y no dice por qué",
    "se quizo hacer daño",
    "suiside",
)
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


@pytest.mark.parametrize("words", HINTED)
def test_hints_add_up_where_no_sign_is_said(words: str) -> None:
    assert hints(folded(words)) >= ENOUGH
    assert is_danger(folded(words))


@pytest.mark.parametrize("words", USUAL)
def test_usual_questions_hint_at_nothing(words: str) -> None:
    assert not is_danger(folded(words))
    assert signs(folded(words)) == []


def test_hints_must_stand_together() -> None:
    near = "coach photos"
    assert hints(near.split()) > hints(("coach" + " so" * STRETCH + " photos").split()) > 0


def test_a_heading_weighs_once_and_one_more_where_it_comes_again() -> None:
    once = hints(["photos"])
    assert [hints(["photos"] * times) for times in (2, 3, 9)] == [once + 1] * 3


def test_a_child_of_ones_own_counts_and_talk_of_rules_takes_away() -> None:
    assert hints(["my", "son", "photos"]) == hints(["photos"]) + 1
    assert hints(["policy", "photos"]) < hints(["photos"])


def test_every_heading_says_what_it_weighs() -> None:
    weights = {heading: heading.rpartition(" ")[2] for heading in entries("hints")}
    assert {weight for weight in weights.values() if not weight.isdigit()} == set()
    assert weights["nothing 0"] == "0"


def test_alternatives_in_a_list_stand_for_each_other() -> None:
    there = set(entries("hints")["secret 3"])
    assert {"si hablamos", "si decimos", "if we tell*"} <= there
    assert not [entry for entry in there if "|" in entry]


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_lines_that_it_was_tuned_on_are_found(lang: str) -> None:
    """Nine of ten, and no more than one usual question of twenty: a miss is worse than a look."""
    counted = screening(lang, "own")
    found, missed, false = (counted["danger", kind] for kind in ("found", "missed", "false"))
    assert found >= 0.87 * (found + missed)
    assert false <= 0.05 * counted["clean", ""]
