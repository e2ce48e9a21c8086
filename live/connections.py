"""Light connections: one object for each device, which is at once its WebSocket and its Engine.IO socket.

The stock stack keeps two tasks, two queues and a timer for each connection, 44 KiB while nothing happens. Here an idle
connection is this object and its transport, and one wheel turns for all. Only a plain WebSocket that asks for Engine.IO
4 is taken; whatever else comes is left to the stock path, which knows how to refuse it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import os
import socket
import traceback
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs

import structlog
from engineio.packet import Packet
from uvicorn.config import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from live.engine import HIGH_WATER, LEAVING_SECONDS, Engine
from live.frames import BINARY, CLOSE, PING, PONG, TEXT, frame
from live.incoming import PROTOCOL_ERROR, Broken, Incoming, goodbye, text

logger = structlog.get_logger()

ADDRESS = b"/socket.io/"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SEND_BUFFER = 65_536
"""Bytes that the system may keep for one reader; left to itself, it keeps up to 4 MiB for each that does not read."""
LOW_WATER = 4_096
"""Unsent bytes of ours at which a reader that was behind has caught up; from HIGH_WATER it is."""
MOST_WAITING = 4
"""Texts of one client that wait for their turn before no more are read from it."""
MOST_ATTACHMENTS = 4


class Connection(asyncio.Protocol):
    """One client, from its handshake to its end.

    The names without a word of ours are those by which engineio knows its sockets.
    """

    __slots__ = (
        "about",
        "closed",
        "closing",
        "connected",
        "engine",
        "fd",
        "heard",
        "incoming",
        "is_behind",
        "is_clear",
        "is_joined",
        "missed",
        "pinged",
        "sid",
        "slot",
        "transport",
        "turn",
        "upgraded",
        "waiting",
    )

    def __init__(self, engine: Engine, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        self.engine, self.about = engine, (config, server_state, app_state)
        self.incoming: Incoming | None = None
        self.sid, self.fd = "", -1
        self.connected = self.upgraded = True
        self.closed = self.closing = self.is_behind = self.is_clear = self.is_joined = self.pinged = False
        self.heard = True
        self.missed: frozenset[str] = frozenset()
        self.waiting: list[str | bytes | None] = []
        self.turn: asyncio.Task[None] | None = None

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.incoming is None:
            return self._begin(data)
        if self.closing:  # Read on until the client closes too: else what we said last may be lost on its way.
            return
        self.heard, ping = True, None
        try:
            for opcode, payload in self.incoming.feed(data):
                if opcode in (TEXT, BINARY):
                    self._take(text(payload) if opcode == TEXT else payload)
                elif opcode == PING:
                    ping = payload
                elif opcode == CLOSE:
                    self.end(goodbye(payload))
                if self.closing:
                    return
        except Broken as broken:
            return self.end(broken.code)
        if ping is not None:  # Of many at once only the last is owed an answer.
            self.write(frame(ping, PONG))

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        """The client does not read: nothing more is read from it either, since nothing could be answered."""
        self.is_behind, self.is_clear = True, False
        self.engine.behind[self] = asyncio.get_running_loop().time(), self.unread
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.is_behind = False
        self.engine.behind.pop(self, None)
        self._read_on()
        self._take_turns()
        if self.missed and not self.closing:
            missed, self.missed = self.missed, frozenset()
            self.engine.drained(self.sid, missed)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closing, self.closed, self.is_behind = True, True, False
        self.fd, self.is_clear = -1, False
        if not self.sid:
            return
        server_state = self.about[1]
        server_state.connections.discard(cast(Any, self))
        self.slot.discard(self)
        self.engine.behind.pop(self, None)
        self.engine.leaving.pop(self, None)
        self.engine.sockets.pop(self.sid, None)
        self.waiting.append(None)
        self._take_turns()

    # The handshake.

    def _begin(self, data: bytes) -> None:
        first, *lines = data.rstrip(b"\r\n").split(b"\r\n")
        method, target, _ = first.split(b" ")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.decode("latin-1").partition(":")
            name, between = name.lower(), "; " if name.lower() == "cookie" else ", "
            headers[name] = f"{headers[name]}{between}{value.strip()}" if name in headers else value.strip()
        accepted = self._accepts(method, target, headers)
        if accepted is None:
            return self._leave_to_stock(data)
        self.incoming = Incoming()
        old = self.transport.get_protocol()
        if isinstance(old, HttpToolsProtocol):  # It and its parser hold each other, 5 KiB for each who joins.
            old.parser = None  # type: ignore[assignment]
        wire = self.transport.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if self.transport.get_extra_info("sslcontext") is None:
            self.fd = wire.fileno()
        self.transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        engine = self.engine
        self.sid = engine.generate_id()
        engine.sockets[self.sid] = self
        self.slot = engine.place(self)
        self.about[1].connections.add(cast(Any, self))
        engine.arrived(self.sid, {"headers": headers, "address": self._address(headers)})
        hello = (
            f'0{{"sid":"{self.sid}","upgrades":[],"pingTimeout":{engine.ping_timeout * 1000},'
            f'"pingInterval":{engine.ping_interval * 1000},"maxPayload":{engine.max_http_buffer_size}}}'
        )
        self.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + accepted
            + b"\r\n\r\n"
            + frame(hello.encode())
        )

    def _accepts(self, method: bytes, target: bytes, headers: dict[str, str]) -> bytes | None:
        """What the handshake is answered with, if it is one for us."""
        path, _, query = target.partition(b"?")
        asked = parse_qs(query.decode("latin-1"))
        origin, key = headers.get("origin"), headers.get("sec-websocket-key", "")
        if (
            method != b"GET"
            or path != ADDRESS
            or "sid" in asked
            or "j" in asked
            or (asked.get("EIO"), asked.get("transport")) != (["4"], ["websocket"])
            or headers.get("sec-websocket-version") != "13"
            or (origin is not None and origin not in self.engine.cors_allowed_origins)
        ):
            return None
        try:
            if len(base64.b64decode(key, validate=True)) != 16:
                return None
        except (binascii.Error, ValueError):
            return None
        return base64.b64encode(hashlib.sha1(key.encode() + GUID, usedforsecurity=False).digest())

    def _address(self, headers: dict[str, str]) -> str:
        """The client's, as every other request has it: a header is believed from a trusted proxy alone."""
        peer = self.transport.get_extra_info("peername") or ("", 0)
        app = self.about[0].loaded_app
        if "x-forwarded-for" in headers and isinstance(app, ProxyHeadersMiddleware) and peer[0] in app.trusted_hosts:
            return app.trusted_hosts.get_trusted_client_address(headers["x-forwarded-for"])[0] or str(peer[0])
        return str(peer[0])

    def _leave_to_stock(self, data: bytes) -> None:
        config, server_state, app_state = self.about
        stock = WebSocketsSansIOProtocol(config, server_state, app_state)
        stock.connection_made(self.transport)
        stock.data_received(data)
        # Not now: uvicorn makes us the transport's protocol when we return.
        asyncio.get_running_loop().call_soon(self.transport.set_protocol, stock)

    # What is said.

    @property
    def unread(self) -> int:
        return self.transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        """What is for this client alone."""
        if not (self.closing or self.transport.is_closing()):
            self.is_clear = False
            self.transport.write(data)

    def push(self, name: str, frame: bytes) -> None:
        if self.is_clear:
            # Nothing is before it: straight to the system, with a tenth less work than by way of the loop. The number
            # is ours until connection_lost, after which it may be that of somebody else's connection.
            try:
                sent = os.write(self.fd, frame)
            except BlockingIOError:
                sent = 0
            except OSError:  # The transport will notice by itself.
                return
            if sent == len(frame):
                return
            self.is_clear = False
            self.transport.write(frame[sent:])
        elif self.is_behind or self.closing:
            self.missed |= {name}
        elif self.fd >= 0 and not self.unread:
            self.is_clear = True
            self.push(name, frame)
        else:
            self.write(frame)

    async def send(self, packet: Packet) -> None:
        told = packet.encode()
        self.write(frame(told.encode()) if isinstance(told, str) else frame(told, BINARY))

    def ping(self) -> None:
        if not (self.is_behind or self.closing):
            self.heard, self.pinged = False, True
            self.write(frame(b"2"))

    def expect_answer(self) -> None:
        """Heard of since the last ping, and joined by now: who only holds a line takes the place of others."""
        if self.pinged and not (self.heard and self.is_joined):
            self.drop("silent")

    # What is heard.

    def _take(self, told: str | bytes) -> None:
        if isinstance(told, str):
            kind = told[:1]
            if kind == "1":
                return self.end(1000)
            if kind in ("3", "6"):
                return None
            if kind != "4":
                raise Broken(PROTOCOL_ERROR)
            told = told[1:]
            if told[:1] in ("5", "6"):  # python-socketio would wait for as many as the client says, and keep them.
                count = told[1:12].partition("-")[0]
                if not (count.isdigit() and int(count) <= MOST_ATTACHMENTS):
                    raise Broken(PROTOCOL_ERROR)
        self.waiting.append(told)
        if len(self.waiting) >= MOST_WAITING:
            self.transport.pause_reading()
        self._take_turns()
        return None

    def _take_turns(self) -> None:
        if self.waiting and self.turn is None:
            self.turn = asyncio.get_running_loop().create_task(self._answer())
            self.engine.answering += 1
            self.turn.add_done_callback(self.engine.answered)

    async def _answer(self) -> None:
        """One text after the other; there is no such task while nothing waits. None is the end of the connection."""
        heard = self.engine.handlers
        while self.waiting and not self.is_behind:
            told = self.waiting.pop(0)
            try:
                if told is None:
                    await heard["disconnect"](self.sid, self.engine.reason.TRANSPORT_CLOSE)
                elif not self.closing:
                    await heard["message"](self.sid, told)
            except Exception as error:  # Mostly what python-socketio makes of nonsense: one line, and never the words.
                where = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{Path(where.filename).name}:{where.lineno}"
                logger.warning("not understood", error=type(error).__name__, at=place)
                self.end(PROTOCOL_ERROR)
            if len(self.waiting) == MOST_WAITING - 1:
                self._read_on()
            if self.waiting:  # A thousand texts may come in one piece, and be refused without waiting for anything.
                await asyncio.sleep(0)
        self.turn = None

    def _read_on(self) -> None:
        if not (self.is_behind or len(self.waiting) >= MOST_WAITING or self.transport.is_closing()):
            self.transport.resume_reading()

    # The end.

    async def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """engineio's way to end a connection."""
        self.end(1000)

    def end(self, code: int) -> None:
        """Say goodbye, and wait a little for the client to do the same."""
        if self.closing:
            return
        self.write(frame(code.to_bytes(2, "big"), CLOSE))
        self.closing, self.is_clear = True, False
        self.engine.leaving[self] = self.engine.now + LEAVING_SECONDS
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._read_on()

    def drop(self, why: str) -> None:
        """Without a word: there is nobody to hear it."""
        logger.info("connection dropped", why=why)
        self.closing, self.is_clear = True, False
        self.transport.abort()

    def shutdown(self) -> None:
        """uvicorn stops."""
        self.end(1012)
        self.transport.close()
