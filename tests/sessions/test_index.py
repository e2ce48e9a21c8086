"""What can be found is what an archive says, and it catches up by itself, whatever was missed."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from live.index import Index
from live.shelf import Shelf
from sessions import archive as archives
from sessions import index
from sessions import search as searching
from sessions.archive import Archive
from sessions.captions import Cue
from sessions.events import Link, State
from sessions.index import SearchHead
from sessions.places import Document, Place, kept, month_tokens, places, recalled
from sessions.query import Wanted, terms
from tests.house import House
from tests.sessions.test_captions import take_in


async def anchors(house: House, typed: str) -> list[str]:
    async with house.database.reading() as db:
        found = await searching.search(db, Wanted(terms=terms(typed)))
    return [hit.anchor for one in found.sessions for hit in one.hits]


async def over(house: House) -> None:
    await house.do(house.ana, "session.end")
    await house.do(house.ana, "session.publish")


async def test_documents_are_the_archive_and_nothing_else(house: House) -> None:
    for state in State:
        await house.asked(state, f"Secret unless shown: {state}")
    await house.do(house.ana, "session.end")
    await take_in(house)
    await house.do(house.ana, "session.publish")
    async with house.database.reading() as db:
        archive = await archives.read(db, await house.session())
    found = list(index.documents(archive))
    shown = [one.words for one in found if one.kind == "question"]
    assert shown == [asked.card.words for asked in archive.questions]
    assert {words.rpartition(" ")[2] for words in shown} == {"shown", "queued", "on_stage", "answered"}
    assert [one.words for one in found if one.kind == "answer"] == ["Yes, from Monday."]
    said = [(one.anchor, one.words) for one in found if one.kind == "caption"]
    assert said == [(f"c-en-{cue.id}", cue.words) for cue in archive.tracks["en"]]
    assert found[0].words.startswith("Bus routes")
    assert len(found) == 1 + len(shown) + 1 + len(said)


def test_words_that_were_taken_out_are_no_documents() -> None:
    made = archives.made([], {})
    made = msgspec.structs.replace(
        made,
        title="T",
        links=(Link("Map", "https://a.example"),),
        tracks={"en": (Cue(id=1, lang="en", start=0, end=1, words=None),)},
    )
    assert [one.words for one in index.documents(made)] == ["T\nMap"]


async def test_it_catches_up_with_publishing_correcting_and_withdrawing(house: House) -> None:
    shown = await house.asked(State.SHOWN, "Will the bus stop at Speedway?")
    watch = Index(Shelf(house.database))
    await watch.catch_up()
    assert await anchors(house, "speedway") == [], "not before it is published"
    await over(house)
    await watch.catch_up()
    assert await anchors(house, "speedway") == [f"q-{shown}"]
    await house.decide("question.answer", shown, words="Yes, near Swan.", lang="en")
    await watch.catch_up()
    assert await anchors(house, "swan") == [f"q-{shown}"]
    await house.decide("question.hide", shown)
    await watch.catch_up()
    assert await anchors(house, "speedway") == []
    await house.decide("question.restore", shown)
    await house.decide("question.approve", shown)
    await house.do(house.ana, "session.withdraw")
    await watch.catch_up()
    assert await anchors(house, "speedway") == []
    async with house.database.reading() as db:
        assert (await index.behind(db), await db.get(SearchHead, house.session_id)) == ([], None)
    await house.do(house.ana, "session.publish")
    await watch.catch_up()
    assert await anchors(house, "swan speedway") == [f"q-{shown}"]


async def test_two_servers_and_late_ones_leave_what_the_newest_knows(house: House) -> None:
    shown = await house.asked(State.SHOWN, "Will the bus stop at Speedway?")
    await over(house)
    async with house.database.reading() as db:
        old = await archives.read(db, await house.session())
    await house.decide("question.hide", shown)
    await Index(Shelf(house.database)).catch_up()
    async with house.database.writing() as tx:
        await tx.lock(house.session_id)
        await index.renew(tx, old, places_of(house, old))
    assert await anchors(house, "speedway") == []


def places_of(house: House, archive: Archive) -> list[Place]:
    return list(places(house.session_id, index.documents(archive)))


def test_a_place_is_kept_whole() -> None:
    documents = (
        Document(kind="question", anchor="q-1", lang="en", words="“Why”\n?", topic="A/B", day=date(2026, 2, 3)),
        Document(kind="answer", anchor="q-1", lang="es", words="Sí 👪", topic="A/B", day=date(2026, 2, 3)),
    )
    assert recalled(kept(documents)) == documents


def test_days_are_found_by_whole_years_and_single_months() -> None:
    years = [2024, 2025, 2026]
    assert month_tokens(None, None, years) is None
    assert month_tokens(date(2024, 11, 5), date(2026, 2, 1), years) == [
        *("=m2024-11", "=m2024-12", "=y2025", "=m2026-01", "=m2026-02")
    ]
    assert month_tokens(date(2025, 1, 31), None, years) == ["=y2025", "=y2026"]
    assert month_tokens(None, date(2023, 1, 1) + timedelta(1), years) == []
