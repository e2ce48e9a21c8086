"""The office by plain forms: plan, change, announce, open, run, publish; and what is typed wrong stays typed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from moderation.decisions import REASONS
from sessions import people
from sessions import session as sessions
from sessions.events import Plan
from sessions.lifecycle import MAX_SCHOOLS
from sessions.permissions import Role
from sessions.session import Session
from tests.running import Hall, Visitor, open_hall, shared_server

FORM: dict[str, Any] = {
    "title": "Buses & lunches",
    "about": "Ask the district.",
    "languages": ["en", "es"],
    "topics": "Buses\nLunches\r\n\n Buses ",
    "speakers": "Ms. Ortiz, Transportation\nMr. Lee",
    "schools": "Cholla High\n\n Manzo Elementary ",
    "reasons": ["twice", "off_topic", "boredom"],
    "starts_at": "2031-07-01T18:00",
    "ends_at": "2031-07-01T19:30",
    "zone": "America/New_York",
    "doors_minutes": "45",
    "review": "false",
    "names": "never",
    "limit": "280",
}
PLAN = Plan(
    title="Buses & lunches",
    about="Ask the district.",
    languages=("en", "es"),
    topics=("Buses", "Lunches"),
    speakers=("Ms. Ortiz, Transportation", "Mr. Lee"),
    schools=("Cholla High", "Manzo Elementary"),
    reasons=("off_topic", "twice"),
    starts_at=datetime(2031, 7, 1, 22, 0, tzinfo=UTC),
    ends_at=datetime(2031, 7, 1, 23, 30, tzinfo=UTC),
    zone="America/New_York",
    doors_minutes=45,
    review=False,
    names="never",
    limit=280,
)


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


async def administrator(hall: Hall, lang: str = "en") -> Visitor:
    """Somebody of the FACE office, come in by an invitation of the operator's."""
    async with hall.database.writing() as tx:
        _, token = await people.invite(tx, "operator", Role.ADMINISTRATOR, None, "FACE office")
    visitor = hall.visitor(lang=lang)
    assert (await visitor.submit(f"/invite/{token}")).headers["location"] == "/office"
    return visitor


async def planned(hall: Hall, visitor: Visitor, **changes: Any) -> Session:
    response = await visitor.submit("/office/new", **FORM | changes)
    assert response.status_code == 303, response.text
    async with hall.database.reading() as db:
        return await sessions.find(db, response.headers["location"].rpartition("/")[2])


async def count(hall: Hall) -> int:
    async with hall.database.reading() as db:
        return len(list(await db.scalars(select(Session.id))))


async def test_a_session_is_planned_as_it_was_typed(hall: Hall) -> None:
    ada = await administrator(hall)
    assert (await ada.get("/office/new")).status_code == 200
    session = await planned(hall, ada)
    assert (session.plan, session.state) == (PLAN, "draft")
    page = unescape((await ada.get(f"/office/{session.code}")).text)
    for told in ("Buses & lunches", "6:00", "America/New_York", session.code, "Being planned"):
        assert told in page
    listed = unescape((await ada.get("/office")).text)
    assert "Buses & lunches" in listed
    assert "Announce it" in listed
    # Nobody else knows of it.
    rosa = await hall.family()
    for path in (f"/s/{session.code}", f"/archive/{session.code}", f"/office/{session.code}"):
        assert (await rosa.get(path)).status_code == 404
    assert (await rosa.get("/", code=session.code)).status_code == 404
    assert session.code not in (await rosa.get("/")).text


FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"title": "  "}, "title", "Please give it a title."),
    ({"title": "x" * 121}, "title", "That is longer than the 120 characters there is room for. Please shorten it."),
    ({"title": "Turned \u202eround"}, "title", "Some hidden characters came along with these words."),
    ({"starts_at": ""}, "starts_at", "Please set a start time first."),
    ({"starts_at": "tomorrow"}, "starts_at", "Please give a date and a time, such as 2026-09-01 18:00."),
    ({"starts_at": "2031-02-30T18:00"}, "starts_at", "Please give a date and a time, such as 2026-09-01 18:00."),
    ({"ends_at": "later"}, "ends_at", "Please give a date and a time, such as 2026-09-01 18:00."),
    ({"ends_at": "2031-07-01T18:00"}, "ends_at", "The end has to come after the start."),
    ({"zone": "Mars/Olympus"}, "zone", "Please choose a time zone from the list."),
    ({"zone": "../../etc/passwd"}, "zone", "Please choose a time zone from the list."),
    ({"languages": []}, "languages", "Please choose at least one language."),
    ({"languages": ["xx"]}, "languages", "Please choose at least one language."),
    ({"doors_minutes": "-1"}, "doors_minutes", "Please give a number from 0 to 10080."),
    ({"doors_minutes": "soon"}, "doors_minutes", "Please give a number from 0 to 10080."),
    ({"limit": "49"}, "limit", "Please give a number from 50 to 2000."),
    ({"limit": "9" * 30}, "limit", "Please give a number from 50 to 2000."),
    ({"limit": "٣٠٠"}, "limit", "Please give a number from 50 to 2000."),
    ({"topics": "\n".join(map(str, range(31)))}, "title", "That is more than 30 lines. Please keep it shorter."),
    ({"about": "x" * 1001}, "title", "That is longer than the 1000 characters there is room for. Please shorten it."),
]


@pytest.mark.parametrize(("changes", "field", "sentence"), FAULTS, ids=range(len(FAULTS)))
async def test_what_was_typed_wrong_is_told_and_stays_typed(
    hall: Hall, changes: dict[str, Any], field: str, sentence: str
) -> None:
    ada, before = await administrator(hall), await count(hall)
    response = await ada.submit("/office/new", **FORM | changes)
    page = unescape(response.text)
    assert response.status_code == 400
    assert re.search(rf'id="{field}-wrong">{re.escape(sentence)}', page) or sentence in page
    assert "Nothing is saved yet." in page
    for name, value in (FORM | changes).items():
        if isinstance(value, str) and value.strip() and name not in ("review", "names"):
            assert value.replace("\r\n", "\n") in page or name == "zone", name
    assert '<input type="radio" name="names" value="never" checked>' in response.text
    assert '<input type="radio" name="review" value="false" checked>' in response.text
    assert await count(hall) == before
    spanish = await ada.http.post("/office/new", params={"lang": "es"}, data=FORM | changes)
    assert (spanish.status_code, sentence in unescape(spanish.text)) == (400, False)


async def test_a_form_with_nothing_in_it(hall: Hall) -> None:
    ada, before = await administrator(hall), await count(hall)
    response = await ada.submit("/office/new", title="")
    assert response.status_code == 400
    for sentence in (
        "Please give it a title.",
        "Please set a start time first.",
        "Please choose at least one language.",
    ):
        assert sentence in response.text
    assert await count(hall) == before


@pytest.mark.parametrize("chosen", [[], list(REASONS), ["boredom"]])
async def test_all_reasons_are_what_a_plan_says_without_any(hall: Hall, chosen: list[str]) -> None:
    ada = await administrator(hall)
    session = await planned(hall, ada, reasons=chosen)
    assert session.plan.reasons == ()
    form = (await ada.get(f"/office/{session.code}/edit")).text
    assert re.findall(r'name="reasons" value="(\w+)" checked', form) == list(REASONS)


async def test_schools_and_reasons_stand_in_the_form_as_they_are_planned(hall: Hall) -> None:
    ada = await administrator(hall)
    assert re.findall(r'name="reasons" value="(\w+)" checked', (await ada.get("/office/new")).text) == list(REASONS)
    session = await planned(hall, ada)
    form = (await ada.get(f"/office/{session.code}/edit")).text
    assert re.findall(r'name="reasons" value="(\w+)" checked', form) == ["off_topic", "twice"]
    assert ">Cholla High\nManzo Elementary</textarea>" in form
    crowd = "\n".join(f"School {number}" for number in range(MAX_SCHOOLS + 1))
    wrong = await ada.submit("/office/new", **FORM | {"schools": crowd})
    assert (wrong.status_code, f"School {MAX_SCHOOLS}" in wrong.text) == (400, True)


