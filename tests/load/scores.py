"""How well screening and duplicates do on the samples: `make scores`.

Half `a` was read while the rules were made; half `b` was not, and is only counted here: no line of it is printed.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from moderation import duplicates
from moderation.decisions import FLAGS
from moderation.screening import screen

SAMPLES = Path(__file__).parents[1] / "samples"
LANGS, HALVES = ("en", "es"), ("a", "b")
MANY = 5_000
ROUNDS = 1_000


class Count(NamedTuple):
    """What was found, what was missed, and what was found though it was not there; among so many."""

    hits: int
    misses: int
    false: int
    among: int

    @property
    def recall(self) -> float:
        return self.hits / max(1, self.hits + self.misses)

    @property
    def precision(self) -> float:
        return self.hits / max(1, self.hits + self.false)

    @property
    def alarms(self) -> float:
        """False ones among all that are none."""
        return self.false / max(1, self.among - self.hits - self.misses)

    def __str__(self) -> str:
        return (
            f"recall {self.recall:6.1%} ({self.hits}/{self.hits + self.misses})  precision {self.precision:6.1%}"
            f"  false alarms {self.alarms:5.1%} ({self.false})"
        )


def rows(kind: str, lang: str, half: str) -> Iterator[list[str]]:
    for line in (SAMPLES / f"{kind}.{lang}.{half}.tsv").read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield line.split("\t")


def screened(lang: str, half: str) -> dict[str, Count]:
    """For each flag; and under "any", whether a line raises something at all."""
    hits, misses, false = Counter[str](), Counter[str](), Counter[str]()
    among = 0
    for marked, words in rows("lines", lang, half):
        there, raised = set(marked.split(",")) - {"-"}, set(screen(words))
        among += 1
        hits.update(there & raised)
        misses.update(there - raised)
        false.update(raised - there)
        tally = hits if there and raised else misses if there else false
        tally["any"] += bool(there or raised)
    flags = [flag for flag in FLAGS if flag != "look"] + ["any"]
    return {flag: Count(hits[flag], misses[flag], false[flag], among) for flag in flags}


class Paired(NamedTuple):
    """As a plain decision on each pair, as what a session would propose, and how many others it proposes beside."""

    decided: Count
    proposed: Count
    beside: float


def paired(lang: str, half: str) -> Paired:
    """Each pair's second question against a session that holds the first ones of all."""
    pairs = [(label == "1", one, other) for label, one, other in rows("pairs", lang, half)]
    index = duplicates.of((str(at), one, lang) for at, (_, one, _) in enumerate(pairs))
    decided, proposed = Counter[tuple[bool, bool]](), Counter[tuple[bool, bool]]()
    beside = 0
    for at, (is_same, _, other) in enumerate(pairs):
        found = [like.id for like in index.propose(other, lang, limit=5)]
        alone = index.propose(other, lang, among=str(at).__eq__, limit=1)
        decided[is_same, bool(alone)] += 1
        proposed[is_same, str(at) in found] += 1
        beside += sum(id != str(at) for id in found)
    return Paired(_count(decided), _count(proposed), beside / len(pairs))


def _count(seen: Counter[tuple[bool, bool]]) -> Count:
    return Count(seen[True, True], seen[True, False], seen[False, True], sum(seen.values()))


def flood() -> list[str]:
    """As many questions as a great session brings, made of the first half: a third of them are three over and over."""
    texts = [words for _, *pair in rows("pairs", "en", "a") for words in pair]
    texts += [words for _, words in rows("lines", "en", "a")]
    schools = [f"{name} {kind}" for name in ("Saguaro", "Ocotillo", "Mesquite", "Agave") for kind in ("High", "Middle")]
    popular = [f"{texts[at % 3]} at {schools[at % len(schools)]}" for at in range(MANY // 3)]
    rest = [f"{texts[at % len(texts)]} {schools[at // len(texts)]}" for at in range(MANY - len(popular))]
    return popular + rest


def seconds(work: Callable[[str], object], words: Sequence[str]) -> list[float]:
    """Of this thread alone: what else the machine does in the meantime does not count."""
    taken = []
    for one in words:
        start = time.thread_time()
        work(one)
        taken.append(time.thread_time() - start)
    return taken


def spread(taken: Sequence[float]) -> str:
    cuts = statistics.quantiles(taken, n=100)
    return f"median {cuts[49] * 1e3:.2f} ms, p99 {cuts[98] * 1e3:.2f} ms"


def main() -> None:
    for half in HALVES:
        print(f"Half {half}: " + ("read while the rules were made" if half == "a" else "not looked at"))
        for lang in LANGS:
            for flag, count in screened(lang, half).items():
                print(f"  {lang} {flag:10} {count}")
        for lang in LANGS:
            found = paired(lang, half)
            print(f"  {lang} pairs      {found.decided}")
            print(f"  {lang} proposed   {found.proposed}  others beside {found.beside:.2f} for each question")
    texts = flood()
    print("screen, a question:", spread(seconds(screen, texts[-ROUNDS:])))
    index = duplicates.of((str(at), words, "en") for at, words in enumerate(texts))
    print(f"propose, among {MANY}:", spread(seconds(lambda words: index.propose(words, "en"), texts[::5])))


if __name__ == "__main__":
    main()
