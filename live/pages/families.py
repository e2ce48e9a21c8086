"""The families' page, and each person's page of their own questions: whole without a script."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from live import texts
from live.feed import Feed, Made
from live.house import House
from live.identity import mark
from live.packed import Form
from live.pages.screens import first, places, standing, view, welcomed
from live.pages.visit import Visit, house_of, visit
from live.rendering import qr, session_view
from sessions import people
from sessions.audiences import Card, is_open_to_all, own_card
from sessions.events import SessionState as S
from sessions.permissions import Caller
from sessions.question import Audience

FIRST = 20
"""Cards on a first page: 20 are 2.5 KB compressed, 400 are 36."""
OVER = (S.ENDED, S.PUBLISHED, S.CANCELLED)
"""Where the families' page has no sheet to ask in any more."""
BLANKS = (f"-{secrets.token_hex(12)}-", f"-{secrets.token_hex(12)}-")
"""What stands in a page made for many where each gets their own: nothing that somebody could write into a question."""


def own(feed: Feed, here: Visit) -> list[Card]:
    return own_cards(feed, here.caller.person, here.receipt)


def own_cards(feed: Feed, person: str, receipt: str | None) -> list[Card]:
    """A person's own questions, the latest first; beside them, to read only, those of a receipt shown here."""
    cards = []
    for question in reversed(feed.board.questions.values()):
        if question.author not in (person, receipt):
            continue
        living = feed.board.living(question)
        shown = own_card(question, living if living is not question else None)
        if question.author != person:
            shown = msgspec.structs.replace(shown, may_edit=False, may_withdraw=False)
        cards.append(shown)
    return cards


async def families(request: Request) -> Response:
    if page := await plain_page(request):
        return page
    return await families_page(request, await visit(request))


async def plain_page(request: Request) -> Response | None:
    """The page of a family that has done nothing here yet: nearly all of those who come at once.

    It is rendered and compressed for all of them when something changes, and costs the newcomer no query.
    """
    house, lang = house_of(request), house_of(request).renderer.lang(request)
    tokens = house.identity.tokens(request.headers)
    if request.query_params or tokens.staff or house.identity.receipt_cookie in request.cookies:
        return None
    feed = await house.broadcast.find(request.path_params["code"])
    person = house.identity.participant(tokens.participant)
    if not is_open_to_all(feed.board.state) or (person and await has_part(house, feed, person)):
        return None

    def make() -> Form:
        page = families_html(request, feed, caller=Caller(BLANKS[0]), me=BLANKS[0], key=BLANKS[1])
        return Form(bytes(page.body).decode(), BLANKS)

    form = Made.find(feed.made.pages, (lang, request.url.path), make)
    someone = person or people.make_id()
    headers = {"Content-Language": lang, "Cache-Control": "no-store"}
    response = form.answer(request, (mark(someone), secrets.token_urlsafe(12)), headers)
    if person is None:
        house.identity.welcome(response, someone)
    return response


async def has_part(house: House, feed: Feed, person: str) -> bool:
    """Whether the person has asked or voted here, or is muted."""
    if person in feed.board.muted or any(question.author == person for question in feed.board.questions.values()):
        return True
    return bool(await house.voters.of(feed.session_id, person))


async def families_page(
    request: Request, here: Visit, *, draft: dict[str, Any] | None = None, status: int = 200
) -> Response:
    """The families' page; with a `draft`, words that are not taken yet, and why."""
    feed = await here.feed()
    voted = await here.house.voters.of(here.session.id, here.caller.person)
    response = families_html(
        request,
        feed,
        status=status,
        caller=here.caller,
        mine=own(feed, here),
        me=here.mark,
        voted=voted,
        muted=here.caller.person in feed.board.muted,
        draft=draft,
        key=secrets.token_urlsafe(12),
    )
    return welcomed(here, response)


def families_html(
    request: Request,
    feed: Feed,
    *,
    me: str,
    key: str,
    caller: Caller,
    mine: Sequence[Card] = (),
    voted: Collection[str] = (),
    muted: bool = False,
    draft: dict[str, Any] | None = None,
    status: int = 200,
) -> HTMLResponse:
    lists = places(feed, "families")
    sort = "most" if request.query_params.get("sort") == "most" else "newest"
    cards = sorted(lists["questions"], key=lambda c: c.order, reverse=True)
    if sort == "most":
        cards.sort(key=lambda c: -feed.tallies.get(c.id, 0))
    shown = cards if request.query_params.get("all") else cards[:FIRST]
    renderer = house_of(request).renderer
    return renderer.page(
        request,
        "families.html",
        caller=caller,
        status=status,
        session=session_view(feed.board),
        **standing(feed, Audience.PUBLIC),
        stage=first(lists["stage"]),
        cards=shown,
        more=len(cards) - len(shown) or None,
        sort=sort,
        mine=list(mine),
        me=me,
        voted=voted,
        muted=muted,
        slow=texts.slow_sentence(renderer.translations[renderer.lang(request)].ngettext, feed.board.slow),
        draft=draft,
        key=key,
        open_ask=draft is not None,
    )


def draft_of(raw: dict[str, Any], *, say: str = "", offer: tuple[str, ...] = ()) -> dict[str, Any]:
    """What was typed into the sheet, as it was typed; `offer` are the concerns for which it is not sent yet."""
    fields = {name: raw.get(name) for name in ("words", "name", "topic", "school", "contact", "times")}
    return fields | {"private": raw.get("private") == "true", "say": say, "offer": offer}


async def mine(request: Request) -> Response:
    here = await visit(request)
    feed, identity = await here.feed(), here.house.identity
    receipt = None
    if not here.is_new and not here.caller.name:
        receipt = (
            f"{here.house.settings.home}/receipt/{identity.receipts.dumps([here.caller.person, here.session.code])}"
        )
    response = here.house.renderer.page(
        request,
        "mine.html",
        caller=here.caller,
        session=view(feed, here.session),
        **standing(feed, Audience.PUBLIC),
        mine=own(feed, here),
        muted=here.caller.person in feed.board.muted,
        me=here.mark,
        receipt_url=receipt,
        receipt_qr=qr(receipt) if receipt else None,
    )
    return welcomed(here, response)


routes = [Route("/s/{code}", families)]
