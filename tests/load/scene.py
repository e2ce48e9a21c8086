"""The scene of the bench: a live session with 200 questions on its board, 20 on the first screen, on a real server.

The server has one core for itself; the crowd, the databases and the bench share the other.
"""

from __future__ import annotations

import asyncio
import secrets
import statistics
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from live.commands import Commands
from live.identity import Identity
from live.settings import Settings
from sessions import lifecycle, people, schema
from sessions.database import Database
from sessions.events import Plan
from sessions.people import Person
from sessions.permissions import Caller, Role
from sessions.session import Session
from tests.house import tireless
from tests.load.phones import Crowd, pinned
from tests.running import SECRET, RunningServer

QUESTIONS, CHANGED = 200, 5
SERVER_CORE, CROWD_CORE = 0, 1
HOST = Caller("host", frozenset({Role.ADMINISTRATOR}), "Host")
SAMPLES = Path(__file__).parents[1] / "samples"
NEWS = "Does the late bus stop at the library on the days when school ends early?"
DESK, PUBLIC = "desk", "public"


def sample_words(count: int) -> list[str]:
    """Questions as families write them."""
    lines = (SAMPLES / "pairs.en.a.tsv").read_text(encoding="utf-8").splitlines()
    words = [one for line in lines for one in line.split("\t")[1:]]
    return [f"{words[n % len(words)]} ({n + 1})" for n in range(count)]


async def live_session(database: Database) -> Session:
    await schema.migrate(database)
    async with database.writing() as tx:
        session = await lifecycle.plan(tx, HOST, Plan(title="A full hall", starts_at=tx.now), endless=True)
        await lifecycle.schedule(tx, HOST)
        await lifecycle.start(tx, HOST)
    return session


async def moderator_of(database: Database, session: Session) -> str:
    """The token of somebody who moderates it."""
    async with database.writing() as tx:
        person = people.make_id()
        tx.db.add(Person(id=person, name="Moderator", made_at=tx.now))
        await tx.db.flush()
        await people.grant(tx, person, Role.MODERATOR, session.id)
        return await people.sign_in(tx, person)


async def ask_and_approve(database: Database, session: Session, count: int) -> None:
    """Fill the board, in the bench's own process: budgets are not what is measured."""
    commands = Commands(database, tireless(), lambda _: None, SECRET.encode())

    async def run(caller: Caller, name: str, **body: Any) -> dict[str, Any]:
        return await commands.run(caller, session.id, name, {"key": secrets.token_urlsafe(12), **body})

    asked = await asyncio.gather(
        *(run(Caller(people.make_id()), "question.ask", words=words, lang="en") for words in sample_words(count))
    )
    async with database.reading() as db:
        found = await db.get(Session, session.id)
        rev = found.seq if found else 0
    await asyncio.gather(*(run(HOST, "question.approve", question=one["question"], rev=rev) for one in asked))
    await commands.batches.finish()


