"""How an address opts in to a rehearsal: a session of its own, and a pass that only the server can have made.

A crowd on a real session would be an attack, so it must not be possible by mistake either. Whoever has the
database in their hands plans a rehearsal; its link carries a pass for that one session, which no other has.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from live.pages.visit import house_of
from live.settings import Settings
from sessions import lifecycle, people
from sessions import session as sessions
from sessions.database import Database
from sessions.events import Plan, SessionState
from sessions.people import Person
from sessions.permissions import Caller, Role
from sessions.refusals import Refusal

PASS_SECONDS = 24 * 3600
STARTS, LASTS = timedelta(hours=26), timedelta(hours=1)
"""It never starts. It stays a draft, of which no family hears, until the crowd's host opens its doors, and is cancelled
when the rehearsal is over; if nobody does that, the timekeeper opens and ends it like any other."""
TITLE = "Rehearsal"
ABOUT = "This tries out our machines. Nobody reads what is asked here. Esto prueba nuestras máquinas; nadie lo lee."


class Link(NamedTuple):
    """What `facetoface session rehearsal` prints: where, in which session, and the pass that proves the consent."""

    base: str
    code: str
    proof: str

    def __str__(self) -> str:
        # After the #, so that the pass is in no access log and is sent to nobody by opening the link.
        return f"{self.base}/s/{self.code}/rehearsal#{self.proof}"


def read_link(text: str) -> Link | None:
    """None if it is any other address."""
    parts = urlsplit(text)
    match parts.path.split("/"):
        case ["", "s", code, "rehearsal"] if parts.scheme in ("http", "https") and parts.netloc and parts.fragment:
            return Link(f"{parts.scheme}://{parts.netloc}", code, parts.fragment)
    return None


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secret(), salt="rehearsal")


async def plan_rehearsal(database: Database, settings: Settings, caller: Caller) -> Link:
    """A new session, still a draft, and a host for it who can do nothing elsewhere."""
    async with database.writing() as tx:
        plan = Plan(title=TITLE, about=ABOUT, starts_at=tx.now + STARTS, ends_at=tx.now + STARTS + LASTS)
        session = await lifecycle.plan(tx, caller, plan)
        person = people.make_id()
        tx.db.add(Person(id=person, name=TITLE, made_at=tx.now))
        await tx.db.flush()
        await people.grant(tx, person, Role.HOST, session.id)
        token = await people.sign_in(tx, person)
    return Link(settings.home, session.code, str(_signer(settings).dumps([session.code, token])))


async def rehearsal(request: Request) -> Response:
    """The host's token of a rehearsal, for whoever has its pass; for everything else there is nothing here."""
    house = house_of(request)
    proof = request.headers.get("authorization", "")[7:].strip()
    try:
        code, token = _signer(house.settings).loads(proof, max_age=PASS_SECONDS) if proof.isascii() else ("", "")
    except (BadSignature, ValueError, TypeError):
        code, token = "", ""
    if code != request.path_params["code"]:
        raise Refusal("not_found", "There is nothing at this address. Please check it.")
    async with house.database.reading() as db:
        session = await sessions.find(db, code)
    if session.state != SessionState.DRAFT:
        raise Refusal("not_now", "This rehearsal has been held. Please plan another one.")
    return JSONResponse({"code": code, "token": token, "address": house.settings.home})


routes = [Route("/s/{code}/rehearsal", rehearsal)]
