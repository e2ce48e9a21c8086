"""The migrations make the tables that the models describe, whoever runs them, and how many at once."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, insert, inspect, select

from moderation.questions import Question
from moderation.votes import tallies
from sessions import log, schema
from sessions.database import Database
from sessions.events import Plan, State
from sessions.session import Session
from sessions.tables import Base
from tests.house import House, check
from tests.running import KEEPS_COMPILED

ROOT = Path(__file__).parent.parent.parent
AT = datetime(2026, 5, 1, 18, 0, tzinfo=UTC)


def differences(connection: Connection) -> list[object]:
    opts = {"compare_type": True, "compare_server_default": True, "include_name": is_ours}
    context = MigrationContext.configure(connection, opts=opts)
    return list(compare_metadata(context, Base.metadata))


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """Not the full text, which each database keeps in its own way."""
    its_own = {"table": "search_index", "index": "ix_search_rows_tokens"}
    return not (kind in its_own and (name or "").startswith(its_own[kind]))


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


async def test_the_migrated_schema_is_that_of_the_models(database: Database) -> None:
    async with database.reader.connect() as connection:
        assert await connection.run_sync(differences) == []
        found = await connection.run_sync(tables)
        assert ("search_index" in found) is database.is_sqlite, "its own, of which the models know nothing"
        assert {t for t in found if not t.startswith("search_index")} == {*Base.metadata.tables, "alembic_version"}


async def test_migrating_again_changes_nothing(house: House) -> None:
    before = await house.rows()
    await schema.migrate(house.database)
    assert await house.rows() == before
    await check(house)


MIGRATE = """
import asyncio, sys
from sessions import schema
from sessions.database import Database

