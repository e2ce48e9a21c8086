"""What somebody typed to search for: words, "phrases in quotation marks", and beginnings with a star*. Pure."""

from __future__ import annotations

import re
from datetime import date

import msgspec

from sessions import folding
from sessions.refusals import Refusal

MOST_CHARACTERS, MOST_TERMS = 300, 12
SHORTEST_BEGINNING = 2
"""Characters before a star: fewer are the beginning of nearly everything."""
QUOTES = str.maketrans(dict.fromkeys("“”„«»＂", '"') | {"＊": "*"})
PART = re.compile(r'"([^"]*)"|([^\s"]+)')


class Term(msgspec.Struct, frozen=True):
    """One thing that must be there: a word, or more of them that stand together, as they were typed.

    With `is_beginning`, the word is only how it begins.
    """

    words: tuple[str, ...]
    is_beginning: bool = False


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for: terms, and where; None stands for everywhere. Days are those of the sessions, both included."""

    typed: str = ""
    terms: tuple[Term, ...] = ()
    session: int | None = None
    since: date | None = None
    until: date | None = None
    lang: str | None = None
    topic: str | None = None
    kind: str | None = None
    page: int = 1


def terms(typed: str) -> tuple[Term, ...]:
    """The terms of what was typed, each once. Raises Refusal `bad` where nothing can be searched for."""
    if len(typed) > MOST_CHARACTERS:
        raise Refusal("bad", "That is too long to search for. A few words are enough.")
    plain = typed.translate(QUOTES)
    if plain.count('"') % 2:
        raise Refusal("bad", "A quotation mark is still open. Please close it, or leave it out.")
    found: dict[Term, None] = {}
    for phrase, word in PART.findall(plain):
        spoken = tuple(cut(phrase or word))
        if not spoken:
            continue
        is_beginning = word.endswith("*")
        if is_beginning and len(folding.fold(spoken[-1])) < SHORTEST_BEGINNING:
            raise Refusal("bad", "Please type at least two letters before the star.")
        found[Term(spoken, is_beginning and len(spoken) == 1)] = None
    if not found:
        raise Refusal("bad", "There is no word in this to search for. Please type one or more words.")
    if len(found) > MOST_TERMS:
        raise Refusal("bad", "That is too long to search for. A few words are enough.")
    return tuple(found)


def cut(text: str) -> list[str]:
    """The words as they stand there; what is written together, as "7:30", is more than one."""
    return [text[start:end] for start, end in folding.spots(text)]
