"""Budgets per person and session, never per address alone: a whole school is one address.

With several servers, each decides by what it knows at once and tells the others what it let through, with its next
word: nobody waits for Redis, and whoever goes from server to server finds their budget spent there. Who strikes at all
of them within the same moment gets one burst from each and is in debt afterwards: in the long run no server gives more.
"""

from __future__ import annotations

import hashlib
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

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
WHOLE = Budget(5_000, 0.2)
"""New questions of a whole session: 5,000 at once, then 5 a second."""
LANE = Budget(60, 2.0)
"""New questions from one address, counted only while the session's own budget is more than half spent: 2,000 parents
behind one address never come near it, and one script that makes itself a thousand people does."""
STAFF = Budget(400, 0.1)
"""A moderator in a flood decides hundreds of selected questions at once; a script gone wild is faster."""
REMEMBERED_KEYS = 64
MOST_PEOPLE = 100_000


class Spend(msgspec.Struct, frozen=True, array_like=True):
    """One action that was let through, as servers tell it to each other.

    `key` is empty where only the person's own budget was touched, `lane` where no address was looked at.
    """

    session: int
    person: str
    command: str
    key: str
    lane: str


@dataclass
class Purse:
    """Below nothing where several servers gave at the same moment."""

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


def stamp(key: str) -> str:
    """A key as it is remembered, and as other servers are told of it: short, and without the digest in it."""
    return hashlib.blake2b(key.encode(), digest_size=8).hexdigest()


class Throttle:
    """Counts what each person does in each session; a retry of the same thing under the same key costs nothing.

    `told` is called with each action that was let through, for the other servers to hear.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.purses: OrderedDict[tuple[int, str, str], Purse] = OrderedDict()
        self.lanes: OrderedDict[tuple[int, str], Purse] = OrderedDict()
        # Never forgotten: else a flood of new people would give a session its spent budget back.
        self.wholes: dict[int, Purse] = {}
        self.told: Callable[[Spend], None] = _nobody

    def spend(self, session_id: int, person: str, command: str, key: str, address: str = "") -> None:
        """Raises Refusal `too_fast`, with the seconds to wait beside the sentence.

        `key` stands for one action: the device's key with a digest of what it asked for.
        """
        key = stamp(key)
        purse, budget = self._own(session_id, person, command)
        if key in purse.keys:
            return
        self._take(purse, budget)
        lane = ""
        if command == "question.ask":
            try:
                lane = self._spend_whole(session_id, address)
            except Refusal:
                self.told(Spend(session_id, person, command, "", ""))
                raise
        self._remember(purse, key)
        self.told(Spend(session_id, person, command, key, lane))

    def hear(self, spend: Spend) -> None:
        """Another server let this through: it is spent here as well, whatever is left."""
        purse, budget = self._own(spend.session, spend.person, spend.command)
        if spend.key and spend.key in purse.keys:
            return
        self._give(purse, budget)
        if not spend.key:
            return
        self._remember(purse, spend.key)
        if spend.command == "question.ask":
            self._give(self._whole(spend.session), WHOLE)
        if spend.lane:
            self._give(self._purse(self.lanes, (spend.session, spend.lane), LANE), LANE)

    def _spend_whole(self, session_id: int, address: str) -> str:
        """Identities cost nothing to make, so a session has a budget of its own; answers whose lane was used."""
        whole, lane = self._whole(session_id), ""
        self._fill(whole, WHOLE)
        if whole.left < WHOLE.burst / 2:
            lane = lane_of(address)
            self._take(self._purse(self.lanes, (session_id, lane), LANE), LANE)
        self._take(whole, WHOLE)
        return lane

    def _whole(self, session_id: int) -> Purse:
        return self.wholes.setdefault(session_id, Purse(WHOLE.burst, self.now()))

    def _own(self, session_id: int, person: str, command: str) -> tuple[Purse, Budget]:
        budget = BUDGETS.get(command, STAFF)
        return self._purse(self.purses, (session_id, person, command if command in BUDGETS else ""), budget), budget

    def _remember(self, purse: Purse, key: str) -> None:
        purse.keys[key] = None
        if len(purse.keys) > REMEMBERED_KEYS:
            purse.keys.popitem(last=False)

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

    def _give(self, purse: Purse, budget: Budget) -> None:
        self._fill(purse, budget)
        purse.left -= 1

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


def _nobody(spend: Spend) -> None:
    """A single server has nobody to tell."""
