"""What is owed to families outside the session: open questions, promised answers, call-backs. Pure."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from sessions.board import Board
from sessions.events import SessionState, State
from sessions.policy import AFTER
from sessions.question import Question


class Promise(NamedTuple):
    """A question that somebody goes on with, or should; `askers` are those of its family who left a contact."""

    question: Question
    is_open: bool
    askers: tuple[str, ...] = ()

    @property
    def owner(self) -> str | None:
        return self.question.follow_up.owner if self.question.follow_up else None

    @property
    def due(self) -> date | None:
        return self.question.follow_up.due if self.question.follow_up else None

    def is_overdue(self, today: date) -> bool:
        return self.is_open and self.due is not None and self.due < today

    def is_of(self, name: str | None) -> bool:
        """Whether it was given to somebody of this name."""
        return bool(name and self.owner) and (name or "").casefold() == (self.owner or "").casefold()


def promises(board: Board) -> list[Promise]:
    """In the order of their arrival."""
    found = []
    is_over = SessionState(board.state) in AFTER
    for question in board.questions.values():
        askers = tuple(one.id for one in board.family(question) if one.contact)
        standing = is_owed(question, is_over=is_over, is_called=bool(askers))
        if standing is not None:
            found.append(Promise(question, standing, askers))
    return found


def is_owed(question: Question, *, is_over: bool, is_called: bool) -> bool | None:
    """Whether something is still owed for it; None where nothing ever was.

    `is_called` says that somebody asked to be reached. What was taken down has no outcome for them.
    """
    state, followed = question.state, question.follow_up
    if state in (State.MERGED, State.WITHDRAWN):
        return None
    if followed:
        return followed.closed is None and state is not State.ANSWERED
    if state is State.PRIVATE:
        return not question.answers
    is_unanswered = question.is_open or (state is State.HIDDEN and is_called)
    return True if is_unanswered and (is_over or is_called) else None


def urgency(promise: Promise, today: date) -> tuple[bool, date, datetime]:
    """Sorts what is overdue first, then by day, then the oldest first."""
    return not promise.is_overdue(today), promise.due or date.max, promise.question.asked_at
