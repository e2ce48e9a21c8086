"""One database behind two doors: what was not committed is nowhere, whoever went away in the middle of it."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Connection, event, select, text

from sessions import database as database_module
from sessions.database import AWAY, Database, clock
from sessions.people import Person
from sessions.session import Session
from tests.house import House
from tests.running import until
from tests.servers import PostgresServer

AT = datetime(2026, 5, 1, 18, 0, 0, 123_000, UTC)


async def names(database: Database) -> list[str]:
    async with database.reading() as db:
        return sorted(await db.scalars(select(Person.name)))


async def test_what_ends_well_is_there_and_what_does_not_is_nowhere(database: Database) -> None:
    async with database.writing() as tx:
        tx.db.add(Person(id="rosa", name="Rosa", made_at=tx.now))
        tx.append(Person, id="luis", name="Luis", made_at=tx.now)
    with pytest.raises(ZeroDivisionError):
        async with database.writing() as tx:
            tx.db.add(Person(id="ines", name="Ines", made_at=tx.now))
            await tx.flush()
            raise ZeroDivisionError
    assert await names(database) == ["Luis", "Rosa"]


async def test_a_savepoint_does_not_outlive_its_transaction(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.writing() as tx:
            async with tx.db.begin_nested():
                tx.db.add(Person(id="rosa", name="Rosa", made_at=tx.now))
            raise ZeroDivisionError
    assert await names(database) == []


async def test_moments_come_back_in_utc(database: Database) -> None:
    phoenix = timezone(timedelta(hours=-7))
    async with database.writing() as tx:
        tx.db.add(Person(id="rosa", name="Rosa", made_at=AT.astimezone(phoenix)))
    async with database.reading() as db:
        made_at = await db.scalar(select(Person.made_at))
        assert await db.scalar(select(Person.id).where(Person.made_at == AT.astimezone(phoenix))) == "rosa"
    assert made_at == AT
    assert made_at is not None
    assert made_at.utcoffset() == timedelta(0)


def test_the_clock_is_in_utc_and_milliseconds() -> None:
    now = clock()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0


async def test_whoever_waited_for_the_lock_acts_later(house: House) -> None:
    async with house.database.writing() as tx:
        began = tx.now
        await tx.lock(house.session_id)
        assert tx.now >= began
        assert tx.session.id == house.session_id


async def test_without_the_lock_there_is_no_session(database: Database) -> None:
    async with database.writing() as tx:
        with pytest.raises(RuntimeError, match="lock the session first"):
            _ = tx.session


async def test_who_writes_waits_for_who_writes(house: House) -> None:
    """Counting up from what was read never loses one, because the lock comes before the reading."""

    async def count() -> None:
        async with house.database.writing() as tx:
            session = await tx.lock(house.session_id)
            votes = session.votes
            await asyncio.sleep(0)
            session.votes = votes + 1

    await asyncio.gather(*(count() for _ in range(20)))
    assert (await house.session()).votes == 20


async def test_reading_does_not_wait_for_writing(house: House) -> None:
    async with house.database.writing() as tx:
        (await tx.lock(house.session_id)).votes = 7
        await tx.flush()
        assert (await house.session()).votes == 0
    assert (await house.session()).votes == 7


@pytest.mark.parametrize("steps", range(0, 60, 3))
async def test_who_goes_away_at_any_moment_leaves_a_database_that_works(database: Database, steps: int) -> None:
    """Cancelled after so many turns of the loop: all of it is there or nothing, and the next one can write."""

    async def write() -> None:
        async with database.writing() as tx:
            for name in ("Rosa", "Luis"):
                tx.db.add(Person(id=name.lower(), name=name, made_at=tx.now))
                await tx.db.flush()

    writing = asyncio.create_task(write())
    for _ in range(steps):
        await asyncio.sleep(0)
    writing.cancel()
    (outcome,) = await asyncio.gather(writing, return_exceptions=True)
    assert outcome is None or isinstance(outcome, asyncio.CancelledError)
    async with asyncio.timeout(20):
        async with database.writing() as tx:
            tx.db.add(Person(id="ines", name="Ines", made_at=tx.now))
        assert await names(database) in (["Ines"], ["Ines", "Luis", "Rosa"])


async def test_who_goes_away_during_the_commit_leaves_a_database_that_works(database: Database) -> None:
    async def write(name: str) -> None:
        async with database.writing() as tx:
            tx.db.add(Person(id=name.lower(), name=name, made_at=tx.now))

    for name in ("Rosa", "Luis", "Ines"):
        writing = asyncio.create_task(write(name))

        def cancel(_: Connection, writing: asyncio.Task[None] = writing) -> None:
            writing.cancel()

        event.listen(database.writer.sync_engine, "commit", cancel, once=True)
        with pytest.raises(asyncio.CancelledError):
            await writing
        async with asyncio.timeout(20):
            # The commit was under way already: who went away does not hear of it, and nobody else is held up.
            await write(f"{name} 2")
            assert {name, f"{name} 2"} <= set(await names(database))


async def test_sqlite_is_durable_and_keeps_its_references(sqlite: Database) -> None:
    async with sqlite.writing() as tx:
        pragmas = {
            name: (await tx.db.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


async def test_two_programs_write_in_turn(migrated_url: str) -> None:
    """Two databases on one file or server, as two servers have them: nobody is told that it is locked."""
    both = [Database(migrated_url) for _ in range(2)]
    house = await House.build(both[0])

    async def count(database: Database) -> None:
        async with database.writing() as tx:
            session = await tx.lock(house.session_id)
            session.votes += 1

    await asyncio.gather(*(count(both[n % 2]) for n in range(30)))
    async with both[1].reading() as db:
        assert await db.scalar(select(Session.votes)) == 30
    for database in both:
        await database.dispose()


async def test_a_connection_that_was_closed_is_replaced(postgres: PostgresServer, postgres_emptied: str) -> None:
    """Whoever comes after PostgreSQL was started anew notices nothing, however soon that is."""
    database = Database(postgres_emptied)
    async with database.reading() as db:
        line: Any = (await (await db.connection()).get_raw_connection()).driver_connection
    postgres.restart()
    await until(line.is_closed)
    assert await names(database) == []
    await database.dispose()


@pytest.mark.parametrize("has_rested", [True, False])
async def test_a_connection_that_has_rested_is_asked_whether_it_is_there(
    postgres_emptied: str, monkeypatch: pytest.MonkeyPatch, has_rested: bool
) -> None:
    """It may have died without a word; one that was used a moment ago is not asked, and costs whoever has it a try."""
    monkeypatch.setattr(database_module, "RESTED", 0 if has_rested else 60)
    monkeypatch.setattr(database_module, "ANSWERS", 0.1)
    database = Database(postgres_emptied, patience=0.5)
    async with database.reading() as db:
        pid = await db.scalar(text("SELECT pg_backend_pid()"))
    os.kill(pid, signal.SIGSTOP)
    try:
        if not has_rested:
            with pytest.raises(AWAY):
                await names(database)
        assert await names(database) == []
    finally:
        os.kill(pid, signal.SIGCONT)
        await database.dispose()
