"""The migrations make the tables that the models describe, whoever runs them, and how many at once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from sessions import schema
from sessions.database import Database
from sessions.tables import Base
from tests.house import House, check

ROOT = Path(__file__).parent.parent.parent


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, Base.metadata))


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


async def test_the_migrated_schema_is_that_of_the_models(database: Database) -> None:
    async with database.reader.connect() as connection:
        assert await connection.run_sync(differences) == []
        assert await connection.run_sync(tables) == {*Base.metadata.tables, "alembic_version"}


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
