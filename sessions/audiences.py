"""Who may see what: what an event touches, and what a question is to one audience, or None. Pure.

All that leaves the server for an audience is made here, for live patches, catch-up, pages, archive and exports alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec

from sessions import events as ev
from sessions.events import Event, QuestionEvent, SessionState, State
from sessions.question import ASKERS_PARTS, DANGER, EVERYBODYS_PARTS, Audience, FollowUp, Question, Said, Taken

SEES: Mapping[Audience, frozenset[State]] = {
    Audience.PUBLIC: frozenset({State.SHOWN, State.QUEUED, State.ON_STAGE, State.ANSWERED}),
    Audience.SPEAKER: frozenset({State.QUEUED, State.ON_STAGE, State.ANSWERED}),
    Audience.DESK: frozenset(State),
}
"""In which states an audience sees a question."""

BETWEEN_STAFF: frozenset[type[Event]] = ev.STILL | frozenset[type[Event]](
    {ev.ParticipantMuted, ev.ParticipantUnmuted, ev.InputHeld}
)
CAPTIONS = frozenset[type[Event]]((ev.CaptionsImported, ev.CaptionCorrected, ev.CaptionRedacted))
"""What has a stream of its own, and changes no board."""
ORDER_OF_THE_LINE = frozenset[type[Event]]((ev.LineupMoved, ev.LineupAssigned))
UNSEEN: Mapping[Audience, frozenset[type[Event]]] = {
    Audience.PUBLIC: BETWEEN_STAFF | ORDER_OF_THE_LINE | CAPTIONS,
    Audience.SPEAKER: BETWEEN_STAFF | CAPTIONS,
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
            State.MERGED: "done",
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
    school: str | None = None
    tidied: bool = False
    answers: tuple[Said, ...] = ()
    settled_at: datetime | None = None
    followed: str | None = None
    taken: tuple[Taken, ...] = ()
    # The speakers' and the desk's.
    speaker: str = ""
    # The asker's own, and the desk's.
    private: bool = False
    original: str | None = None
    reason: str | None = None
    say: str | None = None
    handed_to: str | None = None
    into: str | None = None
    # The desk's.
    asker: str | None = None
    is_muted: bool = False
    notes: tuple[Said, ...] = ()
    tags: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    seen: tuple[Said, ...] = ()
    alerts: tuple[Said, ...] = ()
    versions: tuple[Said, ...] = ()
    merged: tuple[str, ...] = ()
    follow_up: FollowUp | None = None
    contact: bool = False
    revised: bool = False
    # The asker's own.
    may_edit: bool = False
    may_withdraw: bool = False
    help: bool = False
    living: Card | None = None
    became: State | None = None


def touches(event: Event, audience: Audience) -> bool:
    """Whether the audience can notice the event at all: this is what gives it a number in their stream."""
    if type(event) in UNSEEN[audience]:
        return False
    if isinstance(event, ev.WordsRedacted) and event.part not in EVERYBODYS_PARTS and audience is not Audience.DESK:
        return False
    if isinstance(event, QuestionEvent):
        return event.was in SEES[audience] or event.state in SEES[audience]
    return True


def card(question: Question, audience: Audience, screen: str | None = None, *, is_muted: bool = False) -> Card | None:
    """The question as the audience may see it now, or None."""
    if question.state not in SEES[audience] or (question.private and audience is not Audience.DESK):
        return None
    place = SCREENS[screen or SCREEN_OF[audience]][1].get(question.state)
    if place == "done" and question.is_waiting_privately:
        place = "waiting"
    shown = _card(question, question.revs[audience], place)
    if audience is Audience.SPEAKER:
        shown = msgspec.structs.replace(shown, speaker=question.speaker)
    if audience is Audience.DESK:
        shown = msgspec.structs.replace(
            shown,
            answers=question.answers,
            private=question.private,
            original=question.original,
            reason=question.reason,
            say=question.say,
            handed_to=question.handed_to,
            into=question.into,
            speaker=question.speaker,
            asker=mark_of(question.author),
            is_muted=is_muted,
            notes=question.notes,
            tags=question.tags,
            flags=question.flags,
            seen=question.seen,
            alerts=question.alerts,
            versions=question.versions,
            merged=question.merged,
            follow_up=question.follow_up,
            taken=question.taken,
            contact=question.contact,
            revised=question.revised,
        )
    if question.state is State.WITHDRAWN:  # The asker was told that nobody sees it then.
        shown = msgspec.structs.replace(shown, words=None, name=None, contact=False, original=None, versions=())
    return shown


def mark_of(person: str) -> str:
    """The same mark is the same asker; it says nothing of who they are."""
    return hashlib.sha256(person.encode()).hexdigest()[:6]


def own_card(question: Question, living: Question | None = None) -> Card:
    """The question as its asker sees it, whatever became of it.

    `living` is the question that lives for one that was merged. What the public may see of it is told; its asker may
    be somebody else, so what was said to them alone is not.
    """
    return msgspec.structs.replace(
        _card(question, max(question.rev, living.rev if living else 0), "mine"),
        order=f"{question.number:08d}",
        answers=question.answers,
        private=question.private,
        original=question.original,
        taken=_marks(question, ASKERS_PARTS),
        reason=question.reason,
        say=question.say,
        handed_to=question.handed_to,
        into=living.id if living else None,
        living=card(living, Audience.PUBLIC) if living else None,
        became=living.state if living else None,
        help=DANGER in question.flags,
        may_edit=question.state is State.HELD,
        may_withdraw=question.state in WITHDRAWABLE,
    )


WITHDRAWABLE = frozenset({State.HELD, State.SHOWN, State.QUEUED, State.PRIVATE, State.MERGED})
"""In which states an asker may take a question back; held against the table of states by a test."""


def _marks(question: Question, parts: frozenset[str]) -> tuple[Taken, ...]:
    """That words were taken out, for those who are told neither by whom nor what they say of it."""
    return tuple(Taken(mark.at, mark.reason, mark.part) for mark in question.taken if mark.part in parts)


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
        school=question.school,
        tidied=question.tidied,
        answers=tuple(said for said in question.answers if not said.private),
        settled_at=question.settled_at,
        followed=question.follow_up.standing if question.follow_up else None,
        taken=_marks(question, EVERYBODYS_PARTS),
    )


def is_open_to_all(state: SessionState) -> bool:
    """Whether people without a role may know of the session."""
    return state is not SessionState.DRAFT
