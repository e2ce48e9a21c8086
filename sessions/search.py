"""Search over everything that is published: one function, on both databases.

What can be found is made of an `Archive` and of nothing else, so that what is not public cannot be in the index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import combinations
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, Integer, delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sessions import fulltext, places, vocabulary
from sessions.archive import Archive
from sessions.database import Transaction
from sessions.events import SessionState
from sessions.fulltext import Candidate, Choice, Expression, SearchRow, row_id
from sessions.places import MARKS, SESSION, Document, Place, lang_token, recalled, topic_token
from sessions.query import Wanted
from sessions.ranking import Look, Piece, Ranked, by_session, rank, snippet
from sessions.session import Session
from sessions.tables import Base
from sessions.vocabulary import Known, Meant

T = TypeVar("T")
MOST = 400
"""Questions, and as many places in captions, that are weighed; of more, the newest."""
ENOUGH = 10
"""Places with every word; with fewer, those with some of the words are shown as well."""
RELAXED = 6
"""Terms of which two are enough, the rarest, where no place has all."""
COMMON, LARGE = 0.35, 2_000
"""In which share of all rows a word says too little to be asked for, where there are so many rows."""
PAGE, PAGE_OF_SESSION, SHOWN_OF_SESSION = 10, 20, 3


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
    added = []
    for number, place in enumerate((place for same, place in made.items() if same not in there), 1):
        id = max((id for id, *_ in there.values()), default=row_id(session_id)) + number
        kept = places.kept(place.documents)
        added.append({"id": id, "session_id": session_id, "tokens": place.tokens, "documents": kept})
        changes.update(place.words)
    await fulltext.remove(tx.db, [(id, tokens) for id, tokens, _ in gone])
    for start in range(0, len(gone), 500):
        some = [id for id, *_ in gone[start : start + 500]]
        await tx.db.execute(delete(SearchRow).where(SearchRow.id.in_(some)))
    if added:
        await tx.db.execute(insert(SearchRow), added)
        await fulltext.add(tx.db, added)
    await fulltext.count_words(tx.db, changes)


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


class Hit(NamedTuple):
    """Words that were found, and where on the page of the archive they stand."""

    kind: str
    anchor: str
    lang: str
    topic: str | None
    pieces: tuple[Piece, ...]


class Among(NamedTuple):
    """What was found in one session: the best of it, and how many places more there are."""

    code: str
    title: str
    day: date | None
    hits: tuple[Hit, ...]
    more: int


class Found(NamedTuple):
    """One page of what was found, by session; `total` counts places, None where there are more than were weighed.

    `is_whole`: there are places with everything that was asked for.
    """

    sessions: tuple[Among, ...]
    total: int | None
    weighed: int
    is_whole: bool
    page: int
    pages: int


async def search(db: AsyncSession, wanted: Wanted) -> Found:
    """What is published and has these terms, or most of them; the best session first."""
    known, meant = await vocabulary.meanings(db, wanted.terms)
    candidates, is_whole, is_all = await gather(db, wanted, meant, known)
    if wanted.since or wanted.until:
        candidates = [c for c in candidates if places.is_within(c.tokens, wanted.since, wanted.until)]
    looks = [one.look for one in meant]
    ranked = rank(candidates, looks, wanted.kind)
    if wanted.session is None:
        (sessions, page, pages), best = paged(by_session(ranked), wanted.page, PAGE), SHOWN_OF_SESSION
    else:  # Every place of the one that was chosen.
        (there, page, pages), best = paged(ranked, wanted.page, PAGE_OF_SESSION), PAGE_OF_SESSION
        sessions = [(wanted.session, there)] if there else []
    told = await tell(db, [(id, there[:best], len(there[best:])) for id, there in sessions], looks)
    return Found(told, len(ranked) if is_all else None, len(ranked), is_whole and bool(ranked), page, pages)


def paged(those: Sequence[T], page: int, size: int) -> tuple[list[T], int, int]:
    """A page of them, the number of that page, and how many pages there are."""
    pages = max(1, -(-len(those) // size))
    page = min(max(1, page), pages)
    return list(those[(page - 1) * size : page * size]), page, pages


async def gather(
    db: AsyncSession, wanted: Wanted, meant: Sequence[Meant], known: Known
) -> tuple[list[Candidate], bool, bool]:
    """Rows that are worth weighing, whether some have everything that was asked for, and whether these are all.

    Questions and captions apart: what was merely said must not crowd out what was asked.
    """
    filters = filtered(wanted, known)
    if not all(filters):  # No year that was ever published in.
        return [], False, True
    found: dict[int, Candidate] = {}
    is_whole, is_all = False, True
    tiers = [marks for marks in TIERS if wanted.kind is None or MARKS[wanted.kind] in marks]
    for is_relaxed, (expression, rows) in enumerate(askings(meant, known)):
        asked = [Expression([*filters, _any(marks), *expression.all], expression.any) for marks in tiers]
        some = await fulltext.candidates(db, asked, MOST, 0 if wanted.session is not None else rows)
        found |= {one.id: one for tier in some for one in tier}
        is_all = is_all and all(len(tier) < MOST for tier in some)
        is_whole = is_whole or (not is_relaxed and bool(found))
        if len(found) >= ENOUGH:
            break
    return list(found.values()), is_whole, is_all


TIERS = ((MARKS["session"], MARKS["question"], MARKS["answer"]), (MARKS["caption"],))


def _any(tokens: Iterable[str]) -> Choice:
    return [(token,) for token in tokens]


def filtered(wanted: Wanted, known: Known) -> list[Choice]:
    """What every row must be about."""
    found: list[Choice] = []
    if wanted.session is not None:
        found.append(_any([f"{SESSION}{wanted.session}"]))
    if wanted.lang:
        found.append(_any([lang_token(wanted.lang)]))
    if wanted.topic:
        found.append(_any([topic_token(wanted.topic)]))
    if wanted.kind:
        found.append(_any([MARKS[wanted.kind]]))
    if (months := places.month_tokens(wanted.since, wanted.until, known.years)) is not None:
        found.append(_any(months))
    return found


def askings(meant: Sequence[Meant], known: Known) -> Iterator[tuple[Expression, int]]:
    """What to ask for, and after that what will do: every term, then two of them, then one.

    With each, in how many rows the rarest of what is asked for stands, at most.
    """
    telling = [one for one in meant if not (one.is_word and known.rows >= LARGE and one.rows > COMMON * known.rows)]
    there = sorted((one for one in telling or meant if one.rows), key=lambda one: one.rows)
    choices = [one.look.phrases for one in there]
    if not there:
        return
    if len(there) == len(telling or meant):
        yield Expression(choices), there[0].rows
    if len(there) > 2:
        pairs = list(combinations(there[:RELAXED], 2))
        yield Expression([], [[a.look.phrases, b.look.phrases] for a, b in pairs]), sum(a.rows for a, _ in pairs)
    if len(there) > 1 or len(meant) > 1:
        yield Expression([], [[choice] for choice in choices]), sum(one.rows for one in there)


async def tell(
    db: AsyncSession, sessions: Sequence[tuple[int, Sequence[Ranked], int]], looks: Sequence[Look]
) -> tuple[Among, ...]:
    ids = [ranked.id for _, there, _ in sessions for ranked in there]
    rows = select(SearchRow.id, SearchRow.session_id, SearchRow.documents, Session.code, Session.title)
    rows = rows.join(Session, Session.id == SearchRow.session_id).where(SearchRow.id.in_(ids))
    kept, named = dict[int, tuple[Document, ...]](), dict[int, tuple[str, str]]()
    for id, session_id, documents, code, title in await db.execute(rows):
        kept[id], named[session_id] = recalled(documents), (code, title)
    return tuple(
        Among(*named[id], kept[there[0].id][0].day, tuple(hit(kept[one.id], one, looks) for one in there), more)
        for id, there, more in sessions
    )


def hit(documents: Sequence[Document], ranked: Ranked, looks: Sequence[Look]) -> Hit:
    """What is shown of a place: its best text, or those of its lines where most of it was found."""
    if documents[0].kind != "caption":
        best = documents[ranked.parts[0]]
        _, pieces = snippet(best.words, best.lang, looks)
        return Hit(best.kind, best.anchor, best.lang, best.topic, pieces)
    first = documents[0]
    at, pieces = snippet(" ".join(line.words for line in documents), first.lang, looks)
    end = -1
    for line in documents:  # The line in which it begins.
        end += len(line.words) + 1
        if at <= end:
            return Hit(line.kind, line.anchor, line.lang, line.topic, pieces)
    raise AssertionError("what was found lies within the lines")
