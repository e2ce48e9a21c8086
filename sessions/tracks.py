"""The tables of captions, and what the log's chain holds of them.

A track is a stream of its own. A cue is kept in every version that it had; each version shows from the number in that
stream at which it came (`rev`) until the one at which another took its place, so that the captions at any moment of
the log are one query. The log knows of them only digests: their words can be taken out, and its chain still holds.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Integer, LargeBinary, String, Text, UniqueConstraint, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from sessions.events import CaptionCorrected, CaptionEvent, CaptionRedacted, CaptionsImported, Event
from sessions.tables import Base
from sessions.words import Words

MAX_LANG = 12


class Track(Base):
    """The captions of a session in one language; `seq` ends its stream, `last` is the highest number of a cue."""

    __tablename__ = "tracks"
    __table_args__ = (UniqueConstraint("session_id", "lang"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"))
    lang: Mapped[str] = mapped_column(String(MAX_LANG))
    seq: Mapped[int] = mapped_column(Integer, default=0)
    last: Mapped[int] = mapped_column(Integer, default=0)


class Voice(Base):
    """A speaker in a session's captions. The name lies with the words: it may be a family's, and be taken out."""

    __tablename__ = "voices"
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    digest: Mapped[str] = mapped_column(String(64))


class CueRow(Base):
    """One version of a cue, shown from `rev` until `until` in its track's stream (None: still).

    Times are in milliseconds on the session's clock. Words and salt are taken out together, and the digest stays; a
    version in which nothing is left has the digest NOTHING.
    """

    __tablename__ = "cues"
    track_id: Mapped[int] = mapped_column(ForeignKey("tracks.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    rev: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    until: Mapped[int | None] = mapped_column(Integer)
    start: Mapped[int] = mapped_column(Integer)
    end: Mapped[int] = mapped_column(Integer)
    voice: Mapped[int | None] = mapped_column(Integer)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    words: Mapped[str | None] = mapped_column(Text)
    corrected_at: Mapped[datetime | None]


NOTHING = bytes(32)
"""In place of a digest where no words are."""


def stream(lang: str) -> str:
    """The name of a track's stream."""
    return f"cc.{lang}"


def leaf(digest: bytes, start: int, end: int, voice: str) -> bytes:
    """What stands for one cue: SHA-256(digest of its words || times and the digest of its speaker's name)."""
    return hashlib.sha256(digest + f"{start} {end} {voice}".encode()).digest()


def root(leaves: Iterable[bytes]) -> str:
    """What stands for cues in their order, and is in the event: SHA-256 of all their leaves, in hex."""
    return hashlib.sha256(b"".join(leaves)).hexdigest()


def heads(events: Iterable[Event]) -> dict[str, int]:
    """Where the stream of each track ends, as the events of a log tell it."""
    return dict(Counter(event.lang for event in events if isinstance(event, CaptionEvent)))


async def named(db: AsyncSession, session_id: int) -> list[tuple[Voice, str | None]]:
    """The voices of a session with their names, or what is left of them; None where one was taken out."""
    left = aliased(Words)
    query = (
        select(Voice, func.coalesce(Words.text, left.text))
        .outerjoin(Words, (Words.session_id == Voice.session_id) & (Words.digest == Voice.digest))
        .outerjoin(left, (left.session_id == Words.session_id) & (left.digest == Words.rest))
        .where(Voice.session_id == session_id)
        .order_by(Voice.number)
    )
    return [(voice, text) for voice, text in await db.execute(query)]


async def faults(db: AsyncSession, session_id: int, events: Sequence[Event]) -> list[str]:
    """A sentence for each way in which the captions are not those that the log tells of."""
    found: list[str] = []
    voices = {
        number: digest
        for number, digest in await db.execute(select(Voice.number, Voice.digest).where(Voice.session_id == session_id))
    }
    tracks = {t.lang: t for t in await db.scalars(select(Track).where(Track.session_id == session_id))}
    for lang, head in heads(events).items():
        track = tracks.pop(lang, None)
        if track is None or track.seq != head:
            found.append(f"the captions in {lang} do not end where the log says")
            continue
        rows = (
            await db.scalars(select(CueRow).where(CueRow.track_id == track.id).order_by(CueRow.rev, CueRow.number))
        ).all()
        found += _faults(lang, rows, voices, [event for event in events if isinstance(event, CaptionEvent)])
    return found + [f"the log does not know of captions in {lang}" for lang in sorted(tracks)]


def _faults(lang: str, rows: Sequence[CueRow], voices: Mapping[int, str], events: Sequence[CaptionEvent]) -> list[str]:
    found: list[str] = []
    taken = {digest for event in events if isinstance(event, CaptionRedacted) for digest in event.taken}
    by_rev: dict[int, list[CueRow]] = {}
    shown: dict[int, int] = {}
    for row in rows:
        by_rev.setdefault(row.rev, []).append(row)
        if row.words is not None and hashlib.sha256((row.salt or b"") + row.words.encode()).digest() != row.digest:
            found.append(f"caption {row.number} in {lang} is not what was recorded")
        if row.words is None and row.digest != NOTHING and row.digest.hex() not in taken:
            found.append(f"caption {row.number} in {lang} is gone, and the log does not say who took it out")
    untils: dict[tuple[int, int], int] = {}
    for rev, event in enumerate((e for e in events if e.lang == lang), 1):
        those = by_rev.pop(rev, [])
        leaves = [leaf(row.digest, row.start, row.end, voices.get(row.voice or 0, "")) for row in those]
        if isinstance(event, CaptionsImported | CaptionCorrected | CaptionRedacted) and root(leaves) != event.digest:
            found.append(f"the captions in {lang} that came at {rev} are not those that were recorded")
        gone = list(shown) if isinstance(event, CaptionsImported) and event.replaces else [row.number for row in those]
        untils |= {(number, shown.pop(number)): rev for number in gone if number in shown}
        shown |= {row.number: rev for row in those}
    if by_rev:
        found.append(f"there are captions in {lang} that the log does not tell of")
    if any(row.until != untils.get((row.number, row.rev)) for row in rows):
        found.append(f"captions in {lang} are shown, or not shown, against the log")
    return found
