"""Plain HTTP from strangers who send too much, or never finish."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from live import plain
from live.plain import MOST_HEAD, Plain
from tests.running import PATIENCE, shared_server

ASKED = b"POST /healthz HTTP/1.1\r\nHost: here\r\n"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(await Request(scope, receive).body())(scope, receive, send)


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, int, ServerState]]:
    """A server of this very process, so that its patience can be short."""
    config, state = uvicorn.Config(echo, http=Plain, lifespan="off", log_config=None), ServerState()
    config.load()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Plain(config, state, {}), "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield host, port, state


async def until_gone(reader: asyncio.StreamReader) -> bytes:
    """All that is said until the line is cut."""
    async with asyncio.timeout(PATIENCE):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize("line", [b"X-More: and more\r\n", b"X-More: " + b"a" * 1_000, b"a" * 1_000])
async def test_a_head_without_end_is_not_kept(line: bytes) -> None:
    parts = urlsplit(shared_server().base)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(ASKED if line[:1] == b"X" else b"GET /")
    sent = 0
    with pytest.raises(ConnectionError):
        async with asyncio.timeout(PATIENCE):
            while sent < 64 * MOST_HEAD:
                writer.write(line * 16)
                await writer.drain()
                sent += 16 * len(line)
    writer.close()


async def test_a_long_head_and_a_longer_body_are_fine() -> None:
    async with listening() as (host, port, _):
        reader, writer = await asyncio.open_connection(host, port)
        for _ in range(2):  # Each request has the whole length for itself.
            body = b"b" * 5 * MOST_HEAD
            writer.write(ASKED + b"X-Long: " + b"a" * (MOST_HEAD - 2_000))
            await writer.drain()
            writer.write(b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(len(body)) == body
        writer.close()


@pytest.mark.parametrize("begun", [b"", b"GET", ASKED, ASKED + b"Content-Length: 5\r\n\r\nabc"])
async def test_who_never_finishes_is_let_go(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(plain, "PATIENCE", 0.05)
    async with listening() as (host, port, state):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(begun)
        assert await until_gone(reader) == b""
        writer.close()
        assert not state.connections


async def test_who_takes_up_an_old_connection_has_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening() as (host, port, _):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        monkeypatch.setattr(plain, "PATIENCE", 0.05)
        writer.write(b"GET / HT")
        assert await until_gone(reader) == b""
        writer.close()
