"""What was said, line by line: a track for each language, filled from files and corrected by the staff."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sessions import words as kept
from sessions.database import Transaction
from sessions.events import CaptionCorrected, CaptionsImported, Digest
from sessions.log import record
from sessions.permissions import Caller
from sessions.policy import require
from sessions.question import Taken
from sessions.recording import MAX_OFFSET
from sessions.refusals import Refusal
from sessions.tracks import MAX_LANG, CueRow, Track, Voice, leaf, named, root, stream
from sessions.words import TURNING, clean_line

MAX_CUES = 20_000
"""In one track: eight hours of speech have about 12,000."""
MAX_WORDS, MAX_SPEAKER = 1_000, 80
UNSEEN = frozenset("\ufeff\u200b\u2060\xad") | TURNING


class Line(NamedTuple):
    """What a file says was said, in milliseconds of the file."""

    start: int
    end: int
    speaker: str | None
    words: str


class Cue(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A line of captions: times in milliseconds since the session started; words None where they were taken out.

    `id` is its own within its track and stays; `rev` is the number in the track's stream of its last change.
    """

    id: int
    lang: str
    start: int
    end: int
    words: str | None
    speaker: str | None = None
    rev: int = 0
    corrected_at: datetime | None = None
    taken: Taken | None = None


def tidy(text: str) -> str:
    """The text on one line, without what nobody sees: tools leave marks of order and breaks behind."""
    seen = (c for c in text if c not in UNSEEN and (c.isspace() or unicodedata.category(c) not in ("Cc", "Cs", "Co")))
    return " ".join("".join(seen).split())


def on_clock(lines: Sequence[Line], offset: int) -> list[Line]:
    """The lines on the session's clock, in order; what ended before its start is left out.

    People trying their microphones did not know that anybody would read it.
    """
    moved = (line._replace(start=max(0, line.start - offset), end=line.end - offset) for line in lines)
    return sorted((line for line in moved if line.end > 0), key=lambda line: (line.start, line.end))


async def take_in(
    tx: Transaction,
    caller: Caller,
    lang: str,
    lines: Sequence[Line],
    *,
    offset: int = 0,
    replaces: bool = True,
    format: str = "vtt",
) -> CaptionsImported:
    """Put the lines of a file into a track, in place of what it shows or beside it. Raises Refusal."""
    require(tx.session, "caption")
    if lang not in tx.plan.languages or len(lang) > MAX_LANG:
        raise Refusal("bad", "Please choose one of the session's languages.")
    if abs(offset) > MAX_OFFSET:
        raise Refusal("bad", "Please give a time within one day.")
    said = on_clock(lines, offset)
    if not said:
        raise Refusal("bad", "Nothing in this file was said after the start of the session. Please check the offset.")
    await tx.flush()
    track = await _track(tx, lang)
    there = 0 if replaces else len(await _current(tx.db, track.id))
    if there + len(said) > MAX_CUES:
        raise Refusal("bad", "That is more than the {limit} captions there is room for.", limit=MAX_CUES)
    voices = await _voices(tx, (line.speaker for line in said if line.speaker))
    first, rev = track.last + 1, track.seq + 1
    if replaces:
        await tx.db.execute(update(CueRow).where(CueRow.track_id == track.id, CueRow.until.is_(None)).values(until=rev))
    leaves = []
    for number, line in enumerate(said, first):
        voice = voices.get(line.speaker or "")
        leaves.append(_put(tx, track, number, rev, line.start, line.end, voice, line.words, None))
    track.seq, track.last = rev, track.last + len(said)
    event = CaptionsImported(
        at=tx.now,
        by=caller.person,
        lang=lang,
        format=format,
        replaces=replaces,
        offset=offset,
        first=first,
        cues=len(said),
        early=len(lines) - len(said),
        digest=root(leaves),
    )
    record(tx, event, (stream(lang), rev))
    return event


async def correct(
    tx: Transaction, caller: Caller, lang: str, cue: int, rev: int, words: str, speaker: str | None = None
) -> None:
    """Other words for a cue, or another speaker; what stood there is kept. Raises Refusal."""
    require(tx.session, "caption")
    await tx.flush()
    track = await tx.db.scalar(select(Track).where(Track.session_id == tx.session.id, Track.lang == lang))
    row = await _row(tx.db, track.id, cue) if track else None
    if track is None or row is None:
        raise Refusal("not_found", "This caption is not there any more. Please reload the page.")
    if row.rev != rev:
        raise Refusal("stale", "Somebody has just corrected this caption. Please look at it again.")
    words = clean_line(tidy(words), MAX_WORDS)
    name = clean_line(tidy(speaker), MAX_SPEAKER) if speaker and speaker.strip() else None
    voices = await _voices(tx, [name] if name else [])
    voice = voices[name] if name else None
    if row.words == words and row.voice == (voice and voice.number):
        return
    moved = track.seq + 1
    same = (CueRow.track_id == track.id, CueRow.number == cue, CueRow.rev == row.rev)
    await tx.db.execute(update(CueRow).where(*same).values(until=moved))
    one = _put(tx, track, cue, moved, row.start, row.end, voice, words, tx.now)
    track.seq = moved
    spoken_by = Digest(voice.digest) if voice else None
    event = CaptionCorrected(at=tx.now, by=caller.person, lang=lang, cue=cue, digest=root([one]), speaker=spoken_by)
    record(tx, event, (stream(lang), moved))


