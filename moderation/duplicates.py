"""Likely the same question: found by the rare words that two share, then judged by all of their words. Pure.

Comparing each new question with 5,000 others as a whole takes too long for a desk in a flood, so an index of word
stems finds the few that share rare words with it, and only those are judged. Questions in different languages are
never compared: no rule here understands both.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from heapq import nlargest
from math import log
from typing import NamedTuple

import snowballstemmer
from rapidfuzz import fuzz

from moderation.numbers import SPELLED
from moderation.spelling import entries, fold, unmarked

MOST = 1_000
"""Characters of a question that are compared."""
WORD = re.compile(r"[^\W_]+")
STEMMERS = {"en": "english", "es": "spanish", "fr": "french", "pt": "portuguese", "ar": "arabic"}
LIKELY = 0.6
"""From which score on two questions are proposed as one; chosen on one half of the samples (docs/screening.md)."""
SHARE_OF_WORDS = 0.75
"""How much of a score comes from shared words by their rareness; the rest is rapidfuzz's."""
FOLLOWED, CANDIDATES = 1_000, 30
"""How many places the rarest stems may lead to together, and how many questions are judged in the end."""
NOBODY: frozenset[str] = frozenset()
OTHER_AIM = 0.75
"""What is left of a score where one asks when and the other where, or for another grade."""
AIMS: dict[str, frozenset[str]] = {
    "when": frozenset(("when", "time", "date", "cuando", "hora", "fecha")),
    "where": frozenset(("where", "place", "donde", "lugar")),
    "who": frozenset(("who", "whom", "quien", "quienes")),
    "why": frozenset(("why", "reason", "porque", "razon")),
    "how much": frozenset(("much", "many", "cost", "cuanto", "cuanta", "cuantos", "cuantas", "cuesta")),
}


ORDINALS = (
    ("first", "1st", "primero", "primer"),
    ("second", "2nd", "segundo"),
    ("third", "3rd", "tercero", "tercer"),
    ("fourth", "4th", "cuarto"),
    ("fifth", "5th", "quinto"),
    ("sixth", "6th", "sexto"),
    ("seventh", "7th", "septimo"),
    ("eighth", "8th", "octavo"),
    ("ninth", "9th", "noveno"),
    ("tenth", "10th", "decimo"),
    ("11th",),
    ("12th",),
)
FIGURES = {word: str(value) for word, value in SPELLED.items() if value > 1} | {
    word: str(grade) for grade, there in enumerate(ORDINALS, 1) for word in there
}
"""A number in words -> in figures: "second grade" and "2nd grade" are one."""


class Like(NamedTuple):
    """A question that is likely the same; `score` from 0 to 1."""

    id: str
    score: float


class Known(NamedTuple):
    """A question as it is compared; `aims` are what it asks for: a time, a place, a reason, a number."""

    lang: str
    stems: frozenset[str]
    text: str
    aims: frozenset[str]


class Index:
    """The questions of a session by the stems of their words."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}
        self.having: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.count: Counter[str] = Counter()

    def add(self, question: str, words: str, lang: str) -> None:
        """Puts a question in, or in again with other words."""
        self.remove(question)
        self.known[question] = read(words, lang)
        self.count[lang] += 1
        for stem in self.known[question].stems:
            self.having[lang, stem].add(question)

    def remove(self, question: str) -> None:
        there = self.known.pop(question, None)
        if there is None:
            return
        self.count[there.lang] -= 1
        for stem in there.stems:
            questions = self.having[there.lang, stem]
            questions.discard(question)
            if not questions:
                del self.having[there.lang, stem]

    def propose(
        self, words: str, lang: str, among: Callable[[str], bool] = lambda _: True, limit: int = 5
    ) -> list[Like]:
        """The questions in that language which are likely the same, the likeliest first."""
        asked = read(words, lang)
        weigh = self._scale(lang)
        shared: dict[str, float] = {}
        followed = 0
        for stem in sorted(asked.stems, key=lambda one: (-weigh(one), one)):
            questions = self.having.get((lang, stem), NOBODY)
            if followed + len(questions) > FOLLOWED:
                break
            followed += len(questions)
            weight = weigh(stem)
            for question in questions:
                shared[question] = shared.get(question, 0.0) + weight
        nearest = nlargest(CANDIDATES, filter(among, shared), key=lambda one: (shared[one], one))
        judged = [Like(one, score(asked, self.known[one], weigh)) for one in nearest]
        likely = [like for like in judged if like.score >= LIKELY]
        return sorted(likely, key=lambda like: (-like.score, like.id))[:limit]

    def _scale(self, lang: str) -> Callable[[str], float]:
        """How much a stem says: its inverse document frequency, each looked up once."""
        weights: dict[str, float] = {}
        all_of_them = self.count[lang] + 1

        def weigh(stem: str) -> float:
            weight = weights.get(stem)
            if weight is None:
                having = len(self.having.get((lang, stem), NOBODY))
                weight = weights[stem] = log(1 + all_of_them / (having + 0.5))
            return weight

        return weigh


def score(one: Known, other: Known, weigh: Callable[[str], float]) -> float:
    """How alike two questions are, from 0 to 1."""
    each = sum(map(weigh, one.stems)) + sum(map(weigh, other.stems))
    if not each:
        return 0.0
    alike = SHARE_OF_WORDS * 2 * sum(map(weigh, one.stems & other.stems)) / each
    alike += (1 - SHARE_OF_WORDS) * fuzz.token_sort_ratio(one.text, other.text) / 100
    return alike * (OTHER_AIM if one.aims and other.aims and not one.aims & other.aims else 1)


def read(words: str, lang: str) -> Known:
    """The question as it is compared."""
    stems = stems_of(words, lang)
    said = set(WORD.findall(fold(unmarked(words[:MOST]))))
    aims = {aim for aim, there in AIMS.items() if said & there}
    return Known(lang, frozenset(stems), " ".join(stems), frozenset(aims) | {s for s in stems if s.isdigit()})


def stems_of(words: str, lang: str) -> list[str]:
    """The stems of the words that say what a question is about; of all its words where only such are left out."""
    found = WORD.findall(fold(unmarked(words[:MOST])))
    telling = [word for word in found if word not in stopwords(lang)] or found
    return [synonyms(lang).get(word) or FIGURES.get(word) or stem(word, lang) for word in telling]


@cache
def synonyms(lang: str) -> dict[str, str]:
    """Words that families use for one thing -> the one that stands for them here."""
    lines = (line.split() for line in entries("synonyms").get(lang.partition("-")[0], ()))
    return {word: f"={meant[0]}" for meant in lines for word in meant}


@cache
def stopwords(lang: str) -> frozenset[str]:
    return frozenset(entries("stopwords").get(lang.partition("-")[0], ()))


@cache
def _stemmer(lang: str) -> Callable[[str], str]:
    name = STEMMERS.get(lang.partition("-")[0])
    return snowballstemmer.stemmer(name).stemWord if name else str


@lru_cache(20_000)
def stem(word: str, lang: str) -> str:
    found: str = _stemmer(lang)(word)
    return fold(found)


def of(questions: Iterable[tuple[str, str, str]]) -> Index:
    """An index of (id, words, lang)."""
    index = Index()
    for question, words, lang in questions:
        index.add(question, words, lang)
    return index
