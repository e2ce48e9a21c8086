"""The full text of both databases: rows under the same tokens, the newest found first.

Everything that can be asked for is a token: words, and after a "=" what a row is about (its session, language, topic,
kind, month). So a filter costs no more than a word, and a rare one makes the rest cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ForeignKey, Integer, Text, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sessions.places import VOLUMES, volume
from sessions.tables import Base

DIRECT = 4
"""How many times the rows that are wanted there may be, and all of them are still looked at in one step."""


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
    """Index rows that were just written."""
    if not rows:
        return
    if _kind(db) == "sqlite":
        told = [{"id": row["id"], "tokens": row["tokens"]} for row in rows]
        await db.execute(text("INSERT INTO search_index (rowid, tokens) VALUES (:id, :tokens)"), told)
        return
    insert = (
        "INSERT INTO search_index (id, tokens)"
        " SELECT id, CAST(tokens AS tsvector) FROM unnest(CAST(:ids AS bigint[]), CAST(:tokens AS text[]))"
        " AS t (id, tokens)"
    )
    vectors = [" ".join(f"'{t}':{n}" for n, t in enumerate(row["tokens"].split(" "), 1)) for row in rows]
    await db.execute(text(insert), {"ids": [row["id"] for row in rows], "tokens": vectors})


async def remove(db: AsyncSession, rows: Sequence[tuple[int, str]]) -> None:
    """Take rows (id, tokens) out of the index, before they are deleted."""
    if rows and _kind(db) == "sqlite":
        # An index that keeps no text of its own has to be told what stood there.
        delete = text("INSERT INTO search_index (search_index, rowid, tokens) VALUES ('delete', :id, :tokens)")
        await db.execute(delete, [{"id": id, "tokens": tokens} for id, tokens in rows])
    elif rows:
        await db.execute(
            text("DELETE FROM search_index WHERE id = ANY(CAST(:ids AS bigint[]))"), {"ids": [id for id, _ in rows]}
        )


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
        " WHERE search_index MATCH :wanted{n} AND rowid < :below ORDER BY rowid DESC LIMIT :most{n})"
        " JOIN search_rows r USING (id)"
    ),
    # Materialized, or the planner walks all rows from the newest on in the hope of an early end.
    "postgresql": (
        "SELECT {n} AS n, id, session_id, r.tokens FROM (WITH found AS MATERIALIZED"
        " (SELECT id FROM search_index WHERE tokens @@ CAST(:wanted{n} AS tsquery))"
        " SELECT id FROM found WHERE id < :below ORDER BY id DESC LIMIT :most{n}) AS newest"
        " JOIN search_rows r USING (id)"
    ),
}
PUBLISHED = (
    "SELECT found.n, found.id, found.session_id, found.tokens FROM ({found}) AS found"
    " JOIN sessions s ON s.id = found.session_id AND s.state = 'published'"
)
# Reading all rows is never quicker than the index here, and compiling a query takes longer than running it.
PLANNED = text(
    "SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true), max(session_id) FROM search_rows"
)


async def candidates(db: AsyncSession, wanted: Sequence[Wanted], most: int, likely: float) -> list[list[Candidate]]:
    """For each of what is wanted at most so many rows that hold it, the newest ones of published sessions.

    `likely` is a guess of how many rows hold it: a wrong one costs time, and changes nothing in what is found.
    """
    found: list[list[Candidate]] = [[] for _ in wanted]
    for volumes, below in await _openings(db, 2 * most / likely if likely > DIRECT * most else 1.0):
        open = [n for n, some in enumerate(found) if len(some) < most]
        told: dict[str, Any] = {"below": below}
        for n in open:
            told |= {f"wanted{n}": WRITTEN[_kind(db)](wanted[n], volumes), f"most{n}": most - len(found[n])}
        union = " UNION ALL ".join(NEWEST[_kind(db)].format(n=n) for n in open)
        for n, *row in await db.execute(text(PUBLISHED.format(found=union)), told):
            found[n].append(Candidate(*row))
        if all(len(some) >= most for some in found):
            break
    return found


async def _openings(db: AsyncSession, share: float) -> list[tuple[Sequence[str], int]]:
    if _kind(db) == "sqlite":
        return [((), row_id(1 << 40))]
    *_, last = (await db.execute(PLANNED)).one()
    return openings(last or 0, share)


def openings(last: int, share: float) -> list[tuple[Sequence[str], int]]:
    """(volumes to open, row id that all are below): the newest two of a size, then of the larger ones, then all.

    The first ones are no smaller than the `share` of all sessions in which enough is likely to be found. A frequent
    word is held by so many rows that collecting all of them, which PostgreSQL's index always does, takes longer than
    somebody waits.
    """
    steps: list[tuple[Sequence[str], int]] = []
    below = last + 1
    for size in VOLUMES:
        if size < share * last:
            continue
        first = last // size - 1
        if first <= 0:
            break
        steps.append(([volume(size, first), volume(size, first + 1)], row_id(below)))
        below = first * size
    return [*steps, ((), row_id(below))]


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
