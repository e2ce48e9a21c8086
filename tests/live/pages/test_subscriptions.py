"""A feed, a calendar and a sitemap, as other programs read them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from xml.etree import ElementTree as xml

import pytest
from icalendar import Calendar

from live.pages.subscriptions import ATOM, SITEMAP
from tests.running import Hall, open_hall, shared_server

TITLE = "Buses <&> “routes”; a, b"


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server(), live=False, title=TITLE, about="Line one\nline two") as hall:
        yield hall


async def entries(hall: Hall) -> list[dict[str, str | None]]:
    """The entries of the feed, by what stands in them."""
    answer = await hall.visitor().get("/archive/feed.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    root = xml.fromstring(answer.content)
    assert {f"{{{ATOM}}}{name}" for name in ("id", "title", "updated", "author")} <= {child.tag for child in root}
    found = root.iterfind(f"{{{ATOM}}}entry")
    return [{child.tag.rpartition("}")[2]: child.text for child in entry} for entry in found]


async def test_the_feed_and_the_sitemap_have_what_is_published(hall: Hall) -> None:
    ana, address = await hall.staff("ana"), f"{hall.server.base}/archive/{hall.code}"
    for command in ("session.schedule", "session.start", "session.end"):
        await ana.do(command)
    assert address not in {entry["id"] for entry in await entries(hall)}
    await ana.do("session.publish")
    first = (await entries(hall))[0]
    assert (first["id"], first["title"], first["summary"]) == (address, TITLE, "Line one\nline two")
    sitemap = xml.fromstring((await hall.visitor().get("/sitemap.xml")).content)
    assert address in {loc.text for loc in sitemap.iter(f"{{{SITEMAP}}}loc")}
    robots = (await hall.visitor().get("/robots.txt")).text
    assert f"Sitemap: {hall.server.base}/sitemap.xml" in robots.splitlines()
    await ana.do("session.withdraw")
    assert address not in {entry["id"] for entry in await entries(hall)}


async def test_the_calendar_has_what_is_coming_and_says_what_was_cancelled(hall: Hall) -> None:
    ana = await hall.staff("ana")

    async def coming() -> dict[str, str]:
        answer = await hall.visitor().get("/coming.ics")
        assert answer.headers["content-type"].startswith("text/calendar")
        events = Calendar.from_ical(answer.content).walk("VEVENT")
        mine = [e for e in events if hall.code in str(e["uid"])]
        return {name: str(event[name]) for event in mine for name in ("summary", "status", "url", "sequence")}

    assert await coming() == {}, "a draft is nobody's business"
    await ana.do("session.schedule")
    planned = await coming()
    assert planned == {
        "summary": TITLE,
        "status": "CONFIRMED",
        "url": f"{hall.server.base}/s/{hall.code}",
        "sequence": planned["sequence"],
    }
    await ana.do("session.cancel")
    cancelled = await coming()
    assert (cancelled["status"], int(cancelled["sequence"]) > int(planned["sequence"])) == ("CANCELLED", True)
