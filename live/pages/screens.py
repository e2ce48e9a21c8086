"""The first page of all, and a session's screens: readable after one round trip, and whole without a script."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from live.feed import Feed
from live.pages.visit import Visit, house_of, known, visit
from live.rendering import qr, row_view, session_view
from sessions import session as sessions
from sessions.audiences import SCREENS, Card, card
from sessions.events import SessionState as S
from sessions.permissions import Permission
from sessions.question import Audience
from sessions.refusals import Refusal
from sessions.session import Session

PAST = 5
TOP = 4


def view(feed: Feed, session: Session) -> dict[str, Any]:
    return session_view(feed.board, session.endless)


def places(feed: Feed, screen: str) -> dict[str, list[Card]]:
    """The cards of a screen by their list, in its order."""
    audience, names = SCREENS[screen]
    lists: dict[str, list[Card]] = {place: [] for place in names.values()}
    for question in feed.board.questions.values():
        shown = card(question, audience, screen, is_muted=question.author in feed.board.muted)
        if shown and shown.place:
            lists[shown.place].append(shown)
    return {place: sorted(cards, key=lambda c: c.order) for place, cards in lists.items()}


def standing(feed: Feed, audience: Audience) -> dict[str, Any]:
    """Where the page's board stands, for the scripts that go on from it."""
    return {"seq": feed.board.head(audience), "epoch": feed.epoch, "tallies": feed.all_tallies(audience)}


def first(cards: list[Card]) -> Card | None:
    return cards[0] if cards else None


def welcomed(here: Visit, response: Response) -> Response:
    """The page, with which somebody new becomes a participant: sockets and commands ask who they are."""
    if here.is_new:
        here.house.identity.welcome(response, here.caller.person)
    return response


async def home(request: Request) -> Response:
    house = house_of(request)
    typed = request.query_params.get("code", "")
    say, status = None, 200
    if typed:
        try:
            return RedirectResponse(f"/s/{(await visit(request, code=typed)).session.code}", 303)
        except Refusal as refusal:
            lang = house.renderer.lang(request)
            say, status = refusal.say(house.renderer.gettext(lang), lang), refusal.status
    async with house.database.reading() as db:
        live = await sessions.in_states(db, S.LIVE, S.PAUSED, S.DOORS_OPEN)
        coming = await sessions.in_states(db, S.SCHEDULED)
        past = await sessions.in_states(db, S.PUBLISHED)
    return house.renderer.page(
        request,
        "home.html",
        caller=await known(request),
        live=[row_view(s) for s in live],
        coming=[row_view(s) for s in coming],
        past=[row_view(s) for s in reversed(past)][:PAST],
        say=say,
        code_typed=typed or None,
        status=status,
    )


async def speak(request: Request) -> Response:
    here = await visit(request, Permission.READ_SPEAKER)
    feed = await here.feed()
    lists = places(feed, "speak")
    return here.house.renderer.page(
        request,
        "speak.html",
        caller=here.caller,
        session=view(feed, here.session),
        **standing(feed, Audience.SPEAKER),
        stage=first(lists["stage"]),
        next=lists["next"],
        done=lists["done"],
    )


async def stage(request: Request) -> Response:
    here = await visit(request)
    feed = await here.feed()
    lists = places(feed, "stage")
    address = f"{here.house.settings.home}/s/{here.session.code}"
    asked = sorted(lists["asked"], key=lambda c: (-feed.tallies.get(c.id, 0), c.order))
    response = here.house.renderer.page(
        request,
        "stage.html",
        caller=here.caller,
        session=view(feed, here.session),
        **standing(feed, Audience.PUBLIC),
        stage=first(lists["stage"]),
        asked=asked[:TOP],
        join_url=address,
        join_qr=qr(address),
    )
    return welcomed(here, response)


routes = [
    Route("/", home),
    Route("/s/{code}/speak", speak),
    Route("/s/{code}/stage", stage),
]
