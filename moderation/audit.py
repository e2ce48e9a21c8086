"""The log as sentences: who did what, when and why. Pure.

What the desk may not see is not told here either: families are families, words that were taken back stay unsaid, and
contacts are in no log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date

from moderation.sayings import (
    ACTORS,
    FLAGGED,
    IN_THE_SENTENCE,
    OF_THE_FAMILY,
    PLANNED,
    SAYINGS,
    TAKEN_BACK,
    TAKEN_OUT,
    WHY,
)
from sessions import events as ev
from sessions.audiences import mark_of
from sessions.board import Board
from sessions.events import Entry, Event, Plan, State
from sessions.refusals import Phrase

Labels = Mapping[str, Mapping[str, str]]
"""The words of the screens for reasons, flags and outcomes, in the reader's language."""


class Why(NamedTuple):
    """A reason for what was done, or the words that belong to it; `is_said` if the sentence has it already."""

    label: str
    words: str
    lang: str = ""
    is_said: bool = False


class Line(NamedTuple):
    """One event as a person reads it. `mark` tells those who act apart and says nothing of who they are.

    `mentions` are the numbers of all questions that the sentence tells of.
    """

    seq: int
    at: datetime
    who: str
    mark: str
    is_family: bool
    event: str
    kind: str
    question: str | None
    number: int | None
    mentions: frozenset[int]
    was: str | None
    state: str | None
    sentence: str
    why: tuple[Why, ...]


FAMILIES = "families"
"""Looked for as who did it: any family."""


class Wanted(NamedTuple):
    """Which lines somebody looks for; None for any. `who` is a mark, or FAMILIES; `until` is not within."""

    who: str | None = None
    kind: str | None = None
    number: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def has(self, line: Line) -> bool:
        return (
            self.who in (None, line.mark, FAMILIES if line.is_family else None)
            and self.kind in (None, line.kind)
            and (self.number is None or self.number in line.mentions)
            and (self.since is None or line.at >= self.since)
            and (self.until is None or line.at < self.until)
        )


class Reader(NamedTuple):
    """For whom it is told: their language, its words for codes, and the names of the staff by their ids."""

    gettext: Callable[[str], str]
    lang: str
    labels: Labels
    names: Mapping[str, str]


def lines(entries: Iterable[Entry], board: Board, reader: Reader) -> list[Line]:
    """A whole log, from its first entry on, as sentences; `board` is where it led to."""
    telling = _Telling(board, reader)
    return [telling.line(entry) for entry in entries]