async def test_a_plan_is_changed_and_everybody_hears_of_it(hall: Hall) -> None:
    ada = await administrator(hall)
    session = await planned(hall, ada)
    await ada.submit(f"/s/{session.code}/do/session.schedule", back="office")
    rosa = Visitor(ada.base, session.code)
    hall.visitors.append(rosa)
    await rosa.get()
    device = await hall.join(rosa)
    form = (await ada.get(f"/office/{session.code}/edit")).text
    for told in (
        'value="2031-07-01T18:00"',
        'value="2031-07-01T19:30"',
        'value="45"',
        "Ms. Ortiz, Transportation\nMr.",
    ):
        assert told in form
    changed = await ada.submit(f"/office/{session.code}/edit", **FORM | {"title": "Buses only", "limit": "300"})
    assert (changed.status_code, changed.headers["location"]) == (303, f"/office/{session.code}")
    await device.until(lambda: device.session["title"] == "Buses only")
    await device.agrees()
    assert "Buses only" in (await rosa.get()).text
    wrong = await ada.submit(f"/office/{session.code}/edit", **FORM | {"title": "", "limit": "7"})
    assert (wrong.status_code, 'value="7"' in wrong.text) == (400, True)
    assert "Buses only" in (await rosa.get()).text


@pytest.mark.parametrize(
    ("zone", "typed", "moment"),
    [
        ("America/Phoenix", "2031-01-15T18:00", "2031-01-16T01:00Z"),
        ("America/Phoenix", "2031-07-15T18:00", "2031-07-16T01:00Z"),  # Arizona keeps its clocks.
        ("America/New_York", "2031-01-15T18:00", "2031-01-15T23:00Z"),
        ("America/New_York", "2031-07-15T18:00", "2031-07-15T22:00Z"),
        ("America/New_York", "2031-03-09T01:59", "2031-03-09T06:59Z"),
        ("America/New_York", "2031-03-09T03:00", "2031-03-09T07:00Z"),
        ("America/New_York", "2031-11-02T01:30", "2031-11-02T05:30Z"),  # The first of two.
        ("America/New_York", "2031-11-02T03:00", "2031-11-02T08:00Z"),
        ("Asia/Kathmandu", "2031-07-15T18:00", "2031-07-15T12:15Z"),
    ],
)
async def test_times_are_on_the_wall_clock_of_the_sessions_zone(hall: Hall, zone: str, typed: str, moment: str) -> None:
    ada = await administrator(hall)
    session = await planned(hall, ada, zone=zone, starts_at=typed, ends_at="")
    assert session.starts_at == datetime.fromisoformat(moment.replace("Z", "+00:00"))
    assert (
        f'name="starts_at" type="datetime-local" required value="{typed}"'
        in (await ada.get(f"/office/{session.code}/edit")).text
    )
    # Saving the form as it came changes nothing.
    again = await ada.submit(f"/office/{session.code}/edit", **FORM | {"zone": zone, "starts_at": typed, "ends_at": ""})
    assert again.status_code == 303
    async with hall.database.reading() as db:
        kept = await sessions.find(db, session.code)
    assert (kept.starts_at, kept.seq) == (session.starts_at, session.seq)
    there = session.starts_at.astimezone(ZoneInfo(zone))
    page = (await ada.get(f"/office/{session.code}")).text
    assert there.strftime("%-I:%M\u00a0%p") in page
    spanish = (await ada.get(f"/office/{session.code}", lang="es")).text
    assert there.strftime("%-I:%M\u00a0") in spanish


async def test_an_hour_that_the_clocks_skip_is_one_that_exists(hall: Hall) -> None:
    """2:30 on the morning when it is not: the same moment by either clock, and the form shows one that is."""
    ada = await administrator(hall)
    session = await planned(hall, ada, starts_at="2031-03-09T02:30", ends_at="2031-03-09T04:00")
    assert session.starts_at == datetime(2031, 3, 9, 7, 30, tzinfo=UTC)
    assert 'value="2031-03-09T03:30"' in (await ada.get(f"/office/{session.code}/edit")).text


STEPS = [
    ("draft", ["schedule"]),
    ("scheduled", ["open_doors", "start", "cancel"]),
    ("doors_open", ["start", "cancel"]),
    ("live", ["end", "pause"]),
    ("paused", ["resume", "end"]),
    ("live", ["end", "pause"]),
    ("ended", []),
    ("published", []),
]
"""A session's way, and what the office offers at each of its states: the next step first."""
REVIEWED = {"ended": {"publish"}}
"""What can be done then, and is offered on the page of the review."""


