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
    """Counts what each person does in each session; a retry with the same key costs nothing."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.purses: OrderedDict[tuple[int, str, str], Purse] = OrderedDict()

    def spend(self, session_id: int, person: str, command: str, key: str) -> None:
        """Raises Refusal `too_fast`, with the seconds to wait beside the sentence."""
        budget, now = BUDGETS.get(command, STAFF), self.now()
        name = (session_id, person, command if command in BUDGETS else "")
        purse = self.purses.setdefault(name, Purse(budget.burst, now))
        self.purses.move_to_end(name)
        if len(self.purses) > MOST_PEOPLE:
            self.purses.popitem(last=False)
        if key in purse.keys:
            return
        purse.left = min(budget.burst, purse.left + (now - purse.at) / budget.seconds)
        purse.at = now
        if purse.left < 1:
            wait = round((1 - purse.left) * budget.seconds) + 1
            raise Refusal(
                "too_fast",
                "That was a lot at once. Nothing is lost; please try again in {wait} seconds.",
                wait=wait,
                extra={"retry_after": wait},
            )
        purse.left -= 1
        purse.keys[key] = None
        if len(purse.keys) > REMEMBERED_KEYS:
            purse.keys.popitem(last=False)
