"""What a search leads to: places on the page of an archive, and what each is found by. Pure.

A question and its answers are one place, and so are some lines of captions that follow one another: what was said in
one breath is found together, and a million lines become a tenth as many rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from sessions import folding
from sessions.folding import Word

LINES, LINES_CHARACTERS = 10, 500
"""Of captions in one place, at most."""
BOUNDARY = "=|"
"""Before each text of a place: no phrase reaches across it."""
EVERYTHING, WRITTEN, SPOKEN = "=", "=e", "=c"
"""The tokens of every place, of those that are no captions, and of captions."""
MARKS: Mapping[str, str] = {"session": "=s", "question": "=q", "answer": "=a", "caption": SPOKEN}
"""Each kind of text, and the token that stands before one."""
SESSION, VOLUME, LANG, TOPIC, YEAR, MONTH, DAY = "=n", "=v", "=l", "=t", "=y", "=m", "=d"
"""How the tokens begin that say what a place is about."""
LONGEST_TOKEN = 400
"""Characters: PostgreSQL takes 2,046 bytes, and an address may ask for any language or topic."""
VOLUMES = (8, 32, 128, 512, 2048)
"""Sessions are bound in volumes, and these in larger ones."""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """Words that can be found; `anchor` is where they stand on the archive's page.

    `kind` is "session" (what it was about), "question", "answer" or "caption". Documents of one anchor follow one
    another, and so do the lines of a track.
    """

    kind: str
    anchor: str
    lang: str
    words: str
    topic: str | None = None
    day: date | None = None


class Place(NamedTuple):
    """Documents that are found together; `tokens` are all it is found by, `words` those of them that can be typed."""

    documents: tuple[Document, ...]
    tokens: str
    words: frozenset[Word]


def places(session_id: int, documents: Iterable[Document]) -> Iterator[Place]:
    for together in _groups(documents):
        yield place(session_id, together)


def place(session_id: int, documents: Sequence[Document]) -> Place:
    about = facets(session_id, documents)
    tokens, said = [word.token for word in about], set(about)
    for number, one in enumerate(documents):
        spoken = folding.words(one.words, one.lang)
        # Lines of captions run on: a phrase may begin in one and end in the next.
        tokens += [] if one.kind == "caption" and number else [BOUNDARY, MARKS[one.kind]]
        tokens += [word.token for word in spoken]
        said.update(spoken)
    return Place(tuple(documents), " ".join(tokens), frozenset(word for word in said if word.form))


def _groups(documents: Iterable[Document]) -> Iterator[Sequence[Document]]:
    def together(one: Document) -> tuple[bool, str]:
        is_caption = one.kind == "caption"
        return is_caption, one.lang if is_caption else one.anchor

    for (is_caption, _), those in groupby(documents, key=together):
        lines: list[Document] = []
        for one in those:
            is_long = sum(len(line.words) for line in lines) + len(one.words) > LINES_CHARACTERS
            if is_caption and lines and (is_long or len(lines) == LINES):
                yield lines
                lines = []
            lines.append(one)
        yield lines


def facets(session_id: int, documents: Sequence[Document]) -> list[Word]:
    """What a place is about, as words of another kind: those with a form are counted, and can be listed."""
    first = documents[0]
    about = [
        Word(EVERYTHING, EVERYTHING),
        Word("", f"{SESSION}{session_id}"),
        *(Word("", volume(size, session_id // size)) for size in VOLUMES),
    ]
    if first.kind != "caption":
        about.append(Word("", WRITTEN))
    about += [Word(token, token) for token in dict.fromkeys(lang_token(one.lang) for one in documents)]
    if first.topic:
        about.append(Word(TOPIC + first.topic, topic_token(first.topic)))
    if first.day:
        year = f"{YEAR}{first.day:%Y}"
        about += [Word(year, year), Word("", f"{MONTH}{first.day:%Y-%m}"), Word("", f"{DAY}{first.day}")]
    return about


def volume(size: int, number: int) -> str:
    """The token of the volume of that size which has this number, from 0 on."""
    return f"{VOLUME}{size}-{number}"


def lang_token(lang: str) -> str:
    return (LANG + "".join(c for c in lang if c.isalnum() or c == "-"))[:LONGEST_TOKEN]


def topic_token(topic: str) -> str:
    return (TOPIC + "-".join(word.form for word in folding.words(topic, "")))[:LONGEST_TOKEN]


def month_tokens(since: date | None, until: date | None, years: Iterable[int]) -> list[str] | None:
    """Whole years and single months that hold all days from `since` to `until`; None for all there are."""
    if since is None and until is None:
        return None
    first, last = since or date.min, until or date.max
    tokens: list[str] = []
    for year in years:
        months = [m for m in range(1, 13) if (first.year, first.month) <= (year, m) <= (last.year, last.month)]
        tokens += [f"{YEAR}{year}"] if len(months) == 12 else [f"{MONTH}{year}-{month:02}" for month in months]
    return tokens


def is_within(tokens: str, since: date | None, until: date | None) -> bool:
    """Whether a place with these tokens lies between two days, both included."""
    day = tokens.partition(f" {DAY}")[2][:10]
    return bool(day) and (since is None or str(since) <= day) and (until is None or day <= str(until))


def kept(documents: Sequence[Document]) -> str:
    """The documents of a place as they are kept, in JSON."""
    first = documents[0]
    told: dict[str, Any] = {"parts": [[one.kind, one.anchor, one.lang, one.words] for one in documents]}
    return msgspec.json.encode(told | {"topic": first.topic, "day": first.day}).decode()


class _Kept(msgspec.Struct):
    parts: list[tuple[str, str, str, str]]
    topic: str | None
    day: date | None


def recalled(kept: str) -> tuple[Document, ...]:
    told = msgspec.json.decode(kept, type=_Kept)
    return tuple(
        Document(kind=kind, anchor=anchor, lang=lang, words=words, topic=told.topic, day=told.day)
        for kind, anchor, lang, words in told.parts
    )
