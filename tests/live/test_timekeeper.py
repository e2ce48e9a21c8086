"""What happens by the clock: doors open on time, and what was left open and empty is ended."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from live.timekeeper import OVERDUE, keep_time
from sessions.database import Database
from sessions.events import State
from tests.house import House, check

START = datetime(2031, 7, 1, 18, 0, tzinfo=UTC)


async def scheduled(database: Database, **plan: object) -> House:
    house = await House.build(database, live=False, **{"starts_at": START, "doors_minutes": 30} | plan)
    await house.do(house.ana, "session.schedule")
    return house


async def at(house: House, now: datetime, *, devices: bool = False) -> list[int]:
    """Let time be kept at `now`; the sessions that moved."""
    moved: list[int] = []
    await keep_time(house.database, now, lambda _: devices, moved.append)
    return moved


async def state(house: House) -> str:
    return (await house.session()).state


async def test_doors_open_on_time_and_once(house: House) -> None:
    waiting = await scheduled(house.database)
    doors = START - timedelta(minutes=30)
    assert await at(waiting, doors - timedelta(seconds=1)) == []
    assert await state(waiting) == "scheduled"
    assert await at(waiting, doors) == [waiting.session_id]
    assert await state(waiting) == "doors_open"
    assert await at(waiting, doors + timedelta(seconds=5)) == []
    assert (await waiting.entries())[-1].event.by == "timekeeper"
    assert (await waiting.events()).count("session.doors_opened") == 1
    await check(waiting)


async def test_a_session_does_not_start_by_itself(small_house: House) -> None:
    """People are there for that: doors that opened stay open, however late the host is."""
    waiting = await scheduled(small_house.database)
    await at(waiting, START)
    assert await at(waiting, START + timedelta(days=3)) == []
    assert await state(waiting) == "doors_open"


async def test_a_cancelled_session_opens_no_doors(small_house: House) -> None:
    waiting = await scheduled(small_house.database)
    await waiting.do(waiting.ana, "session.cancel")
    assert await at(waiting, START) == []
    assert await state(waiting) == "cancelled"


@pytest.mark.parametrize("before", ["live", "paused"])
async def test_what_was_left_open_and_empty_is_ended(small_house: House, before: str) -> None:
    ends = START + timedelta(hours=1)
    left = await scheduled(small_house.database, ends_at=ends)
    await left.do(left.ana, "session.start")
    question = await left.asked(State.QUEUED)
    await left.decide("stage.bring", question)
    if before == "paused":
        await left.do(left.ana, "session.pause")
    assert await at(left, ends + OVERDUE - timedelta(seconds=1)) == []
    assert await at(left, ends + OVERDUE, devices=True) == [], "somebody is still there"
    assert await at(left, ends + OVERDUE) == [left.session_id]
    assert (await state(left), await left.state(question)) == ("ended", "queued")
    assert await at(left, ends + OVERDUE) == []
    await check(left)


async def test_without_a_planned_end_it_goes_on(small_house: House) -> None:
    endless = await scheduled(small_house.database)
    await endless.do(endless.ana, "session.start")
    assert await at(endless, START + timedelta(days=30)) == []
    assert await state(endless) == "live"


async def test_two_timekeepers_do_it_once(house: House) -> None:
    waiting = await scheduled(house.database)
    await asyncio.gather(*(at(waiting, START) for _ in range(4)))
    assert (await waiting.events()).count("session.doors_opened") == 1
    await check(waiting)
