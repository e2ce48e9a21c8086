"""Budgets per person and session, and of a session as a whole, by a clock that the test turns."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest

from live.commands import COMMANDS
from live.throttle import BUDGETS, LANE, MOST_PEOPLE, REMEMBERED_KEYS, STAFF, WHOLE, Budget, Spend, Throttle, stamp
from sessions.refusals import Refusal

ASK = BUDGETS["question.ask"]
FREE = WHOLE.burst // 2 + 1
"""Questions of a session before anybody's address is looked at: then less than half of its budget is left."""
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


def spend(
    throttle: Throttle,
    times: int,
    command: str = "question.ask",
    person: str = "rosa",
    session: int = 1,
    address: str = "192.0.2.1",
) -> int:
    """How many of so many fresh commands went through."""
    through = 0
    for _ in range(times):
        try:
            throttle.spend(session, person, command, f"key-{next(FRESH)} digest", address)
        except Refusal as refusal:
            assert refusal.code == "too_fast"
        else:
            through += 1
    return through


def crowd(throttle: Throttle, people: int, address: str = "192.0.2.1", session: int = 1, each: int = 1) -> int:
    """How many questions of so many people who were never here before went through."""
    return sum(
        spend(throttle, each, person=f"parent-{next(FRESH)}", session=session, address=address) for _ in range(people)
    )


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
        throttle.spend(1, "rosa", "question.ask", "key-00000 digest")
    assert spend(throttle, 20) == ASK.burst - 1
    assert throttle.wholes[1].left == WHOLE.burst - ASK.burst


def test_other_words_under_the_same_key_are_another_action(throttle: Throttle) -> None:
    """Otherwise one key of a form would be a way around every budget."""
    for n in range(ASK.burst):
        throttle.spend(1, "rosa", "question.ask", f"key-00000 {n}")
    for _ in range(2):
        with pytest.raises(Refusal):
            throttle.spend(1, "rosa", "question.ask", "key-00000 other")
    throttle.spend(1, "rosa", "question.ask", "key-00000 0")


def test_a_key_that_was_refused_still_has_its_price(throttle: Throttle, clock: Clock) -> None:
    spend(throttle, ASK.burst)
    for _ in range(3):
        with pytest.raises(Refusal):
            throttle.spend(1, "rosa", "question.ask", "key-00000")


def test_everyone_has_a_budget_of_their_own_in_each_session(throttle: Throttle) -> None:
    """A whole school behind one address: nobody uses up what is another's."""
    assert [spend(throttle, 9, person=f"parent-{n}") for n in range(500)] == [ASK.burst] * 500
    assert spend(throttle, 9, person="parent-0", session=2) == ASK.burst


@pytest.mark.parametrize("families", [1000, 2400])
def test_a_whole_school_behind_one_address_asks_at_once(throttle: Throttle, families: int) -> None:
    assert crowd(throttle, families) == families
    assert (1, "192.0.2.1") not in throttle.lanes


def flooded(throttle: Throttle, address: str = "203.0.113.7") -> None:
    """A script has made itself so many people that the session's budget is half spent, and its own lane is too."""
    assert crowd(throttle, 2700, address) == FREE + LANE.burst


def test_a_script_that_makes_itself_people_is_slowed_and_others_are_not(throttle: Throttle, clock: Clock) -> None:
    flooded(throttle)
    for turn in range(3):
        assert crowd(throttle, 100, "203.0.113.7") == 0
        # Schools somewhere else, and families at home, ask on as if nothing were.
        assert crowd(throttle, LANE.burst, f"192.0.2.{turn}") == LANE.burst
        assert [crowd(throttle, 1, f"198.51.{turn}.{n}") for n in range(200)] == [1] * 200
    clock.now += LANE.seconds * 3
    assert crowd(throttle, 100, "203.0.113.7") == 3


def test_lanes_are_open_again_once_the_session_has_half_its_budget(throttle: Throttle, clock: Clock) -> None:
    flooded(throttle)
    clock.now += WHOLE.seconds * (LANE.burst + 1000)
    assert crowd(throttle, 1000, "203.0.113.7") == 1000
    # What came back to the lane meanwhile is no more than its burst.
    assert crowd(throttle, 1000, "203.0.113.7") == LANE.burst


def test_a_session_takes_no_more_than_its_budget_from_however_many_addresses(throttle: Throttle, clock: Clock) -> None:
    assert [crowd(throttle, 1, f"198.51.100.{n}") for n in range(WHOLE.burst)] == [1] * WHOLE.burst
    with pytest.raises(Refusal) as refused:
        throttle.spend(1, "luis", "question.ask", "key-00000 digest", "192.0.2.1")
    assert (refused.value.code, refused.value.extra) == ("too_fast", {"retry_after": 1})
    assert crowd(throttle, 1, session=2) == 1
    clock.now += 2
    assert sum(crowd(throttle, 1, f"192.0.2.{n}") for n in range(100)) == 2 / WHOLE.seconds


def test_a_refused_lane_is_not_a_free_retry(throttle: Throttle, clock: Clock) -> None:
    flooded(throttle)
    before = throttle.wholes[1].left
    waits = []
    for _ in range(20):
        with pytest.raises(Refusal) as refused:
            throttle.spend(1, "mallory", "question.ask", "key-00000 digest", "203.0.113.7")
        assert refused.value.code == "too_fast"
        waits.append(refused.value.extra["retry_after"])
    # Each try has cost them one of their own, and then it is theirs that is empty; the others' was not touched.
    assert waits == [LANE.seconds + 1] * ASK.burst + [ASK.seconds + 1] * (20 - ASK.burst)
    assert throttle.wholes[1].left == before
    clock.now += ASK.seconds + 1
    throttle.spend(1, "mallory", "question.ask", "key-00000 digest", "203.0.113.7")
    left = throttle.wholes[1].left
    throttle.spend(1, "mallory", "question.ask", "key-00000 digest", "203.0.113.7")
    assert throttle.wholes[1].left == left


