"""An archive as it is read: in the order in which it happened, or by topic, in parts that a phone can carry. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from sessions.archive import Archive, Asked
from sessions.captions import Cue
from sessions.question import OPEN

PART = 110_000
"""What one page may weigh: characters, with what the markup around them adds; `make bench` prints what it becomes."""
QUESTION, TURN, CUE = 450, 260, 45
"""What the markup around a question, a turn and a cue weighs."""
TURN_MS, PAUSE_MS = 60_000, 8_000
"""One turn of a speaker is told under one time for at most a minute, and ends with a pause."""
CUES_TOGETHER = 60
"""What is said at one go is parted after so many cues: also a speech of an hour can be read in parts."""


class Stretch(NamedTuple):
    """A question with what was said while it was on stage, or what was said between two questions, by language."""

    section: str
    asked: Asked | None
    said: dict[str, tuple[Cue, ...]]


class Passage(NamedTuple):
    """A question with what was said while it was on stage, or what was said between two questions.

    `section` is "stage", "written" or "open"; `goes_on`: its beginning is in the passage before.
    """

    section: str
    topic: str | None
    asked: Asked | None
    cues: tuple[Cue, ...]
    goes_on: bool = False


class Turn(NamedTuple):
    """What one speaker said at one go."""

    start: int
    speaker: str | None
    lang: str
    cues: tuple[Cue, ...]


def section_of(asked: Asked) -> str:
    """Answered on stage, answered in writing, or not answered in the session."""
    if asked.card.state in OPEN:
        return "open"
    return "stage" if asked.card.settled_at else "written"


def spoken(archive: Archive, lang: str) -> tuple[dict[str, tuple[Cue, ...]], tuple[Cue, ...]]:
    """What was said while each question was on stage, by its id; and all the rest."""
    spans = sorted((span.start, span.end, asked.card.id) for asked in archive.questions for span in asked.on_stage)
    starts = [start for start, _, _ in spans]
    by_question: dict[str, list[Cue]] = {}
    rest = []
    for cue in archive.tracks.get(lang, ()):
        at = bisect_right(starts, cue.start) - 1
        if at >= 0 and cue.start < spans[at][1]:
            by_question.setdefault(spans[at][2], []).append(cue)
        else:
            rest.append(cue)
    return {question: tuple(cues) for question, cues in by_question.items()}, tuple(rest)


def stretches(archive: Archive, langs: Sequence[str]) -> list[Stretch]:
    """As it happened: what was on stage and what was said between; what was answered in writing; what was left open."""
    spans = {lang: spoken(archive, lang) for lang in langs}
    sections: dict[str, list[Asked]] = {"stage": [], "written": [], "open": []}
    for asked in archive.questions:
        sections[section_of(asked)].append(asked)
    staged = sorted(sections["stage"], key=_came)
    starts = [_came(asked) for asked in staged]
    gaps: list[dict[str, list[Cue]]] = [{} for _ in range(len(staged) + 1)]
    for lang, (_, between) in spans.items():
        for cue in between:
            gaps[bisect_right(starts, cue.start)].setdefault(lang, []).append(cue)

    def told(section: str, asked: Asked) -> Stretch:
        said = {lang: those[asked.card.id] for lang, (those, _) in spans.items() if asked.card.id in those}
        return Stretch(section, asked, said)

    found = []
    for n, gap in enumerate(gaps):
        if gap:
            found.append(Stretch("stage", None, {lang: tuple(cues) for lang, cues in gap.items()}))
        if n < len(staged):
            found.append(told("stage", staged[n]))
    return found + [told(section, asked) for section in ("written", "open") for asked in sections[section]]


def in_order(archive: Archive, lang: str) -> list[Passage]:
    """As it happened, with the captions of one language."""
    return [
        passage
        for section, asked, said in stretches(archive, [lang])
        for passage in _passages(section, None, asked, said.get(lang, ()))
    ]


def by_topic(archive: Archive, lang: str) -> list[Passage]:
    """The answered questions of each topic of the plan; what was left open stays a section of its own."""
    said, _ = spoken(archive, lang)
    found: list[Passage] = []
    open_ones: list[Passage] = []
    known = set(archive.topics)
    for topic in (*archive.topics, None):
        for asked in archive.questions:
            if (asked.card.topic if asked.card.topic in known else None) != topic:
                continue
            section = section_of(asked)
            passages = _passages(section, topic, asked, said.get(asked.card.id, ()))
            if section == "open":
                open_ones += passages
            else:
                found += passages
    return found + open_ones


ORDERS = {"time": in_order, "topic": by_topic}


def _came(asked: Asked) -> int:
    return asked.on_stage[0].start if asked.on_stage else 0


def _passages(section: str, topic: str | None, asked: Asked | None, cues: tuple[Cue, ...]) -> Iterator[Passage]:
    if asked or cues:
        for start in range(0, max(1, len(cues)), CUES_TOGETHER):
            yield Passage(section, topic, asked, cues[start : start + CUES_TOGETHER], start > 0)


def turns(cues: Iterable[Cue]) -> list[Turn]:
    """Cues as a person reads them: one paragraph for what a speaker says at one go."""
    found: list[list[Cue]] = []
    for cue in cues:
        last = found[-1] if found else None
        if (
            last
            and last[-1].speaker == cue.speaker
            and cue.start - last[-1].end < PAUSE_MS
            and cue.end - last[0].start < TURN_MS
        ):
            last.append(cue)
        else:
            found.append([cue])
    return [Turn(those[0].start, those[0].speaker, those[0].lang, tuple(those)) for those in found]


def weight(passage: Passage) -> int:
    """About how many characters of a page it takes."""
    asked = passage.asked
    own = 0
    if asked and not passage.goes_on:
        words = [asked.card.words, *(answer.words for answer in asked.card.answers)]
        own = QUESTION + sum(len(text or "") for text in words)
    said = sum(len(cue.words or "") + CUE for cue in passage.cues)
    return own + said + TURN * (1 + len(passage.cues) // 8)


def parts(passages: Sequence[Passage], most: int = PART) -> list[list[Passage]]:
    """The passages in parts of about one weight, at least one."""
    found: list[list[Passage]] = [[]]
    heavy = 0
    for passage in passages:
        own = weight(passage)
        if found[-1] and heavy + own > most:
            found.append([])
            heavy = 0
        found[-1].append(passage)
        heavy += own
    return found


def part_of(divided: Sequence[Sequence[Passage]], question: str) -> int | None:
    """In which part a question is, from 0 on."""
    return next(
        (
            n
            for n, part in enumerate(divided)
            for p in part
            if p.asked and p.asked.card.id == question and not p.goes_on
        ),
        None,
    )


def place_at(divided: Sequence[Sequence[Passage]], moment: int) -> tuple[int, Cue] | None:
    """The part and the cue that was said at a moment on the session's clock, or next after it."""
    there = ((cue, n) for n, part in enumerate(divided) for passage in part for cue in passage.cues)
    later = [(cue.start, cue.id, n, cue) for cue, n in there if cue.end > moment]
    if not later:
        return None
    _, _, n, cue = min(later, key=lambda one: one[:2])
    return n, cue


def asked_at(archive: Archive, moment: int) -> Asked | None:
    """The question that was on stage at a moment, or the last one before it."""
    before = [(span.start, asked) for asked in archive.questions for span in asked.on_stage if span.start <= moment]
    return max(before, key=lambda one: one[0])[1] if before else None


def sections(part: Sequence[Passage]) -> list[tuple[str, str | None, list[Passage]]]:
    """A part by its headings: (section, topic, passages)."""
    return [
        (section, topic, list(passages))
        for (section, topic), passages in groupby(part, key=lambda p: (p.section, p.topic))
    ]
