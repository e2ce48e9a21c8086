"""The hot path: what is told to many is encoded and framed once, and written straight to each of them.

Ten thousand devices cost ten thousand system calls and little more. Nothing waits in a queue of ours: whatever leaves
by a connection leaves by its transport in the order in which it was written, answers, notices and patches alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
"""What a WebSocket frame may be."""
BREATH, SHORT_BREATH = 250, 100
"""Sends after which others get a turn of the loop: 2.5 ms, and 1 ms while somebody waits for an answer."""
GIVEN = 0.002
"""Seconds that who waits for an answer then gets: all of the core, since the threads of the database need it as well.
With turns of the loop alone a thread that was woken stood still for some 3 ms, at each statement of a command."""


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """One whole WebSocket frame, as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 1 << 16:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big") + payload


def event(name: str, told: Any) -> bytes:
    """A Socket.IO event in an Engine.IO packet in a frame: the very bytes that every device of a channel gets."""
    return frame(b"42" + msgspec.json.encode([name, told]))


class Listener(Protocol):
    """A connection, as far as the hot path knows it."""

    def push(self, name: str, frame: bytes) -> None:
        """Write the frame of an event; or, where earlier bytes are still unread, remember that it was missed."""


class Listeners:
    """Who listens at one address. What is told to them reaches each of them in the same order."""

    __slots__ = ("present", "turn")

    def __init__(self) -> None:
        self.present: dict[Listener, None] = {}
        self.turn = asyncio.Lock()

    async def tell(self, name: str, frame: bytes, is_hurried: Callable[[], bool]) -> None:
        async with self.turn:  # Fair: who comes first is told first.
            listeners, at = list(self.present), 0
            while True:
                ends = at + (SHORT_BREATH if is_hurried() else BREATH)
                for listener in listeners[at:ends]:
                    listener.push(name, frame)
                if (at := ends) >= len(listeners):
                    return
                await asyncio.sleep(0)  # Now all is read that has come meanwhile.
                if is_hurried():
                    await asyncio.sleep(GIVEN)


class Addresses:
    """Who listens where; and for each listener the addresses, so that leaving searches nothing.

    `is_hurried` says whether somebody waits for an answer just now.
    """

    def __init__(self, is_hurried: Callable[[], bool] = lambda: False) -> None:
        self.is_hurried = is_hurried
        self.listeners: dict[str, Listeners] = {}
        self.of: dict[Listener, tuple[str, ...]] = {}

    def join(self, listener: Listener, *addresses: str) -> None:
        self.of[listener] = self.of.get(listener, ()) + addresses
        for address in addresses:
            self.listeners.setdefault(address, Listeners()).present[listener] = None

    def leave(self, listener: Listener) -> None:
        for address in self.of.pop(listener, ()):
            listeners = self.listeners[address]
            del listeners.present[listener]
            if not listeners.present:
                del self.listeners[address]

    async def send(self, name: str, told: Any, to: str) -> None:
        """Tell an event to everybody at an address. Who leaves or joins meanwhile is told by other ways."""
        if listeners := self.listeners.get(to):
            await listeners.tell(name, event(name, told), self.is_hurried)
