"""Plain HTTP, of which nobody makes us hold more than a request has: uvicorn's own knows no end of a head's length.

A proxy in front has such limits as well; a server that stands by itself would keep whatever one stranger sends it, and
for as long as they like.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD = 65_536
"""Bytes of a request line and its headers."""
PATIENCE = 60.0
"""Seconds from a request's first byte to its last, and from a new connection to its first request."""


class Plain(HttpToolsProtocol):
    """uvicorn's protocol, with an end to what a request may be and to how long it may take to arrive."""

    def __init__(self, *about: Any, **more: Any) -> None:
        super().__init__(*about, **more)
        self.is_in_head = True
        self.head_bytes = 0
        self.waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        was_in_head = self.is_in_head
        super().data_received(data)
        if was_in_head and self.is_in_head and not self.transport.is_closing():
            self.head_bytes += len(data)
            if self.head_bytes > MOST_HEAD:
                self.send_400_response("This request is too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        self.is_in_head, self.head_bytes = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.is_in_head = True
        self._arrived()

    def handle_websocket_upgrade(self) -> None:
        self._arrived()
        super().handle_websocket_upgrade()

    def _wait(self) -> None:
        if self.waiting is None:
            self.waiting = self.loop.call_later(PATIENCE, self._give_up)

    def _arrived(self) -> None:
        if self.waiting:
            self.waiting.cancel()
            self.waiting = None

    def _give_up(self) -> None:
        self.waiting = None
        self.transport.abort()