def test_who_is_too_fast_themselves_takes_nothing_from_the_session(throttle: Throttle) -> None:
    assert spend(throttle, 10_000) == ASK.burst
    assert throttle.wholes[1].left == WHOLE.burst - ASK.burst


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"question.ask"}))
def test_nothing_but_new_questions_counts_for_the_session(throttle: Throttle, command: str) -> None:
    """A vote of everybody in a hall, and whatever staff do: neither uses up what is for questions, nor waits for it."""
    for n in range(100):
        assert spend(throttle, 3, command, person=f"parent-{n}") == 3
    assert {what for _, _, what in throttle.purses} == {command if command in BUDGETS else ""}
    flooded(throttle)
    before = {number: purse.left for number, purse in throttle.wholes.items()}, dict(throttle.lanes)
    for n in range(100):
        assert spend(throttle, 2, command, person=f"other-{n}", address="203.0.113.7") == 2
    assert ({number: purse.left for number, purse in throttle.wholes.items()}, dict(throttle.lanes)) == before


def test_each_command_of_families_has_a_budget_of_its_own(throttle: Throttle) -> None:
    assert {command: spend(throttle, 100, command) for command in BUDGETS} == {
        command: budget.burst for command, budget in BUDGETS.items()
    }


def test_what_staff_do_comes_from_one_budget(throttle: Throttle, clock: Clock) -> None:
    assert spend(throttle, STAFF.burst - 10, "question.approve") == STAFF.burst - 10
    assert spend(throttle, 40, "lineup.add") == 10
    clock.now += STAFF.seconds * 10.5
    assert spend(throttle, 40, "question.decline") == 10


def test_every_budget_is_of_a_command_that_families_have() -> None:
    asked = {name for name, command in COMMANDS.items() if command.permission in ("ask", "vote")}
    assert set(BUDGETS) == asked | {"draft"}, "which is a look at words that are not sent yet"
    assert Budget(5, 20.0) == ASK


def test_keys_and_people_are_forgotten_in_the_end(throttle: Throttle, clock: Clock) -> None:
    for n in range(REMEMBERED_KEYS + 10):
        clock.now += 3600
        throttle.spend(1, "rosa", "question.ask", f"key-{n:05d}")
    purse = throttle.purses[1, "rosa", "question.ask"]
    assert list(purse.keys) == [stamp(f"key-{n:05d}") for n in range(10, REMEMBERED_KEYS + 10)]
    for n in range(MOST_PEOPLE + 5):
        throttle.spend(1, f"parent-{n}", "question.vote", "key-00000")
    assert len(throttle.purses) == MOST_PEOPLE
    assert (1, "rosa", "question.ask") not in throttle.purses
    assert (1, f"parent-{MOST_PEOPLE + 4}", "question.vote") in throttle.purses


def test_a_clock_that_stands_still_gives_nothing(throttle: Throttle) -> None:
    assert spend(throttle, 1000, "question.vote") == BUDGETS["question.vote"].burst


def test_a_flood_of_votes_does_not_give_the_session_its_budget_back(throttle: Throttle) -> None:
    flooded(throttle)
    for n in range(MOST_PEOPLE + 5):
        throttle.spend(1, f"voter-{n}", "question.vote", "key-00000", "203.0.113.7")
    assert crowd(throttle, 100, "203.0.113.7") == 0


def test_one_network_of_ipv6_is_one_lane(throttle: Throttle) -> None:
    for n in range(FREE):
        crowd(throttle, 1, f"2001:db8::{n:x}")
    assert sum(crowd(throttle, 1, f"2001:db8::a:{n:x}") for n in range(500)) == LANE.burst
    assert crowd(throttle, 1, "2001:db8:0:1::1") == 1


def test_what_one_server_let_through_is_spent_at_another(clock: Clock) -> None:
    """To the last detail: the person's own budget, the session's, the address's, and the keys."""
    one, two = Throttle(clock), Throttle(clock)
    told: list[Spend] = []
    one.told = told.append
    flooded(one)
    for person in ("rosa", "luis"):
        spend(one, ASK.burst + 2, person=person, address="198.51.100.9")
    spend(one, 10, "question.vote")
    spend(one, 10, "lineup.add", "ben")
    for word in told:
        two.hear(word)
    assert two.purses == one.purses
    assert {number: purse.left for number, purse in two.wholes.items()} == {
        number: purse.left for number, purse in one.wholes.items()
    }
    assert {lane: purse.left for lane, purse in two.lanes.items()} == {
        lane: purse.left for lane, purse in one.lanes.items()
    }
    for word in told:
        if word.key:
            two.hear(word)
    assert [purse.left for purse in two.wholes.values()] == [purse.left for purse in one.wholes.values()]


def test_a_debt_is_paid_off_before_anything_is_given(throttle: Throttle, clock: Clock) -> None:
    spend(throttle, ASK.burst)
    for n in range(3):
        throttle.hear(Spend(1, "rosa", "question.ask", f"other-{n}", ""))
    with pytest.raises(Refusal) as refused:
        throttle.spend(1, "rosa", "question.ask", "key-00000")
    assert refused.value.extra == {"retry_after": 4 * ASK.seconds + 1}
    clock.now += 4 * ASK.seconds
    assert spend(throttle, 5) == 1
