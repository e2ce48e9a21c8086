"""What is published: the list, and one session told afterwards."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from live.pages import exports
from live.pages.clocks import clock_of, moment_of
from live.pages.compression import compressed
from live.pages.visit import Visit, house_of, known, visit
from live.rendering import row_view
from sessions import session as sessions
from sessions import transcript
from sessions.archive import Archive, Asked
from sessions.events import SessionState as S
from sessions.permissions import Permission

LISTED = 60
"""Questions that the list of contents names one by one; beyond, it has the topics alone."""


async def published(request: Request) -> Response:
    house = house_of(request)
    async with house.database.reading() as db:
        found = await sessions.in_states(db, S.PUBLISHED)
    listed = [row_view(s) for s in reversed(found)]
    return house.renderer.page(request, "archive.html", caller=await known(request), sessions=listed)


async def archive(request: Request) -> Response:
    """What the public board says at the end of the replay: what was shown and later hidden is not in it."""
    here = await visit(request)
    is_preview = bool(request.query_params.get("preview")) and here.caller.may(Permission.RUN_SESSION)
    is_made = here.session.state == S.PUBLISHED or is_preview
    found = await here.house.archives.of(here.session) if is_made else None
    if found is None or not (found.is_published or is_preview):
        told = row_view(here.session)
        return here.house.renderer.page(request, "archive_waiting.html", caller=here.caller, session=told)
    view = View(found, request.query_params, here.house.renderer.lang(request))
    if address := view.elsewhere():
        return RedirectResponse(address, 303)
    response = here.house.renderer.page(
        request,
        "archive_session.html",
        caller=here.caller,
        take=exports.take(here.house, found, here.house.renderer.lang(request)),
        **page_of(found),
        **seen(here, found, view),
    )
    return compressed(request, response)


class View:
    """Which part of an archive somebody looks at, in which order, with the captions of which language."""

    def __init__(self, found: Archive, query: Any, lang: str) -> None:
        self.archive, self.query = found, query
        self.order = "topic" if query.get("by") == "topic" else "time"
        preferred = (query.get("captions"), lang, *found.languages, *found.tracks)
        self.captions = next((code for code in preferred if code in found.tracks), "")
        passages = transcript.ORDERS[self.order](found, self.captions)
        self.is_whole = bool(query.get("all"))
        self.parts = [passages] if self.is_whole else transcript.parts(passages)
        wanted = str(query.get("part", ""))
        number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 else 1
        self.part = min(max(number, 1), len(self.parts))

    def address(self, part: int, **more: str) -> str:
        """Of a part, from 1 on."""
        given = {
            "by": "topic" if self.order == "topic" else "",
            "captions": self.captions if self.query.get("captions") else "",
            "part": str(part) if part > 1 else "",
            "preview": "1" if self.query.get("preview") else "",
        } | more
        query = urlencode({name: value for name, value in given.items() if value})
        return f"/archive/{self.archive.code}" + (f"?{query}" if query else "")

    def place(self, part: int, anchor: str) -> str:
        """A place in a part, from the one that is looked at."""
        return f"{'' if part == self.part else self.address(part)}#{anchor}"

    def elsewhere(self) -> str:
        """Where a question, a cue or a moment is that was asked for by name; empty where none was."""
        if question := self.query.get("q"):
            part = transcript.part_of(self.parts, question)
            return "" if part is None else f"{self.address(part + 1)}#q-{question}"
        if cue := self.query.get("cue"):
            there = next((c for c in self.archive.tracks.get(self.captions, ()) if str(c.id) == cue), None)
            return self._at(there.start) if there else ""
        moment = moment_of(self.query.get("at", ""))
        return "" if moment is None else self._at(moment)

    def _at(self, moment: int) -> str:
        if place := transcript.place_at(self.parts, moment):
            return f"{self.address(place[0] + 1)}#c-{place[1].id}"
        asked = transcript.asked_at(self.archive, moment)
        part = transcript.part_of(self.parts, asked.card.id) if asked else None
        return f"{self.address(part + 1)}#q-{asked.card.id}" if asked and part is not None else self.address(1)


def page_of(found: Archive) -> dict[str, Any]:
    """The session of an archive, as the templates know one."""
    fields = ("code", "title", "about", "languages", "topics", "speakers", "starts_at", "zone", "published_at")
    return {"session": {name: getattr(found, name) for name in fields} | {"state": "published"}, "archive": found}


def seen(here: Visit, found: Archive, view: View) -> dict[str, Any]:
    answered = [asked for asked in found.questions if transcript.section_of(asked) != "open"]
    sources = here.house.settings.recording_origins
    recording = found.recording
    return {
        "view": view,
        "sections": transcript.sections(view.parts[view.part - 1]),
        "has_open": len(answered) < len(found.questions),
        "turns": transcript.turns,
        "clock": clock_of,
        "contents": contents(found, view),
        "plays_here": bool(recording and recording.kind == "file" and recording.is_from(sources)),
        "counts": {
            "questions": len(found.questions),
            "answered": len(answered),
            "votes": sum(asked.tally for asked in found.questions),
        },
    }


def contents(found: Archive, view: View) -> list[tuple[str | None, int, str, list[tuple[Asked, str]]]]:
    """By topic: how many questions, where they begin, and, where they are few, each with its place on these pages."""
    places = {
        passage.asked.card.id: n
        for n, part in enumerate(view.parts, 1)
        for passage in part
        if passage.asked and not passage.goes_on
    }
    is_short = len(found.questions) <= LISTED
    listed = []
    for topic in (*found.topics, None):
        those = [asked for asked in found.questions if _topic(found, asked) == topic]
        if those:
            first = f"/archive/{found.code}?by=topic&q={those[0].card.id}"
            named = those if is_short else []
            each = [(asked, view.place(places[asked.card.id], f"q-{asked.card.id}")) for asked in named]
            listed.append((topic, len(those), first, each))
    return listed


def _topic(found: Archive, asked: Asked) -> str | None:
    return asked.card.topic if asked.card.topic in found.topics else None


routes = [
    Route("/archive", published),
    Route("/archive/{code}", archive),
]
