"""Every question has exactly one outcome, or is open in exactly one way."""

from __future__ import annotations

from moderation import outcomes
from moderation.outcomes import OPEN_AS, OUTCOMES, left_open, outcome, tally
from sessions.events import State
from tests.house import House


async def found(house: House) -> dict[str, tuple[str | None, str | None]]:
    questions = (await house.board()).questions
    return {q.id: (outcome(q), outcomes.open_as(q)) for q in questions.values()}


EXPECTED: dict[State, tuple[str | None, str | None]] = {
    State.HELD: (None, "held"),
    State.SHOWN: (None, "shown"),
    State.QUEUED: (None, "in_line"),
    State.ON_STAGE: (None, "in_line"),
    State.ANSWERED: ("in_writing", None),
    State.DECLINED: ("declined", None),
    State.PRIVATE: ("with_person", None),
    State.HIDDEN: ("hidden", None),
    State.WITHDRAWN: ("withdrawn", None),
    State.MERGED: ("merged", None),
}


async def test_by_state(small_house: House) -> None:
    house = small_house
    asked = {await house.asked(state): state for state in State}
    ends = await found(house)
    assert {asked[q]: end for q, end in ends.items() if q in asked} == EXPECTED


async def test_what_no_state_tells(small_house: House) -> None:
    """Answered on stage, asked only for staff, promised, and followed up to the end."""
    house = small_house
    settled = await house.asked(State.ON_STAGE)
    await house.decide("stage.settle", settled)
    promised = await house.asked(State.ON_STAGE)
    await house.decide("stage.defer", promised)
    waiting, told = await house.ask(private=True), await house.ask(private=True)
    await house.decide("question.answer", told, words="Yes.", lang="en")
    called = {state: await house.asked(state) for state in (State.HELD, State.PRIVATE, State.HIDDEN, State.DECLINED)}
    for question in called.values():
        await house.decide("followup.plan", question)
    planned = await found(house)
    assert [planned[q] for q in called.values()] == [(None, "followed")] * 4
    for question in called.values():
        await house.decide("followup.close", question, outcome="answered")
    ends = await found(house)
    assert [ends[q] for q in (settled, promised, waiting, told)] == [
        ("on_stage", None),
        (None, "followed"),
        (None, "private"),
        ("in_writing", None),
    ]
    assert [ends[q][0] for q in called.values()] == ["followed_up", "followed_up", "followed_up", "declined"]
    await house.decide("question.answer", promised, words="From Monday.", lang="en")
    assert (await found(house))[promised] == ("in_writing", None)


async def test_they_add_up(small_house: House) -> None:
    house = small_house
    for state in (*State, State.HELD, State.SHOWN):
        await house.asked(state)
    await house.ask(private=True)
    questions = (await house.board()).questions.values()
    ends, left = tally(questions), left_open(questions)
    assert ends == {"in_writing": 1, "with_person": 1, "merged": 1, "declined": 1, "withdrawn": 1, "hidden": 1}
    # The question that the merged one was joined with is held, too.
    assert {way: len(those) for way, those in left.items()} == {"held": 3, "private": 1, "in_line": 2, "shown": 2}
    assert list(left) == [way for way in OPEN_AS if way in left]
    assert list(ends) == [end for end in OUTCOMES if end in ends]
    assert all(numbers == sorted(numbers) for those in left.values() if (numbers := [q.number for q in those]))
    assert sum(ends.values()) + sum(map(len, left.values())) == len(questions)
    assert (tally([]), left_open([])) == ({}, {})
