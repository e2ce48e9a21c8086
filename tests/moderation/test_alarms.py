"""The alarm of a question that may reveal danger: one row, in the same commit as what raised it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from moderation import asking
from moderation.alarms import Alarm
from sessions.events import QuestionFlagged, State
from sessions.permissions import Caller
from sessions.question import DANGER
from tests.house import Counted, House, check

LUIS = Caller("luis")


async def alarms(house: House) -> dict[str, list[Any]]:
    """Question id -> the rest of its row."""
    return {question: row for question, *row in (await house.rows())["alarms"]}


async def asked(house: House, *words: str, flags: tuple[str, ...] = (DANGER,), **more: Any) -> list[str]:
    """Questions for which screening proposes these flags, in one commit."""
    async with house.database.writing() as tx:
        await tx.lock(house.session_id)
        found = [await asking.ask(tx, house.rosa, one, "en", flags=flags, **more) for one in words]
        return [question.id for question in found]


async def edited(house: House, question: str, *words: str, flags: tuple[str, ...] = (DANGER,)) -> None:
    async with house.database.writing() as tx:
        await tx.lock(house.session_id)
        for one in words:
            await asking.edit(tx, house.rosa, question, one, "en", flags=flags)


async def flag(house: House, question: str, flag: str, on: bool = True) -> None:
    await house.do(house.ben, "question.flag", question=question, flag=flag, on=on)


def raised(house: House, at: datetime) -> list[Any]:
    return [house.session_id, at, None, None, 0]


@pytest.mark.parametrize("private", [False, True])
async def test_what_screening_takes_for_danger_raises_an_alarm(house: House, private: bool) -> None:
    (question,) = await asked(house, "Help me.", private=private)
    at = (await house.entries())[-1].event.at
    assert await alarms(house) == {question: raised(house, at)}
    assert await house.state(question) is (State.PRIVATE if private else State.HELD)
    await check(house)


async def test_what_is_flagged_for_anything_else_raises_none(house: House) -> None:
    (question,) = await asked(house, "Call 520-555-0100.", flags=("phone", "profanity", "look"))
    await flag(house, question, "look")
    await edited(house, question, "Call me.", flags=("email",))
    assert await alarms(house) == {}
    await check(house)


@pytest.mark.parametrize("state", State)
async def test_a_person_who_sees_danger_raises_an_alarm(small_house: House, state: State) -> None:
    """Whatever became of the question: who is in danger is not helped by its being off the topic."""
    house = small_house
    question = await house.asked(state)
    await flag(house, question, DANGER)
    event = (await house.entries())[-1].event
    assert event == QuestionFlagged(
        at=event.at, by="ben", question=question, was=state, state=state, flag=DANGER, on=True
    )
    assert await alarms(house) == {question: raised(house, event.at)}
    await check(house)


async def test_an_edit_that_reveals_danger_raises_an_alarm(house: House) -> None:
    question = await house.ask()
    await edited(house, question, "Help me.")
    at = (await house.entries())[-1].event.at
    assert await alarms(house) == {question: raised(house, at)}
    assert (await house.board()).questions[question].flags == (DANGER,)
    await check(house)


async def test_one_question_raises_one_alarm(house: House) -> None:
    """However often it is noticed, by whom, and in how many commits."""
    (question,) = await asked(house, "Help me.")
    first = await alarms(house)
    await edited(house, question, "Help me now.", "Please help me.")
    await flag(house, question, DANGER)
    assert await alarms(house) == first
    other = await house.ask()
    await edited(house, other, "Help.", "Help!", "Help?")
    assert set(await alarms(house)) == {question, other}
    await check(house)


async def test_a_false_alarm_is_taken_back_and_can_be_raised_again(house: House) -> None:
    (question,) = await asked(house, "Help me.")
    (kept,) = await asked(house, "Help her.")
    await flag(house, question, DANGER, on=False)
    await flag(house, question, DANGER, on=False)
    assert list(await alarms(house)) == [kept]
    await flag(house, question, DANGER)
    at = (await house.entries())[-1].event.at
    assert (await alarms(house))[question] == raised(house, at)
    await check(house)


async def test_raised_taken_back_and_raised_again_in_one_commit(house: House) -> None:
    """The batch knows of what it has not written yet."""
    question = await house.ask()
    for ends in (True, False, True):
        before = len(house.commits)
        await asyncio.gather(*(flag(house, question, DANGER, on) for on in (ends, not ends, ends, not ends, ends)))
        assert len(house.commits) - before == 1
        assert (question in await alarms(house)) is ends
    await check(house)


async def test_alarms_of_one_session_are_not_those_of_another(house: House) -> None:
    (here,) = await asked(house, "Help me.")
    other = await House.build(house.database)
    (there,) = await asked(other, "Help me.")
    await flag(other, there, DANGER, on=False)
    assert list(await alarms(house)) == [here]


async def test_a_thousand_alarms_at_once_cost_no_query_each(house: House) -> None:
    await asked(house, "Help me.")
    counts = []
    for size in (10, 1_000):
        with Counted(house.database) as counted:
            await asked(house, *(f"Help {n}." for n in range(size)))
        counts.append(counted.count)
    assert counts[1] - counts[0] < 40, counts
    assert len(await alarms(house)) == 1_011


async def test_what_is_rolled_back_raises_no_alarm(house: House) -> None:
    with pytest.raises(ZeroDivisionError):
        async with house.database.writing() as tx:
            await tx.lock(house.session_id)
            await asking.ask(tx, house.rosa, "Help me.", "en", flags=(DANGER,))
            await tx.flush()
            raise ZeroDivisionError
    assert await alarms(house) == {}
    await check(house)


def test_an_alarm_says_nothing_of_the_question() -> None:
    """Its row outlives the words: nothing of them is in it."""
    assert set(Alarm.__table__.columns.keys()) == {
        *("question_id", "session_id", "raised_at", "taken_until", "told_at", "tries"),
    }
