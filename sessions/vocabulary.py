"""The words of everything published: which tokens a typed word stands for, and how often each is found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, product
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from sessions import folding
from sessions.fulltext import SearchWord
from sessions.places import EVERYTHING, LANG, TOPIC, YEAR
from sessions.query import Term
from sessions.ranking import Look, weight

BEGINNINGS, SPELLINGS = 60, 40
"""Words that one beginning may stand for, those found most often; and ways to read one phrase."""


class Known(NamedTuple):
    """What there is altogether: how many rows, in which languages, from which years."""

    rows: int
    langs: tuple[str, ...]
    years: tuple[int, ...]


class Meant(NamedTuple):
    """A term as the index knows it; `rows` hold it, at most."""

    look: Look
    rows: int
    is_word: bool


async def topics(db: AsyncSession) -> list[str]:
    """The topics of everything published, those with most to read first."""
    query = (
        select(SearchWord.form).where(_begins(SearchWord.form, TOPIC)).order_by(SearchWord.rows.desc(), SearchWord.form)
    )
    return [form.removeprefix(TOPIC) for form in await db.scalars(query)]


async def meanings(db: AsyncSession, terms: Sequence[Term]) -> tuple[Known, list[Meant]]:
    """Each term with every token that it may stand for.

    A word is looked up as it is typed, so that one without its accents finds what was written with them, whatever the
    language; and it is stemmed in each language there is, for a form that was never published.
    """
    words = {word for term in terms if not term.is_beginning for word in term.words}
    known, listed = await _known(db, {folding.read(word, "").form for word in words})
    tokens = {
        word: {folding.read(word, lang).token for lang in ("", *known.langs)} | listed[folding.read(word, "").form]
        for word in words
    }
    rows = await _rows(db, {token for some in tokens.values() for token in some})
    meant = []
    for term in terms:
        counted: dict[tuple[str, ...], int] = {}
        if not term.is_beginning:
            counted = _phrases([{t: rows[t] for t in tokens[word] if t in rows} for word in term.words])
        if not counted and len(term.words) == 1:
            # Also for a word that nobody wrote so: with another ending, somebody may have.
            counted = await _beginning(db, folding.read(term.words[0], "").form)
        total = min(sum(counted.values()), known.rows)
        look = Look(tuple(counted), weight(total, known.rows))
        meant.append(Meant(look, total, len(term.words) == 1 and not term.is_beginning))
    return known, meant


async def _known(db: AsyncSession, forms: Iterable[str]) -> tuple[Known, Mapping[str, set[str]]]:
    """What there is altogether, and the tokens of these forms."""
    form = SearchWord.form
    wanted = or_(form.in_([EVERYTHING, *forms]), _begins(form, LANG), _begins(form, YEAR))
    total, langs, years, listed = 0, list[str](), list[int](), defaultdict[str, set[str]](set)
    for form_, token, rows in await db.execute(select(form, SearchWord.token, SearchWord.rows).where(wanted)):
        if form_ == EVERYTHING:
            total = rows
        elif form_.startswith(LANG):
            langs.append(form_.removeprefix(LANG))
        elif form_.startswith(YEAR):
            years.append(int(form_.removeprefix(YEAR)))
        else:
            listed[form_].add(token)
    return Known(total, tuple(sorted(langs)), tuple(sorted(years))), listed


def _phrases(words: Sequence[Mapping[str, int]]) -> dict[tuple[str, ...], int]:
    """Every way to read words that stand together, by its tokens, with the rows that can hold it at most."""
    read = [sorted(word.items(), key=lambda one: (-one[1], one[0])) for word in words]
    some = islice(product(*read), SPELLINGS)
    return {tuple(token for token, _ in phrase): min(rows for _, rows in phrase) for phrase in some}


async def _beginning(db: AsyncSession, form: str) -> dict[tuple[str, ...], int]:
    most = func.sum(SearchWord.rows)
    query = select(SearchWord.token, most).where(_begins(SearchWord.form, form)).group_by(SearchWord.token)
    return {
        (token,): rows
        for token, rows in await db.execute(query.order_by(most.desc(), SearchWord.token).limit(BEGINNINGS))
    }


async def _rows(db: AsyncSession, tokens: Iterable[str]) -> dict[str, int]:
    query = select(SearchWord.token, func.sum(SearchWord.rows)).where(SearchWord.token.in_(tokens))
    return {token: rows for token, rows in await db.execute(query.group_by(SearchWord.token))}


def _begins(column: Any, form: str) -> Any:
    return (column >= form) & (column < form + "\U0010ffff")
