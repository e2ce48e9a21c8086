"""What the figures of a rehearsal mean, in words."""

from __future__ import annotations

from typing import Any

import pytest

from live.verdict import Findings, judge


def found(**changes: Any) -> Findings:
    """A rehearsal that went well, but for these."""
    well: dict[str, Any] = {
        "phones": 2_000,
        "joined": 2_000,
        "joining": 20.0,
        "waits": [0.2] * 100,
        "deliveries": [0.1] * 100,
        "acks": [0.05] * 100,
        "votes": [0.05] * 100,
        "lag": [0.001] * 100,
    }
    return Findings(**well | changes)


def test_all_well() -> None:
    assert judge(found()) == (
        "holds",
        [
            "Yes. With 2,000 phones this will hold.",
            "Everybody got in, nothing was lost, and every phone showed the same in the end.",
        ],
    )


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        ({"deliveries": [1.5] * 100}, "tight", "A change needs up to 1.5 s until a phone shows it; 1 would be good."),
        ({"deliveries": [4.0] * 100}, "fails", "A change needs up to 4.0 s until a phone shows it; 1 would be good."),
        ({"deliveries": [0.1] * 995 + [9.0] * 5}, "holds", ""),
        ({"acks": [2.0]}, "tight", "Whoever asks waits up to 2.0 s for the answer; 1 would be good."),
        ({"votes": [5.0]}, "fails", "Whoever votes waits up to 5.0 s for the answer; 1 would be good."),
        ({"waits": [5.0]}, "tight", "A phone waits up to 5.0 s from opening the page until it is in; 3 would be good."),
        ({"joining": 400.0}, "fails", "Until everybody was in, 400 s went by; 120 would be good."),
        ({"acks": [4.0], "votes": [2.0]}, "fails", "Whoever votes waits up to 2.0 s for the answer; 1 would be good."),
        ({"joined": 1_990}, "fails", "Phones that did not get in: 10 of 2000."),
        ({"dropped": 3}, "fails", "Phones that were thrown out on the way: 3."),
        ({"refused": 2}, "fails", "Questions and votes that were refused: 2."),
        ({"unheard": 1}, "fails", "Changes that never reached a phone: 1."),
        ({"unanswered": 1}, "fails", "Questions and votes without an answer: 1."),
        ({"vanished": 1}, "fails", "Questions that were confirmed, and are not at the desk: 1."),
        ({"miscounted": 1}, "fails", "Votes that were confirmed, and are not in the count, or the other way round: 1."),
        ({"stale": 1}, "fails", "Phones that did not show what a newcomer is shown: 1."),
        ({"fell": 1}, "fails", "Times that an older board came after a newer one: 1."),
    ],
)
def test_what_did_not_go_well_is_said(changes: dict[str, Any], verdict: str, said: str) -> None:
    judged, sentences = judge(found(**changes))
    assert judged == verdict
    assert not said or said in sentences
    assert (verdict == "holds") == ("nothing was lost" in sentences[-1])


def test_our_own_slowness_is_not_the_servers() -> None:
    slow = [0.5] * 100
    assert judge(found(lag=slow, deliveries=[4.0]))[0] == "unknown"
    assert judge(found(lag=slow))[0] == "holds", "all was well even so"
    assert judge(found(lag=slow, deliveries=[4.0], stale=1))[0] == "fails", "a loss is a loss"


def test_what_is_written_to_a_file() -> None:
    told = found(stale=2, acks=[0.1, 0.2, 0.3]).told()
    assert told["acks"] == {"median": 0.2, "p99": 0.3, "longest": 0.3}
    assert (told["joins_per_second"], told["losses"], told["phones"]) == (100.0, 2, 2_000)
