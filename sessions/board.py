"""What there is to see now: one pure function over the log. Nothing here reads a clock, a database or a setting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from sessions import events as ev
from sessions.audiences import SEES, card, touches
from sessions.events import Entry, Plan, SessionState, State
from sessions.question import Audience, FollowUp, Question, Said, Taken

Words = Mapping[str, str | None]
STAGED = (State.QUEUED, State.ON_STAGE)


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """A session at one moment: at `seq` backstage, at `public` in the public stream."""

    code: str = ""
    plan: Plan = Plan(title="")
    state: SessionState = SessionState.DRAFT
    input: str = "open"
    slow: int = 0
    hold: bool = False
    muted: frozenset[str] = frozenset()
    questions: dict[str, Question] = {}
    tallies: dict[str, int] = {}
    published_at: datetime | None = None
    completed_at: datetime | None = None
    seq: int = 0
    public: int = 0
    revs: dict[Audience, int] = {}

    def head(self, audience: Audience) -> int:
        return self.public if audience is Audience.PUBLIC else self.seq

    def on_stage(self) -> Question | None:
        return next((q for q in self.questions.values() if q.state is State.ON_STAGE), None)

    def lineup(self) -> list[Question]:
        return sorted(
            (q for q in self.questions.values() if q.state is State.QUEUED), key=lambda q: (q.order, q.number)
        )

    def living(self, question: Question) -> Question:
        """The question that lives for this one: itself, unless it was merged."""
        while question.into:
            question = self.questions[question.into]
        return question

    def family(self, question: Question) -> list[Question]:
        """This question and all that were merged into it, directly or not."""
        found = [question]
        for one in found:  # Grows while it is read.
            found += [self.questions[child] for child in one.merged]
        return found


def apply(board: Board, entries: Iterable[Entry]) -> Board:
    """The board after these entries of its log, in order."""
    questions, facts = dict(board.questions), board
    for entry in entries:
        event = entry.event
        if entry.seq != facts.seq + 1:
            raise ValueError(f"entry {entry.seq} cannot follow {facts.seq}")
        numbers = {a: entry.public if a is Audience.PUBLIC else entry.seq for a in Audience if touches(event, a)}
        if isinstance(event, ev.QuestionEvent):
            before = questions.get(event.question)
            moved = {} if type(event) in ev.STILL else {"rev": entry.seq}
            changes: dict[str, Any] = CHANGES[type(event)](event, entry.words, before) | moved | {"state": event.state}
            revs = (before.revs if before else {}) | numbers
            if before is None:
                now = Question(id=event.question, revs=revs, **changes)
            else:
                now = replace(before, revs=revs, **changes)
                _keep_family(questions, before, now, entry.seq)
                if isinstance(event, ev.WordsRedacted):
                    _tell_family(questions, now, entry.seq)
            questions[event.question] = now
            if facts.completed_at and now.is_open:
                facts = replace(facts, completed_at=None)
            if event.was not in STAGED and event.state not in STAGED:
                numbers = {}
        if isinstance(event, ev.SessionEvent):
            change = FACTS.get(type(event))
            facts = replace(facts, state=event.state, **(change(event, facts) if change else {}))
        if isinstance(event, ev.ParticipantMuted | ev.ParticipantUnmuted):
            for question in [q for q in questions.values() if q.author == event.person]:
                questions[question.id] = replace(question, revs=question.revs | {Audience.DESK: entry.seq})
        facts = replace(facts, seq=entry.seq, public=entry.public, revs=facts.revs | numbers)
    return replace(facts, questions=questions)


def _keep_family(questions: dict[str, Question], before: Question, now: Question, seq: int) -> None:
    """The question that another was merged into knows of it; nobody but the desk can notice."""
    if before.into == now.into:
        return
    for parent, gone in ((before.into, True), (now.into, False)):
        if parent:
            old = questions[parent]
            merged = tuple(m for m in old.merged if m != now.id) if gone else (*old.merged, now.id)
            questions[parent] = replace(old, merged=merged, revs=old.revs | {Audience.DESK: seq})


def _tell_family(questions: dict[str, Question], now: Question, seq: int) -> None:
    """Where a question is open at a desk, its words stand beside those that it was joined with."""
    for other in filter(None, (now.into, *now.merged)):
        old = questions[other]
        questions[other] = replace(old, revs=old.revs | {Audience.DESK: seq})


def is_rewritten(entries: Iterable[Entry]) -> bool:
    """Whether words were taken out of what came before: a board that knows them must be made anew from the log."""
    return any(isinstance(entry.event, ev.WordsRedacted) for entry in entries)


def changed(board: Board, since: int, audience: Audience) -> list[Question]:
    """The questions in which the audience can have noticed a change since their number."""
    return [q for q in board.questions.values() if q.revs.get(audience, 0) > since]


def patch(board: Board, audience: Audience, since: int, screen: str | None = None) -> dict[str, Any]:
    """What brings a device from `since` to now: cards as they are now (Card structs), or that one is gone.

    With `since` 0 it is the whole board, and names only what is there.
    """
    cards: list[Any] = []
    for question in changed(board, since, audience):
        now = card(question, audience, screen, is_muted=question.author in board.muted)
        if now is not None:
            cards.append(now)
        elif since:
            gone = {"id": question.id, "rev": question.revs[audience], "gone": True}
            living = board.living(question)
            cards.append(gone | ({"into": living.id} if living is not question and card(living, audience) else {}))
    told: dict[str, Any] = {"from": since, "to": board.head(audience), "cards": cards}
    if not since or board.revs.get(audience, 0) > since:
        told["session"] = session_facts(board, audience)
    return told


def session_facts(board: Board, audience: Audience) -> dict[str, Any]:
    """The session as the audience may see it: what they are told when it changes."""
    lineup = board.lineup()
    if audience is Audience.PUBLIC:  # Who is in line is public; in what order is the desk's and the speakers'.
        lineup = sorted(lineup, key=lambda q: q.number)
    on_stage = board.on_stage()
    told = {
        "state": board.state,
        "input": board.input,
        "slow": board.slow,
        "stage": on_stage and on_stage.id,
        "lineup": [q.id for q in lineup],
        "title": board.plan.title,
    }
    return told | ({"hold": board.hold} if audience is Audience.DESK else {})


def _asked(event: ev.QuestionAsked, words: Words, _: Question | None) -> dict[str, Any]:
    return {
        "number": event.number,
        "author": event.by,
        "words": words[event.words],
        "lang": event.lang,
        "asked_at": event.at,
        "name": words[event.name] if event.name else None,
        "topic": event.topic,
        "school": event.school,
        "private": event.private,
        "contact": event.contact,
        "flags": event.flags,
    }


def _edited(event: ev.QuestionEdited, words: Words, before: Question | None) -> dict[str, Any]:
    """The asker has the last word on their own words: what was tidied before gives way."""
    raised = before.flags if before else ()
    flags = (*raised, *(f for f in event.flags if f not in raised))
    own = {"words": words[event.words], "lang": event.lang, "revised": True}
    return own | {"flags": flags, "tidied": False, "original": None}


def _answered(event: ev.QuestionAnswered, words: Words, before: Question | None) -> dict[str, Any]:
    private = event.state not in SEES[Audience.PUBLIC]
    said = Said(words[event.words], event.name, event.at, event.lang, private)
    return {"answers": (*before.answers, said) if before else (said,), "order": ""}


def _noted(event: ev.QuestionNoted, words: Words, before: Question | None) -> dict[str, Any]:
    said = Said(words[event.words], event.name, event.at)
    return {"notes": (*before.notes, said) if before else (said,)}


def _words_edited(event: ev.WordsEdited, words: Words, before: Question | None) -> dict[str, Any]:
    if before is None:
        return {}
    lang = event.lang or before.lang
    if event.words is None:
        return {"lang": lang}
    tidy, original = words[event.words], before.original if before.tidied else before.words
    stood = Said(before.words, event.name, event.at, before.lang)
    changes = {"words": tidy, "lang": lang, "versions": (*before.versions, stood)}
    if original is not None and tidy == original:
        return changes | {"tidied": False, "original": None}
    return changes | {"tidied": True, "original": original}


def _toggled(there: tuple[str, ...], one: str | None, on: bool) -> tuple[str, ...]:
    rest = tuple(other for other in there if other != one)
    return (*rest, one) if on and one is not None else rest


def _said(field: str) -> Callable[[Any, Words, Question | None], dict[str, Any]]:
    def add(event: Any, _: Words, before: Question | None) -> dict[str, Any]:
        by, outcome = getattr(event, "name", ""), getattr(event, "how", None)
        there = getattr(before, field) if before else ()
        return {field: (*there, Said(None, by, event.at, outcome=outcome))}

    return add


def _follow_up(event: Any, words: Words, before: Question | None) -> dict[str, Any]:
    known = (before and before.follow_up) or FollowUp()
    match event:
        case ev.FollowUpPlanned():
            owner = words[event.owner] if event.owner else None
            known = replace(known, owner=owner, due=event.due, closed=None)
        case ev.FollowUpAttempted() | ev.FollowUpClosed():
            said = Said(words[event.words] if event.words else None, event.name, event.at, outcome=event.outcome)
            is_end = isinstance(event, ev.FollowUpClosed)
            known = replace(known, closed=said) if is_end else replace(known, tries=(*known.tries, said))
    return {"follow_up": known}


def _deferred(event: ev.StageDeferred, words: Words, before: Question | None) -> dict[str, Any]:
    known = (before and before.follow_up) or FollowUp()
    return {"follow_up": replace(known, closed=None)}


def _redacted(event: ev.WordsRedacted, words: Words, before: Question | None) -> dict[str, Any]:
    """The words themselves are gone from what the log is read with; what is left here is the mark."""
    say = words[event.say] if event.say else None
    mark = Taken(event.at, event.reason, event.part, event.name, say)
    return {"taken": (*(before.taken if before else ()), mark)}


def _only_state(*_: object) -> dict[str, Any]:
    return {}


def _leaves_line(*_: object) -> dict[str, Any]:
    return {"order": ""}


def _in_line(event: Any, *_: object) -> dict[str, Any]:
    return {"order": event.order}


CHANGES: dict[type[ev.QuestionEvent], Callable[[Any, Words, Question | None], dict[str, Any]]] = {
    ev.QuestionAsked: _asked,
    ev.QuestionEdited: _edited,
    ev.QuestionWithdrawn: lambda *_: {"order": "", "into": None, "came_from": None},
    ev.QuestionApproved: _only_state,
    ev.QuestionDeclined: lambda e, words, _: {"reason": e.reason, "say": words[e.say] if e.say else None, "order": ""},
    ev.QuestionHidden: _leaves_line,
    ev.QuestionRestored: lambda *_: {"reason": None, "say": None, "handed_to": None, "settled_at": None},
    ev.QuestionHandedOver: lambda e, words, _: {"handed_to": (words[e.to] if e.to else None) or "", "order": ""},
    ev.QuestionAnswered: _answered,
    ev.QuestionReopened: lambda *_: {"settled_at": None},
    ev.QuestionNoted: _noted,
    ev.QuestionMerged: lambda e, *_: {"into": e.into, "came_from": e.was, "order": ""},
    ev.QuestionUnmerged: lambda *_: {"into": None, "came_from": None},
    ev.WordsEdited: _words_edited,
    ev.QuestionFlagged: lambda e, _, before: {"flags": _toggled(before.flags if before else (), e.flag, e.on)},
    ev.QuestionTagged: lambda e, words, before: {"tags": _toggled(before.tags if before else (), words[e.tag], e.on)},
    ev.QuestionSeen: _said("seen"),
    ev.QuestionAlerted: _said("alerts"),
    ev.FollowUpPlanned: _follow_up,
    ev.FollowUpAttempted: _follow_up,
    ev.FollowUpClosed: _follow_up,
    ev.WordsRedacted: _redacted,
    ev.LineupAssigned: lambda e, *_: {"speaker": e.speaker},
    ev.LineupAdded: _in_line,
    ev.LineupMoved: _in_line,
    ev.LineupRemoved: _leaves_line,
    ev.StageBrought: _leaves_line,
    ev.StageSettled: lambda e, *_: {"settled_at": e.at},
    ev.StageSkipped: _in_line,
    ev.StageDeferred: _deferred,
}
"""What an event changes in its question, beside its state and its numbers."""

FACTS: dict[type[ev.Event], Callable[[Any, Board], dict[str, Any]]] = {
    ev.SessionPlanned: lambda e, _: {"code": e.code, "plan": e.plan},
    ev.SessionChanged: lambda e, _: {"plan": e.plan},
    ev.SessionRescheduled: lambda e, _: {"plan": e.plan},
    ev.InputPaused: lambda *_: {"input": "paused"},
    ev.InputResumed: lambda *_: {"input": "open"},
    ev.InputSlowed: lambda e, _: {"slow": e.seconds},
    ev.InputHeld: lambda e, _: {"hold": e.on},
    ev.ParticipantMuted: lambda e, board: {"muted": board.muted | {e.person}},
    ev.ParticipantUnmuted: lambda e, board: {"muted": board.muted - {e.person}},
    ev.SessionEnded: lambda *_: {"input": "open"},
    ev.VotesCounted: lambda e, _: {"tallies": e.tallies},
    ev.SessionPublished: lambda e, _: {"published_at": e.at},
    ev.SessionCompleted: lambda e, _: {"completed_at": e.at},
}
"""What an event changes in the session, beside its state and its numbers."""
