"""One request to a session: which session, by whom, and what of it they may see."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from live.feed import Feed
from live.house import House
from live.identity import mark
from sessions import people
from sessions import session as sessions
from sessions.audiences import is_open_to_all
from sessions.events import SessionState
from sessions.permissions import Caller, Permission
from sessions.refusals import Refusal
from sessions.session import Session


@dataclass(frozen=True)
class Visit:
    house: House
    session: Session
    caller: Caller
    is_new: bool
    """Nobody was known yet: a page makes them a participant."""
    receipt: str | None = None
    """Whose questions this device may read as well, by a receipt of this session."""

    @property
    def mark(self) -> str:
        """The caller's, for what scripts keep on a shared computer, and for claims of one's own."""
        return mark(self.caller.person)

    async def feed(self) -> Feed:
        return await self.house.broadcast.fresh(self.session.id)


def house_of(request: Request) -> House:
    house: House = request.app.state.house
    return house


async def visit(request: Request, permission: Permission = Permission.READ_PUBLIC, *, code: str = "") -> Visit:
    """Raises Refusal `not_found` for a session that the caller may not know of, `not_allowed` for lack of a role."""
    house = house_of(request)
    async with house.database.reading() as db:
        session = await sessions.find(db, code or request.path_params["code"])
    try:
        caller, is_new = await house.identity.caller(house.identity.tokens(request.headers), session.id), False
    except Refusal:
        caller, is_new = Caller(people.make_id()), True
    if not is_open_to_all(SessionState(session.state)) and not caller.is_staff:
        raise sessions.no_such_session()
    caller.require(permission)
    return Visit(house, session, caller, is_new, house.identity.receipt_of(request.cookies, session.code))


async def known(request: Request, session_id: int | None = None) -> Caller | None:
    """The caller, where there is one."""
    identity = house_of(request).identity
    try:
        return await identity.caller(identity.tokens(request.headers), session_id)
    except Refusal:
        return None


async def staff(request: Request) -> Caller | None:
    """Who is signed in, with their district-wide roles."""
    house = house_of(request)
    person = await house.identity.staff(house.identity.tokens(request.headers).staff)
    if person is None:
        return None
    async with house.database.reading() as db:
        return await people.caller(db, person, None)
