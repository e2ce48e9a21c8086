"""Redis says only "session 7 has moved", who is where and who looks at what; the truth is read from the database.

Nothing is lost while Redis is away: every server looks at the database once a second by itself, and readiness says
that the service is degraded.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from live.claims import Claims, Leases
from live.presence import Presence

CHANNEL = "facetoface:nudges"
BEAT = 3.0
"""Seconds between a server's own words, by which it also notices that it is deaf."""
DEAF = 10.0

log = structlog.get_logger()


class Word(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one server tells the others; `claims` are told by Redis itself, to all of them."""

    server: str
    session: int | None = None
    here: dict[int, int] | None = None
    claims: Leases | None = None


class Nudges:
    """Tells other servers that a session moved, hears them, and notices when it cannot."""

    def __init__(self, url: str, moved: Callable[[int], None], presence: Presence, claims: Claims) -> None:
        self.redis = Redis.from_url(url, socket_timeout=5, socket_connect_timeout=3)
        self.moved, self.presence, self.claims = moved, presence, claims
        self.server = secrets.token_hex(8)
        self.heard = 0.0
        self.waiting: set[asyncio.Task[None]] = set()

    @property
    def is_deaf(self) -> bool:
        return time.monotonic() - self.heard > DEAF

    def tell(self, session_id: int) -> None:
        """Soon and without waiting: whoever asked has their answer already."""
        task = asyncio.create_task(self._publish(Word(self.server, session=session_id)))
        self.waiting.add(task)
        task.add_done_callback(self.waiting.discard)

    async def _publish(self, word: Word) -> None:
        try:
            await self.redis.publish(CHANNEL, msgspec.json.encode(word))
        except (RedisError, OSError) as error:
            log.warning("redis is away", error=type(error).__name__)

    async def run(self) -> None:
        """Listen for ever; subscribe again whenever the line is broken or silent."""
        beating = asyncio.create_task(self._beat())
        try:
            while True:
                try:
                    await self._listen()
                except (RedisError, OSError) as error:
                    log.warning("redis is away", error=type(error).__name__)
                await asyncio.sleep(1)
        finally:
            beating.cancel()
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
        elif word.session is not None:
            self.moved(word.session)
        elif word.here is not None:
            self.presence.hear(word.server, word.here)
