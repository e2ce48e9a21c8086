"""A real server for tests, and clients of it that live by the rules of docs/wire.md and by nothing else."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
import socketio
from sqlalchemy import func, select
from starlette.applications import Starlette

from live.app import create_app
from live.settings import Settings
from sessions import log, people
from sessions.database import Database
from sessions.log import Head
from sessions.tables import Base
from tests.house import House
from tests.servers import Haproxy, Server

SECRET = "a key for tests alone, long enough to sign with"
PATIENCE = 30.0
"""Seconds until a test gives up waiting for what must come. They cost nothing while it comes, and a busy machine may
stand still for several."""
Found = TypeVar("Found")
KEYS = (f"device-{number:08d}" for number in itertools.count())


KEEPS_COMPILED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
    "PYTHONPYCACHEPREFIX": f"{tempfile.gettempdir()}/facetoface-compiled"
}
"""The environment of programs that tests start: where the tests' own Python keeps nothing compiled, each of many starts
would compile everything anew."""


def facetoface(*words: str, **settings: object) -> list[str]:
    """The command as an operator types it, with nothing in its environment that the test did not put there."""
    foreign = [word for name in os.environ if name.startswith("FACETOFACE_") for word in ("-u", name)]
    foreign += ["-u", "PYTHONDONTWRITEBYTECODE", f"PYTHONPYCACHEPREFIX={KEEPS_COMPILED['PYTHONPYCACHEPREFIX']}"]
    told = [f"FACETOFACE_{name.upper()}={value}" for name, value in settings.items()]
    return ["env", *foreign, *told, str(Path(sys.executable).with_name("facetoface")), *words]


class RunningServer(Server):
    """`facetoface run` on a database of the test's, killed with the test that started it."""

    name = "server"
    transport = None

    def __init__(self, database_url: str, **settings: object) -> None:
        super().__init__()
        self.database_url, self.settings = database_url, {"secret_key": SECRET, **settings}

    @classmethod
    def behind(cls, door: Haproxy, database_url: str, **settings: object) -> Self:
        """One more server behind HAProxy: families come by the door's address, or straight to this one."""
        server = cls(database_url, trusted_proxies="127.0.0.1", **settings)
        server.settings["public_url"] = f"{door.base},{server.base}"
        door.servers.append(server)
        return server

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        told = {"database_url": self.database_url, "public_url": self.base, "port": self.port} | self.settings
        return ["setpriv", "--pdeathsig", "KILL", "--", *facetoface("run", **told)]

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.base}/readyz", timeout=10, verify=False).status_code == 200
        except httpx.HTTPError:
            return False

    def open_database(self) -> Database:
        """The same for as long as the server is there; each test disposes of its connections."""
        return self._database

    @cached_property
    def _database(self) -> Database:
        return Database(self.database_url, Settings(database_url=self.database_url, secret_key=SECRET).cipher())

    async def ready(self) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self.base, timeout=PATIENCE, verify=False) as http:
            told: dict[str, Any] = (await http.get("/readyz")).json()
        return told

    async def until_ready(self) -> None:
        """Wait until it reaches its database."""
        deadline = time.monotonic() + PATIENCE
        while not (told := await self.ready())["ready"]:
            assert time.monotonic() < deadline, told
            await asyncio.sleep(0.05)

    async def until_redis(self, state: str) -> None:
        """Wait until it says so of its line to Redis, which takes ten seconds of silence by itself."""

        async def redis() -> str:
            return str((await self.ready())["redis"])

        await until_is(redis, state, 2 * PATIENCE)


