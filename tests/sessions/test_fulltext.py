"""What both databases are asked, and how the newest sessions come first on PostgreSQL."""

from __future__ import annotations

import pytest

from sessions.fulltext import FEW, Expression, asked, matched, openings, row_id
from sessions.places import SESSIONS_IN_A_VOLUME, volume

PHRASES = Expression([[("=q",), ("=a",)], [("school", "bus")]], [[[("late",)]], [[("soon",)], [("now",)]]])


def test_one_expression_is_written_for_both() -> None:
    assert matched(PHRASES) == ('("=q" OR "=a") AND ("school bus") AND ((("late")) OR (("soon") AND ("now")))')
    assert asked(PHRASES, range(3, 5)) == (
        "(('=q') | ('=a')) & (('school' <-> 'bus')) & (('=v3') | ('=v4')) & (((('late'))) | ((('soon')) & (('now'))))"
    )


@pytest.mark.parametrize("last", [0, 1, 15, 16, 63, 64, 100, 1_000, 12_345])
def test_every_session_is_looked_at_once_the_newest_first(last: int) -> None:
    steps, seen = list(openings(last, is_direct=False)), list[int]()
    for volumes, below in steps:
        opened = [n for n in range(last + 1) if row_id(n) < below and (not volumes or volume(n) in volumes)]
        fresh = [n for n in opened if n not in set(seen)]
        assert fresh == opened or not volumes, "only the last step, which opens everything older, may look at all"
        assert not seen or max(fresh, default=-1) < min(seen)
        seen += fresh
    assert sorted(seen) == list(range(last + 1))
    assert (len(steps) == 1) is (last < FEW * SESSIONS_IN_A_VOLUME)
    assert len(steps) <= 8
    assert len(list(openings(last, is_direct=True))) == 1
