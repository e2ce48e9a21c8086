"""Server to server: "session 7 has moved", over a real Redis that comes and goes."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from live import nudge
from live.claims import Claims
from live.nudge import CHANNEL, Nudges
from live.presence import Presence
from live.throttle import BUDGETS, Throttle
from sessions.refusals import Refusal
from tests.running import PATIENCE, until
from tests.servers import RedisServer

FRESH = itertools.count()
SOON = 5.0
"""Seconds: far more than even a busy machine needs where nobody waits for Redis, far fewer than if each word did."""
pytestmark = pytest.mark.xdist_group("two servers")


class Ear:
    """One server's nudges, with what it heard."""

    def __init__(self, url: str) -> None:
        self.heard: list[int] = []
        self.counted: list[int] = []
        self.presence = Presence()
        self.throttle = Throttle()
        self.nudges = Nudges(url, self.heard.append, self.counted.append, self.presence, Claims(), self.throttle)

    def spend(self, times: int, person: str = "rosa") -> int:
        """How many of so many fresh questions this server lets through."""
        through = 0
        for _ in range(times):
            try:
                self.throttle.spend(7, person, "question.ask", f"key-{next(FRESH)}", "192.0.2.1")
            except Refusal:
                continue
            through += 1
        return through

    def left(self, person: str = "rosa") -> float:
        """What it knows to be left to the person."""
        purse = self.throttle.purses.get((7, person, "question.ask"))
        return purse.left if purse else BUDGETS["question.ask"].burst


@asynccontextmanager
async def listening(url: str, count: int = 2) -> AsyncIterator[list[Ear]]:
    ears = [Ear(url) for _ in range(count)]
    tasks = [asyncio.create_task(ear.nudges.run()) for ear in ears]
    try:
        yield ears
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, only sooner: a beat is a tenth of a second, and two are silence."""
    monkeypatch.setattr(nudge, "BEAT", 0.1)
    monkeypatch.setattr(nudge, "DEAF", 0.5)


async def all_hear(*ears: Ear) -> None:
    await until(lambda: not any(ear.nudges.is_deaf for ear in ears))


async def test_others_hear_and_the_one_that_tells_does_not(redis_server: RedisServer) -> None:
    async with listening(redis_server.url, 3) as ears:
        assert all(ear.nudges.is_deaf for ear in ears), "deaf until its own echo comes"
        await all_hear(*ears)
        ears[0].nudges.tell(7)
        ears[1].nudges.tell(8)
        await until(lambda: [sorted(ear.heard) for ear in ears] == [[8], [7], [7, 8]])
        assert [ear.counted for ear in ears] == [[], [], []]


async def test_votes_are_told_apart_and_never_hide_what_moved_beside_them(redis_server: RedisServer) -> None:
    async with listening(redis_server.url, 2) as (one, two):
        await all_hear(one, two)
        one.nudges.tell_votes(7)
        one.nudges.tell_votes(8)
        one.nudges.tell(8)
        await until(lambda: (two.heard, two.counted) == ([8], [7]))


async def test_what_can_wait_goes_with_what_cannot(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Votes and what was spent wait for a calm while; a log that has moved does not, and takes them along."""
    monkeypatch.setattr(nudge, "BREATH", 0)
    monkeypatch.setattr(nudge, "CALM", 60)
    async with listening(redis_server.url, 2) as (one, two):
        await all_hear(one, two)
        one.nudges.tell_votes(7)
        await until(lambda: two.counted == [7])
        one.nudges.tell_votes(8)
        spent = one.spend(1)
        one.presence.come(7)
        await until(lambda: two.presence.count(7) == 1)
        assert (two.counted, two.left()) == ([7], BUDGETS["question.ask"].burst), "a later word came first"
        one.nudges.tell(9)
        await until(lambda: two.heard == [9])
        assert (two.counted, two.left()) == ([7, 8], BUDGETS["question.ask"].burst - spent)


async def test_telling_never_waits(redis_server: RedisServer) -> None:
    async with listening(redis_server.url, 1) as (ear,):
        await all_hear(ear)
        redis_server.freeze()
        started = time.monotonic()
        for session in range(200):
            ear.nudges.tell(session)
        assert time.monotonic() - started < SOON
        await until(lambda: ear.nudges.is_deaf)
        redis_server.thaw()
        await all_hear(ear)


