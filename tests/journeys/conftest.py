"""Two servers on one PostgreSQL, started once for all journeys that need them: those share an `xdist_group`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.pair import Pair
from tests.servers import PostgresServer, RedisServer


@pytest.fixture(scope="session")
def url_of_pairs(postgres_of_worker: PostgresServer) -> str:
    """Empty: the servers bring it up to date themselves."""
    postgres_of_worker.ensure_running()
    return postgres_of_worker.create_database("two_servers")


@pytest.fixture(scope="session")
def looking(url_of_pairs: str) -> Iterator[Pair]:
    """Without Redis: each looks by itself."""
    pair = Pair(url_of_pairs, None)
    with pair.one, pair.two:
        yield pair


@pytest.fixture(scope="session")
def hearing(url_of_pairs: str, redis_of_worker: RedisServer) -> Iterator[Pair]:
    redis_of_worker.ensure_running()
    pair = Pair(url_of_pairs, redis_of_worker)
    with pair.one, pair.two:
        yield pair
