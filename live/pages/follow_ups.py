"""Follow-ups: what is owed to families outside the session, for one session and for all of them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from live.pages.visit import Visit, house_of, staff, visit
from live.rendering import row_view
from moderation import contacts, followups, states
from moderation.audit import language
from moderation.contacts import Reach
from moderation.promises import Promise, promises, urgency
from sessions import people
from sessions import session as sessions
from sessions.audiences import card
from sessions.database import clock
from sessions.events import SessionState as S
from sessions.permissions import Caller, Permission
from sessions.question import Audience
from sessions.refusals import Phrase
from sessions.session import Session

PAGE = 50
LISTS: dict[str, Phrase] = {
    "open": Phrase("Open"),
    "mine": Phrase("Mine"),
    "overdue": Phrase("Overdue"),
    "closed": Phrase("Closed"),
}
"""The lists to choose from."""
BACKS = {f"follow_ups.{name}": f"/s/{{code}}/follow-ups?list={name}" for name in LISTS} | {
    f"all_follow_ups.{name}": f"/office/follow-ups?list={name}" for name in LISTS
}
"""Where forms lead back to: the list that they were on."""
NUMBER = r"\+?\(?[0-9][0-9 ().\-/\u00a0]{5,}[0-9]"
ADDRESS = r"[^\s@<>()\[\],;:\"']+@[A-Za-z0-9.\-]+\.[A-Za-z]{2,}"
REACHED_BY = re.compile(f"({ADDRESS})|({NUMBER})")
DIGITS = range(7, 16)
"""How many there are in a telephone number."""

Piece = tuple[str, str | None]
"""A part of a text, and where it leads if it is pressed."""


def pieces(contact: str) -> list[Piece]:
    """A contact as its family wrote it; what is plainly an address or a telephone number can be pressed."""
    found: list[Piece] = []
    at = 0
    for match in REACHED_BY.finditer(contact):
        digits = re.sub(r"[^0-9]", "", match[0])
        if match[2] and len(digits) not in DIGITS:
            continue
        link = f"mailto:{quote(match[0], safe='@')}" if match[1] else f"tel:{'+' * match[0].startswith('+')}{digits}"
        found += [(contact[at : match.start()], None), (match[0], link)]
        at = match.end()
    return [piece for piece in [*found, (contact[at:], None)] if piece[0]]


class Row(NamedTuple):
    """A promise with its session and who reads it there; `reaches` are None for those who may not read contacts."""

    promise: Promise
    session: Session
    caller: Caller
    today: date
    reaches: Mapping[str, Reach] | None

    @property
    def is_overdue(self) -> bool:
        return self.promise.is_overdue(self.today)

    @property
    def urgency(self) -> tuple[bool, date, datetime]:
        return urgency(self.promise, self.today)

    @property
    def closed_at(self) -> datetime:
        question = self.promise.question
        if question.follow_up and question.follow_up.closed:
            return question.follow_up.closed.at
        return question.answers[-1].at if question.answers else question.settled_at or question.asked_at


async def rows_of(here: Visit, now: datetime) -> list[Row]:
    feed, house = await here.feed(), here.house
    reaches = None
    if here.caller.may(Permission.READ_CONTACTS):
        async with house.database.reading() as db:
            reaches = await contacts.reaches(db, house.settings.cipher(), here.caller, here.session.id)
    today = now.astimezone(ZoneInfo(feed.board.plan.zone)).date()
    return [Row(promise, here.session, here.caller, today, reaches) for promise in promises(feed.board)]


def listed(rows: Iterable[Row], name: str, whose: str | None) -> list[Row]:
    """The rows of one list in its order: what is most urgent first, what was closed last first."""
    if name == "closed":
        return sorted((row for row in rows if not row.promise.is_open), key=lambda row: row.closed_at, reverse=True)
    found = [row for row in rows if row.promise.is_open]
    if name == "mine":
        found = [row for row in found if row.promise.is_of(whose)]
    if name == "overdue":
        found = [row for row in found if row.is_overdue]
    return sorted(found, key=lambda row: row.urgency)


def told(row: Row, lang: str) -> dict[str, Any]:
    """A row as the template knows it."""
    question, promise, caller = row.promise.question, row.promise, row.caller
    possible = {verb for state, verb in states.TRANSITIONS if state is question.state}
    reached = [row.reaches[asker] for asker in promise.askers if asker in row.reaches] if row.reaches else []
    return {
        "card": card(question, Audience.DESK),
        "session": row_view(row.session),
        "is_open": promise.is_open,
        "is_planned": bool(question.follow_up and not question.follow_up.closed),
        "language": language(question.lang, lang),
        "owner": promise.owner,
        "due": promise.due,
        "due_in_words": promise.due and format_date(promise.due, "full", locale=f"{lang}_US"),
        "late": (row.today - promise.due).days if promise.due and row.is_overdue else 0,
        "is_today": promise.is_open and promise.due == row.today,
        "is_reachable": bool(promise.askers),
        "reads_contacts": row.reaches is not None,
        "reaches": [{"pieces": pieces(reach.contact), "times": reach.times} for reach in reached],
        "may_plan": "follow_up" in possible,
        "may_answer": "answer" in possible and caller.may(Permission.ANSWER),
        "is_undecided": "answer" not in possible and caller.may(Permission.DECIDE),
    }


def page(
    request: Request, caller: Caller, rows: Sequence[Row], *, home: str, back: str, session: Session | None = None
) -> Response:
    renderer, query = house_of(request).renderer, request.query_params
    lang = renderer.lang(request)
    name = query.get("list", "") if query.get("list") in LISTS else "open"
    spoken = query.get("in", "")
    languages = {row.promise.question.lang: language(row.promise.question.lang, lang) for row in rows}
    found = [row for row in listed(rows, name, caller.name) if spoken in ("", row.promise.question.lang)]
    pages = max(1, -(-len(found) // PAGE))
    typed = query.get("page", "")
    number = min(pages, max(1, int(typed))) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 1
    kept = {"list": name} | ({"in": spoken} if spoken else {})
    return renderer.page(
        request,
        "follow_ups.html",
        caller=caller,
        my_name=caller.name,
        session=row_view(session) if session else None,
        rows=[told(row, lang) for row in found[(number - 1) * PAGE : number * PAGE]],
        total=len(found),
        pages=pages,
        number_of_page=number,
        address=lambda **more: f"{home}?{urlencode(kept | more)}",
        list=name,
        lists=[(key, words, len(listed(rows, key, caller.name))) for key, words in LISTS.items()],
        counts_closed=session is not None or name == "closed",
        spoken=spoken,
        all_languages=sorted(languages.items(), key=lambda one: one[1].casefold()),
        owners=sorted({owner for row in rows if (owner := row.promise.owner)} | {caller.name or ""} - {""}),
        tries=followups.TRIES,
        outcomes=followups.OUTCOMES,
        back=f"{back}.{name}",
        make_key=make_key,
    )


def make_key() -> str:
    """One for each form: pressed twice, it counts once."""
    return secrets.token_urlsafe(12)


async def of_one(request: Request) -> Response:
    here = await visit(request, Permission.FOLLOW_UP)
    rows = await rows_of(here, clock())
    home = f"/s/{here.session.code}/follow-ups"
    return page(request, here.caller, rows, home=home, back="follow_ups", session=here.session)


async def of_all(request: Request) -> Response:
    """Over all sessions in which the caller may follow up; what is marked as complete has nothing open any more."""
    house, caller = house_of(request), await staff(request)
    if caller is None:
        return RedirectResponse("/sign-in", 303)
    rows: list[Row] = []
    is_closed, now = request.query_params.get("list") == "closed", clock()
    async with house.database.reading() as db:
        concerned = await followups.concerned(db)
        mine = await people.sessions_of(db, caller.person)
        reached = [s for s in await sessions.in_states(db, *S) if s.id in concerned and (None in mine or s.id in mine)]
        callers = {s.id: await people.caller(db, caller.person, s.id) for s in reached}
    for session in reached:
        may = callers[session.id].may(Permission.FOLLOW_UP)
        if may and (is_closed or session.completed_at is None):
            rows += await rows_of(Visit(house, session, callers[session.id], False), now)
    return page(request, caller, rows, home="/office/follow-ups", back="all_follow_ups")


routes = [
    Route("/s/{code}/follow-ups", of_one),
    Route("/office/follow-ups", of_all),
]