async def test_a_session_is_led_from_the_plan_to_the_archive(hall: Hall) -> None:
    ada, rosa = await administrator(hall), await hall.family()
    session = await planned(hall, ada)
    way: Iterator[str | None] = iter(("schedule", "open_doors", "start", "pause", "resume", "end", "publish", None))
    for state, offered in STEPS:
        page = (await ada.get(f"/office/{session.code}")).text
        forms = re.findall(rf'action="/s/{session.code}/do/session\.(\w+)"', page)
        assert forms[:1] == offered[:1]
        assert sorted(forms) == sorted(offered), state
        listed = (await ada.get("/office")).text
        assert session.code in listed
        for verb in (
            {"schedule", "open_doors", "start", "end", "publish", "cancel"} - set(offered) - REVIEWED.get(state, set())
        ):
            refused = await ada.submit(f"/s/{session.code}/do/session.{verb}", back="office")
            assert refused.status_code == 409
        assert (session.code in (await rosa.get("/archive")).text) is (state == "published")
        if step := next(way):
            pressed = await ada.submit(f"/s/{session.code}/do/session.{step}", back="office")
            assert pressed.headers["location"] == f"/office/{session.code}"
    assert (await rosa.get(f"/archive/{session.code}")).status_code == 200
    assert f"/archive/{session.code}" in (await ada.get("/office")).text


async def test_who_may_come_into_the_office(hall: Hall) -> None:
    nobody, rosa, ben, ana = hall.visitor(), await hall.family(), await hall.staff("ben"), await hall.staff("ana")
    for visitor in (nobody, rosa):
        for path in ("/office", "/office/new"):
            assert (await visitor.get(path)).headers["location"] == "/sign-in"
        assert (await visitor.submit("/office/new", **FORM)).headers["location"] == "/sign-in"
    assert (await nobody.get("/sign-in")).status_code == 200
    for visitor in (nobody, rosa, ben):
        for path in (f"/office/{hall.code}", f"/office/{hall.code}/edit"):
            assert (await visitor.get(path)).status_code == 403
        for path in ("edit", "invite", "revoke", "remove"):
            assert (await visitor.submit(f"/office/{hall.code}/{path}", **FORM)).status_code == 403
    assert hall.code not in (await ben.get("/office")).text, "he runs nothing"
    # A host runs this session, knows of no other, and plans none.
    async with open_hall(hall.server, live=False) as other:
        async with hall.database.writing() as tx:
            tx.db.add(people.Person(id=f"host-{hall.code}", name="Host", made_at=tx.now))
            await tx.db.flush()
            await people.grant(tx, f"host-{hall.code}", Role.HOST, hall.house.session_id)
        host = await hall.staff(f"host-{hall.code}")
        page = (await host.get("/office")).text
        assert (hall.code in page, other.code in page) == (True, False)
        assert (await host.get(f"/office/{other.code}")).status_code == 404
        assert (await host.get("/office/new")).status_code == 403
        assert (await host.submit("/office/new", **FORM)).status_code == 403
    assert (await ana.get(f"/office/{hall.code}")).status_code == 200


async def test_people_are_listed_and_removed(hall: Hall) -> None:
    ana = await hall.staff("ana")
    page = (await ana.get(f"/office/{hall.code}")).text
    number = re.search(r'name="membership" value="(\d+)"><button aria-label="Take the role away: Sam, Speaker"', page)
    assert number is not None
    sam = await hall.staff("sam")
    assert (await sam.get("speak")).status_code == 200
    removed = await ana.submit(f"/office/{hall.code}/remove", membership=number[1])
    assert (removed.status_code, removed.headers["location"]) == (303, f"/office/{hall.code}")
    assert (await sam.get("speak")).status_code == 403
    assert "Sam, Speaker" not in (await ana.get(f"/office/{hall.code}")).text
    for again in (number[1], "0", "x", ""):
        assert (await ana.submit(f"/office/{hall.code}/remove", membership=again)).status_code == 404
    async with open_hall(hall.server) as other, hall.database.reading() as db:
        foreign = await db.scalar(
            select(people.Membership.id).where(people.Membership.session_id == other.house.session_id)
        )
        assert (await ana.submit(f"/office/{hall.code}/remove", membership=foreign)).status_code == 404
