"""The full text of both databases: rows under the same tokens, the newest found first.

Everything that can be asked for is a token: words, and after a "=" what a row is about (its session, language, topic,
kind, month). So a filter costs no more than a word, and a rare one makes the rest cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ForeignKey, Integer, Text, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sessions.places import VOLUMES, volume
from sessions.tables import Base

DIRECT = 2
"""How many times the rows that are wanted there may be, and all of them are still looked at in one step."""
SPARE = 1.3
"""How many times the sessions are opened that should be enough."""
OPENED = 6
"""Volumes that are opened at once, at most: each is one more token to find a row by."""
NEWER = 1 << 40
"""Higher than the number of any session."""


class SearchRow(Base):
    """One place that a search can lead to: `id` is the session's number and the place's own, so that newer is higher.

    `documents` are its texts, as `places.kept` writes them; `tokens` what it is found by.
    """

    __tablename__ = "search_rows"
    # SQLite finds a row by its number alone where the column is called so.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), index=True)
    documents: Mapped[str] = mapped_column(Text)
    tokens: Mapped[str] = mapped_column(Text)


class SearchWord(Base):
    """That a word, as it may be typed, is found by this token, and in how many rows."""

    __tablename__ = "search_words"
    # By its bytes, so that "everything that begins so" is a range on every database.
    form: Mapped[str] = mapped_column(Text().with_variant(Text(collation="C"), "postgresql"), primary_key=True)
    token: Mapped[str] = mapped_column(Text, primary_key=True, index=True)
    rows: Mapped[int] = mapped_column(Integer)


class Candidate(NamedTuple):
    id: int
    session_id: int
    tokens: str


Phrase = tuple[str, ...]
"""Tokens that follow one another; most often just one."""
Choice = Collection[Phrase]
"""Phrases of which one is enough."""


Wanted = Sequence[Choice]
"""What a row must hold: one phrase of each choice."""


def _kind(db: AsyncSession) -> str:
    return db.get_bind().dialect.name


async def add(db: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Index rows that were just written; PostgreSQL's index follows them by itself."""
    if rows and _kind(db) == "sqlite":
        told = [{"id": row["id"], "tokens": row["tokens"]} for row in rows]
        await db.execute(text("INSERT INTO search_index (rowid, tokens) VALUES (:id, :tokens)"), told)


async def remove(db: AsyncSession, rows: Sequence[tuple[int, str]]) -> None:
    """Take rows (id, tokens) out of the index, before they are deleted."""
    if rows and _kind(db) == "sqlite":
        # An index that keeps no text of its own has to be told what stood there.
        delete = text("INSERT INTO search_index (search_index, rowid, tokens) VALUES ('delete', :id, :tokens)")
        await db.execute(delete, [{"id": id, "tokens": tokens} for id, tokens in rows])


async def count_words(db: AsyncSession, changes: Mapping[tuple[str, str], int]) -> None:
    """Keep count of the rows by (form, token), all in one order: two sessions at once would lock each other out."""
    changed = sorted((*key, n) for key, n in changes.items() if n)
    if not changed:
        return
    forms, tokens, counts = ([one[place] for one in changed] for place in range(3))
    upsert = (
        "INSERT INTO search_words (form, token, rows) {source}"
        " ON CONFLICT (form, token) DO UPDATE SET rows = search_words.rows + excluded.rows"
    )
    if _kind(db) == "sqlite":
        told = [{"form": form, "token": token, "rows": n} for form, token, n in changed]
        await db.execute(text(upsert.format(source="VALUES (:form, :token, :rows)")), told)
    else:
        source = "SELECT * FROM unnest(CAST(:forms AS text[]), CAST(:tokens AS text[]), CAST(:counts AS int[]))"
        await db.execute(text(upsert.format(source=source)), {"forms": forms, "tokens": tokens, "counts": counts})
    if any(n < 0 for *_, n in changed):
        await db.execute(text("DELETE FROM search_words WHERE rows <= 0"))


NEWEST = {
    "sqlite": (
        "SELECT {n} AS n, id, session_id, r.tokens FROM (SELECT rowid AS id FROM search_index"
        " WHERE search_index MATCH :wanted{n} AND rowid < :below{n} ORDER BY rowid DESC LIMIT :most{n})"
        " JOIN search_rows r USING (id)"
    ),
    # Materialized, or the planner walks all rows from the newest on in the hope of an early end.
    "postgresql": (
        "SELECT {n} AS n, * FROM (WITH found AS MATERIALIZED (SELECT id, session_id, tokens FROM search_rows"
        " WHERE search_vector(tokens) @@ CAST(:wanted{n} AS tsquery))"
        " SELECT * FROM found WHERE id < :below{n} ORDER BY id DESC LIMIT :most{n}) AS newest"
    ),
}
PUBLISHED = (
    "SELECT found.n, found.id, found.session_id, found.tokens FROM ({found}) AS found"
    " JOIN sessions s ON s.id = found.session_id AND s.state = 'published'"
)
SETTINGS = {
    # Reading all rows is never quicker than the index here, and compiling a query takes longer than running it.
    "enable_seqscan": "off",
    "jit": "off",
    # What is searched lies in the machine's memory: to have each page of it fetched ahead by another process, as
    # PostgreSQL 18 does, takes two to four times as long as to read it.
    "effective_io_concurrency": "0",
}
PLANNED = text(
    "SELECT set_config(name, setting, true), newest FROM (SELECT max(session_id) AS newest FROM search_rows) AS rows,"
    " unnest(CAST(:names AS text[]), CAST(:settings AS text[])) AS t (name, setting)"
).bindparams(names=[*SETTINGS], settings=[*SETTINGS.values()])


