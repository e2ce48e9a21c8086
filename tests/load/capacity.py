"""What so many phones need, computed from measured constants (figures.json, written by `bench.py --json`).

`python tests/load/capacity.py` prints the tables of docs/performance.md; with --write it puts them there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import NamedTuple

from sessions.batches import COMPANY

HERE = Path(__file__).parent
FIGURES, DOCUMENT = HERE / "figures.json", HERE.parents[1] / "docs/performance.md"
BEGIN, END = "<!-- from tests/load/capacity.py -->\n", "<!-- to here -->"

BUSY = 0.7
"""How much of a core, a network or a memory may be used when all goes as expected."""
KERNEL_KIB = 8
"""What the kernel keeps for a connection in which nothing waits; assumed."""
HEADERS = 78
"""Bytes of Ethernet, IP and TCP around each frame."""
ARRIVE_SECONDS = 600
"""Everybody comes within ten minutes of the start."""
VOTE_SECONDS = 60
"""Everybody votes once within a minute, when the host asks for it."""
LOOKS = 7
"""How often in a second a process reads what moved, at most: once in each tick of 150 ms."""
STATEMENTS_EACH = 3
"""The head, what came after it, and the tallies."""
STATEMENTS_TO_VOTE = 8
"""Those of a batch of votes, however many: its session, keys, questions, merges and votes read, and three written."""
DATABASE_MOST = 10_000
"""Small statements in a second from one PostgreSQL on a machine of its own; assumed."""
WIRE_MOST = 1_000
"""Mbit/s of one machine."""


class Place(NamedTuple):
    name: str
    phones: int
    cores: int
    """of each machine, one of which is left to the system and the balancer where there are several"""
    gib: int


PLACES = (
    Place("a school", 500, 2, 4),
    Place("a district", 2_000, 2, 4),
    Place("a full hall and everybody at home", 10_000, 2, 4),
    Place("a state", 50_000, 8, 16),
    Place("a nation", 1_000_000, 16, 32),
)


class Figures(NamedTuple):
    """CPU in seconds of one core, memory in KiB, all for one phone or one deed."""

    phone_kib: float
    join_cpu: float
    page_cpu: float
    page_bytes: float
    watch_cpu: float
    watch_bytes: float
    watch_pulses: float
    vote_cpu: float
    delivery_cpu: float
    two_processes: float


def read_figures(path: Path = FIGURES) -> Figures:
    told = json.loads(path.read_text())
    return Figures(*(float(told[name]) for name in Figures._fields))


def wire_bytes(figures: Figures) -> float:
    """On the wire, for one phone in one second of a lively session."""
    return figures.watch_bytes + HEADERS * figures.watch_pulses


class Need(NamedTuple):
    """What a place needs: each as a number, and as a share of what one machine of it, or the one database, has."""

    processes: int
    machines: int
    gib: float
    mbit: float
    arriving: float
    statements: float
    votes: float
    shares: dict[str, float]

    @property
    def bottleneck(self) -> str:
        return max(self.shares, key=lambda name: self.shares[name])


def need(place: Place, figures: Figures) -> Need:
    watching = place.phones * figures.watch_cpu * (figures.two_processes if place.phones > 10_000 else 1)
    votes = place.phones / VOTE_SECONDS
    voting = votes * figures.vote_cpu
    processes = max(1, ceil((watching + voting) / BUSY))
    usable = place.cores - 1
    gib = place.phones * (figures.phone_kib + KERNEL_KIB) / 1024**2 + processes * 0.15
    mbit = place.phones * wire_bytes(figures) * 8 / 1e6
    machines = max(ceil(processes / usable), ceil(mbit / (BUSY * WIRE_MOST)), ceil(gib / (BUSY * place.gib)))
    arriving = place.phones / ARRIVE_SECONDS * (figures.join_cpu + figures.page_cpu)
    statements = processes * LOOKS * STATEMENTS_EACH + min(votes, processes / COMPANY) * STATEMENTS_TO_VOTE
    shares = {
        "CPU to tell everybody": (watching + voting) / (machines * usable),
        "memory": gib / (machines * place.gib),
        "the network of a machine": mbit / machines / WIRE_MOST,
        "CPU while all arrive": arriving / (machines * usable),
        "the database, read by every process": statements / DATABASE_MOST,
        "the votes of one session, which are written one batch after the other": votes * figures.vote_cpu,
    }
    return Need(processes, machines, gib, mbit, arriving, statements, votes, shares)


def rounded(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}" if number >= 0.1 else f"{number:.2f}"


HEADINGS = (
    "",
    "phones",
    "processes",
    "machines",
    "memory",
    "network",
    "all arrive in 10 min",
    "statements/s",
    "votes/s",
    "first bottleneck",
)


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def lines(figures: Figures) -> Iterator[str]:
    yield row("one …", "carries", "because")
    yield row(*["---"] * 3)
    for name, phones, because in (
        (
            "core",
            BUSY / figures.watch_cpu,
            f"{BUSY:.0%} of it ÷ {figures.watch_cpu * 1e6:.0f} µs a second for each, at 50 votes a second",
        ),
        (
            "GiB",
            1024**2 / (figures.phone_kib + KERNEL_KIB),
            f"1 GiB ÷ ({figures.phone_kib:.1f} KiB of ours + {KERNEL_KIB} KiB of the kernel's, assumed)",
        ),
        (
            "Mbit/s",
            1e6 / 8 / wire_bytes(figures),
            f"125,000 bytes ÷ ({figures.watch_bytes:.0f} bytes a second for each "
            f"+ {figures.watch_pulses:.1f} frames × {HEADERS} bytes of headers)",
        ),
    ):
        yield row(name, f"{phones:,.0f} phones", because)
    yield ""
    yield row(*HEADINGS)
    yield row(*["---"] * len(HEADINGS))
    for place in PLACES:
        found = need(place, figures)
        yield row(
            place.name,
            f"{place.phones:,}",
            str(found.processes),
            f"{found.machines} of {place.cores} cores",
            f"{found.gib:.1f} GiB",
            f"{rounded(found.mbit)} Mbit/s",
            f"{rounded(found.arriving)} cores",
            rounded(found.statements),
            rounded(found.votes),
            f"{found.bottleneck} ({found.shares[found.bottleneck]:.0%})",
        )


def main() -> None:
    text = "\n".join(lines(read_figures())) + "\n"
    if "--write" in sys.argv:
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
