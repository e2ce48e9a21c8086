"""In which language something is written, where that is clear: by its script, then by its small words. Pure.

A family types as they speak, on whatever page they were given; what the page says of their words is a guess as well.
Only a clear difference speaks against it: a label that changes for one foreign word would be worse than the page's.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import regex

from moderation.spelling import entries, fold, unmarked

MOST = 1_000
"""Characters that are looked at."""
WORD = regex.compile(r"[\p{L}']+")
SCRIPTS: dict[str, tuple[str, ...]] = {
    "Arabic": ("ar", "fa", "ur", "ps"),
    "Cyrillic": ("ru", "uk"),
    "Devanagari": ("hi", "ne", "mr"),
    "Hangul": ("ko",),
    "Hiragana": ("ja",),
    "Katakana": ("ja",),
    "Han": ("zh", "ja"),
    "Ethiopic": ("am", "ti"),
    "Myanmar": ("my",),
    "Thai": ("th",),
    "Khmer": ("km",),
    "Hebrew": ("he", "yi"),
    "Greek": ("el",),
    "Latin": (),
}
"""Which languages are written so, the likeliest first; in Latin letters any other."""
SCRIPT_OF = {lang: script for script, there in SCRIPTS.items() for lang in there}
LETTERS = {script: regex.compile(rf"\p{{Script={script}}}") for script in SCRIPTS}
SHARE_OF_SCRIPT = 0.6
"""How much of the letters a script must have."""
FEWEST, TIMES_AS_MANY = 2, 1.5
"""Small words of a language that there must be, and how many times as many as of the next one."""


def language(words: str, page: str) -> str:
    """The language of these words, which is the page's unless they are clearly in another."""
    text = words[:MOST]
    script = script_of(text)
    if script is None:
        return page
    own, written = primary(page), SCRIPTS[script]
    found = known_by_small_words(text, script)
    if found is None and written and own not in written:
        return written[0]
    return page if found in (None, own) else found


def script_of(text: str) -> str | None:
    """The script that most letters are of. Japanese is known by its syllables, few as they may be."""
    if text.isascii():
        return "Latin"
    if LETTERS["Hiragana"].search(text):
        return "Hiragana"
    counted = {script: len(letters.findall(text)) for script, letters in LETTERS.items()}
    script = max(counted, key=lambda one: counted[one])
    return script if counted[script] and counted[script] >= SHARE_OF_SCRIPT * sum(counted.values()) else None


def known_by_small_words(text: str, script: str) -> str | None:
    """The language whose small words clearly prevail, among those that are written so."""
    listed = small_words()
    counted: Counter[str] = Counter()
    for word in WORD.findall(fold(unmarked(text))):
        counted.update(lang for lang in listed.get(word, ()) if SCRIPT_OF.get(lang, "Latin") == script)
    (lang, most), (_, next_most) = (*counted.most_common(2), ("", 0), ("", 0))[:2]
    return lang if most >= FEWEST and most >= TIMES_AS_MANY * next_most else None


def primary(lang: str) -> str:
    """`es` of `es-MX`."""
    return lang.partition("-")[0]


@cache
def small_words() -> dict[str, tuple[str, ...]]:
    """Small words -> the languages that have them."""
    found: dict[str, tuple[str, ...]] = {}
    for lang, there in entries("languages").items():
        for word in dict.fromkeys(unmarked(one) for one in there):
            found[word] = (*found.get(word, ()), lang)
    return found
