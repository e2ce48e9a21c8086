"""What stands in the desk's lists, in what order, and what of it a moderator asked to see. Pure.

The desk's script does the same for a flood that arrives while nobody reloads (static/src/triage.ts); one table of
cases, tests/samples/triage.json, holds for both.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeVar

import msgspec

from sessions.audiences import SCREENS
from sessions.events import State
from sessions.question import DANGER, Audience, Question, Said

LISTS = ("waiting", "shown", "done")
"""The lists of which one is seen at a time; stage and line-up stand beside them."""
SORTS = ("newest", "most")
PLACES: Mapping[State, str] = SCREENS["desk"][1]
WITHOUT, ANY = "-", "*"
"""As the value of a filter: without a topic or school; with any flag."""
MARKS = ("private", "contact")
"""What can be filtered for like a flag, though nobody has to look into it."""
BALANCED = {"waiting": 0, "lineup": 1, "stage": 1}
"""The column of the balance in which a question of a place counts; answered ones count in the last."""


class Asked(Protocol):
    """What triage needs to know of a question: the desk's card and the board's own question will both do."""

    @property
    def id(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def rev(self) -> int: ...
    @property
    def state(self) -> State: ...
    @property
    def words(self) -> str | None: ...
    @property
    def original(self) -> str | None: ...
    @property
    def name(self) -> str | None: ...
    @property
    def lang(self) -> str: ...
    @property
    def topic(self) -> str | None: ...
    @property
    def school(self) -> str | None: ...
    @property
    def asked_at(self) -> datetime: ...
    @property
    def order(self) -> str: ...
    @property
    def private(self) -> bool: ...
    @property
    def contact(self) -> bool: ...
    @property
    def handed_to(self) -> str | None: ...
    @property
    def answers(self) -> tuple[Said, ...]: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def flags(self) -> tuple[str, ...]: ...


A = TypeVar("A", bound=Asked)


class Filters(msgspec.Struct, frozen=True):
    """What a moderator asked to see; what is empty filters nothing, and what is set must all be so."""

    language: str = ""
    topic: str = ""
    school: str = ""
    flag: str = ""
    tag: str = ""
    whose: Literal["", "mine", "free"] = ""
    text: str = ""

    @property
    def on(self) -> list[str]:
        """The filters that are set."""
        return [name for name in self.__struct_fields__ if getattr(self, name)]


class Counts(msgspec.Struct, frozen=True):
    """How much there is; `urgent` are the ids of what may reveal danger, `oldest` is since when something waits."""

    waiting: int
    shown: int
    lineup: int
    stage: int
    done: int
    urgent: list[str]
    oldest: datetime | None


Claims = Mapping[str, Mapping[str, str]]
Row = tuple[str, int, int, int]
"""(what, waiting, in line or on stage, answered)."""


def place_of(question: Asked) -> str:
    """The list of the desk in which the question stands."""
    if question.state is State.PRIVATE and question.handed_to is None and not question.answers:
        return "waiting"
    return PLACES[question.state]


def by_place(questions: Iterable[A]) -> dict[str, list[A]]:
    """The questions by their place at the desk, as they come."""
    found: dict[str, list[A]] = {place: [] for place in PLACES.values()}
    for question in questions:
        found[place_of(question)].append(question)
    return found


def in_order(
    questions: Iterable[A], place: str, sort: str = "newest", tallies: Mapping[str, int] | None = None
) -> list[A]:
    """What may reveal danger first; then what waits by its arrival, what is shown latest or most asked first.

    What is done has its last change first; the line-up is the speakers' own order.
    """
    if place == "lineup":
        return sorted(questions, key=lambda q: (q.order, q.number))
    if place == "done":
        return sorted(questions, key=lambda q: (-_changed(q), -q.number))
    if place == "shown":
        votes = (tallies or {}) if sort == "most" else {}
        return sorted(questions, key=lambda q: (DANGER not in q.flags, -votes.get(q.id, 0), -q.number))
    return sorted(questions, key=lambda q: (DANGER not in q.flags, q.number))


def matching(questions: Iterable[A], filters: Filters, claims: Claims, me: str) -> list[A]:
    """Those that a moderator asked to see, in the order given."""
    left = list(questions)
    if filters.language:
        left = [q for q in left if q.lang == filters.language]
    if filters.topic:
        left = [q for q in left if (q.topic or WITHOUT) == filters.topic]
    if filters.school:
        left = [q for q in left if (q.school or WITHOUT) == filters.school]
    if filters.flag:
        left = [q for q in left if filters.flag in _flags_of(q)]
    if filters.tag:
        left = [q for q in left if filters.tag in q.tags]
    if filters.whose == "mine":
        left = [q for q in left if claims.get(q.id, {}).get("by") == me]
    elif filters.whose == "free":
        left = [q for q in left if q.id not in claims]
    if wanted := fold(filters.text).split():
        left = [q for q in left if _says(q, wanted)]
    return left


def counts(places: Mapping[str, Sequence[A]]) -> Counts:
    told = {place: len(places[place]) for place in ("waiting", "shown", "lineup", "stage", "done")}
    going_on = (q for place, there in places.items() if place != "done" for q in there)
    urgent = sorted((q.number, q.id) for q in going_on if DANGER in q.flags)
    oldest = min((q.asked_at for q in places["waiting"]), default=None)
    return Counts(**told, urgent=[question for _, question in urgent], oldest=oldest)


def choices(questions: Collection[Asked]) -> dict[str, dict[str, int]]:
    """By filter, what there is to choose from in a list, and how many questions each choice would leave."""
    return {
        "language": dict(Counter(q.lang for q in questions)),
        "topic": dict(Counter(q.topic or WITHOUT for q in questions)),
        "school": dict(Counter(q.school or WITHOUT for q in questions)),
        "flag": dict(Counter(flag for q in questions for flag in _flags_of(q))),
        "tag": dict(Counter(tag for q in questions for tag in q.tags)),
    }


def balance(places: Mapping[str, Sequence[A]]) -> dict[str, list[Row]]:
    """What each language, topic and school has waiting, in line and answered; the most questions first."""
    tables: dict[str, dict[str, list[int]]] = {"languages": {}, "topics": {}, "schools": {}}
    for place, there in places.items():
        for question in there:
            column = BALANCED.get(place, 2 if _is_answered(question) else None)
            if column is None:
                continue
            keys = question.lang, question.topic or WITHOUT, question.school or WITHOUT
            for table, key in zip(tables.values(), keys, strict=True):
                table.setdefault(key, [0, 0, 0])[column] += 1
    return {
        name: [
            (key, waiting, line, answered)
            for key, (waiting, line, answered) in sorted(table.items(), key=lambda row: (-sum(row[1]), row[0]))
        ]
        for name, table in tables.items()
    }


def fold(text: str) -> str:
    """As people search: without upper case and accents."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.lower())
    return "".join(part for part in parts if unicodedata.category(part)[0] != "M")


def _says(question: Asked, wanted: Iterable[str]) -> bool:
    """Whether all of it is in what is said there; what an asker took back is nobody's to find."""
    own = () if question.state is State.WITHDRAWN else (question.words, question.original, question.name)
    tags = () if question.state is State.WITHDRAWN else question.tags
    text = fold(" ".join((f"#{question.number}", *(one for one in own if one), *tags)))
    return all(word in text for word in wanted)


def _flags_of(question: Asked) -> tuple[str, ...]:
    marks = (mark for mark in MARKS if getattr(question, mark) and question.state is not State.WITHDRAWN)
    return (*question.flags, *((ANY,) if question.flags else ()), *marks)


def _is_answered(question: Asked) -> bool:
    return question.state is State.ANSWERED or (question.state is State.PRIVATE and bool(question.answers))


def _changed(question: Asked) -> int:
    """The number of the last change that the desk can have noticed."""
    return question.revs[Audience.DESK] if isinstance(question, Question) else question.rev
