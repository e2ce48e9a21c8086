"""A question while it is being written: those like it, and what to think of before everyone can read it."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from live import texts
from live.bodies import Lang
from live.identity import nobody
from live.pages.visit import Visit, visit
from live.rendering import session_view
from moderation import votes
from moderation.language import language
from moderation.screening import OURS, screen
from sessions import policy
from sessions.audiences import Card, card
from sessions.question import Audience
from sessions.refusals import Refusal
from sessions.session import Session

CONCERNS = ("danger", "phone", "email", "street", "student", "child", "profanity")
"""Flags for which somebody is offered, before they send it, to ask only the staff."""
MOST_SIMILAR = 3
MOST_WORDS = 4_000
"""Characters of a draft that are looked at: more than any question may have."""


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: str
    lang: Lang | None = None


def concerns(words: str, profanity: frozenset[str] = OURS) -> tuple[str, ...]:
    """What there is to think of before these words are sent to everyone."""
    raised = screen(words, profanity)
    return tuple(flag for flag in CONCERNS if flag in raised)


def to_offer(
    session: Session, raw: dict[str, Any], *, is_muted: bool, profanity: frozenset[str] = OURS
) -> tuple[str, ...]:
    """The concerns for which a form's sender is first offered to ask only the staff, which takes nothing from them.

    `sure` says that they were, and is no field of the command. Whoever cannot ask everyone now is told that instead.
    """
    is_sure = raw.pop("sure", None) == "true"
    if is_sure or raw.get("private") == "true" or is_muted or not policy.is_open(session, "ask"):
        return ()
    return concerns(str(raw.get("words", "")), profanity)


async def similar(here: Visit, words: str, lang: str) -> list[Card]:
    """Questions like it that everyone can see, the likest first."""
    feed = await here.feed()
    like = await here.house.twins.like(here.session.id, words, lang, MOST_SIMILAR)
    found = (card(feed.board.questions[q], Audience.PUBLIC, "families") for q in like if q in feed.board.questions)
    return [shown for shown in found if shown is not None]


async def read(request: Request) -> Draft:
    """What was typed so far. Raises Refusal `bad`."""
    if request.headers.get("content-type", "").partition(";")[0].strip() == "application/json":
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return msgspec.json.decode(await request.body(), type=Draft)
    raise Refusal("bad", "This could not be read. Please reload the page and try again.")


async def draft(request: Request) -> Response:
    """What is known of words before they are sent. They come in the body: addresses are written to logs."""
    here = await visit(request)
    if here.is_new:
        raise nobody()
    typed = await read(request)
    words = typed.words[:MOST_WORDS]
    same = hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()
    here.house.commands.throttle.spend(here.session.id, here.caller.person, "draft", same)
    renderer = here.house.renderer
    lang = renderer.lang(request)
    sentences = texts.concern_sentences(renderer.gettext(lang))
    raised = concerns(words, here.house.commands.profanity)
    return JSONResponse(
        {
            "similar": await drawn(here, await similar(here, words, language(words, typed.lang or lang)), lang),
            "flags": [{"flag": flag, "say": sentences[flag]} for flag in raised],
            "private": bool(raised),
        }
    )


async def drawn(here: Visit, cards: list[Card], lang: str) -> list[str]:
    """Cards for the sheet, with what is the caller's own on them."""
    if not cards:
        return []
    feed, person = await here.feed(), here.caller.person
    async with here.house.database.reading() as db:
        voted = await votes.voted_by(db, here.session.id, person)
    board, session = feed.board, session_view(feed.board)
    own = {board.living(q).id for q in board.questions.values() if q.author == person}
    return [
        here.house.renderer.card(
            c, "similar", lang, session, tally=feed.tallies.get(c.id), voted=c.id in voted, own=c.id in own
        )
        for c in cards
    ]


routes = [Route("/s/{code}/draft", draft, methods=["POST"])]
