"""What is found, on both databases alike; what is not public never is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sessions import index
from sessions import search as searching
from sessions.database import Database
from sessions.places import Document, places
from sessions.query import Wanted, terms
from sessions.search import Found
from sessions.session import Session


def said(words: str, **more: Any) -> Document:
    usual: dict[str, Any] = {"kind": "question", "anchor": "q-1", "lang": "en", "day": date(2026, 5, 1)}
    return Document(**{**usual, "words": words} | more)


class Shelf:
    """Published sessions by their codes, each with what can be found of it."""

    def __init__(self, database: Database) -> None:
        self.database, self.ids = database, dict[str, int]()

    async def put(self, code: str, *documents: Document, title: str = "Bus routes", state: str = "published") -> None:
        async with self.database.writing() as tx:
            if code not in self.ids:
                session = Session(code=code, title=title, state=state, input="open", plan_json={"title": title})
                tx.db.add(session)
                await tx.db.flush()
                self.ids[code] = session.id
            await index.index(tx, self.ids[code], places(self.ids[code], documents))

    async def find(self, typed: str, **where: Any) -> Found:
        async with self.database.reading() as db:
            return await searching.search(db, Wanted(typed=typed, terms=terms(typed), **where))

    async def anchors(self, typed: str, **where: Any) -> dict[str, list[str]]:
        found = await self.find(typed, **where)
        return {one.code: [hit.anchor for hit in one.hits] for one in found.sessions}


@pytest.fixture
def shelf(database: Database) -> Shelf:
    return Shelf(database)


async def test_smoke(shelf: Shelf) -> None:
    await shelf.put(
        "AAA", said("When will the school buses be running late?"), said("By seven o'clock.", kind="answer")
    )
    await shelf.put("BBB", said("¿Habrá información sobre los autobuses?", lang="es", anchor="q-2"))
    print(await shelf.find("bus"))
    print(await shelf.find("informacion"))
    print(await shelf.find('"school bus"'))
    print(await shelf.find("auto*"))
    print(await shelf.find("bus seven"))
    print(await shelf.find("bus homework"))
    await shelf.put("AAA")
    print(await shelf.find("bus"))
    assert 0
