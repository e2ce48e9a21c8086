"""Words as they are searched for: one token for all spellings and forms of what a reader takes for the same. Pure.

A database's own word forms serve one language at best, and another one in each database. So words are cut, stemmed and
folded here, and both databases are given the same plain tokens.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache
from typing import Any, NamedTuple

import regex
import snowballstemmer

STEMMERS: dict[str, str] = {
    **{"ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english"},
    **{"es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish", "fr": "french"},
    **{"ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian"},
    **{"lt": "lithuanian", "ne": "nepali", "nl": "dutch", "no": "norwegian", "pl": "polish", "pt": "portuguese"},
    **{"ro": "romanian", "ru": "russian", "sr": "serbian", "st": "sesotho", "sv": "swedish", "ta": "tamil"},
    **{"tr": "turkish", "yi": "yiddish"},
}
"""The languages whose word forms are known; in all others a word is its own only form."""

PLAIN_WORD = re.compile(r"[a-z0-9]+")
# Written without spaces: each character counts as a word, and what stands together is looked for together.
SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
WORD = regex.compile(rf"(?V1)[{SPACELESS}--\p{{P}}]\p{{M}}*|[[\p{{L}}\p{{M}}\p{{N}}]--[{SPACELESS}]]+")
# Accents and vowel points; not the vowels of Indian scripts nor the voicing of Japanese, without which words differ.
MARKS = regex.compile(r"(?V1)[[\p{Inherited}\p{Arabic}\p{Hebrew}&&\p{M}]--[\u3099\u309a]]+")
NO_WORD = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
"""What taking a character apart may leave, such as the stroke of ¼."""
DIGITS = {start + digit: str(digit) for start in (0x660, 0x6F0, 0x966) for digit in range(10)}
LETTERS: dict[int, str | None] = {
    **DIGITS,
    **{ord(a): b for a, b in {"đ": "d", "ð": "d", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "ı": "i"}.items()},
    **{ord(a): b for a, b in {"ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ۀ": "ه", "ہ": "ه"}.items()},
    0x640: None,  # Arabic tatweel only draws a word out.
}
IRREGULAR: dict[str, dict[str, str]] = {
    "english": {"buses": "bus", "busses": "bus", "children": "child", "women": "woman", "men": "man"},
}
"""What families and schools say every day, and the stemmers do not know."""
LONGEST = 60
"""Characters of a word that count: longer ones are addresses, and an index has a limit for its keys."""


class Word(NamedTuple):
    """`form` is a word as it may be typed, without case and accents; `token` stands for all forms of the word."""

    form: str
    token: str


@lru_cache(maxsize=1 << 16)
def fold(word: str) -> str:
    """Lower case without accents, with one letter for each set of variants."""
    if word.isascii():
        return word.lower()
    bare = MARKS.sub("", unicodedata.normalize("NFKD", word.casefold())).translate(LETTERS)
    return NO_WORD.sub("", unicodedata.normalize("NFC", bare))


def words(text: str, lang: str) -> list[Word]:
    """The words of a text in that language, in their order."""
    if text.isascii():
        return [read(word, lang) for word in PLAIN_WORD.findall(text.lower())]
    return [word for word in (read(found, lang) for found in WORD.findall(text)) if word.token]


def spots(text: str) -> list[tuple[int, int]]:
    """Where each of its words stands: the characters from the first to before the second number."""
    if text.isascii():
        return [found.span() for found in PLAIN_WORD.finditer(text.lower())]
    return [found.span() for found in WORD.finditer(text) if fold(found[0])]


@lru_cache(maxsize=1 << 16)
def read(word: str, lang: str) -> Word:
    word = unicodedata.normalize("NFC", word.casefold())
    form = fold(word)[:LONGEST]
    return Word(form, form and (fold(stem(word, lang))[:LONGEST] or form))


_own = threading.local()


def stem(word: str, lang: str) -> str:
    algorithm = STEMMERS.get(lang.partition("-")[0].lower())
    if algorithm is None or len(word) > LONGEST or word.isdigit():
        return word
    # Typed in a hurry; the stemmers know these endings by the accent, or by the dots, alone.
    if algorithm == "spanish" and word.endswith(("cion", "sion")):
        word = f"{word[:-2]}ón"
    elif algorithm == "arabic":
        word = fold(word)
        word = f"{word[:-1]}ة" if word.endswith("ه") and len(word) > 3 else word
    word = IRREGULAR.get(algorithm, {}).get(word, word)
    return str(stemmer(algorithm).stemWord(word))


def stemmer(algorithm: str) -> Any:
    """Of this thread: a stemmer keeps the word that it works on, and documents are read beside the loop."""
    if not hasattr(_own, algorithm):
        setattr(_own, algorithm, snowballstemmer.stemmer(algorithm))
    return getattr(_own, algorithm)
