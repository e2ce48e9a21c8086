"""Kept keys: the same key from the same person gives the same answer, after a restart and on another server too."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import JSON, ForeignKey, String, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from sessions.database import Transaction
from sessions.tables import Base


class KeptKey(Base):
    """The first answer to a key, with a digest of what was asked under it. Only successes are kept."""

    __tablename__ = "kept_keys"
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)


KEPT = select(KeptKey.person, KeptKey.key, KeptKey.digest, KeptKey.answer).where(
    KeptKey.session_id == bindparam("session"), KeptKey.key.in_(bindparam("keys", expanding=True))
)


def digest(secret: bytes, command: str, body: dict[str, Any]) -> str:
    """What a key was used for: an HMAC over the command and its body, without the key itself.

    Keyed with a secret from outside the database: a plain hash would let whoever holds a copy of it guess phone
    numbers and words until one fits, even after they were taken out.
    """
    return hmac.digest(secret, msgspec.json.encode([command, body], order="deterministic"), "sha256").hex()


async def find(tx: Transaction, used: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, dict[str, Any]]]:
    """(person, key) -> (digest, answer) for those of `used` that were kept before; one query for a whole batch."""
    wanted = set(used)
    asked = {"session": tx.session.id, "keys": sorted({key for _, key in wanted})}
    return {(p, k): (d, a) for p, k, d, a in await tx.db.execute(KEPT, asked) if (p, k) in wanted}


def keep(tx: Transaction, person: str, key: str, digest: str, answer: dict[str, Any]) -> None:
    tx.append(KeptKey, session_id=tx.session.id, person=person, key=key, digest=digest, answer=answer)
