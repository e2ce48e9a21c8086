"""What other programs keep an eye on: a feed of published archives, a calendar of coming sessions, a sitemap."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from xml.etree import ElementTree as xml

from icalendar import Calendar
from icalendar import Event as CalendarEvent
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from live.pages.visit import house_of
from sessions import session as sessions
from sessions.database import clock
from sessions.events import SessionState as S
from sessions.session import Session

ATOM = "http://www.w3.org/2005/Atom"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
IN_FEED = 50
USUAL_LENGTH = timedelta(hours=1)
"""Of a session whose end is not planned."""
NOBODYS = ("/archive/search", "/office", "/s/", "/sign-in", "/invite", "/receipt")
"""Where a search engine has nothing to look for."""


async def listed(request: Request, *states: S) -> list[Session]:
    async with house_of(request).database.reading() as db:
        return list(await sessions.in_states(db, *states))


def by_publishing(published: Iterable[Session]) -> list[Session]:
    return sorted(published, key=lambda s: (s.published_at.timestamp() if s.published_at else 0.0, s.id), reverse=True)


def written(root: xml.Element, media: str) -> Response:
    xml.indent(root)
    return Response(xml.tostring(root, encoding="utf-8", xml_declaration=True), media_type=media)


async def atom(request: Request) -> Response:
    """Published archives as Atom, those published last first."""
    house, published = house_of(request), by_publishing(await listed(request, S.PUBLISHED))
    gettext, home = house.renderer.gettext(house.renderer.lang(request)), house.settings.home
    root = xml.Element("feed", xmlns=ATOM)
    title = f"{gettext('Earlier sessions')} · {house.settings.district}"
    for name, text in (("title", title), ("id", f"{home}/archive"), ("updated", moment(published[:1]))):
        xml.SubElement(root, name).text = text
    xml.SubElement(root, "link", rel="self", type="application/atom+xml", href=f"{home}/archive/feed.atom")
    xml.SubElement(root, "link", rel="alternate", type="text/html", href=f"{home}/archive")
    xml.SubElement(xml.SubElement(root, "author"), "name").text = house.settings.district
    for session in published[:IN_FEED]:
        root.append(entry(session, f"{home}/archive/{session.code}"))
    return written(root, "application/atom+xml; charset=utf-8")


def entry(session: Session, address: str) -> xml.Element:
    made = xml.Element("entry")
    for name, text in (("title", session.title), ("id", address), ("updated", moment([session]))):
        xml.SubElement(made, name).text = text
    xml.SubElement(made, "link", rel="alternate", type="text/html", href=address)
    if about := session.plan.about:
        xml.SubElement(made, "summary").text = about
    return made


def moment(published: list[Session]) -> str:
    at = next((s.published_at for s in published if s.published_at), None) or clock()
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


async def calendar(request: Request) -> Response:
    """Coming sessions as a calendar to subscribe to; one that was cancelled says so."""
    house = house_of(request)
    made = Calendar()
    made.add("prodid", "-//FACE-to-Face//EN")
    made.add("version", "2.0")
    made.add("name", house.settings.district)
    made.add("x-wr-calname", house.settings.district)
    for session in await listed(request, S.SCHEDULED, S.DOORS_OPEN, S.LIVE, S.PAUSED, S.CANCELLED):
        if session.starts_at and not session.endless:
            made.add_component(appointment(session, house.settings.home))
    return Response(made.to_ical(), media_type="text/calendar; charset=utf-8")


def appointment(session: Session, home: str) -> CalendarEvent:
    event, plan, starts_at = CalendarEvent(), session.plan, session.starts_at
    assert starts_at is not None  # noqa: S101 (told by whoever lists them)
    address = f"{home}/s/{session.code}"
    event.add("uid", f"{session.code}@{home.partition('://')[2]}")
    event.add("dtstamp", clock())
    event.add("sequence", session.seq)  # Grows with every change, by which calendars know the newer one.
    event.add("dtstart", starts_at)
    event.add("dtend", session.ends_at or starts_at + USUAL_LENGTH)
    event.add("summary", session.title)
    event.add("description", "\n\n".join(filter(None, (plan.about, address))))
    event.add("url", address)
    event.add("status", "CANCELLED" if session.state == S.CANCELLED else "CONFIRMED")
    return event


async def sitemap(request: Request) -> Response:
    home, root = house_of(request).settings.home, xml.Element("urlset", xmlns=SITEMAP)
    for address in ("/", "/archive"):
        xml.SubElement(xml.SubElement(root, "url"), "loc").text = home + address
    for session in by_publishing(await listed(request, S.PUBLISHED)):
        url = xml.SubElement(root, "url")
        xml.SubElement(url, "loc").text = f"{home}/archive/{session.code}"
        if session.published_at:
            xml.SubElement(url, "lastmod").text = f"{session.published_at:%Y-%m-%d}"
    return written(root, "application/xml")


async def robots(request: Request) -> Response:
    home = house_of(request).settings.home
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in NOBODYS), "", f"Sitemap: {home}/sitemap.xml", ""]
    return PlainTextResponse("\n".join(lines))


routes = [
    Route("/archive/feed.atom", atom),
    Route("/coming.ics", calendar),
    Route("/sitemap.xml", sitemap),
    Route("/robots.txt", robots),
]
