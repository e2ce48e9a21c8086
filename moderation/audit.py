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

from sessions import events as ev
from sessions.audiences import mark_of
from sessions.board import Board
from sessions.events import Entry, Event, Plan, State
from sessions.refusals import Phrase

Labels = Mapping[str, Mapping[str, str]]
"""The words of the screens for reasons, flags and outcomes, in the reader's language."""

KINDS: dict[str, Phrase] = {
    "asked": Phrase("Questions of families"),
    "decided": Phrase("Decisions"),
    "words": Phrase("Words, notes and tags"),
    "line": Phrase("Line-up and stage"),
    "followed": Phrase("Follow-ups"),
    "danger": Phrase("Danger"),
    "input": Phrase("Protection"),
    "captions": Phrase("Captions"),
    "session": Phrase("The session itself"),
}
"""What one can look for in the log; every event is of one kind."""

ACTORS: dict[str, Phrase] = {
    "timekeeper": Phrase("The clock"),
    "operator": Phrase("The operator"),
    "demo": Phrase("The demo"),
}
"""Who acts without being a person of the staff or a family."""


class Saying(NamedTuple):
    """How an event is told; `other` is said instead where `where` holds for it."""

    kind: str
    sentence: Phrase
    where: Callable[[Any], bool] = lambda _: False
    other: Phrase | None = None


def _is_off(event: Any) -> bool:
    return not event.on


SAYINGS: dict[type[Event], Saying] = {
    ev.SessionPlanned: Saying("session", Phrase("{who} planned the session “{title}”")),
    ev.SessionChanged: Saying("session", Phrase("{who} changed the plan: {changed}")),
    ev.SessionScheduled: Saying("session", Phrase("{who} announced the session")),
    ev.SessionRescheduled: Saying("session", Phrase("{who} moved the session to another time")),
    ev.DoorsOpened: Saying("session", Phrase("{who} opened the doors")),
    ev.SessionStarted: Saying("session", Phrase("{who} started the session")),
    ev.SessionPaused: Saying("session", Phrase("{who} began a break")),
    ev.SessionResumed: Saying("session", Phrase("{who} ended the break")),
    ev.SessionEnded: Saying("session", Phrase("{who} ended the session")),
    ev.SessionPublished: Saying("session", Phrase("{who} published the answers")),
    ev.SessionWithdrawn: Saying("session", Phrase("{who} took the published answers back to correct them")),
    ev.SessionCancelled: Saying("session", Phrase("{who} cancelled the session")),
    ev.SessionCompleted: Saying("session", Phrase("{who} marked the session as complete")),
    ev.CaptionsImported: Saying(
        "captions",
        Phrase("{who} added {cues} captions from a file ({lang})"),
        lambda e: e.replaces,
        Phrase("{who} put {cues} captions from a file in place of those before ({lang})"),
    ),
    ev.CaptionCorrected: Saying("captions", Phrase("{who} corrected caption {cue} ({lang})")),
    ev.CaptionRedacted: Saying(
        "captions",
        Phrase("{who} took words out of caption {cue} ({lang}): {reason}"),
        lambda e: e.speaker,
        Phrase("{who} took out the name of who speaks in caption {cue} ({lang}): {reason}"),
    ),
    ev.VotesCounted: Saying("session", Phrase("The votes were counted: {votes}")),
    ev.InputPaused: Saying("input", Phrase("{who} paused all input")),
    ev.InputResumed: Saying("input", Phrase("{who} opened the input again")),
    ev.InputSlowed: Saying(
        "input",
        Phrase("{who} slowed the input: one question from each person in {seconds} seconds"),
        lambda e: e.seconds == 0,
        Phrase("{who} lifted the slowing of the input"),
    ),
    ev.InputHeld: Saying(
        "input",
        Phrase("{who} had every new question wait for a person"),
        _is_off,
        Phrase("{who} had new questions treated as planned again"),
    ),
    ev.ParticipantMuted: Saying("input", Phrase("{who} muted family {family}: they can ask only staff")),
    ev.ParticipantUnmuted: Saying("input", Phrase("{who} lets family {family} ask everyone again")),
    ev.QuestionAsked: Saying(
        "asked",
        Phrase("A family asked question {n}"),
        lambda e: e.private,
        Phrase("A family asked question {n}, only for staff"),
    ),
    ev.QuestionEdited: Saying("asked", Phrase("The family changed the words of question {n}")),
    ev.QuestionWithdrawn: Saying("asked", Phrase("The family took question {n} back")),
    ev.QuestionApproved: Saying("decided", Phrase("{who} approved question {n}")),
    ev.QuestionDeclined: Saying("decided", Phrase("{who} declined question {n}: {reason}")),
    ev.QuestionHidden: Saying("decided", Phrase("{who} hid question {n}")),
    ev.QuestionRestored: Saying("decided", Phrase("{who} restored question {n}")),
    ev.QuestionHandedOver: Saying(
        "decided",
        Phrase("{who} handed question {n} over to {to}"),
        lambda e: e.to is None,
        Phrase("{who} handed question {n} over to a person of the staff"),
    ),
    ev.QuestionAnswered: Saying(
        "decided",
        Phrase("{who} answered question {n} in writing"),
        lambda e: e.state is not State.ANSWERED,
        Phrase("{who} answered question {n} in writing, for the family alone"),
    ),
    ev.QuestionReopened: Saying("decided", Phrase("{who} reopened question {n}")),
    ev.QuestionMerged: Saying("decided", Phrase("{who} joined question {n} with question {into}")),
    ev.QuestionUnmerged: Saying("decided", Phrase("{who} took question {n} apart from question {into}")),
    ev.WordsEdited: Saying(
        "words",
        Phrase("{who} tidied the words of question {n}"),
        lambda e: e.words is None,
        Phrase("{who} put the language of question {n} right: {lang}"),
    ),
    ev.QuestionNoted: Saying("words", Phrase("{who} left a note on question {n}")),
    ev.WordsRedacted: Saying(
        "words",
        Phrase("{who} took words out of question {n} ({part}): {reason}"),
        lambda e: not e.part,
        Phrase("{who} took words out of question {n}: {reason}"),
    ),
    ev.QuestionFlagged: Saying(
        "words",
        Phrase("{who} flagged question {n}: {flag}"),
        _is_off,
        Phrase("{who} took a flag from question {n}: {flag}"),
    ),
    ev.QuestionTagged: Saying(
        "words",
        Phrase("{who} tagged question {n}: {tag}"),
        _is_off,
        Phrase("{who} took a tag from question {n}: {tag}"),
    ),
    ev.QuestionSeen: Saying("danger", Phrase("{who} read question {n}, which may reveal danger")),
    ev.QuestionAlerted: Saying(
        "danger",
        Phrase("The person named for danger was told of question {n} by e-mail"),
        lambda e: e.how != "email",
        Phrase("The system named for danger was told of question {n}"),
    ),
    ev.LineupAssigned: Saying(
        "line",
        Phrase("{who} gave question {n} to {speaker}"),
        lambda e: not e.speaker,
        Phrase("{who} left question {n} to whoever likes to answer it"),
    ),
    ev.LineupAdded: Saying("line", Phrase("{who} put question {n} in line")),
    ev.LineupMoved: Saying("line", Phrase("{who} moved question {n} in the line")),
    ev.LineupRemoved: Saying("line", Phrase("{who} took question {n} out of the line")),
    ev.StageBrought: Saying("line", Phrase("{who} brought question {n} on stage")),
    ev.StageSettled: Saying("line", Phrase("{who} marked question {n} as answered on stage")),
    ev.StageSkipped: Saying("line", Phrase("{who} put question {n} back to the end of the line")),
    ev.StageDeferred: Saying("line", Phrase("{who} promised an answer in writing to question {n}")),
    ev.FollowUpPlanned: Saying(
        "followed",
        Phrase("{who} planned the follow-up of question {n}: {owner}"),
        lambda e: e.owner is None,
        Phrase("{who} planned the follow-up of question {n}"),
    ),
    ev.FollowUpAttempted: Saying("followed", Phrase("{who} tried to reach the family of question {n}: {attempt}")),
    ev.FollowUpClosed: Saying("followed", Phrase("{who} closed the follow-up of question {n}: {outcome}")),
}
"""Every event as a sentence."""

