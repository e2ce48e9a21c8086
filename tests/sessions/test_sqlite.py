"""A line to a SQLite file: as few trips to its thread as there are waits, and in the order in which it was asked."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sessions.database import Database, be_brief
from sessions.people import Person
from sessions.sqlite import FEW, Cursor, Line, open_line
from tests.house import House

MANY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT count(*) FROM n"


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    line = open_line(str(tmp_path / "house.db"), isolation_level=None)
    await line
    await (await line.cursor().__aenter__()).execute("CREATE TABLE people (name TEXT UNIQUE)")
    yield line
    await line.close()


async def asked(line: Line, statement: str, *parameters: object) -> Cursor:
    cursor = line.cursor()
    await cursor.execute(statement, parameters)
    return cursor


async def test_a_statement_is_one_trip_with_all_that_came_of_it(line: Line) -> None:
    before, cursor = line.asked, line.cursor()
    await cursor.executemany("INSERT INTO people VALUES (?)", [("Rosa",), ("Luis",)])
    assert (cursor.rowcount, cursor.description) == (2, None)
    told = await asked(line, "INSERT INTO people VALUES (?) RETURNING name", "Ines")
    assert await told.fetchall() == [("Ines",)]
    found = await asked(line, "SELECT name FROM people ORDER BY name")
    assert await found.fetchall() == [("Ines",), ("Luis",), ("Rosa",)]
    assert [column[0] for column in found.description] == ["name"]
    await found.close()
    assert line.asked - before == 3


async def test_what_waits_for_nothing_makes_no_trip(line: Line) -> None:
    before = line.asked
    await asked(line, "BEGIN")
    await line.rollback()
    assert line.asked == before
    await asked(line, "BEGIN IMMEDIATE")
    await line.commit()
    assert line.asked - before == 2


async def test_what_is_refused_is_refused_as_it_was(line: Line) -> None:
    await asked(line, "INSERT INTO people VALUES ('Rosa')")
    with pytest.raises(sqlite3.IntegrityError):
        await asked(line, "INSERT INTO people VALUES ('Rosa')")
    assert line.asked == line.answered


async def test_who_gives_up_leaves_nobody_else_in_the_middle_of_it(line: Line) -> None:
    """The thread goes on with what it was asked: a rollback that did not wait for it would come first."""
    await asked(line, "BEGIN IMMEDIATE")
    asking = asyncio.create_task(asked(line, f"INSERT INTO people {MANY}", 300_000))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait({asking})
    assert asking.cancelled()
    assert line.asked == line.answered + 1
    await line.rollback()
    assert line.asked == line.answered
    assert await (await asked(line, "SELECT name FROM people")).fetchall() == []


async def test_the_database_speaks_by_such_lines(sqlite: Database) -> None:
    async with sqlite.writing() as tx:
        tx.db.add(Person(id="rosa", name="Rosa", made_at=tx.now))
        line = (await (await tx.db.connection()).get_raw_connection()).driver_connection
        assert isinstance(line, Line)
        before = line.asked
    assert line.asked - before == 2, "the row, and the commit"


async def test_what_is_brief_makes_no_trip_but_for_its_commit(house: House) -> None:
    async with house.database.writing() as tx:
        session = await tx.lock(house.session_id)
        await be_brief(tx.db)
        line = (await (await tx.db.connection()).get_raw_connection()).driver_connection
        before = line.asked if isinstance(line, Line) else 0
        session.votes = 7
        tx.append(Person, id="rosa", name="Rosa", made_at=tx.now)
        await tx.flush()
        for number in range(FEW + 1):
            tx.append(Person, id=f"person {number}", name="", made_at=tx.now)
    if isinstance(line, Line):
        assert line.asked - before == 2, "more than a few rows, and the commit"
        assert not line.is_brief
    assert (await house.session()).votes == 7
    async with house.database.reading() as db:
        mine = Person.id.like("person %")
        assert await db.scalar(select(func.count()).where(mine)) == FEW + 1
