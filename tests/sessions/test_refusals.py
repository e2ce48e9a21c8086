"""A no has a code for programs and a sentence for people."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

import pytest

from sessions.refusals import STATUS, Phrase, Refusal

ROOT = Path(__file__).parent.parent.parent

SPANISH = {
    "{who} hid this {ago}.": "{who} lo ocultó {ago}.",
    "A colleague": "Alguien del equipo",
    "Ana": "Never: a name is no text of ours",
}


def spanish(text: str) -> str:
    return SPANISH.get(text, text)


def test_a_sentence_is_told_in_the_language_of_who_hears_it() -> None:
    refusal = Refusal("stale", "{who} hid this {ago}.", who=Phrase("A colleague"), ago=timedelta(seconds=4))
    assert refusal.say(str) == "A colleague hid this 4 seconds ago."
    assert refusal.say(spanish, "es") == "Alguien del equipo lo ocultó hace 4 segundos."


def test_a_name_is_not_translated() -> None:
    refusal = Refusal("stale", "{who} hid this {ago}.", who="Ana", ago=timedelta(minutes=2))
    assert refusal.say(spanish, "es") == "Ana lo ocultó hace 2 minutos."


@pytest.mark.parametrize("ago", [timedelta(), timedelta(milliseconds=3), timedelta(seconds=-2)])
def test_just_now_is_in_the_past(ago: timedelta) -> None:
    assert Refusal("stale", "{ago}", ago=ago).say(str) == "1 second ago"


def test_what_people_typed_is_not_taken_for_a_place_in_the_sentence() -> None:
    assert Refusal("bad", "No {who}.", who="{ago} {0} %s").say(str) == "No {ago} {0} %s."


def test_every_code_has_a_status() -> None:
    assert STATUS == {
        "bad": 400,
        "no_identity": 401,
        "not_allowed": 403,
        "not_found": 404,
        "stale": 409,
        "claimed": 409,
        "not_now": 409,
        "key_reused": 409,
        "too_fast": 429,
        "not_saved": 503,
    }
    assert {code: Refusal(code, "No.").status for code in STATUS} == STATUS


def test_what_travels_beside_the_sentence() -> None:
    assert Refusal("bad", "No.").extra == {}
    assert Refusal("too_fast", "Wait.", extra={"retry_after": 3}).extra == {"retry_after": 3}


def test_every_refusal_in_the_product_has_a_known_code() -> None:
    used = {
        node.args[0].value
        for package in ("sessions", "moderation", "live")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Refusal"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert used <= set(STATUS)
    assert used
