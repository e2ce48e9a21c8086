"""One server on one address: the socket it listens on, and uvicorn with the limits that keep it upright."""

from __future__ import annotations

import socket
import sys

import structlog
import uvicorn

from live.app import create_app
from live.settings import Settings

UNREAD_SECONDS = 15
"""How long sent bytes may stay unacknowledged: a reader that stops reading is otherwise never freed."""
GRACE_SECONDS = 20


def listen(host: str, port: int) -> socket.socket:
    """A listening socket whose connections cannot hang for ever."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "linux":
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    listener.bind((host, port))
    listener.listen(2048)
    listener.setblocking(False)
    return listener


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
    config = uvicorn.Config(
        create_app(settings),
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=65_536,
        ws_max_queue=4,
        ws_ping_interval=None,  # Engine.IO has its own.
        ws_per_message_deflate=False,  # 39 KiB for each connection.
        access_log=False,
        server_header=False,
        # Never DEBUG: there uvicorn writes each header and each frame, cookies and questions with them.
        log_level="info" if settings.log_level == "DEBUG" else settings.log_level.lower(),
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=20,
        h11_max_incomplete_event_size=65_536,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or "",
    )
    uvicorn.Server(config).run(sockets=[listener])
