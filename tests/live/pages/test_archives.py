"""The archive as people read it: whole without a script, in parts, in either order, and to any moment and back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import msgspec
import pytest

from live.pages import clocks
from live.pages.archives import View
from sessions import captions, lifecycle
from sessions.archive import Asked, Span
from sessions.captions import Line
from sessions.events import Link
from sessions.permissions import Caller, Role
from sessions.refusals import Refusal
from tests.running import Hall, Visitor, inside, open_hall, shared_server
from tests.sessions.test_transcript import archive, card, cue

HOST = Caller("ana", frozenset({Role.HOST}), "Ana")


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


async def change(hall: Hall, lines: list[Line] | None = None, lang: str = "en", **plan: Any) -> None:
    """Captions, or another plan, as the office brings them in."""
    session = await hall.house.session()
    async with hall.database.writing() as tx:
        await tx.lock(session.id)
        if lines:
            await captions.take_in(tx, HOST, lang, lines)
        if plan:
            await lifecycle.change(tx, HOST, msgspec.structs.replace(tx.session.plan, **plan))


def seen(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


async def evening(hall: Hall) -> tuple[Visitor, list[str]]:
    """One on stage, one answered in writing, one left open; ended."""
    ana, ben, rosa = await hall.staff("ana"), await hall.staff("ben"), await hall.family()
    ids = [await rosa.ask(words) for words in ("Will the bus stop?", "What is for lunch?", "And coats?")]
    for question in ids:
        await ben.decide("question.approve", question)
    await ben.decide("lineup.add", ids[0])
    await ben.decide("stage.bring", ids[0])
    await ben.decide("stage.settle", ids[0])
    await ben.decide("question.answer", ids[1], words="Beans.", lang="en")
    await ana.do("session.end")
    return ana, ids


async def test_published_withdrawn_and_published_again(hall: Hall) -> None:
    ana, _ = await evening(hall)
    rosa, address = hall.visitor(), f"/archive/{hall.code}"
    assert "What is for lunch?" not in (await rosa.get(address)).text
    assert "What is for lunch?" not in (await rosa.get(f"{address}?preview=1")).text
    preview = (await ana.get(f"{address}?preview=1")).text
    assert ("What is for lunch?" in preview, "It is not published now." in seen(preview)) == (True, True)
    await ana.do("session.publish")
    assert "What is for lunch?" in (await rosa.get(address)).text
    await ana.do("session.withdraw")
    withdrawn = (await rosa.get(address)).text
    assert ("What is for lunch?" in withdrawn, "are being corrected" in withdrawn) == (False, True)
    assert hall.code not in (await rosa.get("/archive")).text
    await ana.do("session.publish")
    page = (await rosa.get(address)).text
    assert ("What is for lunch?" in page, "Corrected on" in page) == (True, False)
    await ana.decide("question.edit_words", (await evening_ids(hall))[2], words="And winter coats?")
    page = (await rosa.get(address)).text
    assert ("And winter coats?" in page, "Corrected on" in page) == (True, True)
    spanish = seen((await rosa.get(f"{address}?lang=es")).text)
    assert [one for one in ("Corregido el", "Publicado el") if one not in spanish] == []
    assert re.findall(r"\.\.|\w\.[A-Z]\w", seen(page) + spanish) == [], "where one sentence ends, another begins"


async def evening_ids(hall: Hall) -> list[str]:
    ben = await hall.staff("ben")
    cards = (await ben.board(audience="desk", format="json"))["cards"]
    return [c["id"] for c in sorted(cards, key=lambda c: c["number"])]


async def test_the_transcript_has_what_was_said_beside_what_was_asked(hall: Hall) -> None:
    ana, _ = await evening(hall)
    lines = [Line(0, 60_000, "Dr. Trujillo", "It stops <there>."), Line(7_200_000, 7_201_000, None, "Good night.")]
    await change(hall, lines)
    await change(hall, [Line(0, 1000, None, "Para ahí.")], "es")
    await change(
        hall,
        recording="https://youtu.be/dQw4w9WgXcQ",
        offset=90_000,
        links=(Link("Bus map", "https://example.org/map"),),
    )
    await ana.do("session.publish")
    rosa = hall.visitor()
    page = (await rosa.get(f"/archive/{hall.code}")).text
    text = seen(page)
    for told in ("Dr. Trujillo It stops <there>.", "Good night.", "2:00:00", "Beans.", "Bus map"):
        assert told in text
    assert "Para ahí." not in text
    assert (
        text.index("Answered on stage") < text.index("Answered in writing") < text.index("Not answered in the session")
    )
    assert 'href="https://www.youtube.com/watch?v=dQw4w9WgXcQ&amp;t=7290s"' in page
    assert 'href="https://example.org/map"' in page
    assert "<video" not in page
    spanish = (await rosa.get(f"/archive/{hall.code}?captions=es&lang=es")).text
    assert ("Para ahí." in spanish, "Good night." in spanish) == (True, False)
    topics = seen((await rosa.get(f"/archive/{hall.code}?by=topic")).text)
    assert ("Will the bus stop?" in topics, "Good night." in topics) == (True, False)


MOMENTS = {"0:00:10": "#c-1", "1:59:00": "#c-2", "2:00:00": "#c-2", "3:00:00": "#q-"}


async def test_from_a_moment_a_question_or_a_caption_to_its_place(hall: Hall) -> None:
    ana, ids = await evening(hall)
    await change(hall, [Line(0, 60_000, "Dr. Trujillo", "So."), Line(7_200_000, 7_201_000, None, "Good night.")])
    await ana.do("session.publish")
    rosa, address = hall.visitor(), f"/archive/{hall.code}"
    for at, anchor in MOMENTS.items():
        found = await rosa.get(f"{address}?at={at}")
        assert (found.status_code, found.headers["location"]) == (
            303,
            f"{address}{anchor}{ids[0] if anchor == '#q-' else ''}",
        )
    assert (await rosa.get(f"{address}?q={ids[2]}")).headers["location"] == f"{address}#q-{ids[2]}"
    assert (await rosa.get(f"{address}?cue=2")).headers["location"] == f"{address}#c-2"
    page = (await rosa.get(address)).text
    assert all(f'id="{anchor}"' in page for anchor in ("c-1", "c-2", f"q-{ids[0]}", f"q-{ids[2]}"))
    for query in ("at=noon", "q=nobody", "cue=99", "part=7", "part=x", "captions=fr", "by=what", "at=1:2:3:4"):
        assert (await rosa.get(f"{address}?{query}")).status_code == 200


def test_a_long_archive_comes_in_parts_that_lead_to_each_other() -> None:
    questions = [
        Asked(card(n, topic="Buses" if n % 2 else None), 0, (Span(n * 9000, n * 9000 + 8000),)) for n in range(900)
    ]
    found = archive(questions, [cue(n, n * 3000, words="and so on " * 8) for n in range(1, 2700)])
    view = View(found, {}, "en")
    assert len(view.parts) > 3
    assert view.address(2) == "/archive/BUS234?part=2"
    asked = view.parts[2][1].asked
    assert asked is not None
    question = asked.card.id
    assert View(found, {"q": question}, "en").elsewhere() == f"/archive/BUS234?part=3#q-{question}"
    assert View(found, {"q": question, "by": "topic"}, "en").elsewhere().startswith("/archive/BUS234?by=topic&part=")
    whole = View(found, {"all": "1"}, "en")
    assert (len(whole.parts), whole.part) == (1, 1)
    assert whole.parts[0] == [passage for part in view.parts for passage in part]


async def test_it_is_compressed_for_whoever_takes_that(hall: Hall) -> None:
    ana, _ = await evening(hall)
    await ana.do("session.publish")
    plain = await hall.visitor().http.get(f"/archive/{hall.code}", headers={"accept-encoding": "identity"})
    small = await hall.visitor().http.get(f"/archive/{hall.code}", headers={"accept-encoding": "gzip"})
    assert ("content-encoding" in plain.headers, small.headers["content-encoding"]) == (False, "gzip")
    never = await hall.visitor().http.get(f"/archive/{hall.code}", headers={"accept-encoding": "gzip;q=0"})
    assert ("content-encoding" in never.headers, never.text == plain.text) == (False, True)
    assert int(small.headers["content-length"]) < len(plain.content) / 2
    assert small.text == plain.text
    assert small.headers["vary"] == "Cookie, Accept-Language, Accept-Encoding"


async def test_a_recording_plays_within_the_page_only_from_where_the_operator_allows(sqlite_url: str) -> None:
    async with inside(sqlite_url, recordings_from="https://video.example.org") as server, open_hall(server) as hall:
        ana, _ = await evening(hall)
        await ana.do("session.publish")
        for address, plays in (("https://video.example.org/may.mp4", True), ("https://example.org/may.mp4", False)):
            await change(hall, recording=address)
            page = await hall.visitor().get(f"/archive/{hall.code}")
            assert ("<video" in page.text, f'href="{address}#t=0"' in page.text) == (plays, True)
            assert "media-src https://video.example.org" in page.headers["content-security-policy"]


CLOCKS = {"0:00": 0, "1:02": 62_000, "62:03.5": 3_723_500, "1:02:03": 3_723_000, " 0:12:30,25 ": 750_250}


@pytest.mark.parametrize(("typed", "ms"), CLOCKS.items())
def test_times_are_read_as_people_type_them(typed: str, ms: int) -> None:
    assert clocks.offset_of(typed) == ms
    assert clocks.offset_of(f"-{typed.strip()}") == -ms
    assert (clocks.offset_of(clocks.exact(ms)), clocks.offset_of(clocks.exact(-ms))) == (ms, -ms)


@pytest.mark.parametrize("typed", ["noon", "1", "1:2:3:4", "1:-2", "1:٣", "1:2x", "99999:00", ":", "--1:00"])
def test_what_is_no_time_is_refused(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        clocks.offset_of(typed)
    assert refused.value.say(str) == "Please give a time such as 0:12:30: hours, minutes, seconds."
