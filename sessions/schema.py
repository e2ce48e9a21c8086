"""Brings a database up to date: the migrations, one server at a time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from sessions.database import Database

MIGRATIONS = Path(__file__).with_name("migrations")
MIGRATING = 0x7FACE
"""The advisory lock that keeps two starting servers from migrating at once on PostgreSQL."""


async def migrate(database: Database) -> None:
    async with database.writer.begin() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
