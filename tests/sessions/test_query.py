"""What was typed: terms, or a sentence that says why not."""

from __future__ import annotations

import pytest

from sessions.query import MOST_CHARACTERS, MOST_TERMS, Term, terms
from sessions.refusals import Refusal

READ = {
    "late buses": (Term(("late",)), Term(("buses",))),
    '"late buses" today': (Term(("late", "buses")), Term(("today",))),
    "“late buses”": (Term(("late", "buses")),),
    "«autobús escolar»": (Term(("autobús", "escolar")),),
    "bus*": (Term(("bus",), is_beginning=True),),
    "late late": (Term(("late",)),),
    "7:30": (Term(("7", "30")),),
    "school-bus, now!": (Term(("school", "bus")), Term(("now",))),
    'AND OR NOT (x" y"': (Term(("AND",)), Term(("OR",)), Term(("NOT",)), Term(("x",)), Term(("y",))),
    "学校": (Term(("学", "校")),),
    "'; DROP TABLE x; --": (Term(("DROP",)), Term(("TABLE",)), Term(("x",))),
    "=n1 =| =q": (Term(("n1",)), Term(("q",))),
}


@pytest.mark.parametrize(("typed", "read"), READ.items())
def test_what_is_typed_is_read_as_terms(typed: str, read: tuple[Term, ...]) -> None:
    assert terms(typed) == read


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "no word"),
        ("?! … —", "no word"),
        ("*", "no word"),
        ("a*", "two letters"),
        ('"late buses', "quotation mark"),
        ("x" * (MOST_CHARACTERS + 1), "too long"),
        (" ".join(f"w{n}" for n in range(MOST_TERMS + 1)), "too long"),
    ],
)
def test_what_cannot_be_searched_for_is_said(typed: str, why: str) -> None:
    with pytest.raises(Refusal, match=why) as refused:
        terms(typed)
    assert refused.value.code == "bad"