def _put(
    tx: Transaction,
    track: Track,
    number: int,
    rev: int,
    start: int,
    end: int,
    voice: Voice | None,
    words: str,
    corrected_at: datetime | None,
) -> bytes:
    """A new version of a cue; answers its leaf."""
    salt = secrets.token_bytes(16)
    digest = hashlib.sha256(salt + words.encode()).digest()
    tx.append(
        CueRow,
        track_id=track.id,
        number=number,
        rev=rev,
        until=None,
        start=start,
        end=end,
        voice=voice and voice.number,
        digest=digest,
        salt=salt,
        words=words,
        corrected_at=corrected_at,
    )
    return leaf(digest, start, end, voice.digest if voice else "")


async def _track(tx: Transaction, lang: str) -> Track:
    track = await tx.db.scalar(select(Track).where(Track.session_id == tx.session.id, Track.lang == lang))
    if track is None:
        track = Track(session_id=tx.session.id, lang=lang, seq=0, last=0)
        tx.db.add(track)
        await tx.db.flush()
    return track


async def _voices(tx: Transaction, names: Iterable[str]) -> dict[str, Voice]:
    """The voices of these speakers, new ones among them."""
    known = await named(tx.db, tx.session.id)
    found = {name: voice for voice, name in known if name is not None}
    last = max((voice.number for voice, _ in known), default=0)
    for name in dict.fromkeys(names):
        if name not in found:
            last += 1
            found[name] = Voice(session_id=tx.session.id, number=last, digest=kept.keep(tx, name))
            tx.append(Voice, session_id=tx.session.id, number=last, digest=found[name].digest)
    return found


async def _row(db: AsyncSession, track_id: int, number: int) -> CueRow | None:
    query = select(CueRow).where(CueRow.track_id == track_id, CueRow.number == number, CueRow.until.is_(None))
    return (await db.execute(query)).scalar_one_or_none()


async def _current(db: AsyncSession, track_id: int) -> Sequence[int]:
    query = select(CueRow.number).where(CueRow.track_id == track_id, CueRow.until.is_(None))
    return (await db.execute(query)).scalars().all()


_COLUMNS = (
    CueRow.number,
    CueRow.rev,
    CueRow.start,
    CueRow.end,
    CueRow.voice,
    CueRow.words,
    CueRow.digest,
    CueRow.corrected_at,
)


async def read(
    db: AsyncSession, session_id: int, at: Mapping[str, int], then: Mapping[str, str] | None = None
) -> dict[str, tuple[Cue, ...]]:
    """The cues of each track as they stood at these numbers of their streams, in the order of their times.

    `then` has, by digest, what words said then that were taken out since.
    """
    then = then or {}
    names = {voice.number: then.get(voice.digest, name) for voice, name in await named(db, session_id)}
    tracks = await db.execute(select(Track.id, Track.lang).where(Track.session_id == session_id))
    found = {}
    for track_id, lang in sorted(tracks, key=lambda track: track.lang):
        if lang in at:
            shown = (CueRow.rev <= at[lang]) & (CueRow.until.is_(None) | (CueRow.until > at[lang]))
            query = select(*_COLUMNS).where(CueRow.track_id == track_id, shown)
            rows = await db.execute(query.order_by(CueRow.start, CueRow.end, CueRow.number))
            found[lang] = tuple(_cue(lang, row, names, then.get(row.digest.hex())) for row in rows)
    return found


def _cue(lang: str, row: Any, names: Mapping[int, str | None], then: str | None = None) -> Cue:
    return Cue(
        id=row.number,
        lang=lang,
        start=row.start,
        end=row.end,
        words=row.words if then is None else then,
        speaker=names.get(row.voice),
        rev=row.rev,
        corrected_at=row.corrected_at,
    )


async def patch(db: AsyncSession, session_id: int, lang: str, since: int = 0) -> dict[str, Any]:
    """What brings a device from `since` in a track's stream to now: cues as they are now, or that one is gone.

    With `since` 0 it is the whole track, and names only what is there.
    """
    track = await db.scalar(select(Track).where(Track.session_id == session_id, Track.lang == lang))
    if track is None:
        return {"from": since, "to": 0, "cues": []}
    names = {voice.number: name for voice, name in await named(db, session_id)}
    query = select(*_COLUMNS, CueRow.until).where(
        CueRow.track_id == track.id, (CueRow.rev > since) | (CueRow.until > since)
    )
    rows = (await db.execute(query.order_by(CueRow.start, CueRow.end, CueRow.number))).all()
    there = [_cue(lang, row, names) for row in rows if row.until is None]
    ids = {cue.id for cue in there}
    gone = {row.number: row.until for row in rows if row.until is not None and row.number not in ids}
    told: list[Any] = [*there]
    if since:
        told += [{"id": number, "rev": rev, "gone": True} for number, rev in sorted(gone.items())]
    return {"from": since, "to": track.seq, "cues": told}


class Version(NamedTuple):
    """What once stood in a cue, from its number in the track's stream on."""

    rev: int
    speaker: str | None
    words: str | None
    corrected_at: datetime | None


async def versions(db: AsyncSession, session_id: int, lang: str, cues: Collection[int]) -> dict[int, list[Version]]:
    """Every version of each of these cues, the first one first; a cue that never was is missing."""
    names = {voice.number: name for voice, name in await named(db, session_id)}
    query = (
        select(*_COLUMNS)
        .join(Track, Track.id == CueRow.track_id)
        .where(Track.session_id == session_id, Track.lang == lang, CueRow.number.in_(cues))
        .order_by(CueRow.rev)
    )
    found: dict[int, list[Version]] = {}
    for row in await db.execute(query):
        version = Version(row.rev, names.get(row.voice), row.words, row.corrected_at)
        found.setdefault(row.number, []).append(version)
    return found
