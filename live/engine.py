"""Engine.IO whose sockets are light connections, and the one wheel that turns for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import engineio

HIGH_WATER = 32_768
"""Unsent bytes of ours from which a reader counts as behind."""
LEAVING_SECONDS = 5
"""How long a client may take to close its end after we have closed ours."""


class Turned(Protocol):
    """A connection, as far as the wheel knows it."""

    @property
    def unread(self) -> int:
        """Bytes that it was sent and has not taken."""

    def ping(self) -> None: ...

    def expect_answer(self) -> None:
        """It was pinged so long ago that it must have answered by now."""

    def drop(self, why: str) -> None:
        """Without a word."""


class Engine(engineio.AsyncServer):  # type: ignore[misc]
    """Told by its owner what to do with who has arrived, and with who reads again and what they missed meanwhile.

    A connection that reads nothing for `patience` seconds is dropped, and one that does not answer a ping in time.
    """

    wheel: list[set[Turned]]

    def __init__(self, *about: Any, **more: Any) -> None:
        super().__init__(*about, **more)
        self.wheel = [set() for _ in range(self.ping_interval)]
        self.now = 0
        self.placed = 0
        self.answering = 0
        """How many connections have said something that is not answered yet."""
        self.behind: dict[Turned, tuple[float, int]] = {}
        self.leaving: dict[Turned, int] = {}
        self.patience = 15.0
        self.arrived: Callable[[str, dict[str, Any]], None] = lambda sid, about: None
        self.drained: Callable[[str, frozenset[str]], None] = lambda sid, missed: None

    async def _handle_connect(self, environ: Any, transport: str, jsonp_index: int | None = None) -> Any:
        # Reached only by what is no plain WebSocket at our address.
        return self._bad_request("Invalid transport")

    def answered(self, _turn: asyncio.Task[None]) -> None:
        self.answering -= 1

    def place(self, connection: Turned) -> set[Turned]:
        """A place on the wheel: one after the other, so that pings are spread however they came."""
        self.placed += 1
        slot = self.wheel[self.placed % len(self.wheel)]
        slot.add(connection)
        return slot

    async def turn(self) -> None:
        """One second further: ping some, let go of those who did not answer, do not read, or do not leave."""
        self.now += 1
        for connection in list(self.wheel[(self.now - self.ping_timeout) % len(self.wheel)]):
            connection.expect_answer()
        for connection in list(self.wheel[self.now % len(self.wheel)]):
            connection.ping()
        clock = asyncio.get_running_loop().time()
        for connection, (since, unread) in list(self.behind.items()):
            # A slow line that gets on is no reader that has stopped.
            if connection.unread <= unread - HIGH_WATER // 2:
                self.behind[connection] = clock, connection.unread
            elif clock - since >= self.patience:
                connection.drop("behind")
        for connection, until in list(self.leaving.items()):
            if self.now >= until:
                connection.drop("leaving")
