"""How words are read where spelling should not matter: case, accents, masks; and the lists that go with it. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import regex

LISTS = Path(__file__).with_name("lists")
MARKS = regex.compile(r"[\p{M}\p{Cf}]+")
DIGITS = {start + digit: str(digit) for start in (0x660, 0x6F0, 0x966) for digit in range(10)}
"""Arabic, Persian and Devanagari digits, which telephones type."""
PLAIN: dict[int, str] = {**DIGITS, ord("’"): "'", ord("‘"): "'", ord("“"): '"', ord("”"): '"', ord("–"): "-"}


def unmarked(text: str) -> str:
    """The text without combining marks and invisible characters.

    Before anything is normalised: normalising piled marks is quadratic.
    """
    return text if text.isascii() else MARKS.sub("", text)


def fold(text: str) -> str:
    """Lower case, without accents: what is the same word to somebody who types in a hurry."""
    if text.isascii():
        return text.lower()
    return MARKS.sub("", unicodedata.normalize("NFKD", text.lower())).translate(PLAIN)


@cache
def entries(name: str) -> dict[str, tuple[str, ...]]:
    """A list beside the code: entries between commas, under headings in brackets; `#` begins a remark.

    `my|his son|dog` stands for all four of them.
    """
    found: dict[str, list[str]] = {}
    heading = ""
    for line in (LISTS / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("["):
            heading = line.strip("[]")
        elif line:
            there = found.setdefault(heading, [])
            for entry in filter(None, map(str.strip, fold(line).split(","))):
                there += map(" ".join, product(*(word.split("|") for word in entry.split())))
    return {heading: tuple(there) for heading, there in found.items()}


MOST_KNOWN = 10_000
"""Words of which a lexicon remembers what it knows of them."""


class Found(NamedTuple):
    """An entry of a lexicon in a text: which of its headings, and the words from `start` to before `end`."""

    heading: str
    start: int
    end: int


class Node:
    """What may follow in a phrase: a word, or the beginning of one; and under which headings a phrase ends here."""

    __slots__ = ("beginnings", "headings", "words")

    def __init__(self) -> None:
        self.words: dict[str, Node] = {}
        self.beginnings: dict[str, Node] = {}
        self.headings: tuple[str, ...] = ()

    def grow(self, entry: str) -> Node:
        table = self.beginnings if entry.endswith("*") else self.words
        return table.setdefault(entry.rstrip("*"), Node())

    def after(self, word: str) -> list[Node]:
        found = [self.words[word]] if word in self.words else []
        if self.beginnings:
            found += [node for stem, node in self.beginnings.items() if word.startswith(stem)]
        return found


class Lexicon:
    """Words, beginnings of words (`kill*`) and phrases of both, each under a heading; found in one pass.

    At one place the longest phrase counts and its words count for nothing else: "killing time" is none of "killing".
    """

    def __init__(self, headings: Mapping[str, Iterable[str]]) -> None:
        self.words: dict[str, tuple[str, ...]] = {}
        self.beginnings: dict[str, tuple[str, ...]] = {}
        self.root = Node()
        for heading, there in headings.items():
            for entry in there:
                first, *rest = entry.split()
                if rest:
                    node = self.root.grow(first)
                    for word in rest:
                        node = node.grow(word)
                    node.headings = tuple({*node.headings, heading})
                else:
                    table = self.beginnings if first.endswith("*") else self.words
                    stem = first.rstrip("*")
                    table[stem] = tuple({*table.get(stem, ()), heading})
        self.lengths = sorted({len(stem) for stem in self.beginnings})
        self.known: dict[str, tuple[tuple[str, ...], list[Node]]] = {}

    def headings_of(self, word: str) -> tuple[str, ...]:
        """Under which headings a single word stands."""
        return self._known(word)[0]

    def _known(self, word: str) -> tuple[tuple[str, ...], list[Node]]:
        """Its headings, and what may follow it; remembered, since most words are the same few."""
        if word in self.known:
            return self.known[word]
        found = {*self.words.get(word, ())}
        for length in self.lengths:
            if length > len(word):
                break
            found.update(self.beginnings.get(word[:length], ()))
        if len(self.known) >= MOST_KNOWN:
            self.known.clear()
        known = self.known[word] = tuple(found), self.root.after(word)
        return known

    def find(self, words: Sequence[str]) -> Iterator[Found]:
        at = 0
        while at < len(words):
            headings, nodes = self._known(words[at])
            end = at + 1
            if nodes:
                end, headings = self._phrase(words, end, nodes) or (end, headings)
            for heading in headings:
                yield Found(heading, at, end)
            at = end

    def _phrase(self, words: Sequence[str], at: int, nodes: list[Node]) -> tuple[int, tuple[str, ...]] | None:
        """Where the longest phrase ends that goes on here, and its headings."""
        best: tuple[int, tuple[str, ...]] | None = None
        while nodes and at < len(words):
            word = words[at]
            at += 1
            nodes = [following for node in nodes for following in node.after(word)]
            if ended := [heading for node in nodes for heading in node.headings]:
                best = at, tuple(ended)
        return best