class AppInside:
    """The app within the test's own process, for what a setting of its own is all that matters."""

    def __init__(self, app: Starlette, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self.base, self.database_url = settings.home, settings.database_url
        self.transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def open_database(self) -> Database:
        return Database(self.settings.database_url, self.settings.cipher())


@asynccontextmanager
async def inside(database_url: str, **settings: Any) -> AsyncIterator[AppInside]:
    told = Settings(**{"database_url": database_url, "secret_key": SECRET} | settings)
    app = create_app(told)
    async with app.router.lifespan_context(app):
        yield AppInside(app, told)


@cache
def shared_server() -> RunningServer:
    """One server on SQLite for all tests of a worker that need nothing special of theirs; each has its own session."""
    folder = Path(tempfile.mkdtemp(prefix="facetoface-shared-", dir="/tmp"))
    server = RunningServer(f"sqlite+aiosqlite:///{folder}/facetoface.db").start()
    close = server.close

    def close_all() -> None:
        close()
        shutil.rmtree(folder, ignore_errors=True)

    server.close = close_all  # type: ignore[method-assign]
    import atexit

    atexit.register(close_all)
    return server


async def until(true: Callable[[], Any], within: float = PATIENCE) -> None:
    """Wait for a condition that no event tells of."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, f"did not come true within {within} s"
        await asyncio.sleep(0.01)


async def until_is(now: Callable[[], Awaitable[Found]], right: Found, within: float = PATIENCE) -> None:
    """Ask until the answer is the right one: for what follows by itself, some time after what was done."""
    deadline = time.monotonic() + within
    while (found := await now()) != right:
        assert time.monotonic() < deadline, f"within {within} s it did not become {right!r}, and is {found!r}"
        await asyncio.sleep(0.02)


class Visitor:
    """One browser, or one program: its cookies, and what it asks over plain HTTP."""

    def __init__(
        self,
        base: str,
        code: str,
        *,
        lang: str = "en",
        cookies: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.base, self.code, self.lang = base, code, lang
        headers = {"Origin": base, "Accept-Language": lang}
        self.http = httpx.AsyncClient(
            base_url=base,
            headers=headers,
            cookies=dict(cookies or {}),
            timeout=PATIENCE,
            transport=transport,
            verify=False,  # All is plain http; to read certificates takes 30 ms, for each visitor and each look.
        )

    @property
    def cookie(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies.jar)

    async def get(self, path: str = "", **query: Any) -> httpx.Response:
        """A page of the session, or of the site if the path begins with a slash."""
        address = path if path[:1] == "/" else f"/s/{self.code}/{path}".rstrip("/")
        return await self.http.get(address, params=query or None)  # No query would take away the address's own.

    async def submit(self, path: str, **fields: Any) -> httpx.Response:
        """A form without script."""
        return await self.http.post(path, data=fields)

    async def press(self, command: str, **fields: Any) -> httpx.Response:
        """The form of a command, without script."""
        return await self.submit(f"/s/{self.code}/do/{command}", **fields)

    async def send(self, command: str, **body: Any) -> httpx.Response:
        """A command as JSON, under a fresh key unless one is given."""
        return await self.http.post(f"/s/{self.code}/do/{command}", json={"key": next(KEYS), **body})

    async def do(self, command: str, **body: Any) -> dict[str, Any]:
        """A command that must succeed."""
        response = await self.send(command, **body)
        answer: dict[str, Any] = response.json()
        assert (response.status_code, answer.get("ok")) == (200, True), answer
        return answer

    async def ask(self, words: str = "Will the bus stop at Speedway?", **more: Any) -> str:
        question: str = (await self.do("question.ask", **{"words": words, "lang": "en"} | more))["question"]
        return question

    async def board(self, **query: Any) -> dict[str, Any]:
        response = await self.get("board", **query)
        patch: dict[str, Any] = response.json()
        assert response.status_code == 200, patch
        return patch

    async def mine(self) -> dict[str, Any]:
        told: dict[str, Any] = (await self.get("mine", format="json")).json()
        return told

    async def decide(self, command: str, question: str, **more: Any) -> dict[str, Any]:
        """A staff command on a question as the caller's own board shows it."""
        seen = await self.board(audience="desk", format="json")
        rev = next(card["rev"] for card in seen["cards"] if card["id"] == question)
        return await self.do(command, question=question, rev=rev, **more)


class Device:
    """A connection with a board: it applies patches, and finds out by itself when it has missed one."""

    def __init__(
        self, visitor: Visitor, audience: str = "public", screen: str = "families", form: str = "json", **more: Any
    ) -> None:
        self.visitor, self.form = visitor, form
        self.view = {"audience": audience, "screen": screen, "format": form, "lang": visitor.lang}
        self.number = self.epoch = self.head = 0
        self.cards: dict[str, dict[str, Any]] = {}
        self.session: dict[str, Any] = {}
        self.tallies: dict[str, int] = {}
        self.claims: dict[str, dict[str, str] | None] = {}
        self.here: int | None = None
        self.notices: list[dict[str, Any]] = []
        self.heard: list[tuple[str, Any]] = []
        """Every frame, as it came."""
        self.caught_up = 0
        self.ignoring = False
        self.more = more
        self.news = asyncio.Event()
        self.turns: set[asyncio.Task[None]] = set()
        self.catching: asyncio.Task[None] | None = None
        self.refusal: dict[str, Any] | None = None
        self.client = socketio.AsyncClient(
            reconnection_delay=0.05, reconnection_delay_max=0.3, randomization_factor=0.02, handle_sigint=False
        )
        self.client.on("patch", self._hear_patch)
        self.client.on("pulse", self._hear_pulse)
        self.client.on("notice", self._hear_notice)
        self.client.on("disconnect", self._changed)
        self.client.on("connect_error", self._hear_refusal)

    def auth(self) -> dict[str, Any]:
        """Asked anew at every connect, so that it says where the device is by then."""
        at = {"epoch": self.epoch, "since": self.number}
        return {"code": self.visitor.code, **self.view, **at, **self.more}

    def headers(self) -> dict[str, str]:
        """Made anew at every connect: the client takes the cookie out of what it is given."""
        told = {"Cookie": self.visitor.cookie, "Origin": self.visitor.base}
        return {name: value for name, value in told.items() if value}

    async def connect(self) -> Self:
        """Join, and wait until the welcome has come."""
        already = self.welcomes
        await self.client.connect(
            self.visitor.base,
            headers=self.headers,
            auth=self.auth,
            transports=["websocket"],
            wait_timeout=PATIENCE,
        )
        await self.until(lambda: self.welcomes > already)
        return self

    async def refused(self) -> dict[str, Any]:
        """Join, and be refused: the refusal."""
        try:
            await self.connect()
        except socketio.exceptions.ConnectionError:
            await self.until(lambda: self.refusal is not None)
            return self.refusal or {}
        raise AssertionError("the connection was not refused")

    def cut(self) -> None:
        """As when a phone goes into a tunnel: neither side says goodbye."""
        self.client.eio.ws.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    async def leave(self) -> None:
        await self.client.disconnect()
        for task in list(self.turns):
            await task

    async def call(self, command: str, **body: Any) -> dict[str, Any]:
        """A command over the socket."""
        return await self.call_with(command, {"key": next(KEYS), **body})

    async def call_with(self, command: str, raw: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await self.client.call(command, raw, timeout=PATIENCE)
        return answer

    async def until(self, true: Callable[[], Any], within: float = PATIENCE) -> None:
        """Wait until what this device has heard makes it true."""
        try:
            async with asyncio.timeout(within):
                while not true():
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            raise AssertionError(f"did not come true within {within} s; heard {self.heard[-5:]}") from None

    async def until_hears(self, **what: Any) -> None:
        """Wait until these of its attributes are so: a number, an epoch, tallies, who is here."""
        await self.until(lambda: all(getattr(self, name) == value for name, value in what.items()))

    @property
    def welcome(self) -> list[dict[str, Any]]:
        """What it was told each time that it was let in."""
        return [told for event, told in self.heard if event == "pulse" and {"tallies", "here"} <= told.keys()]

    @property
    def welcomes(self) -> int:
        return len(self.welcome)

    @property
    def told(self) -> list[tuple[str, Any]]:
        """What it heard, but for the beat of the server, which may come at any moment."""
        return [(event, told) for event, told in self.heard if event != "pulse" or told.keys() - {"head", "here"}]

    async def until_gone(self, within: float = PATIENCE) -> None:
        """Wait until the server has closed the connection."""
        await self.until(lambda: not self.client.connected, within)

    @property
    def shows(self) -> tuple[int, dict[str, dict[str, Any]], dict[str, Any]]:
        return self.number, self.cards, self.session

    @property
    def counts(self) -> dict[str, int]:
        """The tallies that stand on its cards."""
        return {question: votes for question, votes in self.tallies.items() if votes and question in self.cards}

    async def fresh(self) -> tuple[int, dict[str, dict[str, Any]], dict[str, Any]]:
        """The whole board, as whoever comes now is given it."""
        patch = await self.visitor.board(**self.view)
        return patch["to"], {card["id"]: card for card in patch["cards"]}, patch["session"]

    async def agrees(self, shown: dict[str, Any] | None = None) -> None:
        """What it shows after all that it was told is what a newcomer is `shown`, votes and all."""
        patch = shown or await self.visitor.board(**self.view)
        await self.until(lambda: self.number >= patch["to"])
        now = patch["to"], {card["id"]: card for card in patch["cards"]}, patch["session"]
        for mine, newcomers in zip(self.shows, now, strict=True):
            assert mine == newcomers, self.view
        counts = {question: votes for question, votes in patch["tallies"].items() if votes and question in self.cards}
        await self.until(lambda: self.counts == counts)

    def take(self, patch: dict[str, Any]) -> bool:
        """Apply a patch by the rules; False if something between is missing."""
        foreign = patch["epoch"] != self.epoch
        if patch["from"] == 0 and (foreign or patch["to"] > self.number):
            self.cards = {}
        elif foreign:
            self.number = 0
            return False
        elif patch["to"] <= self.number:
            return True
        elif patch["from"] > self.number:
            return False
        for card in patch["cards"]:
            if card.get("gone"):
                self.cards.pop(card["id"], None)
                self.tallies.pop(card["id"], None)
            else:
                self.cards[card["id"]] = card
        self.epoch, self.number = patch["epoch"], patch["to"]
        self.head = self.number
        self.session = patch.get("session", self.session)
        return True

    async def _changed(self, *_: Any) -> None:
        self.news.set()

    async def _hear_patch(self, patch: dict[str, Any]) -> None:
        self.heard.append(("patch", patch))
        if not self.ignoring and not self.take(patch):
            self._catch_up()
        self.news.set()

    async def _hear_pulse(self, pulse: dict[str, Any]) -> None:
        self.heard.append(("pulse", pulse))
        self.tallies |= pulse.get("tallies", {})
        self.claims |= pulse.get("claims", {})
        self.here = pulse.get("here", self.here)
        self.head = pulse.get("head", self.head)
        if hint := pulse.get("retry_ms"):
            self.client.reconnection_delay = hint / 1000
        if self.head != self.number and not self.ignoring:
            self._catch_up()
        self.news.set()

    async def _hear_notice(self, notice: dict[str, Any]) -> None:
        self.heard.append(("notice", notice))
        self.notices.append(notice)
        self.news.set()

    async def _hear_refusal(self, refusal: Any) -> None:
        # What the official clients hand over as `error.message` and `error.data`.
        self.refusal = refusal if isinstance(refusal, dict) else {"message": refusal}
        self.news.set()

    def _catch_up(self) -> None:
        if self.catching is None or self.catching.done():
            self.catching = asyncio.create_task(self._fetch())
            self.turns.add(self.catching)
            self.catching.add_done_callback(self.turns.discard)

    async def _fetch(self) -> None:
        try:
            patch = await self.visitor.board(**self.view, since=self.number, epoch=self.epoch)
        except (httpx.HTTPError, AssertionError):  # The server is away: the next connection tells where it stands.
            return
        self.heard.append(("board", patch))
        self.caught_up += 1
        self.take(patch)
        self.tallies |= patch["tallies"]
        self.news.set()


class Hall:
    """A session on a running server, with whoever comes to it."""

    def __init__(self, server: RunningServer | AppInside, database: Database, house: House) -> None:
        self.server, self.database, self.house = server, database, house
        self.code = house.code
        self.visitors: list[Visitor] = []
        self.devices: list[Device] = []

    def visitor(
        self, *, at: RunningServer | Haproxy | AppInside | None = None, lang: str = "en", **cookies: str
    ) -> Visitor:
        """Somebody whom the server has never seen."""
        at = at or self.server
        visitor = Visitor(at.base, self.code, lang=lang, cookies=cookies, transport=at.transport)
        self.visitors.append(visitor)
        return visitor

    async def family(self, *, at: RunningServer | Haproxy | AppInside | None = None, lang: str = "en") -> Visitor:
        """A parent, by the front door."""
        visitor = self.visitor(at=at, lang=lang)
        assert (await visitor.get()).status_code == 200
        return visitor

    async def staff(
        self, person: str, *, at: RunningServer | Haproxy | AppInside | None = None, lang: str = "en"
    ) -> Visitor:
        """One of the house's staff, signed in."""
        async with self.database.writing() as tx:
            token = await people.sign_in(tx, person)
        return self.visitor(at=at, lang=lang, f2f_staff=token)

    def device(self, visitor: Visitor, *about: str, **more: Any) -> Device:
        device = Device(visitor, *about, **more)
        self.devices.append(device)
        return device

    async def join(self, visitor: Visitor, *about: str, **more: Any) -> Device:
        return await self.device(visitor, *about, **more).connect()

    async def head(self) -> Head:
        async with self.database.reading() as db:
            return await log.head(db, self.house.session_id)

    async def kept(self) -> tuple[Head, dict[str, int]]:
        """What a refused command must leave as it is: the log's head, and how much there is of everything."""
        async with self.database.reading() as db:
            # What can be found follows by itself, some time after a command.
            apart = {"invitations", "search_rows", "search_heads"}
            tables = [t for t in Base.metadata.sorted_tables if "session_id" in t.c and t.name not in apart]
            counts = {
                table.name: await db.scalar(
                    select(func.count()).select_from(table).where(table.c.session_id == self.house.session_id)
                )
                or 0
                for table in tables
            }
        return await self.head(), counts

    async def agree(self, devices: Sequence[Device] | None = None) -> None:
        """Each shows what a newcomer is shown, who asks once for all that look at the same at the same server."""
        shown: dict[tuple[str, ...], dict[str, Any]] = {}
        for device in self.devices if devices is None else devices:
            view = (device.visitor.base, *sorted(device.view.values()))
            if view not in shown:
                shown[view] = await device.visitor.board(**device.view)
            await device.agrees(shown[view])

    async def close(self) -> None:
        await asyncio.gather(*(device.leave() for device in self.devices))
        await asyncio.gather(*(visitor.http.aclose() for visitor in self.visitors))


@asynccontextmanager
async def open_hall(server: RunningServer | AppInside, *, live: bool = True, **plan: Any) -> AsyncIterator[Hall]:
    """A new session on the server, live unless a test says otherwise; all connections to it end with the test."""
    database = server.open_database()  # Brought up to date by the server when it started.
    hall = Hall(server, database, await House.build(database, live=live, **plan))
    try:
        yield hall
    finally:
        await hall.close()
        await database.dispose()


def spoken(told: Any) -> str:
    """All that was told, as one text to search in."""
    return told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)