async def main():
    database = Database(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    await schema.migrate(database)
    await database.dispose()

asyncio.run(main())
"""


async def test_servers_that_start_together_migrate_once(database_url: str) -> None:
    """Two programs, an empty database: each finds it ready when it is done."""
    servers = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, database_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=KEEPS_COMPILED,
        )
        for _ in range(2)
    ]
    for server in servers:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
    for server in servers:
        assert server.stdin is not None
        server.stdin.write("go\n")
        server.stdin.flush()
    ends = await asyncio.gather(*(asyncio.to_thread(server.communicate) for server in servers))
    assert [(server.returncode, said[1][-2000:]) for server, said in zip(servers, ends, strict=True)] == [(0, "")] * 2
    database = Database(database_url)
    async with database.reader.connect() as connection:
        assert await connection.run_sync(differences) == []
    await check(await House.build(database))
    await database.dispose()


BEFORE: dict[str, list[dict[str, Any]]] = {
    "people": [{"id": "ben", "name": "Ben", "made_at": AT}],
    "sessions": [
        {
            **{"id": 1, "code": "BUSBUS", "epoch": 3, "seq": 9, "public_seq": 4, "hash": "a" * 64, "votes": 2},
            **{"asked": 6, "state": "live", "input": "open", "title": "Bus routes", "endless": False},
            **{"plan": {"title": "Bus routes", "languages": ["en"]}, "starts_at": AT, "ends_at": None},
        }
    ],
    "questions": [
        {
            **{"id": f"q{number}", "session_id": 1, "number": number, "author": "rosa", "state": state, "rev": number},
            **{"place": place, "private": private, "last_event": last, "last_by": "ben", "last_at": AT},
        }
        for number, (state, place, private, last) in enumerate(
            (
                ("held", "", False, "question.asked"),
                ("queued", "i", False, "lineup.added"),
                ("private", "", True, "question.asked"),
                ("private", "", True, "question.handed_over"),
                ("private", "", True, "question.answered"),
                ("answered", "", False, "question.answered"),
            ),
            1,
        )
    ],
    "contacts": [{"question_id": "q4", "session_id": 1, "sealed": b"sealed", "length": 6}],
    "votes": [{"question_id": "q2", "person": person, "session_id": 1} for person in ("luis", "ines")],
    "log": [{"session_id": 1, "seq": 1, "event": "session.planned", "body": "{}", "hash": "b" * 64}],
    "streams": [{"session_id": 1, "stream": "public", "seq": 1, "log_seq": 1}],
    "words": [{"session_id": 1, "digest": "c" * 64, "salt": b"s" * 16, "text": "Why?", "length": 4}],
    "kept_keys": [{"session_id": 1, "person": "rosa", "key": "k" * 8, "digest": "d" * 64, "answer": {"ok": True}}],
}
"""What a database may hold under the first migration, one row of each kind at least."""

SINCE: dict[str, dict[str, Any]] = {
    "questions": {"asked_at": None, "into": None, "came_from": None, "taken": False, "followed": None},
    "sessions": {"slow": 0, "hold": False, "completed_at": None},
    "contacts": {"times": None},
}
"""What the second adds to a row that was there."""


def upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def read_all(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Every row there is, as the tables that are there now tell it."""
    found = MetaData()
    found.reflect(connection)
    return {
        table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
        for table in found.sorted_tables
        if table.name != "alembic_version"
    }


def fill(connection: Connection) -> None:
    found = MetaData()
    found.reflect(connection)
    for table in found.sorted_tables:
        for row in BEFORE.get(table.name, []):
            connection.execute(insert(table).values(row))


def in_order(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {name: sorted(found, key=lambda row: repr(sorted(row.items()))) for name, found in rows.items()}


async def test_the_second_migration_keeps_every_row_and_what_it_means(database_url: str) -> None:
    """Also whose private questions were taken on: nobody's question waits again that a person had answered."""
    database = Database(database_url)
    async with database.writer.begin() as connection:
        await connection.run_sync(upgrade, "0001")
        await connection.run_sync(fill)
        before = await connection.run_sync(read_all)
        await connection.run_sync(upgrade, "0002")
        after = await connection.run_sync(read_all)
    taken = {"q4": True, "q5": True, "q6": True}
    expected = {
        name: [
            row | SINCE.get(name, {}) | ({"taken": taken.get(row["id"], False)} if name == "questions" else {})
            for row in rows
        ]
        for name, rows in before.items()
    }
    assert in_order({name: rows for name, rows in after.items() if name in before}) == in_order(expected)
    assert {name: rows for name, rows in after.items() if name not in before} == {"alarms": [], "mutes": []}
    await schema.migrate(database)
    async with database.reading() as db:
        questions = {q.id: q for q in await db.scalars(select(Question))}
        assert {i: q.is_open for i, q in questions.items()} == {
            **{"q1": True, "q2": True, "q3": True},
            **{"q4": False, "q5": False, "q6": False},
        }
        assert (questions["q2"].order, questions["q2"].last_at) == ("i", AT)
        session = (await db.scalars(select(Session))).one()
        assert (session.slow, session.hold, session.completed_at, session.plan) == (
            *(0, False, None),
            Plan(title="Bus routes", languages=("en",)),
        )
        assert await tallies(db, 1) == {"q2": 2}
    await database.dispose()


async def test_a_log_of_the_first_release_is_read_as_it_was(house: House) -> None:
    """Its events lack what later ones tell; they are read, and their bytes and hashes stay what they were."""
    question = await house.asked(State.SHOWN)
    later: dict[str, Any] = {"school": None, "flags": [], "schools": [], "reasons": []}
    async with house.database.writing() as tx:
        session = await tx.lock(house.session_id)
        chain = log.NO_HASH
        for row in await tx.db.scalars(select(log.LogRow).order_by(log.LogRow.seq)):
            told = json.loads(row.body)
            for holder in (told, told.get("plan", {})):
                for name in later:
                    holder.pop(name, None)
            row.body = json.dumps(told, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
            row.hash = chain = log.link(chain, row.body.encode())
        session.hash = chain
        session.plan_json = {k: v for k, v in session.plan_json.items() if k not in later}
    await house.verified()
    found = (await house.board()).questions[question]
    assert (found.state, found.school, found.flags, found.into, found.merged) == (State.SHOWN, None, (), None, ())
    await house.decide("lineup.add", question)
    await house.do(house.ben, "input.slow", seconds=30)
    await check(house)
