"""How a server goes: its devices are told that it does, and are let go little by little, to come back to another one.

All at once, they would stand before the other servers at the same moment: a stop of one would be a flood for the rest.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import Protocol

EACH_SECOND = 1_000
"""Devices that are let go in a second."""
LONGEST = 15.0
"""Seconds in which all of them are gone, however many: whoever stops a server waits for it."""
SOONEST_MS, LATEST_MS = 250, 5_000
GOODBYE = 1.0
"""Seconds for the last of them to take its leave as well."""
HEARD = 0.1
"""Seconds between the hint and the first close, so that it is heard."""


class Leaving(Protocol):
    """A connection that can be closed as of a server that restarts (1012)."""

    def shutdown(self) -> None: ...


def retry_ms(devices: int) -> int:
    """What each is told to wait about, before it comes back: up to twice that, at random."""
    return min(LATEST_MS, max(SOONEST_MS, devices // 2))


async def let_go(connections: Sequence[Leaving], is_hurried: Callable[[], bool]) -> None:
    """Close one after the other, in no order that anybody could be at the end of each time; all at once in a hurry."""
    order = random.sample(connections, len(connections))
    span = min(LONGEST, len(order) / EACH_SECOND)
    began = time.monotonic()
    for number, connection in enumerate(order):
        early = began + span * number / len(order) - time.monotonic()
        if early > 0.01 and not is_hurried():
            await asyncio.sleep(early)
        connection.shutdown()
