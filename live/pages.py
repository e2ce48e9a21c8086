"""The screens of a session as pages: readable after one round trip, and whole without a script."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from live import follow_ups, texts
from live.feed import Feed, Made
from live.house import House
from live.identity import mark
from live.packed import Form
from live.rendering import qr, row_view, session_view
from live.visit import Visit, house_of, known, visit
from sessions import people
from sessions import session as sessions
from sessions.audiences import SCREENS, Card, card, is_open_to_all, own_card
from sessions.events import SessionState as S
from sessions.permissions import Caller, Permission
from sessions.question import Audience
from sessions.refusals import Refusal
from sessions.session import Session

BACKS = {
    "families": "/s/{code}",
    "mine": "/s/{code}/mine",
    "desk": "/s/{code}/desk",
    "desk.open": "/s/{code}/desk?open={question}",
    "desk.next": "/s/{code}/desk?open=next",
    "speak": "/s/{code}/speak",
    "stage": "/s/{code}/stage",
    "office": "/office/{code}",
    "close": "/s/{code}/close",
    "review": "/office/{code}/review",
    **follow_ups.BACKS,
}
"""Where a form's sender goes afterwards, by the name of the screen they came from."""
KEPT = ("list", "sort", "q", "language", "topic", "school", "flag", "tag", "whose")
"""What of the desk's address a form carries along: which list was seen, and what of it."""


FIRST = 20
"""Cards on a first page: 20 are 2.5 KB compressed, 400 are 36."""
PAST = 5
OVER = (S.ENDED, S.PUBLISHED, S.CANCELLED)
"""Where the families' page has no sheet to ask in any more."""
TOP = 4
BLANKS = (f"-{secrets.token_hex(12)}-", f"-{secrets.token_hex(12)}-")
"""What stands in a page made for many where each gets their own: nothing that somebody could write into a question."""


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


def way_back(back: str, **places: str) -> str:
    """The address behind a form's `back`: a screen's name, the desk's with what was seen there ("desk?q=bus")."""
    name, _, query = back.partition("?")
    address = BACKS.get(name, BACKS["families"]).format(**places)
    if kept := [(key, value) for key, value in parse_qsl(query) if key in KEPT and name.partition(".")[0] == "desk"]:
        address += ("&" if "?" in address else "?") + urlencode(kept)
    return address


async def refused_form(request: Request, refusal: Refusal, command: str, raw: dict[str, Any], back: str) -> Response:
    """What a person without scripts sees when a form is refused: why, and their words still there."""
    renderer, code = house_of(request).renderer, request.path_params["code"]
    here = None if refusal.code in ("not_found", "no_identity", "not_saved") else await visit(request)
    if here and command == "question.ask" and S(here.session.state) not in OVER:
        lang = renderer.lang(request)
        draft = draft_of(raw, say=refusal.say(renderer.gettext(lang), lang))
        return await families_page(request, here, draft=draft, status=refusal.status)
    back = back.replace("desk.next", "desk.open", 1)  # It is not decided: back to it.
    address = way_back(back, code=sessions.tidy_code(code), question=quote(str(raw.get("question", "")), safe=""))
    return renderer.refusal(request, refusal, address, words=raw.get("words"))


routes = [
    Route("/", home),
    Route("/s/{code}", families),
    Route("/s/{code}/speak", speak),
    Route("/s/{code}/stage", stage),
]
