"""How fast search is in a million lines of captions and a hundred thousand questions: `make bench-search`.

What is searched is made up from a seed: words as frequent as in a real language (Zipf), so that the worst case, two
words that stand nearly everywhere, is among what is asked.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import statistics
import sys
import tempfile
import time
from bisect import bisect
from collections.abc import Awaitable, Callable, Iterator
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parents[2]))

from sessions import index, schema
from sessions import search as searching
from sessions.database import Database
from sessions.places import Document, places
from sessions.query import Wanted, terms
from sessions.session import Session
from tests import searches
from tests.servers import PostgresServer

SEED = 20260501
SESSIONS, LINES, QUESTIONS = 1_000, 1_000, 100
LARGE = (2_000, 3_600)
"""Questions, and lines of captions in three hours, of a session that is published."""
WORDS = 40_000
ASKED = 250
"""Queries of each kind."""
GOAL = 0.050
"""Seconds for the 99th of a hundred queries of two words."""
TOPICS = ("Buses", "Lunch", "Safety", "Graduation", "Enrollment")
SYLLABLES = [consonant + vowel for consonant in "bcdfghlmnprst" for vowel in "aeo"]


class Language:
    """Made-up words, each about as often as its place in the list says: the second half as often as the first."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        words: dict[str, None] = {}
        while len(words) < WORDS:
            # The most frequent words are the shortest, as everywhere.
            count = 1 + (len(words) > 20) + (len(words) > 600) + (len(words) > 15_000)
            words["".join(self.dice.choices(SYLLABLES, k=count)) + self.dice.choice("nrst")] = None
        self.words = list(words)
        self.shares = list(accumulate(1 / (rank + 2.7) for rank in range(WORDS)))

    def word(self) -> str:
        return self.words[bisect(self.shares, self.dice.random() * self.shares[-1])]

    def say(self, fewest: int, most: int) -> str:
        return " ".join(self.word() for _ in range(self.dice.randint(fewest, most)))

    def session(self, number: int, questions: int = QUESTIONS, lines: int = LINES) -> Iterator[Document]:
        day = date(2020, 1, 1) + timedelta(days=2 * number)
        for n in range(questions):
            about: dict[str, Any] = {"anchor": f"q-{n}", "lang": "en", "topic": self.dice.choice(TOPICS), "day": day}
            yield Document(kind="question", words=self.say(6, 30) + "?", **about)
            if n % 2:
                yield Document(kind="answer", words=self.say(10, 60) + ".", **about)
        for n in range(lines):
            yield Document(kind="caption", anchor=f"c-{n}", lang="en", day=day, words=self.say(5, 11))


def queries(language: Language) -> dict[str, list[str]]:
    """Queries of two words, by how they are drawn."""
    dice, words = random.Random(SEED + 1), language.words

    def pair(*ranges: tuple[int, int]) -> str:
        return " ".join(words[dice.randrange(*one)] for one in ranges)

    return {
        "as they are said": [f"{language.word()} {language.word()}" for _ in range(ASKED)],
        "both in nearly every row": [pair((0, 60), (0, 60)) for _ in range(ASKED)],
        "both frequent": [pair((60, 600), (60, 600)) for _ in range(ASKED)],
        "frequent and rare": [pair((0, 100), (5_000, WORDS)) for _ in range(ASKED)],
        "both rare": [pair((3_000, WORDS), (3_000, WORDS)) for _ in range(ASKED)],
    }


async def build(database: Database, sessions: int) -> float:
    await schema.migrate(database)
    language = Language(SEED)
    began, made = time.perf_counter(), 0.0
    for number in range(sessions):
        before = time.perf_counter()
        documents = list(language.session(number))
        made += time.perf_counter() - before
        async with database.writing() as tx:
            title = f"Session {number}"
            session = Session(code=f"S{number:05}", title=title, state="published", plan_json={"title": title})
            tx.db.add(session)
            await tx.db.flush()
            await index.index(tx, session.id, places(session.id, documents))
    return time.perf_counter() - began - made


