"""Keeps what can be found level with what is published, soon after each change."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from live.shelf import Shelf
from sessions import index, places
from sessions.events import SessionState
from sessions.session import Session

LOOK_EVERY, LOOK_AT_MOST_EVERY = 2.0, 0.2
"""Seconds: another server may have published, and a flood of commands is no reason to look for each."""

log = structlog.get_logger()


class Index:
    """Looks for sessions that the index is behind on, and has them found as their archives tell them."""

    def __init__(self, archives: Shelf) -> None:
        self.archives, self.database, self.news = archives, archives.database, asyncio.Event()

    def look_now(self) -> None:
        """A session has moved: it may be one that is published."""
        self.news.set()

    async def run(self) -> None:
        while True:
            self.news.clear()
            try:
                await self.catch_up()
            except Exception as error:  # The database may be away for a while: the next turn tries again.
                log.error("turn failed", turn="Index.catch_up", error=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), LOOK_EVERY)
            await asyncio.sleep(LOOK_AT_MOST_EVERY)

    async def catch_up(self) -> None:
        async with self.database.reading() as db:
            behind = await index.behind(db)
        for session_id in behind:
            try:
                await self.renew(session_id)
            except Exception as error:  # One that cannot be read keeps no other from being found.
                log.error("not indexed", session=session_id, error=type(error).__name__)

    async def renew(self, session_id: int) -> None:
        async with self.database.reading() as db:
            session = await db.get_one(Session, session_id)
        archive = await self.archives.of(session) if session.state == SessionState.PUBLISHED else None
        # Beside the loop: the words of three hours would hold up everybody else's answers.
        there = await asyncio.to_thread(
            lambda: [*places.places(session_id, index.documents(archive))] if archive else []
        )
        async with self.database.writing() as tx:
            await tx.lock(session_id)
            await index.renew(tx, archive, there)
