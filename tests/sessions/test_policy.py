"""When a thing may be done."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import pytest

from sessions.events import SessionState as S
from sessions.policy import ALLOWED_IN, CLOSED, is_open, require
from sessions.refusals import Refusal

TABLE = """
            ask  vote  withdraw  decide  line_up  unline  stage  answer  input  follow_up  complete  caption
draft       -    -     -         -       -        -       -      -       -      -          -        -
scheduled   -    -     -         -       -        -       -      -       -      -          -        -
doors_open  yes  yes   yes       yes     yes      yes     -      yes     yes    yes        -        -
live        yes  yes   yes       yes     yes      yes     yes    yes     yes    yes        -        -
paused      yes  yes   yes       yes     yes      yes     -      yes     yes    yes        -        -
ended       -    -     yes       yes     -        yes     -      yes     -      yes        yes      yes
published   -    -     yes       yes     -        yes     -      yes     -      yes        yes      yes
cancelled   -    -     -         -       -        -       -      -       -      -          -        -
"""
ACTS, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
OPEN = {(S(state), act): cell == "yes" for state, *cells in ROWS for act, cell in zip(ACTS, cells, strict=True)}
PAUSED = "Questions and votes are paused for a moment. Nothing is lost; please try again in a few minutes."


class Standing(NamedTuple):
    state: str
    input: str = "open"


def test_the_table_is_whole() -> None:
    assert set(OPEN) == set(itertools.product(S, ACTS))
    assert set(ACTS) == set(ALLOWED_IN)
    assert set(CLOSED) == set(S)


@pytest.mark.parametrize(("state", "act"), OPEN)
def test_each_act_in_each_state(state: S, act: str) -> None:
    assert is_open(Standing(state), act) is OPEN[state, act]
    if OPEN[state, act]:
        require(Standing(state), act)
        return
    with pytest.raises(Refusal) as refused:
        require(Standing(state), act)
    assert (refused.value.code, refused.value.say(str)) == ("not_now", CLOSED[state])


@pytest.mark.parametrize(("state", "act"), [pair for pair, is_it in OPEN.items() if is_it])
def test_paused_input_holds_back_families_alone(state: S, act: str) -> None:
    held_back = act in ("ask", "vote")
    assert is_open(Standing(state, "paused"), act) is not held_back
    if not held_back:
        require(Standing(state, "paused"), act)
        return
    with pytest.raises(Refusal) as refused:
        require(Standing(state, "paused"), act)
    assert (refused.value.code, refused.value.say(str)) == ("not_now", PAUSED)
