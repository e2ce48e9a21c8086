"""Opens doors on time, and ends what was left open and empty."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from moderation import closing
from sessions import lifecycle
from sessions import session as sessions
from sessions.database import Database
from sessions.events import SessionState as S
from sessions.permissions import Caller, Role

TIMEKEEPER = Caller("timekeeper", frozenset({Role.HOST}), "FACE-to-Face")
OVERDUE = timedelta(hours=2)
"""How long after its planned end a session without any device is ended."""


async def keep_time(
    database: Database, now: datetime, has_devices: Callable[[int], bool], moved: Callable[[int], None]
) -> None:
    """Do what is due at `now`; whoever else has done it already has done it."""
    async with database.reading() as db:
        scheduled = await sessions.in_states(db, S.SCHEDULED)
        open_ones = await sessions.in_states(db, S.LIVE, S.PAUSED)
    for session in scheduled:
        if session.starts_at and session.starts_at - timedelta(minutes=session.plan.doors_minutes) <= now:
            async with database.writing() as tx:
                if (await tx.lock(session.id)).state == S.SCHEDULED:
                    await lifecycle.open_doors(tx, TIMEKEEPER)
            moved(session.id)
    for session in open_ones:
        if session.endless or not session.ends_at or session.ends_at + OVERDUE > now or has_devices(session.id):
            continue
        async with database.writing() as tx:
            if (await tx.lock(session.id)).state in (S.LIVE, S.PAUSED):
                await closing.end(tx, TIMEKEEPER)
        moved(session.id)