@dataclass
class Walk:
    """From the newest session backwards, until enough is found of what is wanted, in steps of so many sessions.

    PostgreSQL's index collects all rows of a step before the newest can be told: a step that is too wide takes longer
    than somebody waits, one that is too narrow asks the database once more.
    """

    wanted: Wanted
    most: int
    newest: int
    below: int
    """Sessions from here to the newest have been looked at."""
    step: float
    found: list[Candidate] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.below <= 0 or len(self.found) >= self.most

    def went_to(self, first: int) -> None:
        """The next step holds what is missing, if all that follows is like what was seen; at least as much again."""
        each = len(self.found) / (self.newest + 1 - first)
        likely = SPARE * (self.most - len(self.found)) / each if each else 0.0
        self.step, self.below = max(self.newest + 1 - first, likely), first


async def candidates(
    db: AsyncSession, wanted: Sequence[Wanted], most: int, likely: Sequence[float]
) -> list[list[Candidate]]:
    """For each of what is wanted at most so many rows that hold it, the newest ones of published sessions.

    `likely` are guesses of how many rows hold it: a wrong one costs time, and changes nothing in what is found.
    """
    kind, newest = _kind(db), NEWER - 1
    if kind == "postgresql":
        newest = next(last or 0 for _, last in await db.execute(PLANNED))
    walks = [
        Walk(one, most, newest, newest + 1, enough(newest + 1, most, rows))
        for one, rows in zip(wanted, likely, strict=True)
    ]
    while going := {n: walk for n, walk in enumerate(walks) if not walk.is_over}:
        told, reached = dict[str, Any](), dict[int, int]()
        for n, walk in going.items():
            volumes, reached[n] = opening(walk.below, walk.step) if kind == "postgresql" else ((), 0)
            told |= {f"wanted{n}": WRITTEN[kind](walk.wanted, volumes), f"below{n}": row_id(walk.below)}
            told[f"most{n}"] = most - len(walk.found)
        union = " UNION ALL ".join(NEWEST[kind].format(n=n) for n in going)
        for n, *row in await db.execute(text(PUBLISHED.format(found=union)), told):
            walks[n].found.append(Candidate(*row))
        for n, walk in going.items():
            walk.went_to(reached[n])
    return [walk.found for walk in walks]


def enough(sessions: int, most: int, likely: float) -> float:
    """In how many of so many sessions enough is likely to be found; in all, where that is not much more."""
    return SPARE * most / likely * sessions if likely > DIRECT * most else sessions


def opening(below: int, step: float) -> tuple[Sequence[str], int]:
    """Volumes that hold about so many of the sessions before this one, and the first session in them.

    Of the smallest size of which a few are enough; nothing and 0 where all that there are have to be opened.
    """
    for size in VOLUMES:
        last, first = (below - 1) // size, int(below - step) // size
        if first > 0 and last - first < OPENED:
            return [volume(size, number) for number in range(first, last + 1)], first * size
    return (), 0


def row_id(session_id: int, number: int = 0) -> int:
    return (session_id << 20) + number


def matched(wanted: Wanted, volumes: Sequence[str] = ()) -> str:
    """What is wanted as FTS5 reads it, which walks from the newest row on and needs no volumes."""
    return _written(wanted, " AND ", " OR ", lambda phrase: '"' + " ".join(phrase) + '"')


def asked(wanted: Wanted, volumes: Sequence[str] = ()) -> str:
    """What is wanted as PostgreSQL reads it, within these volumes."""
    bound = [*wanted, [(one,) for one in volumes]] if volumes else wanted
    return _written(bound, " & ", " | ", lambda phrase: "(" + " <-> ".join(f"'{token}'" for token in phrase) + ")")


WRITTEN = {"sqlite": matched, "postgresql": asked}


def _written(wanted: Wanted, both: str, either: str, write: Callable[[Phrase], str]) -> str:
    return both.join("(" + either.join(write(phrase) for phrase in choice) + ")" for choice in wanted)
