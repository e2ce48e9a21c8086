"""An archive to take away: for programs (JSON), for spreadsheets (CSV), for players (WebVTT). Pure.

Everything is told from one `Archive`, so what is taken away and what the page says cannot differ. Each ends in the
archive's head, by which anybody can see later whether it is what was published.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from sessions import subtitles
from sessions.archive import Archive, Asked, Seal, Span
from sessions.events import Link, State
from sessions.question import Taken
from sessions.recording import Recording
from sessions.sheets import sheet

VERSION = 1
"""Of the JSON: a field may be added under the same number, and none be taken away or mean something else."""


class ToldAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer in writing; `words` are null where they were taken out."""

    words: str | None
    lang: str
    by: str
    at: datetime


class ToldQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question as everybody may read it; `wanted_too` counts who wanted to know it as well.

    `taken` says when and why words were taken out of it or of its answers, and of which part (empty: of all).
    `on_stage` is when, in milliseconds since the session started; `settled_at` when it was answered there.
    """

    id: str
    number: int
    state: State
    words: str | None
    lang: str
    asked_at: datetime
    name: str | None
    topic: str | None
    school: str | None
    is_tidied: bool
    wanted_too: int
    on_stage: tuple[Span, ...]
    settled_at: datetime | None
    is_followed_up: bool
    taken: tuple[Taken, ...]
    answers: tuple[ToldAnswer, ...]
    address: str


class ToldCue(msgspec.Struct, frozen=True, kw_only=True):
    """A line of captions, in milliseconds since the session started; `words` are null where they were taken out."""

    id: int
    start: int
    end: int
    speaker: str | None
    words: str | None
    corrected_at: datetime | None
    taken: Taken | None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A published session of FACE-to-Face: everything that everybody may know of it."""

    version: int
    address: str
    code: str
    title: str
    about: str
    languages: tuple[str, ...]
    topics: tuple[str, ...]
    speakers: tuple[str, ...]
    schools: tuple[str, ...]
    zone: str
    starts_at: datetime | None
    ends_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    published_at: datetime | None
    corrected_at: datetime | None
    questions: tuple[ToldQuestion, ...]
    captions: dict[str, tuple[ToldCue, ...]]
    recording: Recording | None
    links: tuple[Link, ...]
    head: Seal


def told(archive: Archive, address: str) -> Told:
    """The archive for programs; `address` is where its page stands for good."""
    same = {name: getattr(archive, name) for name in Told.__struct_fields__ if name in Archive.__struct_fields__}
    captions = {
        lang: tuple(
            ToldCue(
                id=cue.id,
                start=cue.start,
                end=cue.end,
                speaker=cue.speaker,
                words=cue.words,
                corrected_at=cue.corrected_at,
                taken=cue.taken,
            )
            for cue in cues
        )
        for lang, cues in archive.tracks.items()
    }
    questions = tuple(_question(asked, address) for asked in archive.questions)
    return Told(**same | {"version": VERSION, "address": address, "questions": questions, "captions": captions})


def _question(asked: Asked, address: str) -> ToldQuestion:
    card = asked.card
    return ToldQuestion(
        id=card.id,
        number=card.number,
        state=card.state,
        words=card.words,
        lang=card.lang,
        asked_at=card.asked_at,
        name=card.name,
        topic=card.topic,
        school=card.school,
        is_tidied=card.tidied,
        wanted_too=asked.tally,
        on_stage=asked.on_stage,
        settled_at=card.settled_at,
        is_followed_up=card.followed is not None,
        taken=card.taken,
        answers=tuple(
            ToldAnswer(words=said.words, lang=said.lang or card.lang, by=said.by, at=said.at) for said in card.answers
        ),
        address=f"{address}?q={card.id}",
    )


def as_json(archive: Archive, address: str) -> bytes:
    return msgspec.json.format(msgspec.json.encode(told(archive, address)), indent=1)


def schema() -> dict[str, Any]:
    """The JSON Schema of `as_json`."""
    made = msgspec.json.schema(Told)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "An archive of FACE-to-Face"} | made


COLUMNS = (
    *("kind", "question", "number", "state", "lang", "who", "topic", "school", "at", "start", "end"),
    *("wanted_too", "words", "address"),
)
"""Of the CSV: one row for the session, each question, answer and caption, then the head and its signature."""


def rows(archive: Archive, address: str) -> Iterator[dict[str, Any]]:
    """A row for each thing that was asked, answered or said; times of captions in seconds since the start."""
    whole = told(archive, address)
    yield {"kind": "session", "at": _moment(whole.starts_at), "words": whole.title, "address": address}
    for question in whole.questions:
        same = {"question": question.id, "number": question.number, "topic": question.topic}
        yield same | {
            "kind": "question",
            "state": question.state,
            "lang": question.lang,
            "who": question.name,
            "school": question.school,
            "at": _moment(question.asked_at),
            "wanted_too": question.wanted_too,
            "words": question.words,
            "address": question.address,
        }
        for answer in question.answers:
            said = {"lang": answer.lang, "who": answer.by, "at": _moment(answer.at), "words": answer.words}
            yield same | said | {"kind": "answer"}
    for lang, cues in whole.captions.items():
        for cue in cues:
            yield {
                "kind": "caption",
                "number": cue.id,
                "lang": lang,
                "who": cue.speaker,
                "start": f"{cue.start / 1000:.3f}",
                "end": f"{cue.end / 1000:.3f}",
                "words": cue.words,
            }
    yield {"kind": "head", "number": whole.head.seq, "words": whole.head.hash}
    if signed := whole.head.signed:
        yield {"kind": "signature", "who": signed.key, "words": signed.signature}


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="milliseconds") if at else None


def as_csv(archive: Archive, address: str) -> bytes:
    return sheet(COLUMNS, rows(archive, address))


def as_vtt(archive: Archive, lang: str, address: str) -> str:
    """The captions in one language, in the times of the recording where there is one."""
    written = subtitles.write(archive.tracks[lang], offset=archive.recording.offset if archive.recording else 0)
    first, rest = written.split("\n", 1)
    head = archive.head
    signed = f"{head.signed.key} {head.signed.signature}\n" if head.signed else ""
    seal = f"NOTE\n{address}\n{head.seq} {head.hash}\n{signed}"
    return f"{first}\n\n{seal}{rest}"
