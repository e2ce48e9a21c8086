"""The whole house as docker-compose.yml describes it: HAProxy, two servers, PostgreSQL and Redis, and what may fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.running import Hall, RunningServer, open_hall
from tests.servers import Haproxy, PostgresServer, RedisServer

pytestmark = pytest.mark.xdist_group("behind haproxy")


class Topology:
    """Two servers behind one door, and what stands behind them."""

    def __init__(self, postgres: PostgresServer, redis: RedisServer) -> None:
        self.postgres, self.redis, self.door = postgres, redis, Haproxy()
        url = postgres.create_database("behind_haproxy")
        self.servers = [RunningServer.behind(self.door, url, redis_url=redis.url) for _ in range(2)]

    async def whole(self) -> None:
        """Everything runs and hears of each other, whatever the test before did to it."""
        for one in (self.postgres, self.redis, *self.servers, self.door):
            one.ensure_running()
        await asyncio.gather(*(server.until_redis("ok") for server in self.servers))


@pytest.fixture(scope="module")
def topology(postgres_of_worker: PostgresServer, redis_of_worker: RedisServer) -> Iterator[Topology]:
    postgres_of_worker.ensure_running()
    redis_of_worker.ensure_running()
    topology = Topology(postgres_of_worker, redis_of_worker)
    one, two = topology.servers
    with one, two, topology.door:
        yield topology


@pytest.fixture
async def hall(topology: Topology) -> AsyncIterator[Hall]:
    await topology.whole()
    async with open_hall(topology.servers[0]) as hall:
        yield hall


async def test_any_server_answers_any_phone(topology: Topology, hall: Hall) -> None:
    """No sticky sessions: devices sit at both servers, and a command goes to either."""
    ben = await hall.staff("ben", at=topology.door)
    families = [await hall.family(at=topology.door) for _ in range(4)]
    phones = [await hall.join(family) for family in families]
    desk = await hall.join(ben, "desk", "desk", "html")
    asked = [await family.ask(f"Number {n}?") for n, family in enumerate(families * 2)]
    for question in asked:
        await ben.decide("question.approve", question)
    for n, phone in enumerate(phones):
        assert (await phone.call("question.vote", question=asked[n - 1]))["ok"] is True
    await desk.until(lambda: set(desk.tallies) == set(asked[:3]) | {asked[-1]})
    await hall.agree()
