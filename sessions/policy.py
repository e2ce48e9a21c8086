"""When a thing may be done: by the state of the session. Pure."""

from __future__ import annotations

from typing import Protocol

from sessions.events import SessionState as S
from sessions.refusals import Phrase, Refusal

RUNNING = frozenset({S.DOORS_OPEN, S.LIVE, S.PAUSED})
AFTER = frozenset({S.ENDED, S.PUBLISHED})

ALLOWED_IN: dict[str, frozenset[S]] = {
    "ask": RUNNING,
    "vote": RUNNING,
    "withdraw": RUNNING | AFTER,
    "decide": RUNNING | AFTER,
    "line_up": RUNNING,
    "unline": RUNNING | AFTER,
    "stage": frozenset({S.LIVE}),
    "answer": RUNNING | AFTER,
    "input": RUNNING,
    "follow_up": RUNNING | AFTER,
    "complete": AFTER,
    "caption": AFTER,
}
"""In which states of the session each kind of act is possible; anything else is refused as `not_now`."""

CLOSED: dict[S, Phrase] = {
    S.DRAFT: Phrase("This session is still being planned."),
    S.SCHEDULED: Phrase("The doors are not open yet. Please come back shortly before the start."),
    S.DOORS_OPEN: Phrase("The session has not started yet."),
    S.LIVE: Phrase("The session is under way."),
    S.PAUSED: Phrase("The session is taking a short break."),
    S.ENDED: Phrase("This session has ended. The answers stay here to read."),
    S.PUBLISHED: Phrase("This session has ended. The answers stay here to read."),
    S.CANCELLED: Phrase("This session was cancelled."),
}
"""Why not, by the state that stands in the way."""


class Standing(Protocol):
    """What there is to know of a session here: its row and its board both will do."""

    @property
    def state(self) -> str: ...
    @property
    def input(self) -> str: ...


def is_open(session: Standing, act: str) -> bool:
    return S(session.state) in ALLOWED_IN[act] and not (act in ("ask", "vote") and session.input == "paused")


def require(session: Standing, act: str) -> None:
    """Raises Refusal `not_now` where the session's state, or paused input, stands in the way."""
    if S(session.state) not in ALLOWED_IN[act]:
        raise Refusal("not_now", CLOSED[S(session.state)])
    if not is_open(session, act):
        raise Refusal(
            "not_now",
            "Questions and votes are paused for a moment. Nothing is lost; please try again in a few minutes.",
        )
