"""Who is here: head-counts by server, damped, told in pulses and never in the log."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

FORGET = 30.0
"""Seconds after which a server that is not heard of counts for nothing."""


class Presence:
    """Counts families' devices of each session here, and remembers what other servers counted."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.here: Counter[int] = Counter()
        self.elsewhere: dict[int, dict[str, tuple[int, float]]] = {}
        self.told: dict[int, int] = {}

    def come(self, session_id: int) -> None:
        self.here[session_id] += 1

    def go(self, session_id: int) -> None:
        self.here[session_id] -= 1
        if self.here[session_id] <= 0:
            del self.here[session_id]

    def hear(self, server: str, counts: dict[int, int]) -> None:
        """A server names the sessions in which it has devices; in the others it has none any more."""
        for session_id in list(self.elsewhere):
            self.elsewhere[session_id].pop(server, None)
            if not self.elsewhere[session_id]:
                del self.elsewhere[session_id]
        for session_id, count in counts.items():
            self.elsewhere.setdefault(session_id, {})[server] = count, self.now()

    def count(self, session_id: int) -> int:
        told = self.elsewhere.get(session_id, {}).values()
        fresh = [count for count, at in told if self.now() - at < FORGET]
        return self.here[session_id] + sum(fresh)

    def moved(self, session_id: int) -> int | None:
        """The count, if it differs from what was told last."""
        count = self.count(session_id)
        if self.told.get(session_id) == count:
            return None
        self.told[session_id] = count
        return count
