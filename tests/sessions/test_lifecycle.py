"""A session's way from draft to archive; every step that is not in the table is refused."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec.structs import replace

from sessions import lifecycle
from sessions.audiences import is_open_to_all
from sessions.database import Database
from sessions.events import Plan, SessionRescheduled
from sessions.events import SessionState as S
from sessions.lifecycle import TRANSITIONS
from sessions.policy import CLOSED
from sessions.refusals import Refusal
from sessions.session import Session
from tests.house import House, check

TABLE = """
            schedule   open_doors  start  reschedule  pause   resume  end    publish    withdraw  cancel
draft       scheduled  -           -      -           -       -       -      -          -         -
scheduled   -          doors_open  live   scheduled   -       -       -      -          -         cancelled
doors_open  -          -           live   scheduled   -       -       -      -          -         cancelled
live        -          -           -      -           paused  -       ended  -          -         -
paused      -          -           -      -           -       live    ended  -          -         -
ended       -          -           -      -           -       -       -      published  -         -
published   -          -           -      -           -       -       -      -          ended     -
cancelled   -          -           -      -           -       -       -      -          -         -
"""
VERBS, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
EXPECTED = {
    (S(state), verb): S(cell) for state, *cells in ROWS for verb, cell in zip(VERBS, cells, strict=True) if cell != "-"
}
WAYS: dict[S, list[str]] = {
    S.DRAFT: [],
    S.SCHEDULED: ["schedule"],
    S.DOORS_OPEN: ["schedule", "open_doors"],
    S.LIVE: ["schedule", "start"],
    S.PAUSED: ["schedule", "start", "pause"],
    S.ENDED: ["schedule", "start", "end"],
    S.PUBLISHED: ["schedule", "start", "end", "publish"],
    S.CANCELLED: ["schedule", "cancel"],
}
LATER = {"starts_at": "2031-05-01T18:00:00-07:00"}
START = datetime(2031, 5, 2, 1, 0, tzinfo=UTC)


async def brought(database: Database, state: S) -> House:
    """A session led into a state."""
    house = await House.build(database, live=False)
    for step in WAYS[state]:
        await house.do(house.ana, f"session.{step}")
    return house


async def change(house: House, plan: Plan) -> None:
    async with house.database.writing() as tx:
        await tx.lock(house.session_id)
        await lifecycle.change(tx, house.ana, plan)


def test_the_table_is_the_one_written_out_here() -> None:
    assert TRANSITIONS == EXPECTED
    assert {state for state, *_ in ROWS} == set(S)


@pytest.mark.parametrize(("state", "verb"), list(itertools.product(S, VERBS)))
def test_every_pair_that_is_not_in_the_table_is_refused(state: S, verb: str) -> None:
    session = Session(state=state)
    if (state, verb) in EXPECTED:
        assert lifecycle.step(session, verb) is EXPECTED[state, verb]
        return
    with pytest.raises(Refusal) as refused:
        lifecycle.step(session, verb)
    assert (refused.value.code, refused.value.say(str)) == ("not_now", CLOSED[state])


@pytest.mark.parametrize("state", S)
async def test_on_a_database_too(sqlite: Database, state: S) -> None:
    for verb in VERBS:
        house = await brought(sqlite, state)
        assert (await house.session()).state == state
        more: dict[str, Any] = LATER if verb == "reschedule" else {}
        if (state, verb) in EXPECTED:
            await house.do(house.ana, f"session.{verb}", **more)
            assert (await house.session()).state == EXPECTED[state, verb]
        else:
            assert (await house.refused(house.ana, f"session.{verb}", **more)).code == "not_now"
        await check(house)


async def test_a_session_without_a_time_is_not_scheduled(sqlite: Database) -> None:
    house = await House.build(sqlite, live=False, starts_at=None)
    refusal = await house.refused(house.ana, "session.schedule")
    assert (refusal.code, refusal.say(str)) == ("bad", "Please set a start time first.")


async def test_another_time_keeps_the_length_unless_told(database: Database) -> None:
    start = datetime(2030, 5, 1, 18, 0, tzinfo=timezone(timedelta(hours=-7)))
    house = await House.build(database, live=False, starts_at=start, ends_at=start + timedelta(hours=2))
    await house.do(house.ana, "session.schedule")
    await house.do(house.ana, "session.reschedule", starts_at="2030-05-08T18:00:00-07:00")
    session = await house.session()
    week = timedelta(days=7)
    assert (session.starts_at, session.ends_at) == (start + week, start + week + timedelta(hours=2))
    await house.do(
        house.ana,
        "session.reschedule",
        starts_at="2030-05-09T01:00:00Z",
        ends_at="2030-05-09T01:30:00Z",
    )
    plan = (await house.session()).plan
    assert plan.starts_at == datetime(2030, 5, 9, 1, 0, tzinfo=UTC)
    assert plan.ends_at == datetime(2030, 5, 9, 1, 30, tzinfo=UTC)
    await check(house)


async def test_when_it_was_published_is_known(small_house: House) -> None:
    await small_house.do(small_house.ana, "session.end")
    assert (await small_house.session()).published_at is None
    await small_house.do(small_house.ana, "session.publish")
    last = (await small_house.entries())[-1]
    assert (await small_house.session()).published_at == last.event.at
    await check(small_house)


async def test_pausing_the_input_twice_is_once(small_house: House) -> None:
    house = small_house
    for command, state in (("input.pause", "paused"), ("input.pause", "paused"), ("input.resume", "open")):
        await house.do(house.ben, command)
        assert (await house.session()).input == state
    await house.do(house.mia, "input.resume")
    assert (await house.events())[3:] == ["input.paused", "input.resumed"]
    await check(house)


async def test_input_is_not_paused_before_the_doors_open(sqlite: Database) -> None:
    house = await House.build(sqlite, live=False)
    refusal = await house.refused(house.ben, "input.pause")
    assert (refusal.code, refusal.say(str)) == ("not_now", "This session is still being planned.")


FAULTY_PLANS: dict[str, tuple[dict[str, Any], str]] = {
    "no title": ({"title": " "}, "There are no words here yet. Please write something first."),
    "a long title": (
        {"title": "a" * 121},
        "That is longer than the 120 characters there is room for. Please shorten it.",
    ),
    "no languages": ({"languages": ()}, "Please choose at least one language."),
    "a limit that holds nothing": (
        {"limit": 49},
        "The limit for a question lies between 50 and 2,000 characters.",
    ),
    "a limit that holds all": ({"limit": 2001}, "The limit for a question lies between 50 and 2,000 characters."),
    "an end before the start": (
        {"starts_at": datetime(2030, 1, 2, tzinfo=UTC), "ends_at": datetime(2030, 1, 1, tzinfo=UTC)},
        "The end has to come after the start.",
    ),
    "a time without a zone": (
        {"starts_at": datetime(2030, 1, 2)},
        "Please give the time with its year and its time zone.",
    ),
    "doors a year before": ({"doors_minutes": 600_000}, "Doors can open up to seven days before the start."),
    "doors after the start": ({"doors_minutes": -1}, "Doors can open up to seven days before the start."),
    "too many topics": (
        {"topics": tuple(f"Topic {n}" for n in range(31))},
        "That is more than 30 lines. Please keep it shorter.",
    ),
    "a long topic": (
        {"topics": ("a" * 81,)},
        "That is longer than the 80 characters there is room for. Please shorten it.",
    ),
}


@pytest.mark.parametrize("fault", FAULTY_PLANS)
async def test_a_plan_that_cannot_be_is_refused_in_words(small_house: House, fault: str) -> None:
    house = small_house
    changes, sentence = FAULTY_PLANS[fault]
    plan = replace((await house.session()).plan, **changes)
    before = await house.rows()
    for way in ("plan", "change"):
        with pytest.raises(Refusal) as refused:
            if way == "change":
                await change(house, plan)
            else:
                async with house.database.writing() as tx:
                    await lifecycle.plan(tx, house.ana, plan)
        assert (refused.value.code, refused.value.say(str)) == ("bad", sentence)
        assert await house.rows() == before


def test_a_plan_is_tidied() -> None:
    plan = Plan(
        title="  Bus \n routes ", about=" \n", topics=(" Buses", "", "Buses ", "Lunch"), speakers=("Dr.  Ruiz",)
    )
    assert lifecycle.check(plan) == Plan(
        title="Bus routes", about="", topics=("Buses", "Lunch"), speakers=("Dr. Ruiz",)
    )


async def test_a_changed_plan_is_told_and_an_unchanged_one_is_not(house: House) -> None:
    plan = (await house.session()).plan
    for new in (plan, replace(plan, title="Lunch"), replace(plan, title="Lunch")):
        await change(house, new)
    assert (await house.events()).count("session.changed") == 1
    assert (await house.session()).title == "Lunch"
    await check(house)


async def test_a_cancelled_session_is_not_changed(sqlite: Database) -> None:
    house = await brought(sqlite, S.CANCELLED)
    before = await house.rows()
    for plan in (Plan(title="Again"), replace((await house.session()).plan, starts_at=START)):
        with pytest.raises(Refusal) as refused:
            await change(house, plan)
        assert refused.value.code == "not_now"
    assert await house.rows() == before


async def test_a_draft_is_not_cancelled_into_the_open(sqlite: Database) -> None:
    """A cancelled session may be known of by everybody; a draft was never told to anybody."""
    house = await House.build(sqlite, live=False)
    refusal = await house.refused(house.ana, "session.cancel")
    assert (refusal.code, refusal.say(str)) == ("not_now", "This session is still being planned.")
    assert not is_open_to_all(S((await house.session()).state))
    assert {state for state in S if (state, "cancel") in TRANSITIONS} == {S.SCHEDULED, S.DOORS_OPEN}


@pytest.mark.parametrize("state", [S.SCHEDULED, S.DOORS_OPEN])
async def test_another_start_closes_the_doors_until_then(database: Database, state: S) -> None:
    house = await brought(database, state)
    await change(house, replace((await house.session()).plan, title="Lunch", starts_at=START))
    session = await house.session()
    assert (session.state, session.starts_at, session.title) == (S.SCHEDULED, START, "Lunch")
    last = (await house.entries())[-1].event
    assert isinstance(last, SessionRescheduled)
    assert (last.state, last.plan, last.by) == (S.SCHEDULED, session.plan, "ana")
    assert "session.changed" not in await house.events()
    if state is S.DOORS_OPEN:
        assert (await house.refused(house.rosa, "question.ask", words="Why?", lang="en")).code == "not_now"
    await house.do(house.ana, "session.open_doors")
    await check(house)


@pytest.mark.parametrize("state", [S.DRAFT, S.SCHEDULED, S.DOORS_OPEN, S.LIVE, S.PAUSED, S.ENDED, S.PUBLISHED])
async def test_a_change_that_moves_no_doors_leaves_the_state(sqlite: Database, state: S) -> None:
    """Other words at the same time never do; another time does nothing to a session that began, or is not announced."""
    house = await brought(sqlite, state)
    plan = replace((await house.session()).plan, title="Lunch", doors_minutes=45)
    await change(house, plan)
    assert (await house.events())[-1] == "session.changed"
    assert ((await house.session()).state, (await house.session()).plan) == (state, plan)
    same = plan.starts_at and plan.starts_at.astimezone(timezone(timedelta(hours=9)))
    await change(house, replace(plan, starts_at=same))
    assert (await house.events()).count("session.changed") == 1
    if state not in (S.SCHEDULED, S.DOORS_OPEN):
        await change(house, replace(plan, starts_at=START))
        assert (await house.events())[-1] == "session.changed"
        assert ((await house.session()).state, (await house.session()).starts_at) == (state, START)
    assert "session.rescheduled" not in await house.events()
    await check(house)


async def test_a_limit_that_was_changed_holds_for_the_next_question(small_house: House) -> None:
    house = small_house
    words = "a" * 100
    await house.ask(words)
    await change(house, replace((await house.session()).plan, limit=50))
    refusal = await house.refused(house.rosa, "question.ask", words=words, lang="en")
    assert refusal.say(str) == "That is longer than the 50 characters there is room for. Please shorten it."
    await check(house)
