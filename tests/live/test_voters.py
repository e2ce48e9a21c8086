"""Votes read for many at once: what each has voted for, and no more readings than it takes."""

from __future__ import annotations

import asyncio

from sqlalchemy import event

from live.voters import Voters
from sessions.events import State
from sessions.permissions import Caller
from tests.house import House


async def test_each_hears_their_own_and_all_share_a_few_readings(house: House) -> None:
    """On both databases; votes for a merged question count for the one that lives."""
    bus, twin = await house.asked(State.SHOWN), await house.asked(State.SHOWN)
    voters, said = Voters(house.database), list[str]()
    await house.do(Caller("luz"), "question.vote", question=bus)
    await house.decide("question.merge", twin, into=bus)

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    for engine in house.database.sync_engines:
        event.listen(engine, "before_cursor_execute", count)
    crowd = [f"nobody-{number}" for number in range(200)]
    found = await asyncio.gather(*(voters.of(house.session_id, one) for one in ["luz", *crowd] * 2))
    assert found == [{bus}, *([set()] * 200)] * 2
    assert len([statement for statement in said if "votes" in statement]) <= 2
    assert (voters.waiting, voters.readings) == ({}, {})


async def test_a_reading_that_fails_fails_for_who_asked_and_for_nobody_after(house: House) -> None:
    voters = Voters(house.database)
    fails = True

    def fail(*_: object) -> None:
        if fails:
            raise OSError("away")

    for engine in house.database.sync_engines:
        event.listen(engine, "before_cursor_execute", fail)
    for told in await asyncio.gather(*(voters.of(7, name) for name in ("rosa", "luz")), return_exceptions=True):
        assert isinstance(told, OSError)
    fails = False
    assert await voters.of(house.session_id, "rosa") == set()
