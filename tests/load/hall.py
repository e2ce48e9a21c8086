"""What each device of a hall waits for, one after the other: an ask, an approve, a pause; and 1,000 asks at once."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any

import aiohttp
import socketio
from cryptography.fernet import Fernet
from sqlalchemy import text

from live.commands import Commands
from live.throttle import Throttle
from sessions import people
from sessions.database import Database
from sessions.permissions import Caller
from tests.load.scene import live_session, median, percentile, server
from tests.load.table import Table
from tests.running import SECRET

ASKING = 1_000
PHONES = 200
HALL = 500
"""Devices that hear a pause."""
PAUSES = 10
ROUNDS = 40


async def thousand_asks(table: Table, name: str, url: str) -> None:
    """1,000 people ask at once: the whole command, each acked after its commit."""
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
    table.line(f"{name}: 1,000 asks", whole, "s", "≤ 1 s", whole <= 1)
    table.line(f"{name}: as many bare rows in one commit", bare, "s")
    table.keep("ask_cpu", whole / ASKING)


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


def tell(table: Table, title: str, times: list[float], reference: float) -> None:
    table.line(f"{title}: median", median(times) * 1e3, "ms")
    table.line(f"{title}: p99", percentile(times, 0.99) * 1e3, "ms")
    table.line("  the median as a multiple of a round trip", median(times) / reference, "×")


async def journeys(table: Table, name: str, url: str) -> None:
    """One after the other, as seen by devices written in Python."""
    reference = median(await loopback())
    table.title(f"{name}, {PHONES} phones written in Python")
    for title, times in (await latencies(url)).items():
        tell(table, title, times, reference)
    tell(table, f"pause → {HALL} devices", await pauses(url), reference)
