"""Several processes on one address: each is a whole server, and one that dies is started again.

Each listens on a socket of its own for the same address (SO_REUSEPORT), and only once it is ready: the kernel sends
phones to those that can take them, and spreads them evenly, where one shared socket would give most to whoever wakes
first. What they know of each other goes through the database and Redis, as between machines.
"""

from __future__ import annotations

import ctypes
import gc
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

import structlog

SOONEST, LATEST = 1.0, 30.0
"""Seconds before a worker that died is started again: twice as many each time, unless it had lived for a while."""
SOUND = 60.0
"""Seconds of life after which a death is not put down to the start."""
WATCHED = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
PR_SET_PDEATHSIG = 1

log = structlog.get_logger()


@dataclass
class Place:
    """One of the processes that there shall be, whoever fills it now."""

    number: int
    pid: int = 0
    started: float = 0.0
    pause: float = SOONEST
    due: float = 0.0


class Workers:
    """Keeps `count` processes at `work` until told to stop, and then `patience` seconds more for them to end well."""

    def __init__(self, count: int, work: Callable[[], None], patience: float) -> None:
        self.work, self.patience = work, patience
        self.places = [Place(number) for number in range(1, count + 1)]

    def run(self) -> None:
        # What is loaded by now is shared with all of them as long as nobody writes to it, and the collector would.
        gc.collect()
        gc.freeze()
        # Blocked and waited for, so that none comes between looking and waiting.
        signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
        told = None
        while told is None or told.si_signo == signal.SIGCHLD:
            now = time.monotonic()
            for place in self.places:
                if not place.pid and place.due <= now:
                    self._start(place)
            next_due = min([place.due for place in self.places if not place.pid], default=now + SOUND)
            told = signal.sigtimedwait(WATCHED, max(0.0, next_due - now))
            for place, code in self._dead():
                self._put_off(place, code)
        self._stop()

    def _start(self, place: Place) -> None:
        parent = os.getpid()
        place.pid, place.started = os.fork(), time.monotonic()
        if place.pid == 0:
            self._live(parent)
        log.info("worker started", worker=place.number, pid=place.pid)

    def _live(self, parent: int) -> NoReturn:
        """As the child: never back into the parent's loop, whatever happens."""
        code = 1
        try:
            # If the parent is killed, nobody would ever stop its workers, and they would hold the address.
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
            random.seed()  # Else all of them would wait for the same random times.
            if os.getppid() == parent:
                self.work()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException as error:
            log.exception("worker failed", error=type(error).__name__)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _dead(self) -> list[tuple[Place, int]]:
        """All that died, with how: several deaths may be one signal."""
        found = []
        for place in self.places:
            if place.pid:
                pid, status = os.waitpid(place.pid, os.WNOHANG)
                if pid:
                    found.append((place, os.waitstatus_to_exitcode(status)))
        return found

    def _put_off(self, place: Place, code: int) -> None:
        now = time.monotonic()
        if now - place.started > SOUND:
            place.pause = SOONEST
        log.warning("worker died", worker=place.number, pid=place.pid, code=code, again_in=place.pause)
        place.pid, place.due, place.pause = 0, now + place.pause, min(LATEST, place.pause * 2)

    def _stop(self) -> None:
        deadline = time.monotonic() + self.patience
        self._signal(signal.SIGTERM)
        while any(place.pid for place in self.places) and (left := deadline - time.monotonic()) > 0:
            signal.sigtimedwait({signal.SIGCHLD}, left)
            for place, _ in self._dead():
                place.pid = 0
        self._signal(signal.SIGKILL)

    def _signal(self, which: signal.Signals) -> None:
        for place in self.places:
            if place.pid:
                os.kill(place.pid, which)
