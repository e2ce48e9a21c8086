"""The log of a session as a page, and to take away as CSV or JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_skeleton, format_time
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from live import texts
from live.pages.visit import Visit, visit
from live.rendering import row_view
from moderation import audit
from moderation.audit import FAMILIES, Line, Reader, Wanted
from moderation.sayings import KINDS
from sessions import log, people
from sessions.board import Board
from sessions.events import Entry
from sessions.permissions import Permission
from sessions.refusals import Refusal
from sessions.sheets import MEDIA, sheet

PAGE = 200
AT_ONCE = 2_000
"""Entries that are read from the database before others have their turn."""
FILTERS = ("who", "kind", "number", "since", "until", "order")
COLUMNS = ("seq", "at", "who", "event", "number", "was", "state", "sentence", "why")


class Log(NamedTuple):
    """A whole log as sentences, what of it was looked for, the board it leads to, and the hash at its end."""

    here: Visit
    lang: str
    lines: list[Line]
    found: list[Line]
    board: Board
    seal: str

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.board.plan.zone)

    @property
    def head(self) -> dict[str, Any]:
        return {"seq": self.board.seq, "hash": self.seal}


async def read(request: Request) -> Log:
    here = await visit(request, Permission.READ_DESK)
    lang, feed = here.house.renderer.lang(request), await here.feed()
    board, seal = feed.board, feed.hash  # Together: the log may grow while it is read.
    entries: list[Entry] = []
    async with here.house.database.reading() as db:
        while len(entries) < board.seq:
            at = (entries[-1].seq, entries[-1].public) if entries else (0, 0)
            more = await log.since(db, here.session.id, *at, most=min(AT_ONCE, board.seq - len(entries)))
            if not more:  # A backup was put back meanwhile.
                break
            entries += more
        names = await people.names(db, (entry.event.by for entry in entries))
    gettext = here.house.renderer.gettext(lang)
    reader = Reader(gettext, lang, texts.labels(gettext), names)
    # Beside the loop: thousands of sentences would hold up everybody else's answers.
    lines = await asyncio.to_thread(audit.lines, entries, board, reader)
    looked_for = wanted(request.query_params, board.plan.zone)
    return Log(here, lang, lines, [line for line in lines if looked_for.has(line)], board, seal)


def wanted(query: QueryParams, zone: str) -> Wanted:
    """What the address looks for; what cannot be read looks for nothing."""
    number = query.get("number", "")
    return Wanted(
        who=query.get("who") or None,
        kind=kind if (kind := query.get("kind")) in KINDS else None,
        number=int(number) if number.isascii() and number.isdigit() and len(number) < 9 else None,
        since=moment(query.get("since"), zone),
        until=until + timedelta(minutes=1) if (until := moment(query.get("until"), zone)) else None,
    )


def moment(typed: str | None, zone: str) -> datetime | None:
    """A minute on the wall clock of the session."""
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=ZoneInfo(zone)) if typed else None
    except ValueError:
        return None


async def whole(request: Request) -> Response:
    form = request.query_params.get("format", "page")
    if form not in FORMATS:
        raise Refusal("bad", "This address asks for a view that does not exist.")
    return await FORMATS[form](request, await read(request))


async def as_page(request: Request, told: Log) -> Response:
    here, query, found = told.here, request.query_params, told.found
    order = "first" if query.get("order") == "first" else "last"
    if order == "last":
        found = found[::-1]
    pages = max(1, -(-len(found) // PAGE))
    typed = query.get("page", "")
    number = min(pages, max(1, int(typed))) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 1
    kept = {name: value for name in FILTERS if (value := query.get(name, ""))}
    return here.house.renderer.page(
        request,
        "log.html",
        caller=here.caller,
        session=row_view(here.session),
        lines=found[(number - 1) * PAGE : number * PAGE],
        total=len(found),
        pages=pages,
        number_of_page=number,
        address=lambda **more: f"/s/{here.session.code}/log?{urlencode(kept | more)}",
        typed={name: query.get(name, "") for name in FILTERS} | {"order": order},
        is_filtered=bool(kept.keys() - {"order"}),
        kinds=KINDS,
        people=actors(told.lines, query.get("who", "")),
        families=FAMILIES,
        moment=teller(told.zone, told.lang),
        head=told.head,
    )


def actors(lines: Iterable[Line], chosen: str) -> list[tuple[str, str]]:
    """(mark, name) of everybody of the staff who is in the log; of the families, only the one looked for."""
    found = {line.mark: line.who for line in lines if not line.is_family or line.mark == chosen}
    return sorted(found.items(), key=lambda one: one[1].casefold())


def teller(zone: ZoneInfo, lang: str) -> Callable[[datetime], str]:
    """Tells a moment to the second, as people in the United States say it in their language."""
    locale = f"{lang}_US"

    def tell(at: datetime) -> str:
        there = at.astimezone(zone)
        clock = format_time(there, "medium", locale=locale).replace("\u202f", "\u00a0")
        return f"{format_skeleton('MMMd', there, locale=locale)}, {clock}"

    return tell


def row(line: Line, zone: ZoneInfo) -> dict[str, Any]:
    """A line for programs."""
    return {
        "seq": line.seq,
        "at": line.at.astimezone(zone).isoformat(timespec="milliseconds"),
        "who": line.who,
        "event": line.event,
        "question": line.question,
        "number": line.number,
        "was": line.was,
        "state": line.state,
        "sentence": line.sentence,
        "why": " · ".join(f"{why.label}: {why.words}" for why in line.why),
    }


def json_of(found: Iterable[Line], zone: ZoneInfo, head: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"head": head, "log": [row(line, zone) for line in found]})


async def as_csv(_: Request, told: Log) -> Response:
    body = await asyncio.to_thread(lambda: sheet(COLUMNS, (row(line, told.zone) for line in told.found)))
    return download(told, body, "csv", MEDIA)


async def as_json(_: Request, told: Log) -> Response:
    body = await asyncio.to_thread(json_of, told.found, told.zone, told.head)
    return download(told, body, "json", "application/json")


def download(told: Log, body: bytes, kind: str, media: str) -> Response:
    name = f"log-{told.here.session.code}.{kind}"
    return Response(body, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})


FORMATS: dict[str, Callable[[Request, Log], Awaitable[Response]]] = {"page": as_page, "csv": as_csv, "json": as_json}

routes = [Route("/s/{code}/log", whole)]