class _Telling:
    """Goes through a log, and remembers what only an earlier entry knows."""

    def __init__(self, board: Board, reader: Reader) -> None:
        self.board, self.reader = board, reader
        self.families = {question.author for question in board.questions.values()}
        self.plan = Plan(title="")
        self.state: str | None = None
        self.joined: dict[str, str] = {}

    def line(self, entry: Entry) -> Line:
        event, saying = entry.event, SAYINGS[type(entry.event)]
        was: str | None = self.state
        if isinstance(event, ev.QuestionEvent):
            was = event.was
            if isinstance(event, ev.QuestionMerged):
                self.joined[event.question] = event.into
        filled = _Places(self, entry)
        state = getattr(event, "state", None)
        phrase = saying.other if saying.other and saying.where(event) else saying.sentence
        sentence = self.say(phrase).format_map(filled)
        if getattr(event, "flags", ()):
            sentence = self.say(FLAGGED).format(sentence=sentence, flags=filled["flags"])
        line = Line(
            seq=entry.seq,
            at=event.at,
            who=self.who(event),
            mark=mark_of(event.by),
            is_family=self.is_family(event),
            event=str(event.__struct_config__.tag),
            kind=saying.kind,
            question=getattr(event, "question", None),
            number=self.number(event),
            mentions=frozenset(filled.numbers),
            was=was and str(was),
            state=state and str(state),
            sentence=sentence,
            why=self.why(entry),
        )
        if isinstance(event, ev.SessionEvent):
            self.state, self.plan = event.state, getattr(event, "plan", self.plan)
        return line

    def say(self, phrase: str) -> str:
        return self.reader.gettext(phrase)

    def number(self, event: Event) -> int | None:
        return self.board.questions[event.question].number if isinstance(event, ev.QuestionEvent) else None

    def other(self, event: Any) -> int:
        """The number of the question that this one is joined with, or was until now."""
        return self.board.questions[self.joined[event.question]].number

    def is_family(self, event: Event) -> bool:
        """Also where somebody of the staff asks as a parent."""
        is_own = isinstance(event, ev.QuestionAsked | ev.QuestionEdited | ev.QuestionWithdrawn)
        return is_own or (event.by in self.families and event.by not in self.reader.names)

    def who(self, event: Event) -> str:
        """Staff by name; a family by a mark."""
        if self.is_family(event):
            return self.say(Phrase("Family {mark}")).format(mark=mark_of(event.by))
        return self.reader.names.get(event.by) or self.say(ACTORS.get(event.by, Phrase("The server")))

    def words(self, entry: Entry, field: str) -> str:
        """What a field says to a person."""
        event = entry.event
        value = getattr(event, field)
        if isinstance(value, date):
            return format_date(value, "full", locale=f"{self.reader.lang}_US")
        if field == "reason":
            is_redaction = isinstance(event, ev.WordsRedacted | ev.CaptionRedacted)
            return self.label("redactions" if is_redaction else "reasons", value)
        if field == "outcome":
            return self.label("tries" if isinstance(event, ev.FollowUpAttempted) else "outcomes", value)
        if isinstance(event, OF_THE_FAMILY) and self.board.questions[event.question].state is State.WITHDRAWN:
            return self.say(TAKEN_BACK)
        return entry.words.get(value) or self.say(TAKEN_OUT)

    def why(self, entry: Entry) -> tuple[Why, ...]:
        event = entry.event
        return tuple(
            Why(
                self.say(label),
                self.words(entry, field),
                (getattr(event, "lang", None) or "") if field == "words" else "",
                field in IN_THE_SENTENCE,
            )
            for field, label in WHY.get(type(event), ())
            if getattr(event, field) is not None
        )

    def label(self, table: str, code: str) -> str:
        return self.reader.labels.get(table, {}).get(code, code)

    def changed(self, plan: Plan) -> str:
        """What of the plan is another now."""
        return ", ".join(
            self.say(phrase) for name, phrase in PLANNED.items() if getattr(self.plan, name) != getattr(plan, name)
        )


class _Places(dict[str, str]):
    """What stands in the places of a sentence, found as they are asked for; `numbers` are those of questions."""

    def __init__(self, telling: _Telling, entry: Entry) -> None:
        super().__init__()
        self.telling, self.entry = telling, entry
        number = telling.number(entry.event)
        self.numbers = set() if number is None else {number}

    def __missing__(self, place: str) -> str:
        if place == "into":
            other = self.telling.other(self.entry.event)
            self.numbers.add(other)
            return str(other)
        return PLACES[place](self.telling, self.entry, self.entry.event)


PLACES: dict[str, Callable[[_Telling, Entry, Any], str]] = {
    "who": lambda telling, _, event: telling.who(event),
    "n": lambda telling, _, event: str(telling.number(event)),
    "title": lambda _telling, _entry, event: event.plan.title,
    "changed": lambda telling, _, event: telling.changed(event.plan),
    "votes": lambda _telling, _entry, event: str(sum(event.tallies.values())),
    "cues": lambda _telling, _entry, event: str(event.cues),
    "cue": lambda _telling, _entry, event: str(event.cue),
    "seconds": lambda _telling, _entry, event: str(event.seconds),
    "family": lambda _telling, _entry, event: mark_of(event.person),
    "speaker": lambda _telling, _entry, event: event.speaker,
    "lang": lambda telling, _, event: language(event.lang or "", telling.reader.lang),
    "flag": lambda telling, _, event: telling.label("flags", event.flag),
    "flags": lambda telling, _, event: ", ".join(telling.label("flags", flag) for flag in event.flags),
    "part": lambda telling, _, event: telling.label("parts", event.part),
    "reason": lambda telling, entry, _: telling.words(entry, "reason"),
    "attempt": lambda telling, entry, _: telling.words(entry, "outcome"),
    "outcome": lambda telling, entry, _: telling.words(entry, "outcome"),
    "to": lambda telling, entry, _: telling.words(entry, "to"),
    "tag": lambda telling, entry, _: telling.words(entry, "tag"),
    "owner": lambda telling, entry, _: telling.words(entry, "owner"),
}
"""How each place in a sentence is filled."""


def language(code: str, lang: str) -> str:
    """A language in the words of another."""
    try:
        return Locale.parse(code, sep="-").get_display_name(lang) or code
    except (UnknownLocaleError, ValueError):
        return code
