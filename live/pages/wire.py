"""The wire over plain HTTP: board, mine, and commands as JSON or as forms. No socket needed."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from live.feed import Channel
from live.identity import nobody
from live.pages import drafts, families, forms
from live.pages.visit import house_of, visit
from live.patches import catch_up
from live.rendering import session_view
from sessions.audiences import SCREEN_OF, SCREENS, is_open_to_all
from sessions.database import AWAY
from sessions.permissions import MAY_HEAR
from sessions.question import Audience
from sessions.refusals import Refusal, not_saved

OWN = ("question.edit", "question.withdraw")
"""Commands that are pressed on one's own card."""


def is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip() == "application/json"


def channel(request: Request, session_id: int) -> Channel:
    """What the address asks to see. Whether the caller may is not said by that."""
    query, renderer = request.query_params, house_of(request).renderer
    try:
        audience = Audience(query.get("audience", "public"))
    except ValueError:
        raise Refusal("bad", "This address asks for a view that does not exist.") from None
    screen, form = query.get("screen", SCREEN_OF[audience]), query.get("format", "html")
    if screen not in SCREENS or SCREENS[screen][0] is not audience or form not in ("html", "json"):
        raise Refusal("bad", "This address asks for a view that does not exist.")
    return Channel(session_id, audience, screen, form, renderer.lang(request) if form == "html" else "")


def whole(text: str | None) -> int:
    """A number of an address; anything else starts from the beginning."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else 0


async def board(request: Request) -> Response:
    """What everybody may see asks for no identity and, while nothing changes, for nothing but what lies ready."""
    house = house_of(request)
    feed = await house.broadcast.find(request.path_params["code"])
    wanted = channel(request, feed.session_id)
    is_public = wanted.audience is Audience.PUBLIC and is_open_to_all(feed.board.state)
    if not is_public:
        here = await visit(request, MAY_HEAR[wanted.audience])
        feed = await here.feed()
    since, epoch = whole(request.query_params.get("since")), whole(request.query_params.get("epoch"))
    return catch_up(house.renderer, feed, wanted, since, epoch).packed.answer(request, is_public=is_public)


async def mine(request: Request) -> Response:
    """The caller's own questions, with what became of them, and their votes: a page, or for scripts."""
    form = request.query_params.get("format", "page")
    if form == "page":
        return await families.mine(request)
    house, code = house_of(request), request.path_params["code"]
    renderer, identity = house.renderer, house.identity
    tokens = identity.tokens(request.headers)
    feed = await house.broadcast.find(code)
    person = None if tokens.staff else identity.participant(tokens.participant)
    if person is None or not is_open_to_all(feed.board.state):
        here = await visit(request)
        if here.is_new:
            raise nobody()
        person = here.caller.person
    receipt = identity.receipt_of(request.cookies, feed.board.code)
    own, muted = families.own_cards(feed, person, receipt), person in feed.board.muted
    voted = sorted(await house.voters.of(feed.session_id, person))
    if form == "json":
        return JSONResponse({"questions": msgspec.to_builtins(own), "votes": voted, "muted": muted})
    session, lang = session_view(feed.board), renderer.lang(request)
    cards = [
        {"id": c.id, "rev": c.rev, "place": c.place, "order": c.order, "html": renderer.card(c, "mine", lang, session)}
        for c in own
    ]
    return JSONResponse({"cards": cards, "votes": voted, "muted": muted})


async def body(request: Request) -> dict[str, Any]:
    """What was sent, from JSON or from a form. Raises Refusal `bad` for anything else."""
    if is_json(request):
        try:
            raw = msgspec.json.decode(await request.body())
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raw = None
        if not isinstance(raw, dict):
            raise Refusal("bad", "This could not be read. Please reload the page and try again.")
        return raw
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise Refusal("bad", "This could not be read. Please reload the page and try again.")
    form = await request.form(max_files=0, max_fields=40)
    # A field left empty is one that was not filled in; but a question without words deserves its own sentence.
    return {
        name: value for name, value in form.items() if isinstance(value, str) and (value.strip() or name == "words")
    }


async def do(request: Request) -> Response:
    """A command: JSON in and out, or a form that ends on a page."""
    name, form = request.path_params["command"], not is_json(request)
    raw: dict[str, Any] = {}
    back = ""
    try:
        raw = await body(request)
        back = str(raw.pop("back", ""))
        here = await visit(request)
        if here.is_new:
            raise nobody()
        if form:
            raw.setdefault("key", secrets.token_urlsafe(12))
        if form and name == "question.ask":
            muted = here.caller.person in (await here.feed()).board.muted
            profanity = here.house.commands.profanity
            if offered := drafts.to_offer(here.session, raw, is_muted=muted, profanity=profanity):
                return await families.families_page(request, here, draft=families.draft_of(raw, offer=offered))
        lang = here.house.renderer.lang(request)
        address = request.client.host if request.client else ""
        answer = await here.house.commands.run(
            here.caller, here.session.id, name, raw, form=form, lang=lang, address=address
        )
        if not form:
            return JSONResponse(answer)
    except Refusal as error:
        refusal = error
    except AWAY:
        refusal = not_saved()
    else:
        address = forms.way_back(back, code=here.session.code, question=answer.get("question", ""))
        return RedirectResponse(address + place(name, answer), 303)
    if not form:
        return await refused(request, refusal)
    return await forms.refused_form(request, refusal, name, raw, back)


def place(command: str, answer: dict[str, Any]) -> str:
    """Where on the page the sender looks next: at their own questions, or at the card."""
    if command == "question.ask":
        return "#your-questions"
    if "question" not in answer:
        return ""
    return f"#{'mine' if command in OWN else 'q'}-{answer['question']}"


async def refused(request: Request, refusal: Refusal) -> Response:
    """A refusal as JSON, in the caller's language."""
    house = request.app.state.house
    lang, audience, session_id = house.renderer.lang(request), Audience.PUBLIC, 0
    if "question" in refusal.extra:
        here = await visit(request)
        audience, session_id = here.caller.audience, here.session.id
    told = await house.broadcast.refused(refusal, session_id, audience, lang)
    return JSONResponse(told, refusal.status)


routes = [
    Route("/s/{code}/board", board),
    Route("/s/{code}/mine", mine),
    Route("/s/{code}/do/{command}", do, methods=["POST"]),
]