async def publish(database: Database) -> tuple[float, float]:
    """Seconds in which a large session is indexed within its transaction, and again after one more answer."""
    documents = list(Language(SEED).session(0, *LARGE))
    answer = Document(kind="answer", anchor="q-0", lang="en", words="later")
    found = []
    async with database.writing() as tx:
        session = Session(code="LARGE", title="Large", state="published", plan_json={"title": "Large"})
        tx.db.add(session)
        await tx.db.flush()
    for those in (documents, [documents[0], answer, *documents[1:]]):
        there = list(places(session.id, those))
        began = time.perf_counter()
        async with database.writing() as tx:
            await index.index(tx, session.id, there)
        found.append(time.perf_counter() - began)
    return found[0], found[1]


async def measure(database: Database) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for kind, asked in queries(Language(SEED)).items():
        found[kind] = []
        for typed in asked:
            began = time.perf_counter()
            async with database.reading() as db:
                await searching.search(db, Wanted(typed=typed, terms=terms(typed)))
            found[kind].append(time.perf_counter() - began)
    return found


async def size(database: Database) -> float:
    """Megabytes of everything that search keeps."""
    tables = ("search_rows", "search_words")
    query = " + ".join(f"pg_total_relation_size('{table}')" for table in tables)
    if database.is_sqlite:  # Nothing else of any size is in the file.
        query = "page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    async with database.reading() as db:
        return float((await db.execute(text(f"SELECT {query}"))).scalar_one()) / 1e6


def tell(name: str, sessions: int, built: float, megabytes: float, times: dict[str, list[float]]) -> None:
    rows = f"{sessions * LINES:,} lines of captions, {sessions * QUESTIONS:,} questions"
    print(f"{name}: {rows}; index {megabytes:,.0f} MB, built in {built:.0f} s")
    everything = [one for some in times.values() for one in some]
    for kind, some in [*times.items(), ("all", everything)]:
        p99 = sorted(some)[int(len(some) * 0.99)]
        print(f"  {kind:<26}{statistics.median(some) * 1e3:8.1f} ms median {p99 * 1e3:8.1f} ms p99", end="")
        print(f" {max(some) * 1e3:8.1f} ms worst" + (f" (goal ≤ {GOAL * 1e3:.0f})" if kind == "all" else ""))


async def both(name: str, url: str, sessions: int) -> None:
    database = Database(url)
    built = await build(database, sessions)
    if not database.is_sqlite:
        async with database.writing() as tx:
            await tx.db.execute(text("ANALYZE"))
    await measure_once(database)
    gc.collect()
    gc.freeze()
    tell(name, sessions, built, await size(database), await measure(database))
    first, again = await publish(database)
    print(
        f"  {LARGE[0]:,} questions and {LARGE[1]:,} lines: indexed in {first:.2f} s, one answer later in {again:.2f} s"
    )
    await database.dispose()


async def measure_once(database: Database) -> None:
    """The first query opens connections and reads what is on the disk."""
    async with database.reading() as db:
        await searching.search(db, Wanted(typed="ban", terms=terms("ban ben")))


async def rank(name: str, url: str) -> None:
    """How often the right session comes first, of searches whose right session is known."""
    database, sample = Database(url), searches.sample()
    await schema.migrate(database)
    await searches.fill(database, sample)
    found = await searches.ranks(database, sample)
    first = sum(rank == 1 for *_, rank in found)
    mean = searches.mean_reciprocal_rank(found)
    print(f"{name}: the right session first for {first} of {len(found)} searches, mean reciprocal rank {mean:.3f}")
    for line in searches.astray(found):
        print(f"  {line}")
    await database.dispose()


async def on_sqlite(sessions: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        await rank("SQLite", f"sqlite+aiosqlite:///{folder}/ranks.db")
        await both("SQLite", f"sqlite+aiosqlite:///{folder}/search.db", sessions)


async def on_postgres(sessions: int) -> None:
    with PostgresServer() as postgres:
        await rank("PostgreSQL", postgres.create_database("ranks"))
        await both("PostgreSQL", postgres.create_database("search"), sessions)


ROADS: dict[str, Callable[[int], Awaitable[None]]] = {"sqlite": on_sqlite, "postgresql": on_postgres}


async def main() -> None:
    # As the server does: else a collection of everything that was built stops one search in a hundred.
    gc.set_threshold(100_000, 20, 1000)
    parser = argparse.ArgumentParser()
    parser.add_argument("--on", choices=[*ROADS, "both"], default="both")
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    told = parser.parse_args()
    for name, road in ROADS.items():
        if told.on in (name, "both"):
            await road(told.sessions)


if __name__ == "__main__":
    asyncio.run(main())
