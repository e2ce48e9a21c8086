"""A question as its log tells it: all that is known of it, and who has noticed what."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import msgspec

from sessions.events import State

OPEN = frozenset({State.HELD, State.SHOWN, State.QUEUED, State.ON_STAGE})
"""Without an outcome yet, unless somebody has followed it up to its end."""
DANGER = "danger"
"""The flag above all others: somebody may be in danger."""


class Audience(StrEnum):
    """Who listens. `public` counts public numbers; `speaker` and `desk` count backstage numbers."""

    PUBLIC = "public"
    SPEAKER = "speaker"
    DESK = "desk"


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """Words that somebody said at a time: an answer, a note, an earlier version.

    A private answer was written for the asker alone, and stays so. `outcome` is how an attempt to reach them ended.
    """

    words: str | None
    by: str
    at: datetime
    lang: str | None = None
    private: bool = False
    outcome: str | None = None


class Taken(msgspec.Struct, frozen=True, omit_defaults=True):
    """That words were taken out here: when, and why by its code.

    `part` is what of a question they were in, empty for all of it. Who did it (`by`), and what they say of it to
    their colleagues, is the desk's.
    """

    at: datetime
    reason: str
    part: str = ""
    by: str = ""
    say: str | None = None


EVERYBODYS_PARTS = frozenset({"", "words", "name", "answer"})
"""What of a question everybody may read where it is public, and so may know that words were taken out of."""
ASKERS_PARTS = EVERYBODYS_PARTS | {"say", "handed_to"}


class FollowUp(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What goes on with a question after the session; `closed` is its outcome, None while it is open."""

    owner: str | None = None
    due: date | None = None
    tries: tuple[Said, ...] = ()
    closed: Said | None = None

    @property
    def standing(self) -> str:
        return "closed" if self.closed else "open"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a question; what of it anybody sees is for `audiences.card` to say.

    `handed_to` is None until somebody has taken it on, and empty where nobody is named. `into` is the question that it
    was merged into, `merged` are those that were merged into it, and `came_from` is the state it would go back to.
    `original` are the asker's words where a moderator tidied those shown, `versions` all that stood there before.
    `rev` moves with state, words or place, and guards commands against acting on something stale. `revs` is, per
    audience that can have noticed, the number in their stream of its last visible change.
    """

    id: str
    number: int
    author: str
    state: State
    words: str | None
    lang: str
    asked_at: datetime
    name: str | None = None
    topic: str | None = None
    school: str | None = None
    private: bool = False
    contact: bool = False
    revised: bool = False
    tidied: bool = False
    original: str | None = None
    versions: tuple[Said, ...] = ()
    order: str = ""
    speaker: str = ""
    answers: tuple[Said, ...] = ()
    notes: tuple[Said, ...] = ()
    tags: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    seen: tuple[Said, ...] = ()
    alerts: tuple[Said, ...] = ()
    reason: str | None = None
    say: str | None = None
    handed_to: str | None = None
    settled_at: datetime | None = None
    into: str | None = None
    came_from: State | None = None
    merged: tuple[str, ...] = ()
    follow_up: FollowUp | None = None
    taken: tuple[Taken, ...] = ()
    rev: int = 0
    revs: dict[Audience, int] = {}

    @property
    def is_waiting_privately(self) -> bool:
        """Asked only for staff, and nobody has taken it on or answered it yet."""
        return self.state is State.PRIVATE and self.handed_to is None and not self.answers

    @property
    def is_open(self) -> bool:
        """Whether it still lacks an outcome."""
        followed = self.follow_up.standing if self.follow_up else None
        return is_open(self.state, is_taken=not self.is_waiting_privately, followed=followed)


def is_open(state: State, *, is_taken: bool, followed: str | None) -> bool:
    """Whether a question lacks an outcome; `followed` is "open" or "closed" where it is followed up."""
    if state in (State.MERGED, State.WITHDRAWN):
        return False
    if followed:
        return followed == "open" and state is not State.ANSWERED
    return state in OPEN or (state is State.PRIVATE and not is_taken)
