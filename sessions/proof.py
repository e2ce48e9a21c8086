"""Whether the records of a session are what was written down as it happened, as far as that can be shown."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from cryptography.fernet import Fernet
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from sessions import log, signing
from sessions.log import Head, LogRow
from sessions.seals import Sealed
from sessions.session import Session


class Proof(NamedTuple):
    """What was looked at: where the log ends, the last entry whose head is signed (0: none), how much is sealed."""

    head: Head
    signed: int
    sealed: int
    faults: list[str]


async def prove(
    db: AsyncSession, session: Session, cipher: Fernet | None = None, trusted: Collection[str] = ()
) -> Proof:
    """The log against itself, the words and captions against it, the seals, and the heads that were signed.

    `trusted` are the public keys that count, all of them where it is empty.
    """
    head, faults = await log.verify(db, session.id, cipher)
    rows = await db.execute(select(LogRow.seq, LogRow.hash).where(LogRow.session_id == session.id))
    signed, unsound = await signing.faults(db, session, {seq: hash for seq, hash in rows}, trusted)
    sealed = await db.scalar(select(func.count()).where(Sealed.session_id == session.id))
    return Proof(head, signed, sealed or 0, [*faults, *unsound])
