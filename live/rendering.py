"""Pages and cards from our templates, in the caller's language. The only place where words become HTML."""

from __future__ import annotations

import base64
import gettext
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import segno
from babel import Locale, negotiate_locale
from babel.dates import format_date, format_skeleton, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse

from live import texts
from live.settings import Settings
from moderation.decisions import REASONS
from sessions.audiences import Card
from sessions.board import Board
from sessions.permissions import Caller
from sessions.refusals import Refusal
from sessions.session import Session

HERE = Path(__file__).parent
DIST = HERE.parent / "static" / "dist"
SOURCE_LANGUAGE = "en"
LANG_COOKIE = "f2f_lang"


def catalogue(path: Path) -> gettext.NullTranslations:
    """A catalogue read from its source: nothing compiled that could be forgotten or out of date."""
    import io

    with path.open("rb") as file:
        compiled = io.BytesIO()
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def catalogues() -> dict[str, gettext.NullTranslations]:
    found = {p.parent.parent.name: catalogue(p) for p in sorted(HERE.glob("locale/*/LC_MESSAGES/messages.po"))}
    return {SOURCE_LANGUAGE: gettext.NullTranslations(), **found}


class Renderer:
    """Holds an environment for each language, the built assets, and what every page is given."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.translations = catalogues()
        self.manifest: dict[str, str] = json.loads((DIST / "manifest.json").read_text())
        self.critical_css = (DIST / self.manifest["site.css"]).read_text()
        digest = hashlib.sha256(self.critical_css.encode()).digest()
        self.critical_hash = f"'sha256-{base64.b64encode(digest).decode()}'"
        self.environments = {lang: self._environment(lang) for lang in self.translations}

    def _environment(self, lang: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            extensions=["jinja2.ext.i18n"],
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        translation, locale = self.translations[lang], Locale.parse(lang)
        environment.install_gettext_callables(  # type: ignore[attr-defined]
            translation.gettext, translation.ngettext, newstyle=True, pgettext=translation.pgettext
        )
        environment.policies["ext.i18n.trimmed"] = True
        environment.globals |= {
            "lang": lang,
            "dir": "rtl" if locale.text_direction == "right-to-left" else "ltr",
            "languages": [(code, own_name(code)) for code in self.translations],
            "site": {
                "district": self.settings.district,
                "name": "FACE-to-Face",
                "help_line": self.settings.help_line,
                "emergency": self.settings.emergency,
            },
            "texts_json": self._script_texts(translation, review=True),
            "critical_css": Markup(self.critical_css),  # noqa: S704 (our own stylesheet)
            "labels": texts.labels(translation.gettext),
            "asset": self.asset,
            "when": lambda at, zone, style="full": when(at, zone, style, lang),
            "number": lambda n: format_decimal(n, locale=lang),
        }
        return environment

    @staticmethod
    def _script_texts(translation: gettext.NullTranslations, *, review: bool) -> Markup:
        said = texts.script_texts(translation.gettext, translation.ngettext)
        if not review:
            said["received"] = said["received_shown"]
        told = json.dumps(said, ensure_ascii=False)
        # "</script>" in a text would end the block that carries it.
        return Markup(told.replace("<", "\\u003c"))  # noqa: S704 (our own catalogue, escaped)

    def asset(self, name: str) -> str:
        return f"/static/{self.manifest[name]}"

    def gettext(self, lang: str) -> Callable[[str], str]:
        return self.translations[lang].gettext

    def lang(self, connection: HTTPConnection) -> str:
        """The language to answer in: asked for in the address, chosen before, preferred by the browser, ours."""
        for wanted in (connection.query_params.get("lang"), connection.cookies.get(LANG_COOKIE)):
            if wanted in self.translations:
                return wanted
        accepted = connection.headers.get("accept-language", "")
        preferred = [part.partition(";")[0].strip().replace("-", "_") for part in accepted.split(",")[:20]]
        available = sorted(self.translations, key=lambda code: code != SOURCE_LANGUAGE)
        try:
            return negotiate_locale([p for p in preferred if p], available) or SOURCE_LANGUAGE
        except ValueError:
            return SOURCE_LANGUAGE

    def known(self, lang: str | None) -> str:
        return lang if lang in self.translations else SOURCE_LANGUAGE

    def page(
        self, request: Request, template: str, *, caller: Caller | None = None, status: int = 200, **context: Any
    ) -> HTMLResponse:
        lang = self.lang(request)
        who = {
            "name": caller.name if caller else None,
            "signed_in": bool(caller and caller.name is not None),
            "roles": {str(role) for role in caller.roles} if caller else set(),
        }
        if not (context.get("session") or {}).get("review", True):
            context["texts_json"] = self._script_texts(self.translations[lang], review=False)
        html = (
            self.environments[lang]
            .get_template(template)
            .render(path="/" + request.url.path.lstrip("/"), caller=who, status=status, **context)
        )
        response = HTMLResponse(html, status)
        if request.query_params.get("lang") == lang:
            response.set_cookie(LANG_COOKIE, lang, max_age=365 * 24 * 3600, samesite="lax", httponly=True)
        response.headers["Content-Language"] = lang
        response.headers["Vary"] = "Cookie, Accept-Language"
        response.headers["Cache-Control"] = "no-store"
        return response

    def file(self, lang: str, template: str, **context: Any) -> str:
        """A page in one file, which needs nothing of ours to be read."""
        css = Markup((DIST / self.manifest["file.css"]).read_text())  # noqa: S704 (our own stylesheet)
        return self.environments[lang].get_template(template).render(file_css=css, **context)

    def refusal(self, request: Request, refusal: Refusal, back: str = "/", words: str | None = None) -> HTMLResponse:
        lang = self.lang(request)
        say = refusal.say(self.gettext(lang), lang)
        return self.page(request, "refusal.html", status=refusal.status, say=say, back=back, words=words)

    def card(self, card: Card, screen: str, lang: str, session: Mapping[str, Any], **own: Any) -> str:
        """One card as the element that stands in a list; without tallies, which are laid over on the device.

        `own` is what is one person's alone, on a card that is told to them and nobody else.
        """
        template = self.environments[lang].get_template(f"cards/{screen}.html")
        laid = {"tally": None, "voted": False, "back": "families"} | own
        return template.render(card=card, session=session, **laid).strip()


def own_name(lang: str) -> str:
    """A language in its own words, as it begins a line."""
    name = Locale.parse(lang).get_display_name(lang) or lang
    return name[:1].upper() + name[1:]


def when(at: datetime | None, zone: str, style: str, lang: str) -> str:
    """A moment as people in the United States say it in their language, in the session's own time zone."""
    if at is None:
        return ""
    there, locale = at.astimezone(ZoneInfo(zone)), f"{lang}_US"
    clock = format_time(there, "short", locale=locale).replace("\u202f", "\u00a0")
    if style == "clock":
        return clock
    if style == "day":
        return format_date(there, "long", locale=locale)
    this_year = there.year == datetime.now(there.tzinfo).year
    return f"{format_skeleton('MMMMEEEEd' if this_year else 'yMMMMEEEEd', there, locale=locale)}, {clock}"


