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
from sessions.question import Audience, Question, Said

Words = Mapping[str, str | None]
STAGED = (State.QUEUED, State.ON_STAGE)


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """A session at one moment: at `seq` backstage, at `public` in the public stream."""

    code: str = ""
    plan: Plan = Plan(title="")
    state: SessionState = SessionState.DRAFT
    input: str = "open"
    questions: dict[str, Question] = {}
    tallies: dict[str, int] = {}
    published_at: datetime | None = None
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
            moved = {} if isinstance(event, ev.QuestionNoted) else {"rev": entry.seq}
            changes: dict[str, Any] = CHANGES[type(event)](event, entry.words, before) | moved | {"state": event.state}
            revs = (before.revs if before else {}) | numbers
            if before is None:
                questions[event.question] = Question(id=event.question, revs=revs, **changes)
            else:
                questions[event.question] = replace(before, revs=revs, **changes)
            if event.was not in STAGED and event.state not in STAGED:
                numbers = {}
        if isinstance(event, ev.SessionEvent):
            change = FACTS.get(type(event))
            facts = replace(facts, state=event.state, **(change(event) if change else {}))
        facts = replace(facts, seq=entry.seq, public=entry.public, revs=facts.revs | numbers)
    return replace(facts, questions=questions)


def changed(board: Board, since: int, audience: Audience) -> list[Question]:
    """The questions in which the audience can have noticed a change since their number."""
    return [q for q in board.questions.values() if q.revs.get(audience, 0) > since]


def patch(board: Board, audience: Audience, since: int, screen: str | None = None) -> dict[str, Any]:
    """What brings a device from `since` to now: cards as they are now (Card structs), or that one is gone.

    With `since` 0 it is the whole board, and names only what is there.
    """
    cards: list[Any] = []
    for question in changed(board, since, audience):
        now = card(question, audience, screen)
        if now is not None:
            cards.append(now)
        elif since:
            cards.append({"id": question.id, "rev": question.revs[audience], "gone": True})
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
    return {
        "state": board.state,
        "input": board.input,
        "stage": on_stage and on_stage.id,
        "lineup": [q.id for q in lineup],
        "title": board.plan.title,
    }


def _asked(event: ev.QuestionAsked, words: Words, _: Question | None) -> dict[str, Any]:
    return {
        "number": event.number,
        "author": event.by,
        "words": words[event.words],
        "lang": event.lang,
        "asked_at": event.at,
        "name": words[event.name] if event.name else None,
        "topic": event.topic,
        "private": event.private,
        "contact": event.contact,
    }


def _answered(event: ev.QuestionAnswered, words: Words, before: Question | None) -> dict[str, Any]:
    private = event.state not in SEES[Audience.PUBLIC]
    said = Said(words[event.words], event.name, event.at, event.lang, private)
    return {"answers": (*before.answers, said) if before else (said,), "order": ""}


def _noted(event: ev.QuestionNoted, words: Words, before: Question | None) -> dict[str, Any]:
    said = Said(words[event.words], event.name, event.at)
    return {"notes": (*before.notes, said) if before else (said,)}


def _only_state(*_: object) -> dict[str, Any]:
    return {}


def _leaves_line(*_: object) -> dict[str, Any]:
    return {"order": ""}


def _in_line(event: Any, *_: object) -> dict[str, Any]:
    return {"order": event.order}


CHANGES: dict[type[ev.QuestionEvent], Callable[[Any, Words, Question | None], dict[str, Any]]] = {
    ev.QuestionAsked: _asked,
    ev.QuestionEdited: lambda e, words, _: {"words": words[e.words], "lang": e.lang, "revised": True},
    ev.QuestionWithdrawn: _leaves_line,
    ev.QuestionApproved: _only_state,
    ev.QuestionDeclined: lambda e, words, _: {"reason": e.reason, "say": words[e.say] if e.say else None, "order": ""},
    ev.QuestionHidden: _leaves_line,
    ev.QuestionRestored: lambda *_: {"reason": None, "say": None, "handed_to": None, "settled_at": None},
    ev.QuestionHandedOver: lambda e, words, _: {"handed_to": (words[e.to] if e.to else None) or "", "order": ""},
    ev.QuestionAnswered: _answered,
    ev.QuestionReopened: lambda *_: {"settled_at": None},
    ev.QuestionNoted: _noted,
    ev.LineupAdded: _in_line,
    ev.LineupMoved: _in_line,
    ev.LineupRemoved: _leaves_line,
    ev.StageBrought: _leaves_line,
    ev.StageSettled: lambda e, *_: {"settled_at": e.at},
    ev.StageSkipped: _in_line,
}
"""What an event changes in its question, beside its state and its numbers."""

FACTS: dict[type[ev.Event], Callable[[Any], dict[str, Any]]] = {
    ev.SessionPlanned: lambda e: {"code": e.code, "plan": e.plan},
    ev.SessionChanged: lambda e: {"plan": e.plan},
    ev.SessionRescheduled: lambda e: {"plan": e.plan},
    ev.InputPaused: lambda _: {"input": "paused"},
    ev.InputResumed: lambda _: {"input": "open"},
    ev.SessionEnded: lambda _: {"input": "open"},
    ev.VotesCounted: lambda e: {"tallies": e.tallies},
    ev.SessionPublished: lambda e: {"published_at": e.at},
}
"""What an event changes in the session, beside its state and its numbers."""
