"""Who may see what: what an event touches, and what a question is to one audience, or None. Pure.

All that leaves the server for an audience is made here, for live patches, catch-up, pages, archive and exports alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec

from sessions.events import Event, LineupMoved, QuestionEvent, QuestionNoted, SessionState, State
from sessions.question import Audience, Question, Said

SEES: Mapping[Audience, frozenset[State]] = {
    Audience.PUBLIC: frozenset({State.SHOWN, State.QUEUED, State.ON_STAGE, State.ANSWERED}),
    Audience.SPEAKER: frozenset({State.QUEUED, State.ON_STAGE, State.ANSWERED}),
    Audience.DESK: frozenset(State),
}
"""In which states an audience sees a question."""

UNSEEN: Mapping[Audience, frozenset[type[Event]]] = {
    Audience.PUBLIC: frozenset({QuestionNoted, LineupMoved}),
    Audience.SPEAKER: frozenset({QuestionNoted}),
    Audience.DESK: frozenset(),
}
"""Events that change nothing an audience may see, whatever the state."""

SCREENS: Mapping[str, tuple[Audience, Mapping[State, str]]] = {
    "families": (
        Audience.PUBLIC,
        {
            State.SHOWN: "questions",
            State.QUEUED: "questions",
            State.ANSWERED: "questions",
            State.ON_STAGE: "stage",
        },
    ),
    "stage": (Audience.PUBLIC, {State.SHOWN: "asked", State.QUEUED: "asked", State.ON_STAGE: "stage"}),
    "speak": (Audience.SPEAKER, {State.QUEUED: "next", State.ON_STAGE: "stage", State.ANSWERED: "done"}),
    "desk": (
        Audience.DESK,
        {
            State.HELD: "waiting",
            State.SHOWN: "shown",
            State.QUEUED: "lineup",
            State.ON_STAGE: "stage",
            State.ANSWERED: "done",
            State.DECLINED: "done",
            State.PRIVATE: "done",
            State.HIDDEN: "done",
            State.WITHDRAWN: "done",
        },
    ),
}
"""Each screen's audience, and the list of it in which a question in a state has its place."""

SCREEN_OF = {Audience.PUBLIC: "families", Audience.SPEAKER: "speak", Audience.DESK: "desk"}
"""The screen whose places a program gets when it names none."""


class Card(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A question as one audience may see it; a field that they may not see, or that is not so, is left out."""

    id: str
    rev: int
    number: int
    state: State
    words: str | None
    lang: str
    asked_at: datetime
    place: str | None
    order: str
    name: str | None = None
    topic: str | None = None
    answers: tuple[Said, ...] = ()
    settled_at: datetime | None = None
    # The asker's own, and the desk's.
    private: bool = False
    reason: str | None = None
    say: str | None = None
    handed_to: str | None = None
    # The desk's.
    asker: str | None = None
    notes: tuple[Said, ...] = ()
    contact: bool = False
    revised: bool = False
    # The asker's own.
    may_edit: bool = False
    may_withdraw: bool = False


def touches(event: Event, audience: Audience) -> bool:
    """Whether the audience can notice the event at all: this is what gives it a number in their stream."""
    if type(event) in UNSEEN[audience]:
        return False
    if isinstance(event, QuestionEvent):
        return event.was in SEES[audience] or event.state in SEES[audience]
    return True


def card(question: Question, audience: Audience, screen: str | None = None) -> Card | None:
    """The question as the audience may see it now, or None."""
    if question.state not in SEES[audience] or (question.private and audience is not Audience.DESK):
        return None
    place = SCREENS[screen or SCREEN_OF[audience]][1].get(question.state)
    if place == "done" and is_waiting_privately(question):
        place = "waiting"
    shown = _card(question, question.revs[audience], place)
    if audience is Audience.DESK:
        shown = msgspec.structs.replace(
            shown,
            answers=question.answers,
            private=question.private,
            reason=question.reason,
            say=question.say,
            handed_to=question.handed_to,
            asker=hashlib.sha256(question.author.encode()).hexdigest()[:6],
            notes=question.notes,
            contact=question.contact,
            revised=question.revised,
        )
    if question.state is State.WITHDRAWN:  # The asker was told that nobody sees it then.
        shown = msgspec.structs.replace(shown, words=None, name=None, contact=False)
    return shown


def is_waiting_privately(question: Question) -> bool:
    """Asked only for staff, and nobody has taken it on or answered it yet."""
    return question.state is State.PRIVATE and question.handed_to is None and not question.answers


def own_card(question: Question) -> Card:
    """The question as its asker sees it, whatever became of it."""
    return msgspec.structs.replace(
        _card(question, question.rev, "mine"),
        order=f"{question.number:08d}",
        answers=question.answers,
        private=question.private,
        reason=question.reason,
        say=question.say,
        handed_to=question.handed_to,
        may_edit=question.state is State.HELD,
        may_withdraw=question.state in (State.HELD, State.SHOWN, State.QUEUED, State.PRIVATE),
    )


def _card(question: Question, rev: int, place: str | None) -> Card:
    return Card(
        id=question.id,
        rev=rev,
        number=question.number,
        state=question.state,
        words=question.words,
        lang=question.lang,
        asked_at=question.asked_at,
        place=place,
        order=question.order if place in ("lineup", "next") else f"{question.number:08d}",
        name=question.name,
        topic=question.topic,
        answers=tuple(said for said in question.answers if not said.private),
        settled_at=question.settled_at,
    )


def is_open_to_all(state: SessionState) -> bool:
    """Whether people without a role may know of the session."""
    return state is not SessionState.DRAFT
