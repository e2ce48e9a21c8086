"""What every test can ask for: real servers, an empty or a migrated database on each kind, and a house in it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from sessions import schema
from sessions.database import Database
from sessions.tables import Base
from tests.house import House, fresh_file, reopened
from tests.servers import PostgresServer, RedisServer

# How long an example takes says only how busy the machine is. The dice fall the same way in every run, so that a
# failure is the doing of what was changed; HYPOTHESIS_PROFILE=roam rolls them anew, to look further.
for profile, falls_the_same in (("suite", True), ("roam", False)):
    settings.register_profile(
        profile, deadline=None, derandomize=falls_the_same, suppress_health_check=[HealthCheck.too_slow]
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


@pytest.fixture(scope="session")
def postgres_of_worker() -> Iterator[PostgresServer]:
    """Started by the first test that needs it; one for each worker of xdist."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def redis_of_worker() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def postgres(postgres_of_worker: PostgresServer) -> PostgresServer:
    """A running PostgreSQL, whatever the test before did to it."""
    postgres_of_worker.ensure_running()
    return postgres_of_worker


@pytest.fixture
def redis_server(redis_of_worker: RedisServer) -> RedisServer:
    """A running Redis, empty, whatever the test before did to it."""
    redis_of_worker.ensure_running()
    redis_of_worker.empty()
    return redis_of_worker


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A new empty database on PostgreSQL."""
    name = f"test_{uuid4().hex}"
    yield postgres.create_database(name)
    postgres.ensure_running()
    postgres.drop_database(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A new database file that does not exist yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'facetoface.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database; the test runs once on each kind."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to copy: migrating anew for each test would take most of its time."""
    path = tmp_path_factory.mktemp("template") / "facetoface.db"
    asyncio.run(migrated(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_migrated(postgres_of_worker: PostgresServer) -> str:
    """The name of a migrated database on PostgreSQL, one for each worker of xdist."""
    name = "migrated"
    asyncio.run(migrated(postgres_of_worker.create_database(name)))
    return name


async def migrated(url: str) -> None:
    database = Database(url)
    await schema.migrate(database)
    await database.dispose()


@pytest.fixture
def sqlite_copy(sqlite_template: Path) -> str:
    """A new migrated database file."""
    return fresh_file(sqlite_template, sqlite_template.parent / "house")


@pytest.fixture
def postgres_emptied(postgres: PostgresServer, postgres_migrated: str) -> str:
    """A migrated database on PostgreSQL with nothing in it: emptied, which is six times as fast as a new one."""
    left = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{postgres_migrated}'"
    emptied = "; ".join(f"DELETE FROM {table.name}" for table in reversed(Base.metadata.sorted_tables))
    postgres.sql(f"{left} AND pid <> pg_backend_pid(); {emptied}", postgres_migrated)
    return postgres.url(postgres_migrated)


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """A migrated database; the test runs once on each kind."""
    url: str = request.getfixturevalue("sqlite_copy" if request.param == "sqlite" else "postgres_emptied")
    return url


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    """A migrated database of each kind."""
    opened = reopened(migrated_url)
    yield opened
    await opened.dispose()


@pytest.fixture
async def sqlite(sqlite_copy: str) -> AsyncIterator[Database]:
    """A migrated SQLite database, for what does not depend on the kind."""
    opened = reopened(sqlite_copy)
    yield opened
    await opened.dispose()


@pytest.fixture
async def house(database: Database) -> House:
    """A live session on each kind of database."""
    return await House.build(database)


@pytest.fixture
async def small_house(sqlite: Database) -> House:
    """A live session on SQLite."""
    return await House.build(sqlite)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of an operator's, with the settings for it."""
    monkeypatch.setenv("FACETOFACE_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/facetoface.db")
    monkeypatch.setenv("FACETOFACE_PUBLIC_URL", "https://ask.example.org")
    for name in ("REDIS_URL", "SECRET_KEY", "HOST", "PORT"):
        monkeypatch.delenv(f"FACETOFACE_{name}", raising=False)
    return tmp_path
