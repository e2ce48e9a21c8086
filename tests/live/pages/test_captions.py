"""Captions in the office by plain forms: looked at, aligned, put in, corrected; and refused with nothing changed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx
import pytest

from sessions import captions
from sessions.events import CaptionsImported
from sessions.subtitles import MAX_BYTES
from tests.house import Counted
from tests.live.pages.test_archives import change, evening, seen
from tests.running import Hall, Visitor, inside, open_hall, shared_server

FILE = """WEBVTT

00:00:01.000 --> 00:00:02.000
Rosa: Is this on?

00:01:30.000 --> 00:01:33.000
Dr. Trujillo: The bus will stop.

00:01:33.500 --> 00:01:36.000
Dr. Trujillo: On Speedway.
"""


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


async def send(visitor: Visitor, hall: Hall, file: str | bytes | None = None, **fields: str) -> httpx.Response:
    """The form of the office, with a file or with what the page had carried on."""
    told: dict[str, Any] = {"lang": "en", "offset": "0:00", "mode": "replace", "does": "look"} | fields
    body = None if file is None else file if isinstance(file, bytes) else file.encode()
    files = {"file": ("may.vtt", body, "text/vtt")} if body is not None else {"none": ("", b"")}
    return await visitor.http.post(f"/office/{hall.code}/captions", data=told, files=files)


def carried(page: str) -> dict[str, str]:
    """What a page carries on to the next form."""
    text = re.search(r'<textarea name="text" hidden>\n(.*?)</textarea>', page, re.S)
    offset = re.search(r'name="offset" value="([^"]*)"', page)
    assert text
    assert offset
    return {"text": unescape(text[1]), "offset": offset[1]}


async def tracks(hall: Hall) -> list[tuple[int, int, str | None, str | None]]:
    session = await hall.house.session()
    async with hall.database.reading() as db:
        found = await captions.read(db, session.id, {"en": 10**6})
    return [(c.start, c.end, c.speaker, c.words) for c in found.get("en", ())]


async def test_looked_at_moved_and_put_in(hall: Hall) -> None:
    ana, _ = await evening(hall)
    looked = await send(ana, hall, FILE)
    assert looked.status_code == 200
    assert "Will the bus stop?" in looked.text
    assert await tracks(hall) == [], "it was only looked at"
    # The line with which the first question really began is chosen, and everything moves with it.
    ats = re.findall(r'name="at" value="([^"]*)"', looked.text)
    assert len(ats) == 3
    again = await send(ana, hall, **carried(looked.text), at=ats[1], does="put")
    assert await tracks(hall) == [], "a line was chosen: it is looked at once more"
    assert "1 line was said before the session started and is left out." in seen(again.text)
    put = await send(ana, hall, **carried(again.text), does="put")
    assert (put.status_code, put.headers["location"]) == (303, f"/office/{hall.code}/captions?lang=en")
    found = await tracks(hall)
    assert [(end - start, speaker, words) for start, end, speaker, words in found] == [
        (3000, "Dr. Trujillo", "The bus will stop."),
        (2500, "Dr. Trujillo", "On Speedway."),
    ]
    assert found[1][0] - found[0][0] == 3500
    page = (await ana.get(f"/office/{hall.code}/captions")).text
    assert ("The bus will stop." in page, "Is this on?" in page) == (True, False)


BROKEN: dict[str, tuple[str | bytes, str]] = {
    "a letter": ("Dear families,", "Line 1: the times of a caption are missing here, or the file is cut off."),
    "cut off": (FILE + "\n00:02:00.000 --> 00:0", "Line 12: this is no time."),
    "nothing": ("", "Please choose a file first."),
    "too large": (b" " * (MAX_BYTES + 1), "This file is larger than the 4 MB there is room for."),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_file_changes_nothing(hall: Hall, name: str) -> None:
    ana, _ = await evening(hall)
    file, sentence = BROKEN[name]
    refused = await send(ana, hall, file, does="put")
    assert (refused.status_code, sentence in unescape(refused.text)) == (400, True)
    assert await tracks(hall) == []


async def test_what_else_is_refused(hall: Hall) -> None:
    ana, rosa, sam = await hall.staff("ana"), await hall.family(), await hall.staff("sam")
    early = await send(ana, hall, FILE, does="put")
    assert early.status_code == 409
    await ana.do("session.end")
    for fields in ({"lang": "fr"}, {"offset": "noon"}, {"offset": "30:00:00"}):
        assert (await send(ana, hall, FILE, does="put", **fields)).status_code == 400
    for visitor in (rosa, sam):
        assert (await visitor.get(f"/office/{hall.code}/captions")).status_code == 403
        assert (await send(visitor, hall, FILE, does="put")).status_code == 403
    assert await tracks(hall) == []


async def test_a_second_file_goes_beside_or_in_place(hall: Hall) -> None:
    ana, _ = await evening(hall)
    srt = "1\n00:00:05,000 --> 00:00:06,000\nSecond part.\n"
    await send(ana, hall, FILE, does="put")
    await send(ana, hall, srt, does="put", mode="join")
    assert [words for *_, words in await tracks(hall)] == [
        *("Is this on?", "Second part.", "The bus will stop.", "On Speedway."),
    ]
    await send(ana, hall, srt, does="put")
    assert [words for *_, words in await tracks(hall)] == ["Second part."]
    events = [entry.event for entry in await hall.house.entries()]
    assert [(e.format, e.replaces, e.cues) for e in events if isinstance(e, CaptionsImported)] == [
        ("vtt", True, 3),
        ("srt", False, 1),
        ("srt", True, 1),
    ]


async def test_corrected_in_place_and_every_version_kept(hall: Hall) -> None:
    ana, _ = await evening(hall)
    await send(ana, hall, FILE, does="put")
    await ana.do("session.publish")
    cai = await hall.staff("cai")
    form = {
        "lang": "en",
        "cue": "2",
        "rev": "1",
        "words": "The bus <will> stop.",
        "speaker": "Dr. Ortiz",
        "key": "key-00001",
    }
    done = await cai.submit(f"/office/{hall.code}/captions/correct", **form)
    assert (done.status_code, done.headers["location"].partition("#")[2]) == (303, "c-2")
    page = (await cai.get(f"/office/{hall.code}/captions")).text
    assert "Dr. Ortiz : The bus <will> stop." in seen(page)
    assert "Before: Dr. Trujillo : The bus will stop." in seen(page)
    archived = seen((await hall.visitor().get(f"/archive/{hall.code}")).text)
    assert ("The bus <will> stop." in archived, "The bus will stop." in archived) == (True, False)
    assert "Corrected on" in archived
    stale = await cai.submit(f"/office/{hall.code}/captions/correct", **form | {"key": "key-00002", "words": "No."})
    assert (stale.status_code, "Somebody has just corrected this caption." in stale.text) == (409, True)
    rosa = await hall.family()
    assert (await rosa.submit(f"/office/{hall.code}/captions/correct", **form)).status_code == 403


async def test_many_captions_are_found_by_their_words(hall: Hall) -> None:
    ana, _ = await evening(hall)
    await change(hall, [captions.Line(n * 1000, n * 1000 + 900, None, f"Number {n:03d}.") for n in range(150)])
    address = f"/office/{hall.code}/captions"
    first = (await ana.get(address)).text
    assert ("Number 059." in first, "Number 060." in first) == (True, False)
    assert "Number 060." in (await ana.get(f"{address}?lang=en&from=60")).text
    assert "Number 140." in (await ana.get(f"{address}?lang=en&cue=141")).text
    found = seen((await ana.get(f"{address}?lang=en&find=nUMBER 14")).text)
    assert ("Number 140." in found, "Number 013." in found) == (True, False)
    assert "No caption has these words." in (await ana.get(f"{address}?lang=en&find=%26nope")).text


async def test_a_page_of_corrected_captions_asks_the_database_no_more_often(sqlite_url: str) -> None:
    async with inside(sqlite_url) as server, open_hall(server) as hall:
        ana, _ = await evening(hall)
        await change(hall, [captions.Line(n * 1000, n * 1000 + 900, None, f"Number {n}.") for n in range(20)])
        address, asked = f"/office/{hall.code}/captions", []
        for cue in (1, 2, 3, 4, 5):
            await ana.do("caption.correct", lang="en", cue=cue, rev=1, words=f"Corrected {cue}.")
            await ana.get(address)  # Read anew after the correction; what comes now is what a page costs.
            with Counted(server.app.state.house.database, reading=True) as statements:
                page = seen((await ana.get(address)).text)
            asked.append(statements.count)
            assert [f"Before: Number {n - 1}." in page for n in range(1, 6)] == [n <= cue for n in range(1, 6)]
        assert (asked[0] > 0, asked) == (True, asked[:1] * 5)
