"""Archives at hand: made once from their logs, and read by everybody who comes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from sessions import archive as archives
from sessions.archive import Archive
from sessions.database import Database
from sessions.session import Session

KEPT = 16
"""Archives that a server holds ready: one is some megabytes."""


class Shelf:
    """Archives as they were last read, the ones that were asked for last."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.kept: OrderedDict[int, Archive] = OrderedDict()
        self.reading: dict[int, asyncio.Lock] = {}

    async def of(self, session: Session) -> Archive:
        """The archive of a session as its row stands; whether it may be read is for the caller to look at."""
        async with self.reading.setdefault(session.id, asyncio.Lock()):  # Many who come at once read it once.
            found = self.kept.pop(session.id, None)
            if found is None or found.head.seq < session.seq:
                async with self.database.reading() as db:
                    found = await archives.read(db, session)
            self.kept[session.id] = found
            while len(self.kept) > KEPT:
                self.kept.popitem(last=False)
        return found
