"""What a device may send with a command, and what not."""

from __future__ import annotations

from typing import Any

import pytest

from live.commands import read
from sessions.database import Database
from sessions.refusals import Refusal
from tests.house import House

FAULTY: dict[str, tuple[str, dict[str, Any]]] = {
    "an unknown field": ("question.ask", {"words": "Why?", "lang": "en", "state": "shown"}),
    "a missing field": ("question.ask", {"lang": "en"}),
    "a number for words": ("question.ask", {"words": 7, "lang": "en"}),
    "nothing for words": ("question.ask", {"words": None, "lang": "en"}),
    "a list for words": ("question.ask", {"words": ["Why?"], "lang": "en"}),
    "text for a switch": ("question.ask", {"words": "Why?", "lang": "en", "private": "yes"}),
    "an empty language": ("question.ask", {"words": "Why?", "lang": ""}),
    "markup for a language": ("question.ask", {"words": "Why?", "lang": "<script>"}),
    "a short key": ("question.ask", {"words": "Why?", "lang": "en", "key": "1234567"}),
    "a long key": ("question.ask", {"words": "Why?", "lang": "en", "key": "k" * 65}),
    "a number for a key": ("question.ask", {"words": "Why?", "lang": "en", "key": 12345678}),
    "no key": ("question.ask", {"words": "Why?", "lang": "en", "key": None}),
    "no rev": ("question.approve", {"question": "none"}),
    "a text for a rev": ("question.approve", {"question": "none", "rev": "7"}),
    "a rev below nothing": ("question.approve", {"question": "none", "rev": -1}),
    "a broken rev": ("question.approve", {"question": "none", "rev": 1.5}),
    "a rev beyond any number": ("question.approve", {"question": "none", "rev": 2**70}),
    "no question": ("question.approve", {"question": "", "rev": 0}),
    "a question longer than an id": ("question.approve", {"question": "q" * 17, "rev": 0}),
    "a zero byte in a key": ("question.ask", {"words": "Why?", "lang": "en", "key": "key-0000\x00"}),
    "a line end in a key": ("question.ask", {"words": "Why?", "lang": "en", "key": "k" * 64 + "\n"}),
    "a line end in a language": ("question.ask", {"words": "Why?", "lang": "en\n"}),
    "a line end in a question": ("question.vote", {"question": "q" * 16 + "\n"}),
    "half a character in a key": ("question.ask", {"words": "Why?", "lang": "en", "key": "key-0000\ud800"}),
    "half a character in words": ("question.ask", {"words": "Why\ud800?", "lang": "en"}),
    "a zero byte in words": ("question.ask", {"words": "Why\x00?", "lang": "en"}),
    "a zero byte in a question": ("question.vote", {"question": "q\x00"}),
    "half a character in a question": ("question.vote", {"question": "q\ud800"}),
    "a zero byte in a reason": ("question.decline", {"question": "none", "rev": 0, "reason": "\x00"}),
}


@pytest.mark.parametrize("fault", FAULTY)
async def test_a_faulty_body_is_refused_in_words_and_changes_nothing(house: House, fault: str) -> None:
    command, fields = FAULTY[fault]
    refusal = await house.refused(house.ana, command, **fields)
    # A question that cannot be is as good as one that is not there.
    assert refusal.code in (("bad", "not_found") if "question" in fields else ("bad",))
    assert refusal.say(str).endswith(".")


@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [
        ("tomorrow", None),
        ("2030-01-01T18:00:00", None),
        ("2030-01-01T18:00:00Z", "2030-01-01T19:00:00"),
        ("2030-01-01T18:00:00Z", "2030-01-01T18:00:00Z"),
        ("9999-12-31T23:59:59-07:00", None),
        ("0001-01-01T00:00:00+07:00", None),
    ],
)
async def test_a_faulty_time_is_refused_in_words_and_changes_nothing(
    database: Database, starts_at: str, ends_at: str | None
) -> None:
    house = await House.build(database, live=False)
    await house.do(house.ana, "session.schedule")
    refusal = await house.refused(house.ana, "session.reschedule", starts_at=starts_at, ends_at=ends_at)
    assert refusal.code == "bad"
    assert refusal.say(str).endswith(".")


@pytest.mark.parametrize("raw", [[], "question", 7, None])
def test_a_body_that_is_no_object_is_refused(raw: Any) -> None:
    with pytest.raises(Refusal) as refused:
        read("question.ask", raw)
    assert refused.value.code == "bad"


def test_the_refusal_names_the_field() -> None:
    with pytest.raises(Refusal) as refused:
        read("question.approve", {"key": "key-00000", "question": "none", "rev": "7"})
    assert refused.value.say(str) == "Something in this was missing or not as expected (rev). Please check it."


def test_a_form_may_write_numbers_and_switches_as_text() -> None:
    _, fields = read("question.approve", {"key": "key-00000", "question": "none", "rev": "7"}, strict=False)
    assert fields == {"key": "key-00000", "question": "none", "rev": 7}
    _, fields = read("question.ask", {"key": "key-00000", "words": "?", "lang": "en", "private": "true"}, strict=False)
    assert fields == {
        "key": "key-00000",
        "words": "?",
        "lang": "en",
        "name": None,
        "topic": None,
        "school": None,
        "private": True,
        "contact": None,
        "times": None,
    }
