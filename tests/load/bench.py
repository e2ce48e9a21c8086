"""The figures we stand by, each beside a reference taken in the same run: these machines are noisy, ratios are less so.

`make bench` prints them. A server under load runs as a process of its own; the crowd is this one.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import socketio
from cryptography.fernet import Fernet
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parents[2]))

from live.commands import Commands
from live.settings import Settings
from live.throttle import Throttle
from sessions import lifecycle, people, schema
from sessions.database import Database
from sessions.events import Plan
from sessions.people import Person
from sessions.permissions import Caller, Role
from sessions.session import Session
from tests.servers import PostgresServer

ASKING = 1_000
PHONES = 200
HALL = 500
"""Devices that hear a pause."""
PAUSES = 10
ROUNDS = 40
SECRET = "a secret for the bench, of no worth to anybody"
HOST = Caller("host", frozenset({Role.ADMINISTRATOR}), "Host")


async def live_session(database: Database) -> Session:
    await schema.migrate(database)
    async with database.writing() as tx:
        session = await lifecycle.plan(tx, HOST, Plan(title="A full hall", starts_at=tx.now), endless=True)
        await lifecycle.schedule(tx, HOST)
        await lifecycle.start(tx, HOST)
    return session


async def thousand_asks(url: str) -> tuple[float, float]:
    """Seconds for 1,000 asks at once, the whole command, durably; and for as many bare rows in one commit."""
    database = Database(url, Fernet(Fernet.generate_key()))
    session = await live_session(database)
    commands = Commands(database, Throttle(), lambda _: None, SECRET.encode())

    async def ask(number: int) -> None:
        body = {"key": secrets.token_urlsafe(12), "words": f"Will bus {number} stop at Speedway?", "lang": "en"}
        await commands.run(Caller(people.make_id()), session.id, "question.ask", body)

    began = time.perf_counter()
    await asyncio.gather(*(ask(number) for number in range(ASKING)))
    whole = time.perf_counter() - began
    async with database.writer.begin() as connection:
        await connection.execute(text("CREATE TABLE bare (number INTEGER PRIMARY KEY, words TEXT, who TEXT)"))
    began = time.perf_counter()
    async with database.writer.begin() as connection:
        rows = [{"n": n, "w": f"Will bus {n} stop at Speedway?", "p": people.make_id()} for n in range(ASKING)]
        await connection.execute(text("INSERT INTO bare VALUES (:n, :w, :p)"), rows)
    bare = time.perf_counter() - began
    await database.dispose()
    return whole, bare


@asynccontextmanager
async def server(url: str) -> AsyncIterator[tuple[str, str, str]]:
    """A running server: its address, the session's code, and a moderator's token."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    settings = Settings(database_url=url, secret_key=SECRET, public_url=address, port=port)
    database = Database(url, settings.cipher())
    session = await live_session(database)
    async with database.writing() as tx:
        person = people.make_id()
        tx.db.add(Person(id=person, name="Moderator", made_at=tx.now))
        await tx.db.flush()
        await people.grant(tx, person, Role.MODERATOR, session.id)
        token = await people.sign_in(tx, person)
    await database.dispose()
    told: dict[str, str] = {
        "FACETOFACE_DATABASE_URL": url,
        "FACETOFACE_SECRET_KEY": SECRET,
        "FACETOFACE_PUBLIC_URL": address,
        "FACETOFACE_PORT": str(port),
        "FACETOFACE_LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen([sys.executable, "-m", "live.cli", "run"], env=os.environ | told)
    try:
        await ready(address)
        yield address, session.code, token
    finally:
        process.terminate()
        process.wait(30)


async def ready(address: str) -> None:
    async with aiohttp.ClientSession() as http:
        for _ in range(200):
            try:
                async with http.get(f"{address}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise RuntimeError("the server did not come up")


class Phone:
    """A device that notes when it hears of a question."""

    def __init__(self) -> None:
        self.client = socketio.AsyncClient(reconnection=False)
        self.heard: dict[str, float] = {}
        self.revs: dict[str, int] = {}
        self.input: dict[str, float] = {}
        self.news = asyncio.Event()
        self.client.on("patch", self.patch)

    async def patch(self, told: dict[str, Any]) -> None:
        now = time.perf_counter()
        if session := told.get("session"):
            self.input = {session["input"]: now}
        for card in told["cards"]:
            self.heard.setdefault(str(card["id"]), now)
            self.revs[str(card["id"])] = int(str(card["rev"]))
        self.news.set()

    async def connect(self, address: str, code: str, audience: str, token: str) -> None:
        auth = {"code": code, "audience": audience, "format": "json", "token": token}
        await self.client.connect(address, transports=["websocket"], auth=auth, headers={"Origin": address})

    async def hears_input(self, standing: str) -> float:
        async with asyncio.timeout(30):
            while standing not in self.input:
                self.news.clear()
                await self.news.wait()
        return self.input[standing]

    async def hears(self, question: str) -> float:
        async with asyncio.timeout(30):
            while question not in self.heard:
                self.news.clear()
                await self.news.wait()
        return self.heard[question]


async def participant(address: str, code: str) -> str:
    async with aiohttp.ClientSession() as http, http.get(f"{address}/s/{code}") as answer:
        return next(c.value for name, c in answer.cookies.items() if name.endswith("participant"))


async def latencies(url: str) -> dict[str, list[float]]:
    """Seconds from an ask to its held card on the desk, and from an approve to each of the phones."""
    async with server(url) as (address, code, token):
        desk, phones = Phone(), [Phone() for _ in range(PHONES)]
        await desk.connect(address, code, "desk", token)
        cookie = await participant(address, code)
        for phone in phones:
            await phone.connect(address, code, "public", cookie)
        found: dict[str, list[float]] = {"ask → ack": [], "ask → held card": [], "approve → phone": []}
        for number in range(ROUNDS):
            # A new person for each: one person's budget does not reach for so many.
            asker = Phone()
            await asker.connect(address, code, "public", await participant(address, code))
            began = time.perf_counter()
            body = {"key": secrets.token_urlsafe(12), "words": f"What about bus {number}?", "lang": "en"}
            question = (await asker.client.call("question.ask", body))["question"]
            found["ask → ack"].append(time.perf_counter() - began)
            found["ask → held card"].append(await desk.hears(question) - began)
            began = time.perf_counter()
            approve = {"key": secrets.token_urlsafe(12), "question": question, "rev": desk.revs[question]}
            await desk.client.call("question.approve", approve)
            found["approve → phone"] += [await phone.hears(question) - began for phone in phones]
            await asker.client.disconnect()
        for phone in [desk, *phones]:
            await phone.client.disconnect()
        return found


async def pauses(url: str) -> list[float]:
    """Seconds from a moderator's press to each of the devices; after the ack no question is taken any more."""
    async with server(url) as (address, code, token):
        desk, hall = Phone(), [Phone() for _ in range(HALL)]
        await desk.connect(address, code, "desk", token)
        cookie = await participant(address, code)
        for phone in hall:
            await phone.connect(address, code, "public", cookie)
        found: list[float] = []
        for _ in range(PAUSES):
            asker = Phone()  # One person's budget does not reach for so many.
            await asker.connect(address, code, "public", await participant(address, code))
            began = time.perf_counter()
            await desk.client.call("input.pause", {"key": secrets.token_urlsafe(12)})
            body = {"key": secrets.token_urlsafe(12), "words": "Is it too late?", "lang": "en"}
            refused = await asker.client.call("question.ask", body)
            if refused.get("code") != "not_now":
                raise RuntimeError(f"a question was taken after the pause: {refused}")
            found += [await phone.hears_input("paused") - began for phone in hall]
            await desk.client.call("input.resume", {"key": secrets.token_urlsafe(12)})
            for phone in hall:
                await phone.hears_input("open")
            await asker.client.disconnect()
        for phone in [desk, *hall]:
            await phone.client.disconnect()
        return found


async def loopback() -> list[float]:
    """The reference: a round trip of 200 bytes over loopback, with nothing done to it."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.read(4096):
            writer.write(said)

    listener = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        writer.write(b"x" * 200)
        await reader.readexactly(200)
        found.append(time.perf_counter() - began)
    writer.close()
    listener.close()
    return found


def tell(title: str, times: list[float], reference: float) -> None:
    median, p99 = statistics.median(times), sorted(times)[int(len(times) * 0.99)]
    print(
        f"  {title:<18}{median * 1e3:8.1f} ms median {p99 * 1e3:8.1f} ms p99 {median / reference:8.0f} × a round trip"
    )


async def on_both(postgres: PostgresServer, measure: Callable[[str, str], Awaitable[None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        await measure("SQLite", f"sqlite+aiosqlite:///{folder}/bench.db")
    await measure("PostgreSQL", postgres.create_database(f"bench_{secrets.token_hex(4)}"))


async def main() -> None:
    with PostgresServer() as postgres:

        async def asks(name: str, url: str) -> None:
            whole, bare = await thousand_asks(url)
            print(
                f"  {name:<18}{whole:8.3f} s for 1,000 asks {whole / bare:8.1f} × bare rows in one commit (goal ≤ 1 s)"
            )

        async def journeys(name: str, url: str) -> None:
            reference = statistics.median(await loopback())
            print(f"{name}, {PHONES} phones connected")
            for title, times in (await latencies(url)).items():
                tell(title, times, reference)
            tell(f"pause → {HALL}", await pauses(url), reference)

        print("1,000 people asking at once: the whole command, each acked after its commit")
        await on_both(postgres, asks)
        await on_both(postgres, journeys)


if __name__ == "__main__":
    asyncio.run(main())
