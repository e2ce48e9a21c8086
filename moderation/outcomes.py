"""How questions ended, and in which way the others are open. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sessions.events import State as S
from sessions.question import Question
from sessions.refusals import Phrase

OUTCOMES: dict[str, Phrase] = {
    "on_stage": Phrase("Answered on stage"),
    "in_writing": Phrase("Answered in writing"),
    "with_person": Phrase("With a person of the staff"),
    "followed_up": Phrase("Followed up after the session"),
    "merged": Phrase("Joined with another question"),
    "declined": Phrase("Declined, with a reason"),
    "withdrawn": Phrase("Withdrawn by the family"),
    "hidden": Phrase("Hidden"),
}
"""How a question can have ended."""

OPEN_AS: dict[str, Phrase] = {
    "held": Phrase("Waiting to be looked at"),
    "private": Phrase("Asked only for staff, and nobody has taken it on"),
    "in_line": Phrase("In line, and not answered"),
    "shown": Phrase("Shown to everyone, and not answered"),
    "followed": Phrase("Somebody follows it up"),
}
"""In which way a question can be open; the last needs nobody else."""

_ENDED = {
    S.MERGED: "merged",
    S.DECLINED: "declined",
    S.WITHDRAWN: "withdrawn",
    S.HIDDEN: "hidden",
    S.PRIVATE: "with_person",
}
_STANDS = {S.HELD: "held", S.PRIVATE: "private", S.QUEUED: "in_line", S.ON_STAGE: "in_line", S.SHOWN: "shown"}


def outcome(question: Question) -> str | None:
    """How it ended; None while it is open."""
    if question.is_open:
        return None
    if question.state is S.ANSWERED:
        return "on_stage" if question.settled_at else "in_writing"
    if question.state is S.PRIVATE and question.answers:
        return "in_writing"
    is_closed = question.follow_up is not None and question.follow_up.closed is not None
    if is_closed and question.state not in (S.DECLINED, S.MERGED, S.WITHDRAWN):
        return "followed_up"
    return _ENDED[question.state]


def open_as(question: Question) -> str | None:
    """In which way it is open; None once it has ended."""
    if not question.is_open:
        return None
    return "followed" if question.follow_up else _STANDS[question.state]


def tally(questions: Iterable[Question]) -> dict[str, int]:
    """How many ended in each way; ways in which none did are left out."""
    ends = [outcome(question) for question in questions]
    return {end: count for end in OUTCOMES if (count := ends.count(end))}


def left_open(questions: Iterable[Question]) -> dict[str, list[Question]]:
    """The questions without an outcome by the way in which they are open, each in the order of their arrival."""
    found: dict[str, list[Question]] = {way: [] for way in OPEN_AS}
    for question in sorted(questions, key=lambda q: q.number):
        if way := open_as(question):
            found[way].append(question)
    return {way: those for way, those in found.items() if those}
