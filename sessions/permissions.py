"""What a role may do: the whole table, in one place."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from sessions.question import Audience
from sessions.refusals import Refusal


class Role(StrEnum):
    """What a person is in a session, or district-wide. Everybody is a participant."""

    PARTICIPANT = "participant"
    MODERATOR = "moderator"
    SPEAKER = "speaker"
    HOST = "host"
    CAPTIONER = "captioner"
    LIAISON = "liaison"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    READ_PUBLIC = "read_public"
    ASK = "ask"
    VOTE = "vote"
    READ_SPEAKER = "read_speaker"
    ANSWER = "answer"
    STAGE = "stage"
    READ_DESK = "read_desk"
    DECIDE = "decide"
    FOLLOW_UP = "follow_up"
    REDACT = "redact"
    READ_CONTACTS = "read_contacts"
    CAPTION = "caption"
    RUN_SESSION = "run_session"
    INVITE = "invite"
    PLAN_SESSIONS = "plan_sessions"


P = Permission
EVERYBODY = frozenset({P.READ_PUBLIC, P.ASK, P.VOTE})
ON_STAGE = frozenset({P.READ_SPEAKER, P.ANSWER, P.STAGE})
AT_DESK = ON_STAGE | {P.READ_DESK, P.DECIDE, P.FOLLOW_UP, P.REDACT, P.CAPTION}
RUNNING = AT_DESK | {P.RUN_SESSION, P.INVITE}

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.PARTICIPANT: EVERYBODY,
    Role.CAPTIONER: EVERYBODY | {P.CAPTION},
    Role.SPEAKER: EVERYBODY | ON_STAGE,
    Role.MODERATOR: EVERYBODY | AT_DESK,
    Role.LIAISON: EVERYBODY | {P.READ_DESK, P.FOLLOW_UP, P.READ_CONTACTS},
    Role.HOST: EVERYBODY | RUNNING,
    Role.ADMINISTRATOR: EVERYBODY | RUNNING | {P.READ_CONTACTS, P.PLAN_SESSIONS},
}

MAY_HEAR = {Audience.PUBLIC: P.READ_PUBLIC, Audience.SPEAKER: P.READ_SPEAKER, Audience.DESK: P.READ_DESK}
"""What it takes to belong to an audience."""


class Caller(NamedTuple):
    """The person who asks for something now, with their roles here; `name` is set for staff only."""

    person: str
    roles: frozenset[Role] = frozenset({Role.PARTICIPANT})
    name: str | None = None

    def may(self, permission: Permission) -> bool:
        return any(permission in GRANTS[role] for role in self.roles)

    @property
    def is_staff(self) -> bool:
        return self.may(Permission.READ_DESK) or self.may(Permission.READ_SPEAKER)

    @property
    def audience(self) -> Audience:
        """The one with the most to see, for answers to their commands."""
        return next(a for a in reversed(Audience) if self.may(MAY_HEAR[a]))

    def require(self, permission: Permission) -> None:
        if not self.may(permission):
            raise Refusal(
                "not_allowed", "This needs an invitation that you do not have here. Please ask the session's host."
            )
