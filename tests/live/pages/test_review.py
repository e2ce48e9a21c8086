"""The review before publishing: what will be public, what may be personal, what is open; recording and links."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sessions.captions import Line
from sessions.events import Link
from tests.live.pages.test_archives import change, evening, seen
from tests.running import Hall, open_hall, shared_server


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


async def test_from_the_review_to_the_archive_and_back(hall: Hall) -> None:
    ana, _ = await evening(hall)
    rosa = await hall.family()
    await change(hall, [Line(0, 1000, "Rosa's iPhone", "Call me at 520-555-0142.")])
    page = (await ana.get(f"/office/{hall.code}/review")).text
    told = seen(page)
    for said in (
        "3: answered on stage 1, in writing 1, not answered 1",
        "Rosa's iPhone",
        "Phone number in the captions",
    ):
        assert said in told
    assert "1 question has no outcome yet." in told
    assert f'href="/office/{hall.code}/captions?lang=en&amp;cue=1#c-1"' in page
    asked = page.partition('class="sure"')[2]
    assert [asked.count(say) for say in ("1 place may still say something personal.", "1 question has no outcome")] == [
        1,
        1,
    ], "it is asked for knowingly"
    assert "Publish it as it is" in asked
    published = await ana.press("session.publish", back="review")
    assert published.headers["location"] == f"/office/{hall.code}/review"
    assert "Will the bus stop?" in (await rosa.get(f"/archive/{hall.code}")).text
    page = (await ana.get(f"/office/{hall.code}/review")).text
    assert ("session.publish" in page, "session.withdraw" in page) == (False, True)
    await ana.press("session.withdraw", back="review")
    assert "Publish it again" in (await ana.get(f"/office/{hall.code}/review")).text


async def test_with_nothing_left_to_look_at_it_is_published_at_once(hall: Hall) -> None:
    ana = await hall.staff("ana")
    await ana.do("session.end")
    page = (await ana.get(f"/office/{hall.code}/review")).text
    assert ("session.publish" in page, "Publish it as it is" in page) == (True, False)


async def test_the_recording_and_the_links(hall: Hall) -> None:
    ana = await hall.staff("ana")
    address = f"/office/{hall.code}/review"
    form = {
        "recording": " https://vimeo.com/76979871 ",
        "offset": "0:01:30",
        "links": "Bus map https://example.org/map\r\n\r\nhttps://example.org/",
    }
    saved = await ana.submit(address, **form)
    assert saved.status_code == 303
    plan = (await hall.house.session()).plan
    expected = (
        "https://vimeo.com/76979871",
        90_000,
        (Link("Bus map", "https://example.org/map"), Link("https://example.org/", "https://example.org/")),
    )
    assert (plan.recording, plan.offset, plan.links) == expected
    page = (await ana.get(address)).text
    assert 'value="0:01:30"' in page
    # The form of the plan knows nothing of them, and keeps them.
    fields = {"title": "Buses", "starts_at": "2031-07-01T18:00", "zone": "America/Phoenix", "languages": "en"}
    await ana.submit(f"/office/{hall.code}/edit", **fields, doors_minutes="30", limit="600")
    plan = (await hall.house.session()).plan
    assert (plan.title, plan.recording, plan.offset, plan.links) == ("Buses", *expected)
    for wrong in ({"recording": "javascript:alert(1)"}, {"offset": "soon"}, {"links": "Bus map"}):
        refused = await ana.submit(address, **form | wrong)
        assert (refused.status_code, "Nothing was changed." in refused.text) == (400, True)
    assert (await hall.house.session()).plan == plan
    rosa, ben = await hall.family(), await hall.staff("ben")
    for visitor in (rosa, ben):
        assert (await visitor.get(address)).status_code == 403
        assert (await visitor.submit(address, **form)).status_code == 403
