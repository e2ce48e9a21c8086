"""Sessions made up to be searched, and searches of which it is known where they should lead: samples/searches.tsv."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sessions import index
from sessions import search as searching
from sessions.database import Database
from sessions.places import Document, places
from sessions.query import Wanted, terms
from sessions.session import Session

SAMPLES = Path(__file__).parent / "samples" / "searches.tsv"


class Sample(NamedTuple):
    """Documents and titles by the codes of their sessions, and (code, what is typed) to look for."""

    documents: dict[str, list[Document]]
    titles: dict[str, str]
    searches: list[tuple[str, str]]


def sample() -> Sample:
    documents, titles, searches = defaultdict[str, list[Document]](list), dict[str, str](), list[tuple[str, str]]()
    for number, line in enumerate(SAMPLES.read_text(encoding="utf-8").splitlines()):
        kind, code, *rest = line.split("\t")
        if kind == "find":
            searches.append((code, rest[0]))
            continue
        lang, words = rest
        if kind == "session":
            titles[code] = words
        there = documents[code]
        anchor = there[-1].anchor if kind == "answer" else "main" if kind == "session" else f"{kind[0]}-{number}"
        there.append(Document(kind=kind, anchor=anchor, lang=lang, words=words))
    return Sample(documents, titles, searches)


async def fill(database: Database, sample: Sample) -> None:
    for code, documents in sample.documents.items():
        async with database.writing() as tx:
            title = sample.titles[code]
            session = Session(code=code, title=title, state="published", plan_json={"title": title})
            tx.db.add(session)
            await tx.db.flush()
            await index.index(tx, session.id, places(session.id, documents))


async def ranks(database: Database, sample: Sample) -> list[tuple[str, str, int | None]]:
    """(what is typed, the right session's code, at which place it was found) of every search."""
    found = []
    for code, typed in sample.searches:
        async with database.reading() as db:
            there = await searching.search(db, Wanted(terms=terms(typed)))
        codes = [one.code for one in there.sessions]
        found.append((typed, code, codes.index(code) + 1 if code in codes else None))
    return found


def mean_reciprocal_rank(found: list[tuple[str, str, int | None]]) -> float:
    return sum(1 / rank for *_, rank in found if rank) / len(found)


def astray(found: list[tuple[str, str, int | None]]) -> Iterator[str]:
    """Those that did not come first, to look at."""
    yield from (f"{typed!r} led to {code} at place {rank}" for typed, code, rank in found if rank != 1)
