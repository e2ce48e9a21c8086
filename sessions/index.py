"""What can be found, kept level with what is published.

It is made of an `Archive` and of nothing else, so that what is not public cannot be in it; and it is made after the
commit, of the log at one number, never within the transaction that published: reading a whole log would hold up
everybody else's commands. Which sessions it is behind on is a query, so a server that is killed in between loses
nothing, and any server can catch up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, Integer, delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sessions import fulltext, places
from sessions.archive import Archive
from sessions.database import Transaction
from sessions.events import SessionState
from sessions.fulltext import SearchRow, row_id
from sessions.places import Document, Place, recalled
from sessions.session import Session
from sessions.tables import Base


class SearchHead(Base):
    """How much of a session's log is in the index."""

    __tablename__ = "search_heads"
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer)


async def index(tx: Transaction, session_id: int, there_now: Iterable[Place]) -> None:
    """Have exactly these places be found of a session; what did not change is left alone."""
    made = {place.tokens + places.kept(place.documents): place for place in there_now}
    query = select(SearchRow.id, SearchRow.tokens, SearchRow.documents).where(SearchRow.session_id == session_id)
    there = {tokens + kept: (id, tokens, kept) for id, tokens, kept in await tx.db.execute(query)}
    changes: Counter[tuple[str, str]] = Counter()
    gone = [row for same, row in there.items() if same not in made]
    for _, _, kept in gone:
        changes.subtract(places.place(session_id, recalled(kept)).words)
    used = {id for id, *_ in there.values()} - {id for id, *_ in gone}
    free = (id for id in count(row_id(session_id)) if id not in used)
    new = [place for same, place in made.items() if same not in there]
    added = [_row(id, session_id, place) for id, place in zip(free, new, strict=False)]
    for place in new:
        changes.update(place.words)
    await fulltext.remove(tx.db, [(id, tokens) for id, tokens, _ in gone])
    for start in range(0, len(gone), 500):
        some = [id for id, *_ in gone[start : start + 500]]
        await tx.db.execute(delete(SearchRow).where(SearchRow.id.in_(some)))
    if added:
        await tx.db.execute(insert(SearchRow), added)
        await fulltext.add(tx.db, added)
    await fulltext.count_words(tx.db, changes)


def _row(id: int, session_id: int, place: Place) -> dict[str, Any]:
    return {"id": id, "session_id": session_id, "tokens": place.tokens, "documents": places.kept(place.documents)}


async def forget(tx: Transaction, session_id: int) -> None:
    """Have nothing of a session be found any more."""
    await index(tx, session_id, ())


async def behind(db: AsyncSession) -> list[int]:
    """Sessions of which the index does not say what their log says: published, withdrawn or corrected since."""
    is_public = Session.state == SessionState.PUBLISHED
    is_late = or_(SearchHead.seq.is_(None) & is_public, (SearchHead.seq < Session.seq) & is_public)
    is_left = SearchHead.seq.is_not(None) & ~is_public
    query = select(Session.id).outerjoin(SearchHead, SearchHead.session_id == Session.id)
    return list(await db.scalars(query.where(is_late | is_left).order_by(Session.id)))


async def renew(tx: Transaction, archive: Archive | None, there_now: Sequence[Place]) -> None:
    """Have the locked session be found as an archive tells it, unless the index already knows of something newer."""
    head = await tx.db.get(SearchHead, tx.session.id)
    if archive is None or tx.session.state != SessionState.PUBLISHED:
        await forget(tx, tx.session.id)
        if head:
            await tx.db.delete(head)
        return
    if head and head.seq >= archive.head.seq:
        return
    await index(tx, tx.session.id, there_now)
    if head:
        head.seq = archive.head.seq
    else:
        tx.db.add(SearchHead(session_id=tx.session.id, seq=archive.head.seq))


def documents(archive: Archive) -> Iterator[Document]:
    """Everything of an archive that can be found, in the order of its page."""
    zone, lang = ZoneInfo(archive.zone), archive.languages[0]
    day = archive.starts_at.astimezone(zone).date() if archive.starts_at else None
    about = [archive.title, archive.about, *archive.speakers, *archive.topics, *(link.label for link in archive.links)]
    words = "\n".join(line for line in about if line)
    yield Document(kind="session", anchor="main", lang=lang, words=words, day=day)
    for asked in archive.questions:
        card = asked.card
        where: dict[str, Any] = {"anchor": f"q-{card.id}", "topic": card.topic, "day": day}
        if card.words:
            yield Document(kind="question", lang=card.lang, words=card.words, **where)
        for answer in card.answers:
            if answer.words:
                yield Document(kind="answer", lang=answer.lang or card.lang, words=answer.words, **where)
    for lang, cues in archive.tracks.items():
        for cue in cues:
            if cue.words:
                yield Document(kind="caption", anchor=f"c-{lang}-{cue.id}", lang=lang, words=cue.words, day=day)
