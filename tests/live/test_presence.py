"""Who is here: counted by each server, heard of from the others, and forgotten with them."""

from __future__ import annotations

from live.presence import FORGET, Presence


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def test_devices_come_and_go() -> None:
    presence = Presence(Clock())
    assert presence.count(7) == 0
    for _ in range(3):
        presence.come(7)
    presence.come(8)
    presence.go(7)
    assert (presence.count(7), presence.count(8), presence.count(9)) == (2, 1, 0)
    for _ in range(2):
        presence.go(7)
    assert presence.count(7) == 0
    assert dict(presence.here) == {8: 1}, "nothing is kept of an empty session"


def test_other_servers_are_added_and_forgotten_when_they_fall_silent() -> None:
    clock = Clock()
    presence = Presence(clock)
    presence.come(7)
    presence.hear("two", {7: 10})
    presence.hear("three", {7: 100, 8: 1})
    assert (presence.count(7), presence.count(8)) == (111, 1)
    presence.hear("two", {7: 20})
    assert presence.count(7) == 121, "the latest word of each counts"
    clock.at += FORGET - 1
    presence.hear("three", {7: 200})
    clock.at += 2
    assert presence.count(7) == 201, "the second has not been heard of for too long"
    presence.hear("three", {})
    assert presence.count(7) == 1, "a server that has nobody left says so"


def test_a_count_is_told_when_it_moved() -> None:
    presence = Presence(Clock())
    presence.come(7)
    assert presence.moved(7) == 1
    assert presence.moved(7) is None
    presence.come(7)
    presence.go(7)
    assert presence.moved(7) is None, "who came and went meanwhile is no news"
    presence.hear("two", {7: 4})
    assert presence.moved(7) == 5
    presence.go(7)
    presence.hear("two", {7: 0})
    assert presence.moved(7) == 0
