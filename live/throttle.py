"""Budgets per person and session, never per address alone: a whole school is one address."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sessions.refusals import Refusal


@dataclass(frozen=True)
class Budget:
    """`burst` at once, then one every `seconds`."""

    burst: int
    seconds: float


BUDGETS: dict[str, Budget] = {
    "question.ask": Budget(5, 20.0),
    "question.edit": Budget(10, 5.0),
    "question.withdraw": Budget(10, 5.0),
    "question.vote": Budget(40, 1.0),
    "question.unvote": Budget(40, 1.0),
    "draft": Budget(20, 2.0),
}
N = TypeVar("N")
CROWD = Budget(5_000, 0.2)
"""New questions of a whole session: 5,000 at once, then 5 a second."""
LANE = Budget(60, 2.0)
"""New questions from one address, counted only while the session's own budget is more than half spent: 2,000 parents
behind one address never come near it, and one script that makes itself a thousand people does."""
STAFF = Budget(400, 0.1)
"""A moderator in a flood decides hundreds of selected questions at once; a script gone wild is faster."""
REMEMBERED_KEYS = 64
MOST_PEOPLE = 100_000


@dataclass
class Purse:
    left: float
    at: float
    keys: OrderedDict[str, None] = field(default_factory=OrderedDict)


def lane_of(address: str) -> str:
    """What one household or one rented server has for itself: an IPv4 address, or a /64 of IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))


class Throttle:
    """Counts what each person does in each session; a retry of the same thing under the same key costs nothing."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.purses: OrderedDict[tuple[int, str, str], Purse] = OrderedDict()
        self.lanes: OrderedDict[tuple[int, str], Purse] = OrderedDict()
        # Never forgotten: else a flood of new people would give a session its spent budget back.
        self.crowds: dict[int, Purse] = {}

    def spend(self, session_id: int, person: str, command: str, key: str, address: str = "") -> None:
        """Raises Refusal `too_fast`, with the seconds to wait beside the sentence.

        `key` stands for one action: the device's key with a digest of what it asked for.
        """
        budget = BUDGETS.get(command, STAFF)
        purse = self._purse(self.purses, (session_id, person, command if command in BUDGETS else ""), budget)
        if key in purse.keys:
            return
        self._take(purse, budget)
        if command == "question.ask":
            self._crowd(session_id, address)
        purse.keys[key] = None
        if len(purse.keys) > REMEMBERED_KEYS:
            purse.keys.popitem(last=False)

    def _crowd(self, session_id: int, address: str) -> None:
        """Identities cost nothing to make, so a session has a budget of its own."""
        crowd = self.crowds.setdefault(session_id, Purse(CROWD.burst, self.now()))
        self._fill(crowd, CROWD)
        if crowd.left < CROWD.burst / 2:
            self._take(self._purse(self.lanes, (session_id, lane_of(address)), LANE), LANE)
        self._take(crowd, CROWD)

    def _purse(self, purses: OrderedDict[N, Purse], name: N, budget: Budget) -> Purse:
        purse = purses.setdefault(name, Purse(budget.burst, self.now()))
        purses.move_to_end(name)
        if len(purses) > MOST_PEOPLE:
            purses.popitem(last=False)
        return purse

    def _fill(self, purse: Purse, budget: Budget) -> None:
        now = self.now()
        purse.left = min(budget.burst, purse.left + (now - purse.at) / budget.seconds)
        purse.at = now

    def _take(self, purse: Purse, budget: Budget) -> None:
        self._fill(purse, budget)
        if purse.left < 1:
            wait = round((1 - purse.left) * budget.seconds) + 1
            raise Refusal(
                "too_fast",
                "That was a lot at once. Nothing is lost; please try again in {wait} seconds.",
                wait=wait,
                extra={"retry_after": wait},
            )
        purse.left -= 1
