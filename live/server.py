"""One server on one address: the socket it listens on, uvicorn with the limits that keep it upright, and its end."""

from __future__ import annotations

import asyncio
import gc
import resource
import socket
import sys
import time
from contextlib import suppress
from functools import partial
from typing import Any, cast

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from live import drain
from live.app import create_app
from live.connections import Connection
from live.house import House
from live.incoming import MOST_BYTES
from live.plain import Plain
from live.settings import Settings

UNREAD_SECONDS = 15
"""How long sent bytes may stay unacknowledged: a reader that stops reading is otherwise never freed."""
MOST_FILES = 1_048_576
TURN = 0.001
"""Seconds for which a thread that computes (duplicates, a search) may go on while the loop waits; 5 ms otherwise."""
GRACE_SECONDS = 20
"""From being told to stop until all is over, the devices' leave (live/drain.py) included."""


def listen(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """A listening socket whose connections cannot hang for ever.

    One that is shared with other processes of ours is only bound: it listens once its server is ready.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "linux":
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    if is_shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    if not is_shared:
        listener.listen(2048)
    listener.setblocking(False)
    return listener


def take_what_is_allowed() -> None:
    """As many connections as the machine lets us have: most start a program with a thousand, and allow many more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def configure_logs(level: str) -> None:
    """Events, counts and names of errors: never the words of a question, never an address with a secret in it."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def serve(settings: Settings, listener: socket.socket) -> None:
    """Run until told to stop."""
    configure_logs(settings.log_level)
    take_what_is_allowed()
    sys.setswitchinterval(TURN)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=Plain,
        ws=cast(Any, partial(Connection, app.state.house.sockets.engine)),
        ws_max_size=MOST_BYTES,
        ws_max_queue=4,
        ws_ping_interval=None,  # Engine.IO has its own.
        ws_per_message_deflate=False,  # 39 KiB for each connection.
        access_log=False,
        server_header=False,
        # Never DEBUG: there uvicorn writes each header and each frame, cookies and questions with them.
        log_level="info" if settings.log_level == "DEBUG" else settings.log_level.lower(),
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=20,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or "",
    )
    Host(config, app.state.house).run(sockets=[listener])


class Host(uvicorn.Server):
    """uvicorn, with the collector of garbage kept out of its way, which takes leave of its devices before it ends."""

    def __init__(self, config: uvicorn.Config, house: House) -> None:
        super().__init__(config)
        self.house = house

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # With ten thousand devices each full collection would stop everything for half a second, and find nothing:
        # no connection leaves a cycle behind.
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 20, 1000)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        began = time.monotonic()
        self.house.is_leaving = True
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        # Whatever is no plain HTTP request is a device.
        leaving = {one for one in self.server_state.connections if not isinstance(one, HttpToolsProtocol)}
        if leaving:
            await self.house.broadcast.farewell(drain.retry_ms(len(leaving)))
            await asyncio.sleep(drain.HEARD)
            await drain.let_go(list(leaving), lambda: self.force_exit)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._until_gone(leaving), drain.GOODBYE)
            for silent in leaving & self.server_state.connections:  # uvicorn would fail at closing what is closing.
                silent.transport.abort()
        self.config.timeout_graceful_shutdown = max(1, int(began + GRACE_SECONDS - time.monotonic()))
        await super().shutdown(sockets)

    async def _until_gone(self, leaving: set[Any]) -> None:
        while leaving & self.server_state.connections:  # noqa: ASYNC110 (uvicorn tells nobody)
            await asyncio.sleep(0.02)
