"""The whole house as docker-compose.yml describes it: HAProxy, two servers, PostgreSQL and Redis, and what may fail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pytest

from tests.conformance import CLIENTS, travel
from tests.running import KEYS, PATIENCE, Device, Hall, RunningServer, Visitor, open_hall, until
from tests.servers import Haproxy, PostgresServer, RedisServer

pytestmark = pytest.mark.xdist_group("behind haproxy")
DEVICES = 50


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
        await until(lambda: all(map(self.door.sends_to, self.servers)))


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


@pytest.mark.parametrize("kind", CLIENTS)
async def test_an_official_client_lives_by_the_wire(topology: Topology, hall: Hall, kind: str) -> None:
    """What stands between changes nothing: the same journey as without it (tests/conformance.py)."""
    client = CLIENTS[kind](topology.door.base, await hall.family(at=topology.door), asks_deflate=True)
    await travel(hall, client, at=topology.door)


async def test_one_server_is_killed_and_everybody_comes_back_through_the_other(topology: Topology, hall: Hall) -> None:
    one, two = topology.servers
    ben = await hall.staff("ben", at=topology.door)
    rosa = await hall.family(at=topology.door)
    phones = [await hall.join(await hall.family(at=topology.door)) for _ in range(DEVICES)]
    desk = await hall.join(ben, "desk", "desk", "html")
    before = await rosa.ask("Asked before?")
    await ben.decide("question.approve", before)
    everyone = [desk, *phones]
    await all_until(everyone, lambda device: before in device.cards)
    one.kill()
    # Also now, while HAProxy may not have noticed yet: what a device sends again under its key is taken once.
    meanwhile = await until_taken(rosa, "question.ask", words="Asked meanwhile?", lang="en")
    await until(lambda: any(device.welcomes > 1 for device in everyone))
    await all_until(everyone, lambda device: device.client.connected)
    cut = [device for device in everyone if device.welcomes > 1]
    assert 0 < len(cut) < len(everyone), "some of them sat at each server"
    await desk.until(lambda: meanwhile in desk.cards)
    await until_taken(ben, "question.approve", question=meanwhile, rev=desk.cards[meanwhile]["rev"])
    await all_until(everyone, lambda device: meanwhile in device.cards)
    await hall.agree()
    assert (await two.ready())["ready"] is True


async def test_redis_is_killed_and_comes_back(topology: Topology, hall: Hall) -> None:
    """Nothing is lost, families notice nothing, and readiness says how it stands."""
    rosa, ben = await hall.family(at=topology.door), await hall.staff("ben", at=topology.door)
    phones = [await hall.join(await hall.family(at=topology.door)) for _ in range(4)]
    topology.redis.kill()
    asked = [await rosa.ask(f"Without it, number {n}?") for n in range(3)]
    for question in asked:
        await ben.decide("question.approve", question)
    for phone in phones:
        assert (await phone.call("question.vote", question=asked[0]))["ok"] is True
    await all_until(phones, lambda phone: set(phone.cards) == set(asked) and phone.counts == {asked[0]: 4})
    await asyncio.gather(*(server.until_redis("degraded") for server in topology.servers))
    ready = await rosa.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "database": "ok", "redis": "degraded"})
    topology.redis.start()
    await asyncio.gather(*(server.until_redis("ok") for server in topology.servers))
    await hall.agree()
    assert [device.welcomes for device in phones] == [1] * 4


async def test_postgresql_freezes_and_goes_on(topology: Topology, hall: Hall) -> None:
    """Nobody waits for ever: a refusal in words, in their language, through the door too; and no ack was a lie."""
    rosa, luis = await hall.family(at=topology.door), await hall.family(at=topology.door, lang="es")
    phone = await hall.join(await hall.family(at=topology.door))
    acked = [await rosa.ask(f"Before, number {n}?") for n in range(2)]
    topology.postgres.freeze()
    try:
        body = {"key": "kept-on-the-phone", "words": "Asked meanwhile?", "lang": "en"}
        in_english, in_spanish, by_socket = await asyncio.gather(
            rosa.send("question.ask", **body),
            luis.send("question.ask", **body),
            phone.call("question.ask", **body),
        )
        assert [(a.status_code, a.json()["code"]) for a in (in_english, in_spanish)] == [(503, "not_saved")] * 2
        assert "Nothing is lost" in in_english.json()["say"]
        assert "No se perdió nada" in in_spanish.json()["say"]
        assert by_socket["code"] == "not_saved"
        ready = await rosa.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"ready": False, "database": "away"})
        assert phone.client.connected, "nobody is sent away"
    finally:
        topology.postgres.thaw()
    await asyncio.gather(*(server.until_ready() for server in topology.servers))
    again = [await until_taken(visitor, "question.ask", **body) for visitor in (rosa, luis)]
    again.append((await phone.call("question.ask", **body))["question"])
    board = await (await hall.staff("ben", at=topology.servers[1])).board(audience="desk", format="json")
    assert sorted(card["id"] for card in board["cards"]) == sorted(acked + again)
    await hall.agree()
    await hall.house.verified()


async def all_until(devices: Sequence[Device], true: Callable[[Device], bool]) -> None:
    await asyncio.gather(*(device.until(partial(true, device)) for device in devices))


async def until_taken(visitor: Visitor, command: str, **body: Any) -> str:
    """Send it as a device does: again, under the same key, until somebody answers."""
    body = {"key": next(KEYS)} | body
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = await visitor.send(command, **body)
        if answer.status_code == 200:
            question: str = answer.json()["question"]
            return question
        assert answer.status_code in (502, 503), answer.text
        assert time.monotonic() < deadline, answer.text
