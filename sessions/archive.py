"""A session as it is published: one frozen value, of which pages, exports and the index are made, and of nothing else.

It is the public board at the end of the replay, not the public part of history: what was shown and later hidden is
not in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from cryptography.fernet import Fernet
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sessions import captions, seals
from sessions import events as ev
from sessions.audiences import SEES, Card, card
from sessions.board import Board, apply
from sessions.captions import Cue
from sessions.events import Entry, Event, Link, QuestionEvent, SessionState, State
from sessions.log import NO_HASH, LogRow, since
from sessions.question import Audience, Taken
from sessions.recording import Recording, recording_of
from sessions.session import Session
from sessions.signing import Signed, signed
from sessions.tracks import heads


class Span(msgspec.Struct, frozen=True):
    """From when until when, in milliseconds since the session started."""

    start: int
    end: int


class Asked(msgspec.Struct, frozen=True):
    """A question, how many wanted to know it too, and when it was on stage."""

    card: Card
    tally: int = 0
    on_stage: tuple[Span, ...] = ()


class Seal(msgspec.Struct, frozen=True):
    """The head of the log that the archive was made from, and its signature where it has one."""

    seq: int
    hash: str
    signed: Signed | None = None


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """All that everybody may know of a session that is over.

    `questions` are in the order of their numbers; `tracks` hold the cues of each language by their times.
    `published_at` is when it was last published, None before that; `corrected_at` when something in it was last
    changed after it had been published for the first time. It can be read where `state` is published.
    """

    code: str
    state: SessionState
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
    questions: tuple[Asked, ...]
    tracks: dict[str, tuple[Cue, ...]]
    recording: Recording | None
    links: tuple[Link, ...]
    published_at: datetime | None
    corrected_at: datetime | None
    head: Seal

    @property
    def is_published(self) -> bool:
        return self.state is SessionState.PUBLISHED

    def moment(self, at: datetime) -> int:
        """A time on the session's clock, in milliseconds since it started."""
        return (at - (self.started_at or at)) // timedelta(milliseconds=1)


def corrects(event: Event) -> bool:
    """Whether it changes, adds or takes away something that had been published; a late answer is dated by itself."""
    if isinstance(event, QuestionEvent):
        was, now = event.was in SEES[Audience.PUBLIC], event.state in SEES[Audience.PUBLIC]
        return was != now or (now and isinstance(event, ev.WordsEdited | ev.WordsRedacted))
    return isinstance(event, ev.CaptionEvent)


async def read(db: AsyncSession, session: Session) -> Archive:
    """The archive of a session, whether it is published or not: who may see it is for others to say.

    All of it is as it stood at one number of the log, also where somebody writes meanwhile.
    """
    entries = await since(db, session.id)
    tracks = await captions.read(db, session.id, heads(entry.event for entry in entries))
    return made(entries, tracks, await seal_at(db, session.id, entries[-1].seq if entries else 0))


async def read_at(db: AsyncSession, session: Session, seq: int, cipher: Fernet) -> Archive:
    """The archive as it was at a number of the log, with what was taken out since, as far as its seals open."""
    whole = await since(db, session.id)
    entries = whole[:seq]
    then = await seals.words_at(db, session.id, [entry.event for entry in whole], seq, cipher)
    told = [replace(entry, words=entry.words | {d: then[d] for d in entry.words if d in then}) for entry in entries]
    tracks = await captions.read(db, session.id, heads(entry.event for entry in entries), then)
    return made(told, tracks, await seal_at(db, session.id, seq))


async def seal_at(db: AsyncSession, session_id: int, seq: int) -> Seal:
    at = select(LogRow.hash).where(LogRow.session_id == session_id, LogRow.seq == seq)
    return Seal(seq, await db.scalar(at) or NO_HASH, await signed(db, session_id, seq))


def made(entries: Sequence[Entry], tracks: Mapping[str, tuple[Cue, ...]], seal: Seal | None = None) -> Archive:
    """The archive that a whole log tells of, from its first entry on. Pure."""
    board = apply(Board(), entries)
    plan, history = board.plan, _History(entries)
    shown = ((question, card(question, Audience.PUBLIC)) for question in board.questions.values())
    return Archive(
        code=board.code,
        state=board.state,
        title=plan.title,
        about=plan.about,
        languages=plan.languages,
        topics=plan.topics,
        speakers=plan.speakers,
        schools=plan.schools,
        zone=plan.zone,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        started_at=history.started_at,
        ended_at=history.ended_at,
        questions=tuple(
            Asked(c, board.tallies.get(q.id, 0), tuple(history.spans.get(q.id, ()))) for q, c in shown if c
        ),
        tracks={lang: history.marked(cues) for lang, cues in tracks.items() if cues},
        recording=recording_of(plan.recording, plan.offset),
        links=plan.links,
        published_at=board.published_at,
        corrected_at=history.corrected_at,
        head=seal or Seal(board.seq, NO_HASH),
    )


class _History:
    """What only the way of a session tells, and not where it led to."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.started_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.corrected_at: datetime | None = None
        self.spans: dict[str, list[Span]] = {}
        self.taken: dict[tuple[str, int], Taken] = {}
        brought: dict[str, datetime] = {}
        is_public = False
        for event in (entry.event for entry in entries):
            match event:
                case ev.SessionStarted():
                    self.started_at = self.started_at or event.at
                case ev.SessionEnded():
                    self.ended_at = event.at
                case ev.SessionPublished():
                    is_public = True
                case ev.CaptionRedacted():
                    self.taken[event.lang, event.cue] = Taken(event.at, event.reason)
                case QuestionEvent(state=State.ON_STAGE, was=was) if was is not State.ON_STAGE:
                    brought[event.question] = event.at
                case QuestionEvent(was=State.ON_STAGE, state=state) if state is not State.ON_STAGE:
                    self._leave(event.question, brought.pop(event.question, event.at), event.at)
            if is_public and corrects(event):
                self.corrected_at = event.at

    def marked(self, cues: Sequence[Cue]) -> tuple[Cue, ...]:
        """The cues, each with the mark that words were taken out of it."""
        if not self.taken:
            return tuple(cues)
        return tuple(replace(cue, taken=self.taken.get((cue.lang, cue.id))) for cue in cues)

    def _leave(self, question: str, since: datetime, until: datetime) -> None:
        zero, ms = self.started_at or since, timedelta(milliseconds=1)
        self.spans.setdefault(question, []).append(Span((since - zero) // ms, (until - zero) // ms))
