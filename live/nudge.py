"""Redis says only "session 7 has moved", who is where, who looks at what and who has just done how much; the truth is
read from the database.

Nothing is lost while Redis is away: every server looks at the database once a second by itself, and readiness says
that the service is degraded.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from live.claims import Claims, Leases
from live.presence import Presence
from live.throttle import Spend, Throttle

CHANNEL = "facetoface:nudges"
BEAT = 3.0
"""Seconds between a server's own words, by which it also notices that it is deaf."""
DEAF = 10.0
BREATH = 0.1
"""Seconds between two words of news: the first goes at once, and what comes meanwhile is told together. A hall that
votes would otherwise have every server listen to hundreds of words a second from each of the others."""
CALM = 0.25
"""Seconds between two words where no log has moved: tallies are told no more often, and a word costs a server that says
or hears it 0.3 to 0.6 ms of its core."""
MOST_SPENT = 10_000
"""Actions that wait to be told while Redis does not answer: a hint that is older than these is of no use."""
PATIENCE = 1.0
"""Seconds for a goodbye."""

log = structlog.get_logger()


class Word(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one server tells the others; `claims` are told by Redis itself, to all of them.

    `moved` are sessions whose logs have, `voted` those where only votes were given or taken back.
    """

    server: str
    moved: tuple[int, ...] = ()
    voted: tuple[int, ...] = ()
    spent: tuple[Spend, ...] = ()
    here: dict[int, int] | None = None
    claims: Leases | None = None


class Nudges:
    """Tells other servers what moved and what was spent, hears them, and notices when it cannot."""

    def __init__(
        self,
        url: str,
        moved: Callable[[int], None],
        voted: Callable[[int], None],
        presence: Presence,
        claims: Claims,
        throttle: Throttle,
    ) -> None:
        self.redis = Redis.from_url(url, socket_timeout=5, socket_connect_timeout=3)
        self.moved, self.voted = moved, voted
        self.presence, self.claims, self.throttle = presence, claims, throttle
        throttle.told = self.spent
        self.server = secrets.token_hex(8)
        self.heard = -math.inf
        self.news, self.moving = asyncio.Event(), asyncio.Event()
        self.to_tell: set[int] = set()
        self.to_count: set[int] = set()
        self.to_spend: deque[Spend] = deque(maxlen=MOST_SPENT)

    @property
    def is_deaf(self) -> bool:
        return time.monotonic() - self.heard > DEAF

    def tell(self, session_id: int) -> None:
        """Soon and without waiting: whoever asked has their answer already."""
        self.to_tell.add(session_id)
        self.news.set()
        self.moving.set()

    def tell_votes(self, session_id: int) -> None:
        """The same where nothing but votes has moved."""
        self.to_count.add(session_id)
        self.news.set()

    def spent(self, spend: Spend) -> None:
        """With the next word."""
        self.to_spend.append(spend)
        self.news.set()

    async def _publish(self, word: Word) -> None:
        try:
            await self.redis.publish(CHANNEL, msgspec.json.encode(word))
        except (RedisError, OSError) as error:
            log.warning("redis is away", error=type(error).__name__)

    async def _speak(self) -> None:
        while True:
            await self.news.wait()
            self.news.clear()
            self.moving.clear()
            counted = self.to_count - self.to_tell
            word = Word(self.server, tuple(self.to_tell), tuple(counted), tuple(self.to_spend))
            self.to_tell.clear()
            self.to_count.clear()
            self.to_spend.clear()
            await self._publish(word)
            await asyncio.sleep(BREATH)
            with suppress(TimeoutError):
                async with asyncio.timeout(CALM - BREATH):
                    await self.moving.wait()

    async def run(self) -> None:
        """Listen for ever; subscribe again whenever the line is broken or silent."""
        speaking = [asyncio.create_task(self._beat()), asyncio.create_task(self._speak())]
        try:
            while True:
                try:
                    await self._listen()
                except (RedisError, OSError) as error:
                    self.heard = -math.inf  # There is no need to wait for silence.
                    log.warning("redis is away", error=type(error).__name__)
                await asyncio.sleep(1)
        finally:
            for task in speaking:
                task.cancel()
            with suppress(TimeoutError):  # Nobody is here any more, and the others need not wait to find out.
                await asyncio.wait_for(self._publish(Word(self.server, here={})), PATIENCE)
            await self.redis.aclose()

    async def _beat(self) -> None:
        while True:
            await self._publish(Word(self.server, here=dict(self.presence.here)))
            await asyncio.sleep(BEAT)

    async def _listen(self) -> None:
        async with self.redis.pubsub() as line:
            await line.subscribe(CHANNEL)
            started = time.monotonic()
            while True:
                told = await line.get_message(timeout=1.0)
                if told is not None and told["type"] == "subscribe":  # Also when the line was made anew by itself.
                    await self.claims.meet()
                    await self._publish(Word(self.server, here=dict(self.presence.here)))
                elif told is not None:
                    self._hear(told["data"])
                elif time.monotonic() - max(started, self.heard) > DEAF:
                    return  # Subscribed, yet not even our own words come: a half-open line.

    def _hear(self, told: bytes) -> None:
        try:
            word = msgspec.json.decode(told, type=Word)
        except msgspec.MsgspecError:
            return
        if word.claims is not None:
            self.claims.hear(word.claims)
        elif word.server == self.server:
            self.heard = time.monotonic()
        else:
            for spend in word.spent:
                self.throttle.hear(spend)
            for session_id in word.moved:
                self.moved(session_id)
            for session_id in word.voted:
                self.voted(session_id)
            if word.here is not None:
                self.presence.hear(word.server, word.here)
