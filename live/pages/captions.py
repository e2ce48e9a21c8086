"""Captions in the office: files are taken in, aligned to the session's clock by eye or by ear, and corrected."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from live.pages.clocks import clock_of, exact, offset_of
from live.pages.visit import Visit, visit
from live.rendering import own_name, row_view
from sessions import captions, policy, subtitles
from sessions.archive import Archive, Asked
from sessions.captions import Cue, Line
from sessions.permissions import Permission
from sessions.refusals import Refusal

SHOWN = 60
"""Captions on a page, each with its form."""
AROUND, FIRST = 4, 5
"""Lines of a file that are shown around the moment of a question, and at its beginning."""
MOMENTS = 8
"""Questions by which a file is aligned."""
MOST_FILE = subtitles.MAX_BYTES + 64 * 1024
"""Bytes of a form with a file in it."""


class Near(NamedTuple):
    """A question, and what the file says around the moment at which it came on stage."""

    asked: Asked
    moment: int
    lines: tuple[Line, ...]


async def page(request: Request) -> Response:
    return await captions_page(request, await visit(request, Permission.CAPTION))


async def captions_page(
    request: Request, here: Visit, *, status: int = 200, say: str = "", typed: dict[str, str] | None = None
) -> Response:
    found = await here.house.archives.of(here.session)
    lang = str(request.query_params.get("lang", ""))
    lang = lang if lang in found.tracks else next(iter(found.tracks), "")
    wanted, cues = str(request.query_params.get("find", ""))[:100].strip(), found.tracks.get(lang, ())
    if wanted:
        cues = tuple(cue for cue in cues if wanted.casefold() in f"{cue.speaker or ''}: {cue.words or ''}".casefold())
    first = _first(request, cues)
    shown = cues[first : first + SHOWN]
    corrected = [cue.id for cue in shown if cue.corrected_at]
    async with here.house.database.reading() as db:
        versions = await captions.versions(db, here.session.id, lang, corrected) if corrected else {}
    return here.house.renderer.page(
        request,
        "captions.html",
        caller=here.caller,
        status=status,
        session=row_view(here.session),
        archive=found,
        track=lang,
        cues=shown,
        earlier={cue: those[:-1] for cue, those in versions.items()},
        find=wanted,
        first=first,
        before=max(0, first - SHOWN) if first else None,
        after=first + SHOWN if first + SHOWN < len(cues) else None,
        count=len(cues),
        address=lambda at: f"?{urlencode({'lang': lang, 'find': wanted, 'from': at})}",
        clock=clock_of,
        key=lambda: secrets.token_urlsafe(12),
        may_run=here.caller.may(Permission.RUN_SESSION),
        may_redact=here.caller.may(Permission.REDACT),
        is_over=here.session.state in policy.AFTER,
        say_wrong=say,
        typed=typed or {"offset": exact(found.recording.offset) if found.recording else "0:00:00"},
        languages_here=[(code, own_name(code)) for code in found.languages],
    )


def _first(request: Request, cues: Sequence[Cue]) -> int:
    """Where the page begins: at a number, or at the cue that is asked for."""
    cue = request.query_params.get("cue")
    if cue:
        return next((n - n % SHOWN for n, one in enumerate(cues) if str(one.id) == cue), 0)
    wanted = request.query_params.get("from", "0")
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 8 else 0
    return number if number < len(cues) else 0


async def take_in(request: Request) -> Response:
    """A file is looked at first, and put in once it stands where it belongs; in between the page alone holds it."""
    here = await visit(request, Permission.CAPTION)
    house, lang = here.house, here.house.renderer.lang(request)
    form = await request.form(max_files=1, max_fields=20, max_part_size=MOST_FILE)
    fields = ("lang", "offset", "mode", "text", "format", "at", "does")
    typed = {name: str(form.get(name, "")) for name in fields}
    sent = form.get("file")
    try:
        policy.require(here.session, "caption")
        body = await sent.read() if isinstance(sent, UploadFile) else typed["text"].encode()
        if not body:
            raise Refusal("bad", "Please choose a file first.")
        file = await asyncio.to_thread(subtitles.read, body)  # Four megabytes take a second.
        kind = "srt" if "srt" in (file.format, typed["format"]) else "vtt"
        offset = offset_of(typed["at"] or typed["offset"])
        if typed["does"] == "put" and not typed["at"]:
            async with house.database.writing() as tx:
                await tx.lock(here.session.id)
                replaces = typed["mode"] != "join"
                await captions.take_in(
                    tx, here.caller, typed["lang"], file.lines, offset=offset, replaces=replaces, format=kind
                )
            house.moved(here.session.id)
            return RedirectResponse(f"/office/{here.session.code}/captions?{urlencode({'lang': typed['lang']})}", 303)
        if typed["lang"] not in here.session.plan.languages:
            raise Refusal("bad", "Please choose one of the session's languages.")
    except Refusal as refusal:
        say = refusal.say(house.renderer.gettext(lang), lang)
        return await captions_page(request, here, status=refusal.status, say=say, typed=typed)
    found = await house.archives.of(here.session)
    said = captions.on_clock(file.lines, offset)
    return house.renderer.page(
        request,
        "captions_look.html",
        caller=here.caller,
        session=row_view(here.session),
        archive=found,
        lang_of_file=typed["lang"],
        mode="join" if typed["mode"] == "join" else "replace",
        text=written(file.lines),
        format=kind,
        offset=exact(offset),
        exact=exact,
        lines=len(file.lines),
        early=len(file.lines) - len(said),
        first=said[:FIRST],
        speakers=list(dict.fromkeys(line.speaker for line in said if line.speaker)),
        near=near(found, file.lines, offset),
        clock=clock_of,
        there=len(found.tracks.get(typed["lang"], ())),
    )


def written(lines: Sequence[Line]) -> str:
    """The lines of a file as WebVTT: how the page carries them on until they are put in."""
    return subtitles.write(
        Cue(id=n, lang="", start=line.start, end=line.end, words=line.words, speaker=line.speaker)
        for n, line in enumerate(lines, 1)
    )


def near(found: Archive, lines: Sequence[Line], offset: int) -> list[Near]:
    """The first questions on stage, each with the lines of the file around its moment, in times of the file."""
    moments = sorted(
        ((asked.on_stage[0].start, asked) for asked in found.questions if asked.on_stage), key=lambda one: one[0]
    )
    told = []
    for moment, asked in moments[:MOMENTS]:
        at = next((n for n, line in enumerate(lines) if line.end > moment + offset), len(lines))
        told.append(Near(asked, moment, tuple(lines[max(0, at - AROUND) : at + AROUND])))
    return told


async def correct(request: Request) -> Response:
    """Other words for one caption, and back to where it stands."""
    here = await visit(request, Permission.CAPTION)
    house, lang = here.house, here.house.renderer.lang(request)
    form = await request.form(max_files=0, max_fields=20)
    fields = ("key", "lang", "cue", "rev", "words", "speaker")
    typed = {name: str(form.get(name, "")) for name in fields}
    back = urlencode({name: str(form.get(name, "")) for name in ("lang", "find", "from")})
    try:
        await house.commands.run(here.caller, here.session.id, "caption.correct", typed, form=True, lang=lang)
    except Refusal as refusal:
        address = f"/office/{here.session.code}/captions?{urlencode({'lang': typed['lang'], 'cue': typed['cue']})}"
        return house.renderer.refusal(request, refusal, address, words=typed["words"])
    return RedirectResponse(f"/office/{here.session.code}/captions?{back}#c-{typed['cue']}", 303)


routes = [
    Route("/office/{code}/captions", page),
    Route("/office/{code}/captions", take_in, methods=["POST"]),
    Route("/office/{code}/captions/correct", correct, methods=["POST"]),
]
