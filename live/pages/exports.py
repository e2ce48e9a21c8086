"""One archive to take away, at addresses that stay: as a page in one file, for programs, spreadsheets and players."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from itertools import groupby
from typing import Any, NamedTuple

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from live import texts
from live.house import House
from live.pages.compression import compressed
from live.pages.visit import visit
from live.rendering import Renderer, own_name, when
from sessions import export, sheets, transcript
from sessions.archive import Archive, Asked
from sessions.events import SessionState, State
from sessions.markdown import Teller, as_markdown, clock
from sessions.refusals import Phrase, Refusal

OUTCOMES: dict[str, Phrase] = {
    "stage": Phrase("Answered on stage"),
    "written": Phrase("Answered in writing"),
    "open": Phrase("a person goes on with it after the session"),
    "closed": Phrase("a person went on with it after the session"),
    "queued": Phrase("was in line, there was no time"),
    "shown": Phrase("still open"),
}
"""What became of a question, by `outcome`."""


def outcome(asked: Asked) -> Phrase:
    card = asked.card
    if card.state is State.ANSWERED:
        return OUTCOMES["stage" if card.settled_at else "written"]
    return OUTCOMES[card.followed or ("shown" if card.state is State.SHOWN else "queued")]


class Taken(NamedTuple):
    """What is made of an archive: for whom, in which language, and where its page stands for good."""

    archive: Archive
    address: str
    renderer: Renderer
    lang: str

    @property
    def tracks(self) -> list[str]:
        """The languages of its captions, the reader's own first."""
        return sorted(self.archive.tracks, key=lambda lang: lang != self.lang)


def as_page(taken: Taken) -> bytes:
    archive = taken.archive
    stretches = transcript.stretches(archive, taken.tracks)
    sections = [(section, list(those)) for section, those in groupby(stretches, key=lambda one: one.section)]
    told: dict[str, Any] = {"archive": archive, "address": taken.address, "sections": sections}
    named: dict[str, Any] = {"outcome": outcome, "own_name": own_name, "clock": clock, "turns": transcript.turns}
    return taken.renderer.file(taken.lang, "archive_file.html", **told | named).encode()


def as_markdown_file(taken: Taken) -> bytes:
    gettext = taken.renderer.gettext(taken.lang)
    teller = Teller(
        gettext=gettext,
        day=lambda at: when(at, taken.archive.zone, "day", taken.lang),
        language=own_name,
        outcome=lambda asked: gettext(outcome(asked)),
        reason=lambda code: texts.redaction_labels(gettext).get(code, code),
    )
    return as_markdown(taken.archive, taken.address, taken.tracks, teller).encode()


class Form(NamedTuple):
    """A form in which an archive can be taken away; `name` ends its address, `media` is what it is."""

    name: str
    label: Phrase
    media: str
    make: Callable[[Taken], bytes]


FORMS = {
    form.name: form
    for form in (
        Form("html", Phrase("One page, to read anywhere"), "text/html; charset=utf-8", as_page),
        Form("md", Phrase("Plain text (Markdown)"), "text/markdown; charset=utf-8", as_markdown_file),
        Form("csv", Phrase("For a spreadsheet (CSV)"), sheets.MEDIA, lambda t: export.as_csv(t.archive, t.address)),
        Form("json", Phrase("For programs (JSON)"), "application/json", lambda t: export.as_json(t.archive, t.address)),
    )
}
SUMMARY = 300
"""Characters of what a session is about that are told to whoever links to it."""
VTT = Phrase("Captions: {language} (WebVTT)")


class Offer(NamedTuple):
    """Something to take away, as the page of the archive offers it."""

    label: str
    href: str


def offers(archive: Archive, gettext: Callable[[str], str]) -> list[Offer]:
    """Everything that can be taken away of an archive."""
    at = f"/archive/{archive.code}"
    found = [Offer(gettext(form.label), f"{at}.{form.name}") for form in FORMS.values()]
    return found + [Offer(gettext(VTT).format(language=own_name(lang)), f"{at}.{lang}.vtt") for lang in archive.tracks]


class Take(NamedTuple):
    """What the page of an archive says of itself: where it stays, what it is about, and what can be taken away."""

    address: str
    summary: str
    described: Markup
    offers: list[Offer]


def take(house: House, archive: Archive, lang: str) -> Take:
    renderer, address = house.renderer, f"{house.settings.home}/archive/{archive.code}"
    day = when(archive.starts_at, archive.zone, "day", lang)
    summary = archive.about or " · ".join(filter(None, (house.settings.district, day)))
    described = describe(archive, address, house.settings.district)
    return Take(address, summary[:SUMMARY], described, offers(archive, renderer.gettext(lang)))


async def opened(request: Request) -> Taken:
    """The archive that is asked for. Raises Refusal `not_found` where nothing is published."""
    here = await visit(request)
    archive = await here.house.archives.of(here.session) if here.session.state == SessionState.PUBLISHED else None
    if archive is None or not archive.is_published:
        raise not_here()
    renderer = here.house.renderer
    return Taken(archive, f"{here.house.settings.home}/archive/{archive.code}", renderer, renderer.lang(request))


def not_here() -> Refusal:
    return Refusal("not_found", "There is nothing at this address. Please check it.")


async def whole(request: Request) -> Response:
    form = FORMS.get(request.path_params["form"])
    if form is None:
        raise not_here()
    taken = await opened(request)
    # Beside the loop: thousands of questions would hold up everybody else's answers.
    return download(request, taken, await asyncio.to_thread(form.make, taken), form.name, form.media)


async def captions(request: Request) -> Response:
    taken = await opened(request)
    lang = request.path_params["track"]
    if lang not in taken.archive.tracks:
        raise not_here()
    body = export.as_vtt(taken.archive, lang, taken.address).encode()
    return download(request, taken, body, f"{lang}.vtt", "text/vtt; charset=utf-8", lang)


def download(request: Request, taken: Taken, body: bytes, kind: str, media: str, lang: str = "") -> Response:
    name = f"archive-{taken.archive.code}.{kind}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Language": lang or taken.lang,
        "Link": f'<{taken.address}>; rel="canonical"',
    }
    return compressed(request, Response(body, media_type=media, headers=headers))


def describe(archive: Archive, address: str, district: str) -> Markup:
    """The session as schema.org describes events, for search engines; a data block, which no browser runs."""
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": archive.title,
        "description": archive.about or None,
        "url": address,
        "startDate": archive.starts_at and archive.starts_at.isoformat(),
        "endDate": archive.ends_at and archive.ends_at.isoformat(),
        "inLanguage": list(archive.languages),
        "organizer": {"@type": "Organization", "name": district},
        "performer": [{"@type": "Person", "name": name} for name in archive.speakers] or None,
        "recordedIn": archive.recording
        and {"@type": "VideoObject", "name": archive.title, "url": archive.recording.address},
        "subjectOf": {
            "@type": "WebPage",
            "url": address,
            "datePublished": archive.published_at and archive.published_at.isoformat(),
            "dateModified": archive.corrected_at and archive.corrected_at.isoformat(),
        },
    }
    kept = json.dumps({name: value for name, value in told.items() if value is not None}, ensure_ascii=False)
    # "</script>" in a title would end the block that carries it.
    return Markup(kept.replace("<", "\\u003c"))  # noqa: S704 (escaped)


routes = [
    Route("/archive/{code}.{track}.vtt", captions),
    Route("/archive/{code}.{form}", whole),
]
