"""One phone of a rehearsal: opens the page, joins, asks, votes, and keeps its board by the rules of docs/wire.md.

A light reader of its own instead of a whole client: thousands of them share one process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
import ssl
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

WELCOME_SECONDS, ANSWER_SECONDS = 60.0, 30.0
STANDS = re.compile(r'data-epoch="(\d+)" data-seq="(\d+)"')
MOST_BYTES = 8 * 1024 * 1024
SILENT: tuple[type[Exception], ...] = (OSError, TimeoutError, WebSocketException, httpx2.HTTPError)
"""What it looks like from here when the server does not answer as it should."""


@lru_cache(maxsize=64)
def told(text: str) -> Any:
    """What an event says; the same text comes to thousands of phones."""
    return json.loads(text)


class Site:
    """The server as phones see it over HTTP; no cookie of one phone ever reaches another."""

    def __init__(self, base: str, code: str) -> None:
        self.base, self.code = base, code
        self.tls = ssl.create_default_context() if base.startswith("https:") else None
        limits = httpx2.Limits(max_connections=200, max_keepalive_connections=200)
        # Not a client: it keeps cookies, and all phones would become one person.
        self.transport = httpx2.AsyncHTTPTransport(verify=self.tls or False, limits=limits)

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        """One answer, read to its end. Raises what is in SILENT."""
        timeout = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), WELCOME_SECONDS)}
        request = httpx2.Request("GET", f"{self.base}{path}", headers=headers, extensions=timeout)
        answer = await self.transport.handle_async_request(request)
        answer.request = request
        await answer.aread()
        await answer.aclose()
        return answer

    async def board(self, headers: Mapping[str, str] | None = None, **query: Any) -> dict[str, Any]:
        wanted = httpx2.QueryParams({"format": "json", **query})
        answer = await self.get(f"/s/{self.code}/board?{wanted}", **(headers or {}))
        board: dict[str, Any] = answer.raise_for_status().json()
        return board


class Phone:
    """`heard` is called with each patch and the moment in which it came."""

    def __init__(
        self,
        site: Site,
        heard: Callable[[Phone, dict[str, Any], float], None],
        *,
        audience: str = "public",
        token: str = "",
    ) -> None:
        self.site, self.heard, self.audience, self.token = site, heard, audience, token
        self.cookie = ""
        self.number = self.epoch = self.head = self.highest = 0
        self.revs: dict[str, int] = {}
        self.fell, self.missed = 0, 0
        self.lost = ""
        self.socket: ClientConnection | None = None
        self.reading: asyncio.Task[None] | None = None
        self.catching: asyncio.Task[None] | None = None
        self.welcomed = asyncio.Event()
        self.answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.asked = 0

    async def open_page(self) -> None:
        """What a family's browser does first; it gets its cookie and a board with it."""
        page = await self.site.get(f"/s/{self.site.code}")
        page.raise_for_status()
        self.cookie = "; ".join(one.partition(";")[0] for one in page.headers.get_list("set-cookie"))
        if found := STANDS.search(page.text):
            # The page shows its first cards only, so the phone's own list begins with what the board says.
            self.take(await self.site.board(audience=self.audience), live=False)
            if self.number < int(found[2]):
                raise OSError("the board is older than the page")

    async def join(self) -> None:
        """Returns when the welcome has come. Raises what is in SILENT."""
        address = f"{self.site.base.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
        headers = {"Origin": self.site.base} | ({"Cookie": self.cookie} if self.cookie else {})
        self.socket = await connect(
            address,
            additional_headers=headers,
            compression=None,
            ping_interval=None,
            max_size=MOST_BYTES,
            open_timeout=WELCOME_SECONDS,
            ssl=self.site.tls,
            proxy=None,
        )
        self.reading = asyncio.create_task(self._read(self.socket))
        async with asyncio.timeout(WELCOME_SECONDS):
            await self.welcomed.wait()
        if self.lost:
            raise OSError(self.lost)

    async def call(self, command: str, **body: Any) -> dict[str, Any]:
        """One command over the socket, under a fresh key. Raises what is in SILENT."""
        if self.socket is None:
            raise OSError("not connected")
        self.asked += 1
        waiting = self.answers[self.asked] = asyncio.get_running_loop().create_future()
        text = json.dumps([command, {"key": secrets.token_urlsafe(12), **body}])
        await self.socket.send(f"42{self.asked}{text}")
        async with asyncio.timeout(ANSWER_SECONDS):
            answer: dict[str, Any] = await waiting
        return answer

    async def leave(self) -> None:
        for task in (self.reading, self.catching):
            if task:
                task.cancel()
        if self.socket:
            self.socket.transport.abort()

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                self._packet(str(text), time.perf_counter())
                if text == "2":
                    await socket.send("3")
                elif text[:1] == "0":
                    await socket.send(f"40{json.dumps(self._auth())}")
        except WebSocketException as error:
            self._lose(type(error).__name__)
        else:
            self._lose("closed by the server")

    def _auth(self) -> dict[str, Any]:
        told = {"code": self.site.code, "audience": self.audience, "format": "json"}
        return told | {"epoch": self.epoch, "since": self.number} | ({"token": self.token} if self.token else {})

    def _lose(self, why: str) -> None:
        self.lost = self.lost or why
        self.welcomed.set()
        for waiting in self.answers.values():
            if not waiting.done():
                waiting.set_exception(OSError(why))

    def _packet(self, text: str, at: float) -> None:
        if text.startswith("42"):
            event, what = told(text[2:])
            if event == "patch":
                self.take(what)
                self.heard(self, what, at)
            elif event == "pulse" and "head" in what:
                self.head = max(self.head, what["head"])
                if what["head"] > self.number:
                    self.catch_up()
                if "here" in what:
                    self.welcomed.set()
        elif text.startswith("43"):
            number = text[2 : text.index("[")]
            waiting = self.answers.pop(int(number), None)
            if waiting and not waiting.done():
                waiting.set_result(json.loads(text[2 + len(number) :])[0])
        elif text.startswith(("44", "41")):
            self._lose(text[:200])

    def take(self, patch: dict[str, Any], *, live: bool = True) -> None:
        """Apply a patch, or find out that something between is missing."""
        if live:
            self.fell += patch["to"] < self.highest
            self.highest = patch["to"]
        is_foreign = patch["epoch"] != self.epoch
        if patch["from"] == 0 and (is_foreign or patch["to"] > self.number):
            self.revs = {}
        elif is_foreign:
            self.number = self.epoch = 0
            return self.catch_up()
        elif patch["to"] <= self.number:
            return None
        elif patch["from"] > self.number:
            return self.catch_up()
        for card in patch["cards"]:
            if card.get("gone"):
                self.revs.pop(card["id"], None)
            else:
                self.revs[card["id"]] = card["rev"]
        self.number, self.epoch = patch["to"], patch["epoch"]

    def catch_up(self) -> None:
        if self.catching is None or self.catching.done():
            self.missed += 1
            self.catching = asyncio.create_task(self._catch_up())

    async def _catch_up(self) -> None:
        with contextlib.suppress(*SILENT):  # The next pulse tells of it again.
            headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            since = {"since": self.number, "epoch": self.epoch}
            self.take(await self.site.board(headers, audience=self.audience, **since), live=False)
