"""What a large archive costs: 2,000 questions and three hours of captions in two languages, on both databases.

Prints how long publishing takes until everybody can read it, how large the first view is, how long one takes, and when
a phone on a weak link can read it.
"""

from __future__ import annotations

import asyncio
import gzip
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from cryptography.fernet import Fernet
from playwright.async_api import Browser

sys.path.insert(0, str(Path(__file__).parents[2]))

from live.app import create_app
from live.commands import Commands
from live.settings import Settings
from live.throttle import Throttle
from sessions import captions, database, lifecycle, people, schema
from sessions import session as sessions
from sessions.captions import Line
from sessions.database import Database
from sessions.events import Plan, SessionState
from sessions.people import Person
from sessions.permissions import Caller, Role
from sessions.session import Session
from tests.browser.devices import chromium
from tests.running import RunningServer
from tests.servers import PostgresServer

QUESTIONS, ON_STAGE, WRITTEN = 2_000, 60, 700
HOURS = 3
CUES = HOURS * 1200
TOPICS = ("Buses", "Lunch", "Safety", "Special education", "Sports", "Budget")
SYLLABLES = (
    "ba",
    "co",
    "di",
    "fe",
    "gu",
    "la",
    "me",
    "ni",
    "po",
    "ra",
    "se",
    "tu",
    "vi",
    "zo",
    "an",
    "tra",
    "cion",
    "ing",
)
WEAK = {"offline": False, "latency": 150, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8}
USABLE, LOOKS = 3, 3
"""Seconds until the page is usable; and how often it is looked at."""
TIMES = """() => {
  const way = performance.getEntriesByType("navigation")[0];
  const paint = performance.getEntriesByName("first-contentful-paint")[0].startTime;
  const styles = performance.getEntriesByType("resource").filter((one) => one.name.endsWith(".css"));
  const styled = Math.max(...styles.map((one) => one.responseEnd));
  return {
    painted: paint,
    "read and used": Math.max(paint, styled, way.domContentLoadedEventEnd),
    "all of it": way.loadEventEnd,
  };
}"""
START = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
HOST = Caller("host", frozenset({Role.ADMINISTRATOR}), "Host")
SECRET = "a secret for the bench, of no worth to anybody"


