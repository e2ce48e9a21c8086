"""One commit for many: what waits together for one session shares a transaction.

Measured with a commit each, 1,000 people asking at once wait 1 to 2 s for the disk; together, 0.05 s, and a single
asker pays nothing. A batch holds commands of one session only: mixed ones lock two sessions, and deadlock.

What can wait a little is gathered: a vote with a transaction of its own takes 3.3 ms of the core, one of ten 0.6. The
first goes at once, those after it go together, and with the next that cannot wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog

from sessions.database import Database, Transaction, be_brief, is_away
from sessions.refusals import Refusal, not_saved

W = TypeVar("W")
A = TypeVar("A")
Perform = Callable[[Transaction, Sequence[W]], Awaitable[list[A | Refusal]]]
PATIENCE = 7.0
"""Seconds after which somebody is told to try again, as a device gives up after 8 s: should it be saved after all, the
same key brings the answer."""
COMPANY = 0.25
"""Seconds from one batch to the next where all can wait. Whoever votes sees it at once, the page takes it back should
it be refused, and tallies are told no more often. A batch takes 2.2 ms of the core however few votes it has, on each
server: with 0.1 s a second server cost a twentieth of a core more."""
MOST = 1_000
"""Commands in one batch: beyond this the lock is held too long for what it saves."""

log = structlog.get_logger()


@dataclass
class Waiting(Generic[W, A]):
    """What waits for one session; `rest` is there while it only waits for company, and ends that when it is set."""

    works: deque[tuple[W, asyncio.Future[A]]] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None
    rest: asyncio.Event | None = None

    def wake(self) -> None:
        if self.rest:
            self.rest.set()
            self.rest = None


class Batches(Generic[W, A]):
    """Gathers works by session; `perform` does them in a transaction that holds the session's lock.

    `committed` is called after each commit that recorded or changed something, before the answers are given out;
    `can_wait` says which works are gathered for a moment.
    """

    def __init__(
        self,
        database: Database,
        perform: Perform[W, A],
        committed: Callable[[int, Transaction], None],
        can_wait: Callable[[W], bool] = lambda _: False,
    ) -> None:
        self.database, self.perform, self.committed, self.can_wait = database, perform, committed, can_wait
        self.waiting: dict[int, Waiting[W, A]] = {}
        self.is_finishing = False

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way that does not only wait for company."""
        return any(queue.rest is None for queue in self.waiting.values())

    @property
    def gathering(self) -> int:
        """How many works only wait for company."""
        return sum(len(queue.works) for queue in self.waiting.values() if queue.rest)

    async def submit(self, session_id: int, work: W) -> A:
        """The answer to this work, given only after the commit that holds it.

        Raises Refusal; `not_saved` where the database is away, or silent for too long.
        """
        queue = self.waiting.setdefault(session_id, Waiting())
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        queue.works.append((work, future))
        if not self.can_wait(work):
            queue.wake()
        if queue.task is None:
            # A task of its own: a request that is cancelled must not take the commands of others with it.
            queue.task = asyncio.create_task(self._drain(session_id, queue))
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.shield(future)
        except TimeoutError:
            raise not_saved() from None

    async def _drain(self, session_id: int, queue: Waiting[W, A]) -> None:
        while queue.works:
            began = asyncio.get_running_loop().time()
            batch = [queue.works.popleft() for _ in range(min(MOST, len(queue.works)))]
            await self._settle(session_id, batch)
            is_patient = any(self.can_wait(work) for work, _ in batch) and not self.is_finishing
            if is_patient and all(self.can_wait(work) for work, _ in queue.works):
                await self._gather(queue, began + COMPANY)
        del self.waiting[session_id]

    async def _gather(self, queue: Waiting[W, A], until: float) -> None:
        rest = queue.rest = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await rest.wait()
        queue.rest = None

    async def _settle(self, session_id: int, batch: list[tuple[W, asyncio.Future[A]]]) -> None:
        works = [work for work, _ in batch]
        try:
            answers = await self._transact(session_id, works)
        except Refusal as refusal:
            answers = [refusal] * len(batch)
        except Exception as error:
            log.error("batch failed", session=session_id, works=len(works), error=type(error).__name__)
            if len(batch) > 1 and not is_away(error):  # One of them is at fault: alone, it fails alone.
                for one in batch:
                    await self._settle(session_id, [one])
                return
            answers = [not_saved()] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Refusal):
                future.set_exception(answer)
                future.exception()  # Marks it as seen: whoever asked may have gone.
            else:
                future.set_result(answer)

    async def _transact(self, session_id: int, works: Sequence[W]) -> list[A | Refusal]:
        async with self.database.writing() as tx:
            await tx.lock(session_id)
            await be_brief(tx.db)
            answers = await self.perform(tx, works)
            await tx.flush()
        self.committed(session_id, tx)
        return answers

    async def finish(self) -> None:
        """Wait for what is under way, which waits for nobody any more."""
        self.is_finishing = True
        try:
            for queue in self.waiting.values():
                queue.wake()
            await asyncio.gather(*(queue.task for queue in list(self.waiting.values()) if queue.task))
        finally:
            self.is_finishing = False
