"""Where a form leads to when there is no script: onwards, or back with why it was refused and the words still there."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from live.pages import follow_ups
from live.pages.families import OVER, draft_of, families_page
from live.pages.visit import house_of, visit
from sessions import session as sessions
from sessions.events import SessionState as S
from sessions.refusals import Refusal

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
    "captions": "/office/{code}/captions",
    **follow_ups.BACKS,
}
"""Where a form's sender goes afterwards, by the name of the screen they came from."""
KEPT = ("list", "sort", "q", "language", "topic", "school", "flag", "tag", "whose")
"""What of the desk's address a form carries along: which list was seen, and what of it."""


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
