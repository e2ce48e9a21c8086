"""Which of the places found is the one that was meant, and what of it is shown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from math import log
from typing import NamedTuple

from sessions import folding
from sessions.fulltext import Candidate, Choice
from sessions.places import BOUNDARY, MARKS

SATURATION, LENGTHS, USUAL_LENGTH = 1.2, 0.4, 30
"""As in BM25: how soon more of a word stops counting, and how much a longer text weighs less than a usual one."""
WEIGHTS: Mapping[str, float] = {"session": 1.1, "question": 1.0, "answer": 1.0, "caption": 0.75}
"""A question is about its words; what was merely said may touch on them."""
NEAR = 0.35
"""What all words standing together add to a score."""
OTHERS = (1.0, 0.25, 0.1, 0.05)
"""How much the best places of a session count towards its own."""
SNIPPET = 220
"""Characters of a text that are shown, about."""


class Piece(NamedTuple):
    """A stretch of a text, and whether it is what was looked for."""

    words: str
    is_match: bool


class Look(NamedTuple):
    """One thing that is looked for: any of these phrases; `weight` grows with its rareness."""

    phrases: Choice
    weight: float


def weight(rows: int, total: int) -> float:
    return log(1 + (total - rows + 0.5) / (rows + 0.5)) if rows < total else 0.01


Spot = tuple[int, int, int]
"""Where a look was found: which, its first token, and how many it is."""


class Reader:
    """Finds the phrases of several looks in tokens."""

    def __init__(self, looks: Sequence[Look]) -> None:
        self.looks = looks
        self.most = sum(look.weight for look in looks) or 1.0
        self.starts: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
        for number, look in enumerate(looks):
            for phrase in look.phrases:
                self.starts.setdefault(phrase[0], []).append((number, phrase))

    def find(self, tokens: Sequence[str]) -> list[Spot]:
        """Everything found, in order."""
        found, starts = [], self.starts
        for place in compress(range(len(tokens)), map(starts.__contains__, tokens)):
            for number, phrase in starts[tokens[place]]:
                if len(phrase) == 1 or tuple(tokens[place : place + len(phrase)]) == phrase:
                    found.append((number, place, len(phrase)))
        return found

    def score(self, found: Sequence[Spot], length: int) -> float:
        """What a text is worth in which this was found, and which has so many tokens."""
        times: dict[int, int] = {}
        for number, _, _ in found:
            times[number] = times.get(number, 0) + 1
        scale = SATURATION * (1 - LENGTHS + LENGTHS * length / USUAL_LENGTH)
        score = there = 0.0
        for number, tf in times.items():
            weight = self.looks[number].weight
            score += weight * tf * (1 + SATURATION) / (tf + scale)
            there += weight
        score *= there / self.most
        if len(times) > 1:
            score *= 1 + NEAR * (len(times) - 1) / max(1, nearest(found, len(times)) - 1)
        return score


def nearest(found: Sequence[Spot], kinds: int) -> int:
    """How many tokens the shortest stretch has in which each of so many looks is met."""
    best, last = 1 << 20, dict[int, int]()
    for number, place, _ in found:
        last[number] = place
        if len(last) == kinds:
            best = min(best, place - min(last.values()) + 1)
    return best


class Ranked(NamedTuple):
    """A candidate with its score; `part` is that of its texts in which most was found, `tokens` are those of it."""

    id: int
    session_id: int
    score: float
    part: int
    tokens: list[str]


class _Text(NamedTuple):
    score: float
    number: int
    kind: str
    tokens: list[str]


KINDS = {mark: kind for kind, mark in MARKS.items()}


def rank(found: Iterable[Candidate], looks: Sequence[Look], kind: str | None = None) -> list[Ranked]:
    """The candidates by their scores; of one kind of text only, where that is wanted."""
    reader, ranked = Reader(looks), []
    for candidate in found:
        texts, read, length = list[_Text](), list[Spot](), 0
        for number, part in enumerate(candidate.tokens.split(f" {BOUNDARY} ")[1:]):
            mark, _, told = part.partition(" ")
            if kind in (None, KINDS[mark]):
                tokens = told.split(" ")
                there = reader.find(tokens)
                read += there if not length else [(look, place + length, many) for look, place, many in there]
                length += len(tokens) + 1
                if there:
                    texts.append(_Text(reader.score(there, len(tokens)), number, KINDS[mark], tokens))
        if not texts:
            continue
        best = max(texts, key=lambda text: text.score)
        # A question and its answer are read as one: one word may stand here, the other there.
        score = max(best.score, reader.score(read, length)) if length > len(best.tokens) + 1 else best.score
        heaviest = max(WEIGHTS[text.kind] for text in texts)
        ranked.append(Ranked(candidate.id, candidate.session_id, heaviest * score, best.number, best.tokens))
    ranked.sort(key=lambda one: (-one.score, -one.id))
    return ranked


def by_session(places: Iterable[Ranked]) -> list[tuple[int, list[Ranked]]]:
    """The places of each session, the best session first."""
    sessions: dict[int, list[Ranked]] = {}
    for place in places:
        sessions.setdefault(place.session_id, []).append(place)

    def worth(there: Sequence[Ranked]) -> float:
        return sum(share * place.score for share, place in zip(OTHERS, there, strict=False))

    return sorted(sessions.items(), key=lambda one: (-worth(one[1]), -one[0]))


def snippet(text: str, tokens: Sequence[str], looks: Sequence[Look]) -> tuple[int, tuple[Piece, ...]]:
    """What is shown of a text: around the first place where most of it was found, with all that was found marked.

    `tokens` are those of its words, in order. Answers with the character at which that place begins.
    """
    spots = folding.spots(text)
    found = Reader(looks).find(tokens) if len(spots) == len(tokens) else []
    marks = [(spots[place][0], spots[place + many - 1][1], number) for number, place, many in found]

    def richness(start: int) -> int:
        return len({number for begin, end, number in marks if start <= begin and end <= start + SNIPPET * 2 // 3})

    first = max((start for start, _, _ in marks), key=lambda s: (richness(s), -s), default=0)
    begin, end = window(text, first)
    pieces, at = [], begin
    if begin:
        pieces.append(Piece("… ", False))
    for start, stop, _ in marks:
        if start >= at and stop <= end:
            pieces += [Piece(text[at:start], False), Piece(text[start:stop], True)]
            at = stop
    pieces.append(Piece(text[at:end] + (" …" if end < len(text) else ""), False))
    return first, tuple(piece for piece in pieces if piece.words)


def window(text: str, first: int) -> tuple[int, int]:
    """From where to where a text is shown so that `first` is in it: whole words, and not much more than is read."""
    if len(text) <= SNIPPET * 5 // 4:
        return 0, len(text)
    begin = max(0, min(first - SNIPPET // 3, len(text) - SNIPPET))
    if begin:
        space = text.find(" ", begin, first)
        begin = space + 1 if space >= 0 else begin
    end = min(len(text), begin + SNIPPET)
    if end < len(text):
        space = text.rfind(" ", first + 1, end)
        end = space if space > first else end
    return begin, end