@pytest.mark.parametrize("fault", ["kill", "restart", "freeze", "cut"])
async def test_it_notices_that_it_is_deaf_and_hears_again_by_itself(redis_server: RedisServer, fault: str) -> None:
    async with listening(redis_server.url) as (one, two):
        await all_hear(one, two)
        if fault == "restart":
            redis_server.restart()
        elif fault == "cut":
            async with Redis.from_url(redis_server.url) as redis:
                await redis.client_kill_filter(_type="pubsub")
        else:
            redis_server.kill() if fault == "kill" else redis_server.freeze()
            await until(lambda: one.nudges.is_deaf and two.nudges.is_deaf)
            one.nudges.tell(7)
            redis_server.ensure_running()
        await until(lambda: one.nudges.is_deaf or fault in ("restart", "cut"))
        await all_hear(one, two)

        async def told() -> None:
            # What was told while the line was broken is gone: the looking makes up for it. From now on it is heard.
            while 9 not in two.heard:
                one.nudges.tell(9)
                await asyncio.sleep(0.05)

        await asyncio.wait_for(told(), PATIENCE)


async def test_nonsense_on_the_line_is_passed_over(redis_server: RedisServer) -> None:
    async with listening(redis_server.url) as (one, two):
        await all_hear(one, two)
        async with Redis.from_url(redis_server.url) as redis:
            for nonsense in (
                b"",
                b"{",
                b"[]",
                b'{"server":7}',
                b'{"server":"x","moved":["y"]}',
                b'{"server":"x","spent":[[7]]}',
                b"\xff",
                b"{}",
            ):
                await redis.publish(CHANNEL, nonsense)
        one.nudges.tell(7)
        await until(lambda: two.heard == [7])


async def test_head_counts_travel_with_the_beat(redis_server: RedisServer) -> None:
    async with listening(redis_server.url) as (one, two):
        one.presence.come(7)
        one.presence.come(7)
        two.presence.come(7)
        await until(lambda: one.presence.count(7) == two.presence.count(7) == 3)
        one.presence.go(7)
        await until(lambda: two.presence.count(7) == 2)
        one.presence.go(7)
        await until(lambda: two.presence.count(7) == 1)


async def test_what_was_spent_at_one_is_spent_at_all(redis_server: RedisServer) -> None:
    """And a retry under the same key costs nothing, whoever it reaches."""
    async with listening(redis_server.url) as (one, two):
        await all_hear(one, two)
        burst = BUDGETS["question.ask"].burst
        one.throttle.spend(7, "rosa", "question.ask", "the same key", "192.0.2.1")
        assert one.spend(burst) == burst - 1
        await until(lambda: two.left() < 1)
        assert two.spend(3) == 0
        two.throttle.spend(7, "rosa", "question.ask", "the same key", "192.0.2.1")
        assert two.spend(1, "luis") == 1
        await until(lambda: one.left("luis") < BUDGETS["question.ask"].burst)


async def test_whoever_strikes_at_all_at_once_is_in_debt(redis_server: RedisServer) -> None:
    async with listening(redis_server.url) as (one, two):
        await all_hear(one, two)
        burst = BUDGETS["question.ask"].burst
        assert [one.spend(9), two.spend(9)] == [burst, burst], "neither waits for the other"
        for ear in (one, two):
            await until(lambda ear=ear: ear.left() < 1 - burst)  # type: ignore[misc]


async def test_while_redis_is_away_each_goes_by_what_it_knows(redis_server: RedisServer) -> None:
    async with listening(redis_server.url) as (one, two):
        await all_hear(one, two)
        burst = BUDGETS["question.ask"].burst
        redis_server.freeze()
        started = time.monotonic()
        assert [one.spend(20), two.spend(20)] == [burst, burst]
        assert time.monotonic() - started < SOON, "a budget never waits for Redis"
        redis_server.thaw()


async def test_who_goes_says_goodbye(redis_server: RedisServer) -> None:
    async with listening(redis_server.url, 1) as (stays,):
        async with listening(redis_server.url, 1) as (goes,):
            await all_hear(stays, goes)
            goes.presence.come(7)
            await until(lambda: stays.presence.count(7) == 1)
        await until(lambda: stays.presence.count(7) == 0)
