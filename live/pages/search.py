"""The page on which everything published is searched."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from live.pages.visit import house_of, known
from sessions import query, vocabulary
from sessions import search as searching
from sessions import session as sessions
from sessions.events import SessionState
from sessions.places import MARKS
from sessions.query import Wanted
from sessions.refusals import Refusal
from sessions.session import Session

NAMES = ("q", "session", "kind", "in", "topic", "since", "until")
"""What the address may say; `in` is a language, where `lang` is the page's own."""
TOPICS = 40
"""Topics to choose from, those with most to read."""


async def search(request: Request) -> Response:
    """What was found, or the empty field; what cannot be searched for is said so, in the page."""
    house, typed = house_of(request), {name: request.query_params.get(name, "").strip() for name in NAMES}
    lang = house.renderer.lang(request)
    found, say, status, within = None, None, 200, None
    async with house.database.reading() as db:
        try:
            if typed["session"]:
                within = await published(db, typed["session"])
            if typed["q"]:
                found = await searching.search(db, wanted(request.query_params, typed, within))
        except Refusal as refusal:
            say, status = refusal.say(house.renderer.gettext(lang), lang), refusal.status
        topics = (await vocabulary.topics(db))[:TOPICS]
    kept = {name: value for name, value in typed.items() if value}
    return house.renderer.page(
        request,
        "archive_search.html",
        caller=await known(request),
        status=status,
        typed=typed,
        is_narrowed=bool(kept.keys() - {"q", "session"}),
        within=within,
        found=found,
        say=say,
        topics=[(topic, topic) for topic in topics],
        day=lambda day: format_date(day, "long", locale=f"{lang}_US"),
        kinds=list(MARKS),
        address=address,
        again=lambda **more: "/archive/search?" + urlencode(kept | more),
    )


async def published(db: Any, code: str) -> Session:
    session = await sessions.find(db, code)
    if session.state != SessionState.PUBLISHED:
        raise sessions.no_such_session()
    return session


def wanted(query_params: QueryParams, typed: dict[str, str], within: Session | None) -> Wanted:
    """What the address looks for. Raises Refusal `bad`."""
    page = query_params.get("page", "")
    return Wanted(
        terms=query.terms(typed["q"]),
        session=within.id if within else None,
        kind=typed["kind"] if typed["kind"] in MARKS else None,
        lang=typed["in"] or None,
        topic=typed["topic"] or None,
        since=day_of(typed["since"]),
        until=day_of(typed["until"]),
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )


def day_of(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError as error:
        raise Refusal("bad", "Please give the day as year, month and day, such as 2026-05-01.") from error


def address(code: str, anchor: str) -> str:
    """Where a place stands; the archive knows on which of its pages."""
    kind, _, name = anchor.partition("-")
    if kind == "q":
        return f"/archive/{code}?{urlencode({'q': name})}"
    if kind == "c":
        lang, _, cue = name.rpartition("-")
        return f"/archive/{code}?{urlencode({'captions': lang, 'cue': cue})}"
    return f"/archive/{code}"


routes = [Route("/archive/search", search)]
