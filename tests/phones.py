"""A phone written out byte by byte: for what no library lets one do, and for a thousand of them at once."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec

from tests.running import PATIENCE

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
ENGINE = "/socket.io/?EIO=4&transport=websocket"


def framed(payload: bytes, opcode: int = TEXT, *, first: int = 0x80, mask: bytes | None = b"mask") -> bytes:
    """A frame as a client sends it; `first` are the bits beside the opcode. Without a mask it is against the rules."""
    size, bit = len(payload), 0x80 if mask else 0
    head = bytes([first | opcode])
    if size < 126:
        head += bytes([bit | size])
    elif size < 1 << 16:
        head += bytes([bit | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([bit | 127]) + size.to_bytes(8, "big")
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[number % 4] for number, byte in enumerate(payload))


class Phone:
    """One WebSocket; with `join`, a device that applies patches by the rules of docs/wire.md."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self.base, self.host, self.port = base, parts.hostname or "", parts.port or 80
        self.head: list[str] = []
        self.number = self.epoch = self.highest = self.lower = 0
        self.cards: dict[str, int] = {}
        self.tallies: dict[str, int] = {}
        self.heads: list[int] = []
        self.acks: dict[int, asyncio.Future[Any]] = {}
        self.events: list[str] = []
        self.missed = False
        self.reading: asyncio.Task[None] | None = None
        self.news = asyncio.Event()

    async def dial(
        self, path: str = ENGINE, *, receive_buffer: int = 0, headers: Mapping[str, str] | None = None
    ) -> Self:
        """The handshake alone; what the server answered is in `head`."""
        line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:  # Before connecting: it decides how much the other side may send unread.
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, (self.host, self.port))
        self.reader, self.writer = await asyncio.open_connection(sock=line)
        told = {
            "Host": f"{self.host}:{self.port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Version": "13",
            **(headers or {}),
        }
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items() if value), "", ""]
        self.writer.write("\r\n".join(lines).encode())
        async with asyncio.timeout(PATIENCE):
            self.head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        return self

    @property
    def status(self) -> int:
        return int(self.head[0].split()[1])

    def say(self, payload: str | bytes, opcode: int = TEXT, **how: Any) -> None:
        self.writer.write(framed(payload.encode() if isinstance(payload, str) else payload, opcode, **how))

    async def hear(self) -> tuple[int, bytes]:
        """The next frame. Raises IncompleteReadError at the end of the line."""
        first, size = await self.reader.readexactly(2)
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2), "big")
        elif size == 127:
            size = int.from_bytes(await self.reader.readexactly(8), "big")
        return first & 0x0F, await self.reader.readexactly(size)

    async def until_closed(self) -> int | None:
        """The code with which the server closes; None where the line just ends."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    opcode, payload = await self.hear()
                    if opcode == CLOSE:
                        return int.from_bytes(payload[:2], "big")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def greet(self, auth: Mapping[str, Any]) -> None:
        """Engine.IO's open and Socket.IO's connect. Raises AssertionError when refused."""
        async with asyncio.timeout(PATIENCE):
            _, opened = await self.hear()
            assert opened[:1] == b"0", opened
            self.say(f"40{msgspec.json.encode(auth).decode()}")
            answer = (await self.hear())[1]
            while answer == b"2":  # The wheel may have come round just now.
                self.say("3")
                answer = (await self.hear())[1]
        assert answer[:2] == b"40", answer

    async def join(self, code: str, token: str, **more: Any) -> Self:
        """A device with a board, from where it was before; it reads on until it is told to hang up."""
        await self.dial(headers={"Origin": self.base})
        at = {"epoch": self.epoch, "since": self.number, "format": "json"}
        self.missed, self.highest, self.events = False, 0, []
        await self.greet({"code": code, "token": token, **at, **more})
        self.reading = asyncio.create_task(self._read_on())
        await self.until(lambda: "pulse" in self.events)
        return self

    async def hang_up(self) -> None:
        self.writer.close()
        if self.reading:
            await self.reading

    async def until(self, true: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            while not true():
                self.news.clear()
                await self.news.wait()

    def ask(self, number: int, command: str, **body: Any) -> asyncio.Future[Any]:
        """A command and, later, its answer."""
        self.acks[number] = asyncio.get_running_loop().create_future()
        self.say(f"42{number}{msgspec.json.encode([command, body]).decode()}")
        return self.acks[number]

    async def _read_on(self) -> None:
        try:
            while True:
                opcode, payload = await self.hear()
                if opcode == TEXT:
                    self._take(payload)
                self.news.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.news.set()

    def _take(self, payload: bytes) -> None:
        if payload == b"2":
            self.say("3")
        elif payload[:2] == b"42":
            event, told = msgspec.json.decode(payload[2:])
            self.events.append(event)
            if event == "patch":
                self.apply(told)
            elif event == "pulse":
                self.tallies |= told.get("tallies", {})
                if "head" in told:
                    self.heads.append(told["head"])
                    self._rises(told["head"])
        elif payload[:2] == b"43":
            number, _, rest = payload[2:].partition(b"[")
            self.acks.pop(int(number)).set_result(msgspec.json.decode(b"[" + rest)[0])

    def _rises(self, number: int) -> None:
        self.lower += number < self.highest
        self.highest = max(self.highest, number)

    def apply(self, patch: dict[str, Any]) -> None:
        self._rises(patch["to"])
        whole = patch["from"] == 0
        if not whole and (patch["epoch"] != self.epoch or patch["from"] > self.number):
            self.missed = True
        elif patch["to"] > self.number or (whole and patch["epoch"] != self.epoch):
            self.cards = {} if whole else self.cards
            for card in patch["cards"]:
                self.cards.pop(card["id"], None) if card.get("gone") else self.cards.update({card["id"]: card["rev"]})
            self.epoch, self.number = patch["epoch"], patch["to"]
        self.tallies |= patch.get("tallies", {})

    @property
    def shows(self) -> tuple[int, dict[str, int], dict[str, int]]:
        """Its number, its cards and the votes on them."""
        return self.number, self.cards, {q: n for q, n in self.tallies.items() if n and q in self.cards}
