"""What of the desk an address asks for, and the addresses that lead there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from live.feed import Feed
from live.pages import wire
from live.pages.visit import Visit
from moderation import triage
from moderation.triage import Filters
from sessions.question import Question

FIRST = 50
"""Rows on a page: more than anybody sees at once, and few enough for a flood."""
VIEWS = ("list", "question", "line")
IN_ADDRESS = ("language", "topic", "school", "flag", "tag", "whose")
"""The filters in an address, beside the text."""
NEXT = "next"
"""In place of a question's id: the first of the list that nobody else is on."""
Address = Callable[..., str]


def claims_of(here: Visit) -> Mapping[str, Mapping[str, str]]:
    """Who looks at which question now."""
    return {question: claim.told for question, claim in here.house.claims.of(here.session.id).items()}


def asked_filters(query: Mapping[str, str]) -> Filters:
    """The filters of an address; a nonsensical one is none."""
    told = {name: query.get(name, "").strip() for name in IN_ADDRESS} | {"text": query.get("q", "").strip()}
    try:
        return msgspec.convert(told, Filters)
    except msgspec.ValidationError:
        return msgspec.convert(told | {"whose": ""}, Filters)


def addresses(code: str, **stands: Any) -> Address:
    """Makes addresses of the desk: as it stands now, with changes; what is empty is left out."""

    def to(**changes: Any) -> str:
        query = {name: value for name, value in (stands | changes).items() if value}
        return f"/s/{code}/desk" + (f"?{urlencode(query)}" if query else "")

    return to


class Seen(NamedTuple):
    """What of the desk an address asks for."""

    places: dict[str, list[Question]]
    opened: Question | None
    chosen: str
    view: str
    sort: str
    filters: Filters
    rows: list[Question]
    start: int

    @property
    def listed(self) -> list[Question]:
        """The rows of this page."""
        return self.rows[self.start : self.start + FIRST]

    @property
    def at(self) -> int | None:
        """Where in its list the open question stands."""
        return next((at for at, question in enumerate(self.rows) if question is self.opened), None)

    @property
    def stands(self) -> dict[str, str]:
        """Which list is seen, in what order, and what of it: what is kept from one page to the next."""
        sort = "" if self.sort == triage.SORTS[0] else self.sort
        filters = {name: getattr(self.filters, name) for name in IN_ADDRESS} | {"q": self.filters.text}
        return {"list": self.chosen, "sort": sort} | filters

    @property
    def kept(self) -> str:
        """The same, as a form carries it along."""
        return "?" + urlencode({name: value for name, value in self.stands.items() if value})

    def address(self, code: str) -> Address:
        return addresses(code, **self.stands, open=self.opened.id if self.opened else "")


def seen(here: Visit, feed: Feed, query: Mapping[str, str]) -> Seen:
    places = triage.by_place(feed.board.questions.values())
    wanted, claims = query.get("open", ""), claims_of(here)
    opened = feed.board.questions.get(wanted)
    chosen = query.get("list") or (triage.place_of(opened) if opened else "")
    chosen = chosen if chosen in triage.LISTS else triage.LISTS[0]
    sort, filters = query.get("sort", ""), asked_filters(query)
    sort = sort if sort in triage.SORTS else triage.SORTS[0]
    rows = triage.in_order(places[chosen], chosen, sort, feed.tallies)
    rows = triage.matching(rows, filters, claims, here.mark)
    if wanted == NEXT:
        opened = next((q for q in rows if claims.get(q.id, {"by": here.mark})["by"] == here.mark), None)
    view = query.get("view") or ("question" if opened else "list")
    found = Seen(places, opened, chosen, view if view in VIEWS else "list", sort, filters, rows, 0)
    start = wire.whole(query["from"]) if "from" in query else (found.at or 0) // FIRST * FIRST
    return found._replace(start=start if start < len(rows) else 0)


def beside(seen: Seen) -> dict[str, str]:
    """The questions before and after the open one in its list."""
    at, rows = seen.at, seen.rows
    if at is None:
        return {"before": "", "after": rows[0].id if rows else ""}
    return {
        "before": rows[at - 1].id if at else "",
        "after": rows[at + 1].id if at + 1 < len(rows) else "",
    }