class PinnedServer(RunningServer):
    """`facetoface run` on a core of its own."""

    def command(self) -> list[str]:
        return [*pinned(SERVER_CORE), *super().command()]

    @property
    def process(self) -> psutil.Process:
        assert self._running
        return psutil.Process(self._running.pid)

    def cpu(self) -> float:
        """Seconds of CPU that it has used so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self._everyone())

    def memory(self) -> int:
        """Bytes that are resident."""
        return sum(int(one.memory_info().rss) for one in self._everyone())


@asynccontextmanager
async def server(url: str) -> AsyncIterator[tuple[str, str, str]]:
    """A running server: its address, the session's code, and a moderator's token."""
    async with open_scene(url, phones=0, questions=0) as scene:
        yield scene.base, scene.code, scene.token


class Scene:
    """One session, the servers that serve it, and who is in it."""

    def __init__(self, servers: list[PinnedServer], session: Session, token: str, phones: int) -> None:
        self.servers, self.code, self.token = servers, session.code, token
        self.revs: dict[str, int] = {}
        settings = Settings(database_url=servers[0].database_url, secret_key=SECRET)
        identity = Identity(settings, servers[0].open_database())
        # The first device is the moderator's.
        self.cookies = [f"{identity.staff_cookie}={token}"]
        self.cookies += [f"{identity.participant_cookie}={identity.token(people.make_id())}" for _ in range(phones)]
        self.http = httpx.AsyncClient(base_url=self.base, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    @property
    def base(self) -> str:
        return self.servers[0].base

    def crowd(self, part: int, phones: int) -> Crowd:
        """One part of all who come, who are other people than those of the next; the servers take turns."""
        people = self.cookies[1 + part * phones :]
        base = self.servers[part % len(self.servers)].base
        return Crowd(base, self.code, [self.cookies[0], *people[:phones]], core=CROWD_CORE)

    def cpu(self) -> float:
        return sum(one.cpu() for one in self.servers)

    async def board(self, audience: str = PUBLIC, **query: Any) -> dict[str, Any]:
        form = "html" if audience == PUBLIC else "json"
        told = await self.http.get(f"/s/{self.code}/board", params={"audience": audience, "format": form, **query})
        board: dict[str, Any] = told.raise_for_status().json()
        return board

    async def do(self, command: str, **body: Any) -> dict[str, Any]:
        """A command of the moderator's."""
        said = await self.http.post(f"/s/{self.code}/do/{command}", json={"key": secrets.token_urlsafe(12), **body})
        return self.noted(said.raise_for_status().json())

    def noted(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Where the card stands after this answer, for the next change."""
        if "rev" in answer:
            self.revs[answer["question"]] = answer["rev"]
        return answer

    async def change(self, at: int = 0) -> dict[str, Any]:
        """The body of a command that changes one card of the board, the `at`-th of those shown."""
        if not self.revs:
            cards = (await self.board(DESK))["cards"]
            self.revs = {card["id"]: card["rev"] for card in cards if card["place"] == "shown"}
        question = list(self.revs)[at]
        words = f"{NEWS} ({secrets.token_hex(3)})"
        return {"key": secrets.token_urlsafe(12), "question": question, "rev": self.revs[question], "words": words}

    async def metric(self, name: str, otherwise: float) -> float:
        """As the first server tells it; `otherwise` where it says nothing of it."""
        told = (await self.http.get("/metrics")).text
        return next((float(line.split()[-1]) for line in told.splitlines() if line.startswith(name)), otherwise)

    async def statements(self) -> float:
        """How many it has sent to the database so far."""
        return await self.metric("facetoface_statements_total ", float("nan"))

    async def connected(self) -> int:
        """Families' devices that it holds."""
        return int(await self.metric('facetoface_connections{audience="public"}', 0))


@asynccontextmanager
async def open_scene(
    url: str, *, phones: int, questions: int = QUESTIONS, servers: int = 1, **settings: Any
) -> AsyncIterator[Scene]:
    """A live session on so many servers over one database."""
    running = [PinnedServer(url, log_level="WARNING", **settings) for _ in range(servers)]
    homes = ",".join(one.base for one in running)
    for one in running:
        one.settings["public_url"] = homes
    database = running[0].open_database()
    scene: Scene | None = None
    try:
        session = await live_session(database)
        await ask_and_approve(database, session, questions)
        token = await moderator_of(database, session)
        for one in running:
            one.start()
        scene = Scene(running, session, token, phones)
        yield scene
    finally:
        if scene is not None:
            await scene.http.aclose()
        await database.dispose()
        for one in running:
            one.close()


@asynccontextmanager
async def full_hall(scene: Scene, phones: int, *, part: int = 0) -> AsyncIterator[Crowd]:
    """A crowd with the moderator's device, and phones to come that have fetched the page five changes ago."""
    async with scene.crowd(part, phones) as crowd:
        await crowd.do("group", name=DESK, audience="desk", screen="desk", format="json")
        await crowd.do("join", group=DESK, n=1)
        await crowd.do("group", name=PUBLIC)
        await crowd.seed(PUBLIC, await scene.board())
        for at in range(CHANGED):
            await scene.do("question.edit_words", **await scene.change(at=at))
        yield crowd


def median(numbers: list[float]) -> float:
    return statistics.median(numbers) if numbers else float("nan")


def percentile(numbers: list[float], share: float) -> float:
    return sorted(numbers)[min(len(numbers) - 1, int(len(numbers) * share))]


def on_crowd_core() -> None:
    """Keep the bench itself, and what it starts without saying otherwise, away from the server's core."""
    if sys.platform == "linux" and (psutil.cpu_count() or 1) > CROWD_CORE:
        psutil.Process().cpu_affinity([CROWD_CORE])
