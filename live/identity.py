"""Who is calling: a participant's signed cookie, a sign-in of the staff, or either as a bearer token."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer
from starlette.requests import cookie_parser
from starlette.responses import Response

from live.settings import Settings
from sessions import people
from sessions.database import Database, be_brief, clock
from sessions.permissions import Caller, Role
from sessions.refusals import Refusal

YEAR = 365 * 24 * 3600
RECEIPT_DAYS = 90


class Tokens(NamedTuple):
    """What a device presented: either, both or neither."""

    participant: str | None
    staff: str | None


def mark(person: str) -> str:
    """Tells people apart without saying who they are: on a shared computer, and at a desk."""
    return hashlib.sha256(b"mark" + person.encode()).hexdigest()[:8]


def is_family(caller: Caller) -> bool:
    """Whether they have no role that could be lost."""
    return caller.roles == {Role.PARTICIPANT}


def nobody() -> Refusal:
    return Refusal("no_identity", "Please open the session's page first, then try again.")


class Identity:
    """Reads who calls, and writes the cookies that say so."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.database = database
        secret, prefix = settings.secret(), "__Host-" if settings.is_https else ""
        self.secure = settings.is_https
        self.participant_cookie, self.staff_cookie = f"{prefix}f2f_participant", f"{prefix}f2f_staff"
        self.participants = URLSafeSerializer(secret, salt="participant")
        self.receipt_cookie = f"{prefix}f2f_receipt"
        self.receipts = URLSafeTimedSerializer(secret, salt="receipt")

    def tokens(self, headers: Mapping[str, str], bearer: str | None = None) -> Tokens:
        """From the headers of a request or of a socket's handshake; a bearer token is of either kind."""
        authorization = headers.get("authorization", "")
        if bearer is None and authorization[:7].lower() == "bearer ":
            bearer = authorization[7:].strip()
        if bearer:
            return Tokens(bearer, None) if self.participant(bearer) else Tokens(None, bearer)
        # Not http.cookies: it gives up on the whole header at the first value of another site's that it dislikes.
        found = cookie_parser(headers.get("cookie", ""))
        return Tokens(found.get(self.participant_cookie), found.get(self.staff_cookie))

    def participant(self, token: str | None) -> str | None:
        """The id in a participant's token, if we signed it."""
        try:
            person = self.participants.loads(token) if token and token.isascii() else None
        except BadSignature:
            return None
        return person if isinstance(person, str) else None

    async def staff(self, token: str | None) -> str | None:
        if not token or not token.isascii():
            return None
        async with self.database.reading() as db:
            return await people.signed_in(db, token, clock())

    async def caller(self, tokens: Tokens, session_id: int | None) -> Caller:
        """The caller with their roles in the session. Raises Refusal `no_identity`."""
        if tokens.staff and tokens.staff.isascii():
            async with self.database.reading() as db:
                await be_brief(db)
                if found := await people.signed_in_caller(db, tokens.staff, session_id, clock()):
                    return found
        if person := self.participant(tokens.participant):
            return Caller(person)
        raise nobody()

    async def refresh(self, caller: Caller, tokens: Tokens, session_id: int) -> Caller:
        """Who it is by now: signed out, or with other roles. A participant has nothing to lose, and costs no query."""
        return caller if is_family(caller) else await self.caller(tokens, session_id)

    def welcome(self, response: Response, person: str) -> None:
        """Make the device a participant."""
        self._set(response, self.participant_cookie, self.token(person), YEAR)

    def forget(self, response: Response) -> None:
        """The device is nobody's any more, as far as families go."""
        for name in (self.participant_cookie, self.receipt_cookie):
            self._set(response, name, "", 0)

    def receipt(self, person: str, code: str) -> str:
        """A token with which another device may read the person's questions in one session, and do nothing else."""
        return str(self.receipts.dumps([person, code]))

    def read_receipt(self, token: str) -> tuple[str, str] | None:
        """(person, join code) of a receipt that we made and that has not run out."""
        try:
            person, code = self.receipts.loads(token, max_age=RECEIPT_DAYS * 24 * 3600) if token.isascii() else (0, 0)
        except (BadSignature, ValueError, TypeError):
            return None
        return (person, code) if isinstance(person, str) and isinstance(code, str) else None

    def show_receipt(self, response: Response, token: str) -> None:
        self._set(response, self.receipt_cookie, token, RECEIPT_DAYS * 24 * 3600)

    def receipt_of(self, cookies: Mapping[str, str], code: str) -> str | None:
        """Whose questions the device may read in the session, beside its own."""
        found = self.read_receipt(cookies.get(self.receipt_cookie, ""))
        return found[0] if found and found[1] == code else None

    def token(self, person: str) -> str:
        return str(self.participants.dumps(person))

    def sign_in(self, response: Response, token: str) -> None:
        self._set(response, self.staff_cookie, token, people.SIGN_IN_DAYS * 24 * 3600)

    def sign_out(self, response: Response) -> None:
        self._set(response, self.staff_cookie, "", 0)

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=self.secure)
