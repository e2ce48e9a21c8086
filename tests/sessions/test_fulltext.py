"""What both databases are asked, and how the newest sessions come first on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.fulltext import OPENED, SPARE, Candidate, Walk, asked, enough, matched, opening
from sessions.places import VOLUMES, volume

WANTED: list[list[tuple[str, ...]]] = [[("=q",), ("=a",)], [("school", "bus")], [("late",)]]


def test_what_is_wanted_is_written_for_both() -> None:
    assert matched(WANTED) == '("=q" OR "=a") AND ("school bus") AND ("late")'
    within = "(('=q') | ('=a')) & (('school' <-> 'bus')) & (('late')) & (('=v8-3') | ('=v8-4'))"
    assert asked(WANTED, ("=v8-3", "=v8-4")) == within
    assert asked(WANTED) == within.partition(" & (('=v8")[0]


@given(st.integers(0, 12_345), st.lists(st.floats(0.01, 5_000), max_size=40))
def test_every_session_is_looked_at_once_the_newest_first(last: int, steps: list[float]) -> None:
    below, seen = last + 1, list[int]()
    for step in [*steps, last + 1.0]:
        volumes, first = opening(below, step)
        opened = [n for n in range(below) if not volumes or is_in(n, volumes)]
        assert opened == list(range(first, below)), "no volume has a part of what is left to the next step"
        assert len(volumes) <= OPENED
        seen, below = opened + seen, first
        if not below:
            break
    assert seen == list(range(last + 1))


@pytest.mark.parametrize(("step", "opened"), [(1, 8), (8, 8), (40, 40), (100, 104), (300, 360), (999, 1_000)])
def test_no_more_is_opened_than_is_likely_to_be_needed(step: float, opened: int) -> None:
    assert 1_000 - opening(1_000, step)[1] == opened


def test_the_next_step_is_as_wide_as_what_was_seen_says() -> None:
    walk = Walk([], 300, 999, 1_000, 40)
    walk.found += [Candidate(1, 1, "")] * 60
    walk.went_to(900)
    assert (walk.below, walk.step, walk.is_over) == (900, SPARE * 400, False), "60 in 100, and 240 are missing"
    walk.went_to(0)
    assert walk.is_over, "there is nothing more"
    assert enough(1_000, 300, 0.0) == enough(1_000, 300, 600.0) == 1_000, "so few are collected at once"
    assert enough(1_000, 300, 6_000.0) == SPARE * 50


def is_in(session_id: int, volumes: Sequence[str]) -> bool:
    return any(volume(size, session_id // size) in volumes for size in VOLUMES)
