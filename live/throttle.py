"""Budgets per person and session, never per address alone: a whole school is one address."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

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
}
CROWD = Budget(5_000, 0.2)
"""New questions of a whole session: 5,000 at once, then 5 a second."""
LANE = Budget(60, 2.0)
"""New questions from one address, counted only while the session's own budget is more than half spent: 2,000 parents
behind one address never come near it, and one script that makes itself a thousand people does."""
STAFF = Budget(60, 0.2)
"""A moderator in a flood presses keys as fast as they can read; a script gone wild is faster."""
REMEMBERED_KEYS = 64
MOST_PEOPLE = 100_000


@dataclass
class Purse:
    left: float
    at: float
    keys: OrderedDict[str, None] = field(default_factory=OrderedDict)


class Throttle:
    """Counts what each person does in each session; a retry of the same thing under the same key costs nothing."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.purses: OrderedDict[tuple[int, str, str], Purse] = OrderedDict()

    def spend(self, session_id: int, person: str, command: str, key: str, address: str = "") -> None:
        """Raises Refusal `too_fast`, with the seconds to wait beside the sentence.

        `key` stands for one action: the device's key with a digest of what it asked for.
        """
        budget = BUDGETS.get(command, STAFF)
        purse = self._purse(session_id, person, command if command in BUDGETS else "", budget)
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
        crowd = self._purse(session_id, "", "crowd", CROWD)
        self._fill(crowd, CROWD)
        if crowd.left < CROWD.burst / 2:
            self._take(self._purse(session_id, address, "lane", LANE), LANE)
        self._take(crowd, CROWD)

    def _purse(self, session_id: int, whose: str, what: str, budget: Budget) -> Purse:
        name = (session_id, whose, what)
        purse = self.purses.setdefault(name, Purse(budget.burst, self.now()))
        self.purses.move_to_end(name)
        if len(self.purses) > MOST_PEOPLE:
            self.purses.popitem(last=False)
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
