"""Taking words out: which, why, how it will look, and only then for good. A plain page, whole without a script."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from live.pages.visit import Visit, visit
from live.rendering import row_view
from moderation import redaction
from moderation.redaction import MARK, REASONS, Text
from sessions import captions
from sessions.audiences import card
from sessions.permissions import Permission
from sessions.question import Audience
from sessions.refusals import Refusal

APART = ("answer", "note", "follow_up", "redaction")
"""Of which there may be several, each to be taken out alone."""
FIELDS = ("question", "lang", "cue", "choice", "phrase", "reason", "say")


class Choice(NamedTuple):
    """What can be taken out at once: its name in the form, what it is called, and the texts that it is of."""

    value: str
    part: str
    words: list[str]


class Look(NamedTuple):
    """What stands there, and what will; nothing where `after` is None."""

    before: str
    after: str | None


def choices(texts: Sequence[Text]) -> list[Choice]:
    """In the order of the log, each with what it says now, the last version first."""
    found: dict[str, Choice] = {}
    for text in texts:
        value = f"{text.part}:{text.entry}" if text.part in APART else f"{text.part}:"
        words = found.setdefault(value, Choice(value, text.part, [])).words
        if text.words not in words:
            words.insert(0, text.words)
    return list(found.values())


def wanted(choice: str) -> tuple[str | None, int | None]:
    """The part and the entry that a choice of the form stands for."""
    part, _, entry = choice.partition(":")
    return part or None, int(entry) if entry.isascii() and entry.isdigit() and len(entry) < 10 else None


async def page(request: Request) -> Response:
    here = await visit(request, Permission.REDACT)
    return await shown(request, here, {name: request.query_params.get(name, "") for name in FIELDS})


async def look(request: Request) -> Response:
    """How it will look; the words come in the body, since addresses are written to logs."""
    here = await visit(request, Permission.REDACT)
    form = await request.form(max_files=0, max_fields=20)
    typed = {name: str(form.get(name, "")) for name in FIELDS}
    return await shown(request, here, typed, is_look=True)


async def shown(request: Request, here: Visit, typed: dict[str, str], *, is_look: bool = False) -> Response:
    renderer = here.house.renderer
    lang = renderer.lang(request)
    about = await (of_question if typed["question"] else of_caption)(here, typed)
    looks, say, status = list[Look](), "", 200
    if is_look:
        try:
            looks = previewed(about["texts"], typed)
        except Refusal as refusal:
            say, status = refusal.say(renderer.gettext(lang), lang), refusal.status
    part, entry = wanted(typed["choice"])
    return renderer.page(
        request,
        "redact.html",
        caller=here.caller,
        status=status,
        session=row_view(here.session),
        typed=typed,
        reasons=REASONS,
        looks=looks,
        say_wrong=say,
        mark=MARK,
        part=part,
        entry=entry,
        key=secrets.token_urlsafe(12),
        **about,
    )


def previewed(texts: Sequence[Text], typed: dict[str, str]) -> list[Look]:
    """Each text that will change, with what will be left of it. Raises Refusal, as the command itself would."""
    if typed["reason"] not in REASONS:
        raise Refusal("bad", "Please choose one of the reasons.")
    phrase = redaction.phrase_of(typed["phrase"])
    part, entry = wanted(typed["choice"])
    return list(dict.fromkeys(Look(text.words, rest) for text, rest in redaction.chosen(texts, part, entry, phrase)))


async def of_question(here: Visit, typed: dict[str, str]) -> dict[str, Any]:
    feed = await here.feed()
    found = feed.board.questions.get(typed["question"])
    if found is None:
        raise Refusal("not_found", "This question is not here any more.")
    async with here.house.database.reading() as db:
        texts = await redaction.texts(db, here.session.id, found.id)
    return {
        "card": card(found, Audience.DESK),
        "cue": None,
        "texts": texts,
        "choices": choices(texts),
        "home": f"/s/{here.session.code}/desk?open={found.id}",
        "command": "words.redact",
        "back": "desk.open",
    }


async def of_caption(here: Visit, typed: dict[str, str]) -> dict[str, Any]:
    """A caption's words in every version, and the name of who speaks, as texts like those of a question."""
    number = int(typed["cue"]) if typed["cue"].isascii() and typed["cue"].isdigit() and len(typed["cue"]) < 9 else 0
    async with here.house.database.reading() as db:
        versions = (await captions.versions(db, here.session.id, typed["lang"], [number])).get(number)
    if not versions:
        raise Refusal("not_found", "This caption is not there any more. Please reload the page.")
    said = [(version.rev, "words", version.words) for version in versions]
    said.append((versions[-1].rev, "speaker", versions[-1].speaker))
    texts = [Text(rev, part, redaction.NO_DIGEST, words) for rev, part, words in said if words is not None]
    return {
        "card": None,
        "cue": number,
        "texts": texts,
        "choices": choices(texts),
        "home": f"/office/{here.session.code}/captions?lang={typed['lang']}&cue={number}",
        "command": "caption.redact",
        "back": "captions",
    }


routes = [Route("/s/{code}/redact", page), Route("/s/{code}/redact", look, methods=["POST"])]
