"""The truth: a session's events, numbered without gaps in the order of their commits, chained by hash.

Numbers come from the locked session row, never from a database sequence: with a sequence, 12 can commit before 11,
and a device that has seen 12 never hears of 11. A stream is a numbered selection of the log; `backstage` is all of it,
`public` what has a form fit for everyone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from cryptography.fernet import Fernet
from sqlalchemy import ForeignKey, ForeignKeyConstraint, Integer, String, Text, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sessions import seals, tracks
from sessions.audiences import touches
from sessions.database import Transaction
from sessions.events import CaptionEvent, Entry, Event, decode, digests, encode
from sessions.question import Audience
from sessions.session import Session
from sessions.tables import Base
from sessions.words import Words, digest, recall

NO_HASH = "0" * 64
"""What stands before the first event of a chain."""


class LogRow(Base):
    """One event; append-only."""

    __tablename__ = "log"
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    event: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64))


class StreamRow(Base):
    """The place of an event in a stream other than backstage, whose number is the event's own."""

    __tablename__ = "streams"
    session_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    stream: Mapped[str] = mapped_column(String(20), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    log_seq: Mapped[int] = mapped_column(Integer, index=True)
    __table_args__ = (ForeignKeyConstraint(["session_id", "log_seq"], ["log.session_id", "log.seq"]),)


class Head(NamedTuple):
    """Where the log of a session ends."""

    seq: int
    public: int
    hash: str
    votes: int
    epoch: int


HEAD = select(Session.seq, Session.public_seq, Session.hash, Session.votes, Session.epoch).where(
    Session.id == bindparam("id")
)
SINCE = (
    select(LogRow.seq, LogRow.body, StreamRow.seq)
    .outerjoin(
        StreamRow,
        (StreamRow.session_id == LogRow.session_id)
        & (StreamRow.log_seq == LogRow.seq)
        & (StreamRow.stream == "public"),
    )
    .where(LogRow.session_id == bindparam("id"), LogRow.seq > bindparam("after"))
    .order_by(LogRow.seq)
)


def link(previous: str, body: bytes) -> str:
    """The hash of an event in its chain: SHA-256(previous hash || canonical event), in hex."""
    return hashlib.sha256(bytes.fromhex(previous) + body).hexdigest()


def record(tx: Transaction, event: Event, place: tuple[str, int] | None = None) -> int:
    """Add an event to the log of the locked session; answers its number. Nothing is told before the commit.

    `place` is its stream beside those that every event may have, and its number there.
    """
    session, body = tx.session, encode(event)
    session.seq += 1
    session.hash = link(session.hash, body)
    name = event.__struct_config__.tag
    tx.append(LogRow, session_id=session.id, seq=session.seq, event=name, body=body.decode(), hash=session.hash)
    if touches(event, Audience.PUBLIC):
        session.public_seq += 1
        tx.append(StreamRow, session_id=session.id, stream="public", seq=session.public_seq, log_seq=session.seq)
    if place:
        tx.append(StreamRow, session_id=session.id, stream=place[0], seq=place[1], log_seq=session.seq)
    tx.recorded.append((session.seq, event))
    return session.seq


async def head(db: AsyncSession, session_id: int) -> Head:
    return Head(*(await db.execute(HEAD, {"id": session_id})).one())


async def since(
    db: AsyncSession, session_id: int, seq: int = 0, public: int = 0, most: int | None = None
) -> list[Entry]:
    """Everything after `seq`, or the first `most` of it, in order; `public` is the public number that holds there."""
    rows = await db.execute(SINCE if most is None else SINCE.limit(most), {"id": session_id, "after": seq})
    found = [(n, decode(body), place) for n, body, place in rows]
    words = await recall(db, session_id, (d for _, event, _ in found for d in digests(event)))
    entries = []
    for n, event, place in found:
        public = place or public
        entries.append(Entry(n, public, place is not None, event, {d: words.get(d) for d in digests(event)}))
    return entries


async def verify(db: AsyncSession, session_id: int, cipher: Fernet | None = None) -> tuple[Head, Sequence[str]]:
    """The head, and a sentence for each fault in the numbers, the chain, the streams or the words kept apart.

    With `cipher` it looks into the seals of what was taken out, too.
    """
    faults: list[str] = []
    end = await head(db, session_id)
    rows = (await db.execute(select(LogRow).where(LogRow.session_id == session_id).order_by(LogRow.seq))).scalars()
    seq, before, named = 0, NO_HASH, set()
    events: list[Event] = []
    places: dict[str, list[int]] = {"public": []}
    for row in rows:
        seq += 1
        if row.seq != seq:
            faults.append(f"number {seq} is missing: the next event is {row.seq}")
            seq = row.seq
        before = link(before, row.body.encode())
        if before != row.hash:
            faults.append(f"event {row.seq} ({row.event}) does not fit its hash: it or one before it was changed")
            before = row.hash
        try:
            event = decode(row.body)
        except msgspec.MsgspecError:
            faults.append(f"event {row.seq} cannot be read")
            continue
        events.append(event)
        named.update(digests(event))
        if row.event != event.__struct_config__.tag:
            faults.append(f"event {row.seq} is labelled {row.event}, and is another")
        if touches(event, Audience.PUBLIC):
            places["public"].append(row.seq)
        if isinstance(event, CaptionEvent):
            places.setdefault(tracks.stream(event.lang), []).append(row.seq)
    if (seq, before) != (end.seq, end.hash):
        faults.append(
            f"the log ends at {seq}, the session's head says {end.seq}: its end was cut, replaced or extended"
        )
    query = select(StreamRow.stream, StreamRow.seq, StreamRow.log_seq).where(StreamRow.session_id == session_id)
    found: dict[str, list[tuple[int, int]]] = {"public": []}
    for name, n, at in await db.execute(query.order_by(StreamRow.stream, StreamRow.seq)):
        found.setdefault(name, []).append((n, at))
    told = {name: list(enumerate(numbers, 1)) for name, numbers in places.items()}
    if found.pop("public") != told.pop("public") or len(places["public"]) != end.public:
        faults.append("the public stream does not hold exactly the public events in their order")
    if found != told:
        faults.append("the streams of captions do not hold exactly their events in their order")
    faults += await tracks.faults(db, session_id, events)
    kept = (await db.execute(select(Words).where(Words.session_id == session_id))).scalars().all()
    faults += await seals.faults(db, session_id, events, {w.digest: w for w in kept}, cipher)
    faults += [f"words {w.digest[:12]} are not those that were recorded" for w in kept if changed(w)]
    faults += [f"words {d[:12]} are missing" for d in sorted(named - {w.digest for w in kept})]
    return end, faults


def changed(words: Words) -> bool:
    """Whether kept words differ from their digest; words that were taken out (None) do not count as changed."""
    return words.text is not None and digest(words.salt, words.text) != words.digest
