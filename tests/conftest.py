"""What every test can ask for: real servers, and an empty database on each kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.servers import PostgresServer, RedisServer


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
