"""What both databases are asked, and how the newest sessions come first on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sessions.fulltext import asked, matched, openings, row_id
from sessions.places import VOLUMES, volume

WANTED: list[list[tuple[str, ...]]] = [[("=q",), ("=a",)], [("school", "bus")], [("late",)]]


def test_what_is_wanted_is_written_for_both() -> None:
    assert matched(WANTED) == '("=q" OR "=a") AND ("school bus") AND ("late")'
    within = "(('=q') | ('=a')) & (('school' <-> 'bus')) & (('late')) & (('=v8-3') | ('=v8-4'))"
    assert asked(WANTED, ("=v8-3", "=v8-4")) == within
    assert asked(WANTED) == within.partition(" & (('=v8")[0]


@pytest.mark.parametrize("share", [0.0, 0.03, 0.4])
@pytest.mark.parametrize("last", [0, 1, 15, 16, 63, 64, 100, 1_000, 12_345])
def test_every_session_is_looked_at_once_the_newest_first(last: int, share: float) -> None:
    steps, seen = openings(last, share), list[int]()
    for volumes, below in steps:
        opened = [n for n in range(last + 1) if row_id(n) < below and (not volumes or is_in(n, volumes))]
        assert not seen or max(opened, default=-1) < min(seen)
        seen += opened
    assert sorted(seen) == list(range(last + 1))
    assert all(len(volumes) == 2 for volumes, _ in steps[:-1])
    assert openings(last, 1.0) == [((), row_id(last + 1))]


def is_in(session_id: int, volumes: Sequence[str]) -> bool:
    return any(volume(size, session_id // size) in volumes for size in VOLUMES)