class Clock:
    """The session's evening, as fast as it can be told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def vocabulary() -> list[str]:
    """4,000 words of a made-up language: of a few real ones, a page would compress better than any does."""
    chance = random.Random(11)
    return ["".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(4_000)]


WORDS = vocabulary()
OFTEN = [1 / (n + 3) for n in range(len(WORDS))]
"""How often each is used, as in a language: the second half as often, the third a third."""


def sentence(chance: random.Random, least: int, most: int) -> str:
    words = chance.choices(WORDS, OFTEN, k=chance.randint(least, most))
    return f"{' '.join(words).capitalize()}{chance.choice('.?')}"


def spoken(chance: random.Random) -> Iterator[Line]:
    at, speaker = 0, "Dr. Trujillo"
    for _ in range(CUES):
        if chance.random() < 0.08:
            speaker = chance.choice(("Dr. Trujillo", "Ms. Ortiz", "Mr. Begay", "Moderator"))
        yield Line(at, at + 2_900, speaker, sentence(chance, 5, 11))
        at += 3_000


async def fill(house: Database, clock: Clock) -> Session:
    """A whole evening: asked, approved, on stage, answered, ended, captioned."""
    chance = random.Random(7)
    keys = (f"key-{number:08d}" for number in range(10**6))
    commands = Commands(house, Throttle(_hours().__next__), lambda _: None, b"a secret for the keys")
    async with house.writing() as tx:
        tx.db.add(Person(id="host", name="Host", made_at=tx.now))
        plan = Plan(title="A full evening", topics=TOPICS, starts_at=START, recording="https://youtu.be/dQw4w9WgXcQ")
        session = await lifecycle.plan(tx, HOST, plan)
        await people.grant(tx, "host", Role.ADMINISTRATOR, session.id)

    async def do(by: Caller, command: str, **body: object) -> dict[str, object]:
        return await commands.run(by, session.id, command, {"key": next(keys), **body})

    await do(HOST, "session.schedule")
    await do(HOST, "session.start")
    asked = await asyncio.gather(
        *(
            do(
                Caller(f"family{n}"),
                "question.ask",
                words=sentence(chance, 8, 40),
                lang="en",
                topic=chance.choice(TOPICS),
            )
            for n in range(QUESTIONS)
        )
    )
    ids = [str(answer["question"]) for answer in asked]
    revs = {q: n for n, q in enumerate(ids, 4)}
    approved = await asyncio.gather(*(do(HOST, "question.approve", question=q, rev=revs[q]) for q in ids))
    revs = {str(a["question"]): a["rev"] for a in approved}  # type: ignore[misc]
    for n, question in enumerate(ids[:ON_STAGE]):
        for command in ("lineup.add", "stage.bring", "stage.settle"):
            clock.now = START + timedelta(hours=HOURS) * (n + (command == "stage.settle") * 0.9) / ON_STAGE
            revs[question] = (await do(HOST, command, question=question, rev=revs[question]))["rev"]  # type: ignore[assignment]
    written = ids[ON_STAGE : ON_STAGE + WRITTEN]
    await asyncio.gather(
        *(
            do(HOST, "question.answer", question=q, rev=revs[q], words=sentence(chance, 20, 80), lang="en")
            for q in written
        )
    )
    clock.now = START + timedelta(hours=HOURS)
    await do(HOST, "session.end")
    for lang in ("en", "es"):
        async with house.writing() as tx:
            await tx.lock(session.id)
            await captions.take_in(tx, HOST, lang, list(spoken(chance)))
    return session


def _hours() -> Iterator[float]:
    now = 0.0
    while True:
        now += 3600
        yield now


async def measure(url: str, name: str) -> None:
    settings = Settings(database_url=url, secret_key=SECRET, public_url="http://bench")
    clock, real = Clock(), database.clock
    house = Database(url, Fernet(Fernet.generate_key()))
    await schema.migrate(house)
    database.clock = clock
    session = await fill(house, clock)
    database.clock = real
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bench") as http,
    ):
        began = time.perf_counter()
        await app.state.house.commands.run(HOST, session.id, "session.publish", {"key": "key-published"})
        first = await http.get(f"/archive/{session.code}")
        took = time.perf_counter() - began
        began = time.perf_counter()
        again = await http.get(f"/archive/{session.code}")
        warm = time.perf_counter() - began
        topics = await http.get(f"/archive/{session.code}?by=topic")
    sizes = [len(gzip.compress(page.content, 6)) / 1024 for page in (first, topics)]
    assert first.status_code == again.status_code == 200
    assert first.headers["content-encoding"] == "gzip"
    print(
        f"{name}: published and readable after {took:.2f} s (at most 5); the first view {sizes[0]:.1f} KB compressed,"
        f" by topic {sizes[1]:.1f} KB (at most 60); a later view {warm * 1000:.0f} ms"
    )
    await house.dispose()


async def show(url: str) -> None:
    """The page of the published session on a phone's first visit by a weak link: nothing is in its cache."""
    with RunningServer(url) as server:
        database = server.open_database()
        async with database.reading() as db:
            code = (await sessions.in_states(db, SessionState.PUBLISHED))[0].code
        await database.dispose()
        async with chromium() as browser:
            looks = [await look(browser, f"{server.base}/archive/{code}") for _ in range(LOOKS)]
    for name in looks[0]:
        median = statistics.median(one[name] for one in looks)
        print(f"  at 400 kbit/s and 150 ms, {name}: {median:.2f} s (at most {USABLE})")


async def look(browser: Browser, address: str) -> dict[str, float]:
    """Seconds from asking for the page on, by what is there then."""
    context = await browser.new_context(viewport={"width": 412, "height": 915})
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    await devtools.send("Network.enable")
    await devtools.send("Network.emulateNetworkConditions", WEAK)
    await page.goto(address, wait_until="load")
    times = await page.evaluate(TIMES)
    assert await page.locator("article .answer, article .said").first.is_visible()
    await context.close()
    return {name: times[name] / 1000 for name in ("painted", "read and used", "all of it")}


async def main() -> None:
    print(f"An archive of {QUESTIONS} questions and {HOURS} hours of captions in two languages")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/bench.db"
        await measure(url, "SQLite")
        await show(url)
    with PostgresServer() as postgres:
        await measure(postgres.create_database("bench_archive"), "PostgreSQL")


if __name__ == "__main__":
    asyncio.run(main())
