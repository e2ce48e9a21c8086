"""A question that may reveal danger: the alarm that stays on until the person named for it was told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from sessions.database import Transaction
from sessions.tables import Base


class Alarm(Base):
    """One for each question; `taken_until` keeps two servers from telling at once, `told_at` ends it."""

    __tablename__ = "alarms"
    question_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"))
    raised_at: Mapped[datetime]
    taken_until: Mapped[datetime | None]
    told_at: Mapped[datetime | None] = mapped_column(index=True)
    tries: Mapped[int] = mapped_column(Integer, default=0)


async def raise_alarm(tx: Transaction, question_id: str) -> None:
    """Once for each question, whoever notices; it lies in the same commit as what raised it."""
    if await tx.db.get(Alarm, question_id) is None:
        tx.db.add(Alarm(question_id=question_id, session_id=tx.session.id, raised_at=tx.now, tries=0))
        await tx.db.flush()
