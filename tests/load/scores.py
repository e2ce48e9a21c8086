"""How well screening and duplicates do on questions written by somebody who had not seen the rules: `make scores`.

Of each language there are two halves: the rules and thresholds were chosen on `a`, and `b` was only ever counted.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from moderation import duplicates
from moderation.screening import screen

SAMPLES = Path(__file__).parents[1] / "samples"
MANY = 5_000


def rows(kind: str, lang: str, half: str) -> list[list[str]]:
    text = (SAMPLES / f"{kind}.{lang}.{half}.tsv").read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()]


def share(part: int, whole: int) -> str:
    return f"{part / whole:4.0%}" if whole else "   –"


def screening(lang: str, half: str) -> Counter[tuple[str, str]]:
    """(flag, "found", "missed" or "false") -> how often; under "any" whether a line was rightly flagged at all."""
    counted: Counter[tuple[str, str]] = Counter()
    for wanted, line in rows("lines", lang, half):
        should = set() if wanted == "-" else set(wanted.split(","))
        raised = set(screen(line))
        for flag in should | raised:
            counted[flag, "found" if flag in should & raised else "missed" if flag in should else "false"] += 1
        if should:
            counted["any", "found" if raised else "missed"] += 1
        elif raised:
            counted["any", "false"] += 1
        counted["clean" if not should else "flagged", ""] += 1
    return counted


def proposals(lang: str, half: str) -> tuple[int, int, int, int]:
    """Twins proposed, twins in all, others proposed, and questions for which anything was proposed."""
    pairs = rows("pairs", lang, half)
    index = duplicates.of((str(n), first, lang) for n, (_, first, _) in enumerate(pairs))
    right = twins = wrong = asked = 0
    for n, (same, _, second) in enumerate(pairs):
        found = {like.id for like in index.propose(second, lang)}
        twins += same == "1"
        right += same == "1" and str(n) in found
        wrong += same == "0" and str(n) in found
        asked += bool(found)
    return right, twins, wrong, len(pairs)


def main() -> None:
    for lang in ("en", "es"):
        for half in ("a", "b"):
            counted = screening(lang, half)
            print(f"Screening, {lang}, half {half}: {counted['clean', '']} clean and {counted['flagged', '']} others")
            for flag in sorted({flag for flag, kind in counted if kind}):
                found, missed, false = (counted[flag, kind] for kind in ("found", "missed", "false"))
                told = f"recall {share(found, found + missed)}  precision {share(found, found + false)}"
                print(f"  {flag:<10} {told}  false alarms {false}")
    for lang in ("en", "es"):
        for half in ("a", "b"):
            right, twins, wrong, pairs = proposals(lang, half)
            told = f"recall {share(right, twins)}  precision {share(right, right + wrong)}"
            print(f"Duplicates, {lang}, half {half}: {told}  near misses proposed {wrong} of {pairs - twins}")
    asked = [q for half in ("a", "b") for row in rows("pairs", "en", half) for q in row[1:]]
    index = duplicates.of((str(n), f"{asked[n % len(asked)]} {n}", "en") for n in range(MANY))
    times = []
    for question in asked:
        began = time.perf_counter()
        index.propose(question, "en")
        times.append(time.perf_counter() - began)
    times.sort()
    median, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(f"A proposal against {MANY:,}: {median * 1e3:.2f} ms median, {p99 * 1e3:.2f} ms p99 (goal ≤ 5)")


if __name__ == "__main__":
    main()
