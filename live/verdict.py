"""What a rehearsal found, and what it means for Tuesday, in plain words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple


@dataclass
class Findings:
    """All times in seconds. `stale` phones did not show what a newcomer is shown; `lag` is our own machine's."""

    phones: int
    joined: int = 0
    joining: float = 0.0
    waits: list[float] = field(default_factory=list)
    deliveries: list[float] = field(default_factory=list)
    acks: list[float] = field(default_factory=list)
    votes: list[float] = field(default_factory=list)
    lag: list[float] = field(default_factory=list)
    changes: int = 0
    unheard: int = 0
    unanswered: int = 0
    refused: int = 0
    vanished: int = 0
    miscounted: int = 0
    dropped: int = 0
    stale: int = 0
    fell: int = 0
    caught_up: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def joins_per_second(self) -> float:
        return self.joined / self.joining if self.joining else 0.0

    @property
    def losses(self) -> int:
        """What may not happen even once."""
        return self.unheard + self.unanswered + self.vanished + self.miscounted + self.stale + self.fell

    def told(self) -> dict[str, Any]:
        """For a file: counts as they are, times as their median, 99th of a hundred, and longest."""
        spread = {name: spread_of(times) for name, times in asdict(self).items() if name in TIMES}
        counts = {name: value for name, value in asdict(self).items() if name not in TIMES}
        return counts | spread | {"joins_per_second": round(self.joins_per_second, 1), "losses": self.losses}


TIMES = ("waits", "deliveries", "acks", "votes", "lag")


def percentile(times: Sequence[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] if times else 0.0


def spread_of(times: Sequence[float]) -> dict[str, float]:
    shares = {"median": 0.5, "p99": 0.99, "longest": 1.0}
    return {name: round(percentile(times, share), 4) for name, share in shares.items()}


class Limit(NamedTuple):
    """Up to `good` all is well; up to `bearable` it will do."""

    good: float
    bearable: float


LIMITS = {
    "joining": Limit(120, 300),
    "waits": Limit(3, 10),
    "deliveries": Limit(1, 3),
    "acks": Limit(1, 3),
    "votes": Limit(1, 3),
}
"""Seconds: until all have joined; for the others, what 99 of 100 do not wait longer than."""
SAYS = {
    "joining": "Until everybody was in, {now:.0f} s went by; {good:.0f} would be good.",
    "waits": "A phone waits up to {now:.1f} s from opening the page until it is in; {good:.0f} would be good.",
    "deliveries": "A change needs up to {now:.1f} s until a phone shows it; {good:.0f} would be good.",
    "acks": "Whoever asks waits up to {now:.1f} s for the answer; {good:.0f} would be good.",
    "votes": "Whoever votes waits up to {now:.1f} s for the answer; {good:.0f} would be good.",
}
LOSSES = {
    "unheard": "Changes that never reached a phone: {n}.",
    "unanswered": "Questions and votes without an answer: {n}.",
    "vanished": "Questions that were confirmed, and are not at the desk: {n}.",
    "miscounted": "Votes that were confirmed, and are not in the count, or the other way round: {n}.",
    "stale": "Phones that did not show what a newcomer is shown: {n}.",
    "fell": "Times that an older board came after a newer one: {n}.",
}
MOST_LAG = 0.3
"""Seconds that 1 of 100 turns of our own loop may be late before what we saw may be our own slowness."""
HOLDS, TIGHT, FAILS, UNKNOWN = "holds", "tight", "fails", "unknown"
HEADLINES = {
    HOLDS: "Yes. With {phones:,} phones this will hold.",
    TIGHT: "Just about. With {phones:,} phones it works, and people will wait.",
    FAILS: "No. With {phones:,} phones this does not hold.",
    UNKNOWN: "We cannot say: the machine that this ran on was itself too slow. Use a stronger one, or fewer phones.",
}


def judge(found: Findings) -> tuple[str, list[str]]:
    """One of holds, tight, fails, unknown; and the sentences that say so, the headline first."""
    sentences, worst = [], HOLDS
    for name, limit in LIMITS.items():
        now = found.joining if name == "joining" else percentile(getattr(found, name), 0.99)
        if now > limit.good:
            sentences.append(SAYS[name].format(now=now, good=limit.good))
            worst = FAILS if now > limit.bearable or worst == FAILS else TIGHT
    if found.lag and percentile(found.lag, 0.99) > MOST_LAG and worst != HOLDS:
        worst = UNKNOWN  # Slowness may be ours; a loss, below, is not.
    if missing := found.phones - found.joined:
        sentences.append(f"Phones that did not get in: {missing} of {found.phones}.")
    if found.dropped:
        sentences.append(f"Phones that were thrown out on the way: {found.dropped}.")
    if found.refused:
        sentences.append(f"Questions and votes that were refused: {found.refused}.")
    sentences += [text.format(n=n) for name, text in LOSSES.items() if (n := getattr(found, name))]
    if missing or found.dropped or found.refused or found.losses:
        worst = FAILS
    if worst == HOLDS:
        sentences.append("Everybody got in, nothing was lost, and every phone showed the same in the end.")
    return worst, [HEADLINES[worst].format(phones=found.phones), *sentences]