def qr(address: str) -> Markup:
    """A QR code as SVG that takes its size from the stylesheet."""
    code = segno.make(address, error="m").svg_inline(omitsize=True, border=2, svgclass="qr", lineclass=None)
    return Markup(code)  # noqa: S704 (made of rectangles by segno)


def session_view(board: Board, endless: bool = False) -> dict[str, Any]:
    """A session as the templates know it."""
    plan = board.plan
    return {
        "code": board.code,
        "title": plan.title,
        "about": plan.about,
        "state": str(board.state),
        "input": board.input,
        "slow": board.slow,
        "review": plan.review,
        "names": plan.names,
        "limit": plan.limit,
        "languages": list(plan.languages),
        "topics": list(plan.topics),
        "speakers": list(plan.speakers),
        "schools": list(plan.schools),
        "reasons": list(plan.reasons or REASONS),
        "starts_at": plan.starts_at,
        "ends_at": plan.ends_at,
        "zone": plan.zone,
        "doors_minutes": plan.doors_minutes,
        "published_at": board.published_at,
        "endless": endless,
    }


def row_view(session: Session) -> dict[str, Any]:
    """A session for a list, without its board."""
    plan = session.plan
    return {
        "code": session.code,
        "title": session.title,
        "about": plan.about,
        "state": str(session.state),
        "input": session.input,
        "languages": list(plan.languages),
        "speakers": list(plan.speakers),
        "starts_at": session.starts_at,
        "ends_at": session.ends_at,
        "zone": plan.zone,
        "published_at": session.published_at,
        "completed_at": session.completed_at,
    }
