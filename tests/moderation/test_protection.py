"""How a session is kept civil when too much comes in: slower, held back, and what deserves a look waiting for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from moderation.protection import SLOWEST
from moderation.questions import Question
from sessions import board as boards
from sessions.database import Database
from sessions.events import State
from sessions.permissions import Caller
from sessions.question import Audience
from sessions.refusals import Refusal
from tests.house import Counted, House, check, told

LUIS = Caller("luis")
ASK = {"words": "Why?", "lang": "en"}


async def test_everyone_may_ask_one_question_in_so_many_seconds(house: House) -> None:
    await house.do(house.ben, "input.slow", seconds=60)
    session = await house.session()
    assert (session.slow, (await house.board()).slow) == (60, 60)
    await house.ask()
    refusal = await house.refused(house.rosa, "question.ask", **ASK)
    left = refusal.params["left"]
    assert 50 < left <= 60
    assert (refusal.code, refusal.extra, refusal.say(str)) == (
        "too_fast",
        {"retry_after": left},
        f"Many people are asking, so everyone takes turns. Please wait {left} seconds; your words stay here.",
    )
    await house.ask(by=LUIS)
    await check(house)


async def made_earlier(house: House, question: str, seconds: float) -> None:
    """As if it had been asked so long ago."""
    async with house.database.writing() as tx:
        before = (await house.question(question)).asked_at
        assert before is not None
        earlier = before - timedelta(seconds=seconds)
        await tx.db.execute(update(Question).where(Question.id == question).values(asked_at=earlier))


async def test_whoever_has_waited_asks_again(house: House) -> None:
    """Counted from their last question, in the rows, whichever server took it."""
    await house.do(house.ben, "input.slow", seconds=60)
    first = await house.ask()
    await made_earlier(house, first, 61)
    other = House(house.database, house.session_id, house.code)
    other.keys = (f"other-{n:08d}" for n in range(10))
    await other.ask()
    assert (await house.refused(house.rosa, "question.ask", **ASK)).code == "too_fast"


async def test_a_moment_too_early_is_refused_with_the_seconds_that_are_left(small_house: House) -> None:
    await small_house.do(small_house.ben, "input.slow", seconds=600)
    await made_earlier(small_house, await small_house.ask(), 597)
    refusal = await small_house.refused(small_house.rosa, "question.ask", **ASK)
    assert refusal.params["left"] in (1, 2, 3)


async def test_of_many_that_one_sends_at_once_one_is_taken(house: House) -> None:
    """In the same batch too, and what is only for staff counts like the others."""
    await house.do(house.ben, "input.slow", seconds=60)
    outcomes = await asyncio.gather(
        *(house.ask(f"Number {n}?", private=bool(n % 2)) for n in range(6)),
        *(house.ask(f"Number {n}?", LUIS) for n in range(3)),
        return_exceptions=True,
    )
    refused = [o for o in outcomes if isinstance(o, Refusal)]
    assert [refusal.code for refusal in refused] == ["too_fast"] * 7
    assert sorted(q.author for q in (await house.board()).questions.values()) == ["luis", "rosa"]
    await check(house)


async def test_what_was_asked_before_it_was_slowed_counts(small_house: House) -> None:
    """Also in the very batch that slows it, and with the seconds that hold by then."""
    house = small_house
    outcomes = await asyncio.gather(
        house.ask(),
        house.do(house.ben, "input.slow", seconds=60),
        house.ask("Again?"),
        house.do(house.ben, "input.slow", seconds=0),
        house.ask("And again?"),
        house.do(house.ben, "input.slow", seconds=600),
        house.ask("Still?"),
        return_exceptions=True,
    )
    assert [o.code if isinstance(o, Refusal) else "ok" for o in outcomes] == [
        *("ok", "ok", "too_fast", "ok", "ok", "ok", "too_fast"),
    ]
    last = outcomes[-1]
    assert isinstance(last, Refusal)
    assert last.params["left"] == 600
    await check(house)


async def test_the_same_question_again_is_no_second_one(small_house: House) -> None:
    """Whose answer got lost on the way sends it again under its key, however slow it is."""
    house = small_house
    await house.do(house.ben, "input.slow", seconds=60)
    raw = {"key": "key-of-rosa", **ASK}
    answers = [await house.commands.run(house.rosa, house.session_id, "question.ask", raw) for _ in range(2)]
    assert answers[0] == answers[1]


async def test_an_edit_is_no_new_question(small_house: House) -> None:
    await small_house.do(small_house.ben, "input.slow", seconds=60)
    question = await small_house.ask()
    await small_house.do(small_house.rosa, "question.edit", question=question, words="Why now?", lang="en")


@pytest.mark.parametrize("seconds", [-1, SLOWEST + 1, 10**30])
async def test_nobody_is_slowed_for_ever(small_house: House, seconds: int) -> None:
    refusal = await small_house.refused(small_house.ben, "input.slow", seconds=seconds)
    assert refusal.code == "bad"


async def test_who_switches_to_what_is_so_already_is_content(small_house: House) -> None:
    house = small_house
    before = await house.events()
    for command, more in (("slow", {"seconds": 0}), ("hold", {"on": False})):
        await house.do(house.ben, f"input.{command}", **more)
    assert await house.events() == before
    for command, more in (("slow", {"seconds": 30}), ("hold", {"on": True})) * 2:
        await house.do(house.ben, f"input.{command}", **more)
    assert (await house.events())[len(before) :] == ["input.slowed", "input.held"]
    await check(house)


async def test_input_is_switched_while_there_is_any(sqlite: Database) -> None:
    house = await House.build(sqlite, live=False)
    switches: tuple[tuple[str, dict[str, Any]], ...] = (("slow", {"seconds": 30}), ("hold", {"on": True}))
    for command, more in switches:
        assert (await house.refused(house.ben, f"input.{command}", **more)).code == "not_now"
    await house.do(house.ana, "session.schedule")
    await house.do(house.ana, "session.start")
    await house.do(house.ana, "session.end")
    for command, more in switches:
        assert (await house.refused(house.ben, f"input.{command}", **more)).code == "not_now"


async def test_families_hear_that_it_is_slow_and_not_that_it_is_held(house: House) -> None:
    before = await house.board()
    await house.do(house.ben, "input.hold", on=True)
    held = await house.board()
    assert [told(held, audience, before.head(audience)) for audience in (Audience.PUBLIC, Audience.SPEAKER)] == [
        {"from": before.public, "to": before.public, "cards": []},
        {"from": before.seq, "to": before.seq + 1, "cards": []},
    ]
    assert told(held, Audience.DESK, before.seq)["session"]["hold"] is True
    await house.do(house.ben, "input.slow", seconds=90)
    slowed = await house.board()
    for audience in Audience:
        assert told(slowed, audience, held.head(audience))["session"]["slow"] == 90
    await check(house)


async def test_held_questions_wait_for_a_person_where_others_show_at_once(database: Database) -> None:
    house = await House.build(database, review=False)
    shown = await house.ask()
    await house.do(house.ben, "input.hold", on=True)
    held, private = await house.ask("Held?"), await house.ask("Private?", private=True)
    await house.do(house.ben, "input.hold", on=False)
    after = await house.ask("After?")
    assert [await house.state(question) for question in (shown, held, private, after)] == [
        *(State.SHOWN, State.HELD, State.PRIVATE, State.SHOWN),
    ]
    await check(house)


async def test_what_deserves_a_look_waits_for_one(database: Database) -> None:
    """Also where the plan shows questions at once; what the screening says is at the desk alone."""
    house = await House.build(database, review=False)
    flagged = await house.ask("Write to rosa@example.org, or see https://example.org/bus")
    fine = await house.ask("When does it come?", LUIS)
    private = await house.ask("Write to rosa@example.org", private=True)
    board = await house.board()
    assert {q.id: (q.state, q.flags) for q in board.questions.values()} == {
        flagged: (State.HELD, board.questions[flagged].flags),
        fine: (State.SHOWN, ()),
        private: (State.PRIVATE, ("email",)),
    }
    assert {"email", "link"} <= set(board.questions[flagged].flags)
    for audience in (Audience.PUBLIC, Audience.SPEAKER):
        assert b"flags" not in msgspec.json.encode(boards.patch(board, audience, 0))
    await check(house)


async def test_an_edit_is_looked_at_like_a_question(house: House) -> None:
    """What it raises is added to what was raised, and what a person took away is raised again."""
    question = await house.ask("See https://example.org/bus")
    await house.do(house.rosa, "question.edit", question=question, words="Write to rosa@example.org", lang="en")
    found = (await house.board()).questions[question]
    assert (found.state, found.flags) == (State.HELD, ("link", "email"))
    for flag in ("link", "email"):
        await house.do(house.ben, "question.flag", question=question, flag=flag, on=False)
    await house.do(house.rosa, "question.edit", question=question, words="Or to luis@example.org", lang="en")
    assert (await house.board()).questions[question].flags == ("email",)
    await check(house)


KINDS: tuple[Callable[[int], dict[str, Any]], ...] = (
    lambda n: {"words": f"Number {n}?"},
    lambda n: {"words": f"Write to p{n}@example.org"},
    lambda n: {"words": f"Number {n}?", "contact": f"p{n}@example.org", "times": "after five"},
    lambda n: {"words": f"Number {n}?", "private": True},
)


@pytest.mark.parametrize("slow", [0, 60])
async def test_a_thousand_at_once_cost_no_query_each(house: House, slow: int) -> None:
    """Else the lock is held for a second while nobody else's command goes through."""
    if slow:
        await house.do(house.ben, "input.slow", seconds=slow)
    await house.do(house.ben, "participant.mute", question=await house.ask("Muted?", Caller("muted")))
    counts = []
    for size in (10, 1_000):
        with Counted(house.database) as counted:
            await asyncio.gather(
                *(
                    house.do(Caller(f"p{size}-{n}"), "question.ask", lang="en", **KINDS[n % len(KINDS)](n))
                    for n in range(size)
                )
            )
        counts.append(counted.count)
    # Many rows go in pages, so a few statements more; never one for each question.
    assert counts[1] - counts[0] < 40, counts
    assert len((await house.rows())["questions"]) == 1_011
