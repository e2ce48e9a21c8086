"""Search over everything that is published: one function, on both databases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import combinations
from math import prod
from typing import NamedTuple, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sessions import fulltext, places, vocabulary
from sessions.fulltext import Candidate, Choice, SearchRow
from sessions.places import MARKS, SESSION, SPOKEN, WRITTEN, Document, lang_token, recalled, topic_token
from sessions.query import Wanted
from sessions.ranking import Look, Piece, Ranked, by_session, rank, snippet
from sessions.session import Session
from sessions.vocabulary import Known, Meant

T = TypeVar("T")
MOST = 300
"""Questions, and as many places in captions, that are weighed; of more, the newest."""
RELAXED, FEWEST = 4, 60
"""Terms of which two are enough, the rarest, where no place has all; and rows that are weighed for each such pair."""
COMMON, LARGE = 0.35, 2_000
"""In which share of all rows a word says too little to be asked for, where there are so many rows."""
SHARES = {WRITTEN: 0.25, SPOKEN: 0.75}
"""Of all rows that hold some words, about how many are of each: ten lines say more than a question and its answer."""
PAGE, PAGE_OF_SESSION, SHOWN_OF_SESSION = 10, 20, 3


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
    tiers = [SPOKEN] if wanted.kind == "caption" else [WRITTEN] if wanted.kind else [WRITTEN, SPOKEN]
    for asking, is_whole in askings(meant, known):
        most = max(FEWEST, MOST // len(asking))
        every = [(terms, tier) for terms in asking for tier in tiers]
        asked = [[*filters, _any([tier]), *(one.look.phrases for one in terms)] for terms, tier in every]
        is_narrow = wanted.session is not None
        likely = [0.0 if is_narrow else SHARES[tier] * expected(terms, known) for terms, tier in every]
        some = await fulltext.candidates(db, asked, most, likely)
        if any(some):
            found = {one.id: one for those in some for one in those}
            return list(found.values()), is_whole, all(len(those) < most for those in some)
    return [], False, True


def expected(terms: Sequence[Meant], known: Known) -> float:
    """How many rows hold all of these, if none of them knew of the others."""
    return known.rows * prod(one.rows / known.rows for one in terms)


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


def askings(meant: Sequence[Meant], known: Known) -> Iterator[tuple[list[list[Meant]], bool]]:
    """What to ask for, and after that what will do: every term (True), then any two of them, then each by itself.

    Each by itself, or the newest rows with a frequent word would crowd out all with a rare one. The rarest come first.
    """
    often = COMMON * known.rows if known.rows >= LARGE else known.rows
    telling = [one for one in meant if not (one.is_word and one.rows > often)] or meant
    there = sorted((one for one in telling if one.rows), key=lambda one: one.rows)
    if there and len(there) == len(telling):
        yield [there], True
    if len(there) > 2:
        yield [[*pair] for pair in combinations(there[:RELAXED], 2)], False
    if there and len(meant) > 1:
        yield [[one] for one in there[: 2 * RELAXED]], False


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
        best = documents[ranked.part]
        _, pieces = snippet(best.words, ranked.tokens, looks)
        return Hit(best.kind, best.anchor, best.lang, best.topic, pieces)
    at, pieces = snippet(" ".join(line.words for line in documents), ranked.tokens, looks)
    end = -1
    for line in documents:  # The line in which it begins.
        end += len(line.words) + 1
        if at <= end:
            return Hit(line.kind, line.anchor, line.lang, line.topic, pieces)
    raise AssertionError("what was found lies within the lines")
