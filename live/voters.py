"""Who has voted for what, read for many at once: thousands of phones that come back all ask it."""

from __future__ import annotations

import asyncio

from moderation import votes
from sessions.database import Database

Waiting = dict[str, asyncio.Future[set[str]]]
MOST = 500
"""People in one reading."""


class Voters:
    """Whoever asks while a reading is under way shares the next one."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.waiting: dict[int, Waiting] = {}
        self.readings: dict[int, asyncio.Task[None]] = {}

    async def of(self, session_id: int, person: str) -> set[str]:
        """The questions that the person has voted for by now; for a merged one, the one that lives for it."""
        waiting = self.waiting.setdefault(session_id, {})
        if person not in waiting:
            waiting[person] = asyncio.get_running_loop().create_future()
        if session_id not in self.readings:
            self.readings[session_id] = asyncio.create_task(self._read(session_id))
        return set(await asyncio.shield(waiting[person]))

    async def _read(self, session_id: int) -> None:
        try:
            while waiting := self.waiting.pop(session_id, {}):
                people = list(waiting)
                for start in range(0, len(people), MOST):
                    await self._read_some(session_id, waiting, people[start : start + MOST])
        finally:
            del self.readings[session_id]

    async def _read_some(
        self, session_id: int, waiting: dict[str, asyncio.Future[set[str]]], people: list[str]
    ) -> None:
        try:
            async with self.database.reading() as db:
                found = await votes.voted_by_each(db, session_id, people)
            for person in people:
                waiting[person].set_result(found[person])
        except Exception as error:  # Theirs who asked: a reading that fails fails for each of them.
            for person in people:
                waiting[person].set_exception(error)
                waiting[person].exception()  # Marks it as seen: whoever asked may have gone.
