"""Budgets per person and session, by a clock that the test turns."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest

from live.commands import COMMANDS
from live.throttle import BUDGETS, MOST_PEOPLE, REMEMBERED_KEYS, STAFF, Budget, Throttle
from sessions.refusals import Refusal

ASK = BUDGETS["question.ask"]
FRESH = itertools.count()


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> Throttle:
    return Throttle(clock)


def spend(throttle: Throttle, times: int, command: str = "question.ask", person: str = "rosa", session: int = 1) -> int:
    """How many of so many fresh commands went through."""
    through = 0
    for _ in range(times):
        try:
            throttle.spend(session, person, command, f"key-{next(FRESH)}")
        except Refusal as refusal:
            assert refusal.code == "too_fast"
        else:
            through += 1
    return through


def test_a_burst_and_then_one_at_a_time(throttle: Throttle, clock: Clock) -> None:
    assert spend(throttle, 20) == ASK.burst
    clock.now += ASK.seconds - 0.01
    assert spend(throttle, 1) == 0
    clock.now += 0.02
    assert spend(throttle, 2) == 1
    clock.now += 10 * ASK.seconds * ASK.burst
    assert spend(throttle, 20) == ASK.burst


def test_who_is_too_fast_is_told_how_long_to_wait(throttle: Throttle, clock: Clock) -> None:
    spend(throttle, ASK.burst)
    with pytest.raises(Refusal) as refused:
        throttle.spend(1, "rosa", "question.ask", "key-00000")
    refusal = refused.value
    assert (refusal.code, refusal.status, refusal.extra) == ("too_fast", 429, {"retry_after": 21})
    assert refusal.say(str) == "That was a lot at once. Nothing is lost; please try again in 21 seconds."
    clock.now += refusal.extra["retry_after"]
    throttle.spend(1, "rosa", "question.ask", "key-00000")


def test_trying_again_with_the_same_key_costs_nothing(throttle: Throttle) -> None:
    for _ in range(100):
        throttle.spend(1, "rosa", "question.ask", "key-00000")
    assert spend(throttle, 20) == ASK.burst - 1


def test_a_key_that_was_refused_still_has_its_price(throttle: Throttle, clock: Clock) -> None:
    spend(throttle, ASK.burst)
    for _ in range(3):
        with pytest.raises(Refusal):
            throttle.spend(1, "rosa", "question.ask", "key-00000")


def test_everyone_has_a_budget_of_their_own_in_each_session(throttle: Throttle) -> None:
    """A whole school behind one address: nobody uses up what is another's."""
    assert [spend(throttle, 9, person=f"parent-{n}") for n in range(2000)] == [ASK.burst] * 2000
    assert spend(throttle, 9, person="parent-0", session=2) == ASK.burst


def test_each_command_of_families_has_a_budget_of_its_own(throttle: Throttle) -> None:
    assert {command: spend(throttle, 100, command) for command in BUDGETS} == {
        command: budget.burst for command, budget in BUDGETS.items()
    }


def test_what_staff_do_comes_from_one_budget(throttle: Throttle, clock: Clock) -> None:
    assert spend(throttle, 40, "question.approve") == 40
    assert spend(throttle, 40, "lineup.add") == STAFF.burst - 40
    clock.now += STAFF.seconds * 10.5
    assert spend(throttle, 40, "question.decline") == 10


def test_every_budget_is_of_a_command_that_families_have() -> None:
    assert set(BUDGETS) == {name for name, command in COMMANDS.items() if command.permission in ("ask", "vote")}
    assert Budget(5, 20.0) == ASK


def test_keys_and_people_are_forgotten_in_the_end(throttle: Throttle, clock: Clock) -> None:
    for n in range(REMEMBERED_KEYS + 10):
        clock.now += 3600
        throttle.spend(1, "rosa", "question.ask", f"key-{n:05d}")
    (purse,) = throttle.purses.values()
    assert list(purse.keys) == [f"key-{n:05d}" for n in range(10, REMEMBERED_KEYS + 10)]
    for n in range(MOST_PEOPLE + 5):
        throttle.spend(1, f"parent-{n}", "question.vote", "key-00000")
    assert len(throttle.purses) == MOST_PEOPLE
    assert (1, "rosa", "question.ask") not in throttle.purses
    assert (1, f"parent-{MOST_PEOPLE + 4}", "question.vote") in throttle.purses


def test_a_clock_that_stands_still_gives_nothing(throttle: Throttle) -> None:
    assert spend(throttle, 1000, "question.vote") == BUDGETS["question.vote"].burst