FLAGGED = Phrase("{sentence} (flags: {flags})")
"""What screening proposed when a question came in or was changed."""
TAKEN_OUT = Phrase("These words were taken out.")
TAKEN_BACK = Phrase("The family took these words back.")
OF_THE_FAMILY = (ev.QuestionAsked, ev.QuestionEdited, ev.WordsEdited)
"""Whose words nobody sees any more once the question is withdrawn."""

WHY: dict[type[Event], tuple[tuple[str, Phrase], ...]] = {
    ev.QuestionAsked: (("words", Phrase("Words")),),
    ev.QuestionEdited: (("words", Phrase("New words")),),
    ev.WordsEdited: (("words", Phrase("New words")),),
    ev.QuestionDeclined: (("reason", Phrase("Reason")), ("say", Phrase("Told to the family"))),
    ev.QuestionAnswered: (("words", Phrase("Answer")),),
    ev.QuestionNoted: (("words", Phrase("Note")),),
    ev.WordsRedacted: (("reason", Phrase("Reason")), ("say", Phrase("Between staff"))),
    ev.CaptionRedacted: (("reason", Phrase("Reason")), ("say", Phrase("Between staff"))),
    ev.FollowUpPlanned: (("due", Phrase("By")),),
    ev.FollowUpAttempted: (("outcome", Phrase("How it went")), ("words", Phrase("Note"))),
    ev.FollowUpClosed: (("outcome", Phrase("Outcome")), ("words", Phrase("Note"))),
}
"""Which fields of an event give its reasons, and what they are called."""
IN_THE_SENTENCE = frozenset({"reason", "outcome"})

PLANNED: dict[str, Phrase] = {
    "title": Phrase("title"),
    "about": Phrase("description"),
    "languages": Phrase("languages"),
    "topics": Phrase("topics"),
    "speakers": Phrase("speakers"),
    "schools": Phrase("schools"),
    "reasons": Phrase("reasons to decline"),
    "starts_at": Phrase("start"),
    "ends_at": Phrase("end"),
    "zone": Phrase("time zone"),
    "doors_minutes": Phrase("opening of the doors"),
    "review": Phrase("whether questions are read first"),
    "names": Phrase("names of families"),
    "limit": Phrase("length of a question"),
    "links": Phrase("links"),
    "recording": Phrase("recording"),
    "offset": Phrase("where the session starts in the recording"),
}
"""What a plan lays down, within a sentence."""


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
