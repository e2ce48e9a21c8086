"""Brings a database up to date: the migrations, one server at a time."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from sessions.database import Database

MIGRATIONS = Path(__file__).with_name("migrations")
MIGRATING = 0x7FACE
"""The advisory lock that keeps two starting servers from migrating at once on PostgreSQL."""


async def migrate(database: Database) -> None:
    if database.is_sqlite:
        if database.url.database:
            await asyncio.to_thread(write_ahead, database.url.database)
        async with database.writer.begin() as connection:
            return await connection.run_sync(_upgrade)
    # With all the time it takes: waiting for another server that migrates, or filling a column of a large table.
    patient = create_async_engine(database.url, poolclass=NullPool, hide_parameters=True)
    async with patient.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})
        await connection.run_sync(_upgrade)


def write_ahead(path: str) -> None:
    """Have readers and the writer of a SQLite file not wait for each other; the file remembers it.

    Turning it on does not wait for others, whatever the timeout, so two servers on a new file would meet here.
    """
    deadline = time.monotonic() + 30
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
