"""A log that was never anybody's, to be told as sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from live import texts
from moderation import audit
from moderation.audit import Line, Reader
from sessions import board as boards
from sessions import events as ev
from sessions.audiences import mark_of
from sessions.board import Board
from sessions.events import Digest, Entry, Event, Plan, SessionState, State

AT = datetime(2031, 7, 1, 22, 0, tzinfo=UTC)
NAMES = {"ana": "Ana", "ben": "Ben"}
PLAN = Plan(title="Bus routes", speakers=("Dr. Lee",))
ENGLISH = Reader(str, "en", texts.labels(str), NAMES)
ROSA, LUIS = mark_of("rosa"), mark_of("luis")
H, S, Q = State.HELD, State.SHOWN, State.QUEUED
LIVE: dict[str, Any] = {"at": AT, "by": "ana", "state": SessionState.LIVE}

WORDS: dict[str, str | None] = {
    "asked": "Why?",
    "edited": "Why not?",
    "say": "Ask the bus office.",
    "to": "Ms. Ortiz",
    "answer": "From Monday.",
    "note": "Ask Mr. Paz.",
    "tidied": "Why, then?",
    "tag": "Lunch",
    "owner": "Mr. Paz",
    "try": "Again at five.",
}


def log_of(events: Sequence[Event], words: Mapping[str, str | None]) -> tuple[list[Entry], Board]:
    """A log of these events, whose digests are the names of `words`; and the board that they lead to."""
    entries = [Entry(seq, seq, True, event, dict(words)) for seq, event in enumerate(events, 1)]
    return entries, boards.apply(Board(), entries)


def told(*events: Event, reader: Reader = ENGLISH, words: Mapping[str, str | None] | None = None) -> list[Line]:
    return audit.lines(*log_of(events, WORDS if words is None else words), reader)


def asked(question: str, number: int, by: str = "rosa", **more: Any) -> ev.QuestionAsked:
    fields: dict[str, Any] = {"was": None, "state": State.HELD, "words": Digest("asked"), "lang": "en"}
    return ev.QuestionAsked(at=AT, by=by, question=question, number=number, **fields | more)


def step(kind: type[ev.QuestionEvent], was: State, state: State, by: str = "ana", **more: Any) -> ev.QuestionEvent:
    return kind(at=AT, by=by, question=more.pop("question", "q12"), was=was, state=state, **more)


BEFORE = (asked("q9", 9, "luis"), asked("q12", 12), ev.SessionPlanned(**LIVE, code="QK7RTM", plan=PLAN))
