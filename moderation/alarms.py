"""A question that may reveal danger: the alarm that stays on until the person named for it was told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, ForeignKey, Integer, String, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sessions.database import Transaction
from sessions.events import QuestionAlerted, decode
from sessions.log import LogRow
from sessions.tables import Base

TOO_OLD = timedelta(hours=24)
"""Whoever could not be told within this time is not surprised by it later."""


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
    raised = await _raised(tx)
    if question_id not in raised:
        raised.add(question_id)
        tx.append(Alarm, question_id=question_id, session_id=tx.session.id, raised_at=tx.now, tries=0)


async def clear_alarm(tx: Transaction, question_id: str) -> None:
    """A person said that it is none; should danger be seen in the question again, that is a new alarm."""
    raised = await _raised(tx)
    if question_id in raised:
        raised.remove(question_id)
        await tx.flush()
        await tx.db.execute(delete(Alarm).where(Alarm.question_id == question_id))


async def _raised(tx: Transaction) -> set[str]:
    """The questions of the locked session that have an alarm, read once for a whole batch."""
    if "alarms" not in tx.known:
        query = select(Alarm.question_id).where(Alarm.session_id == tx.session.id)
        tx.known["alarms"] = set(await tx.db.scalars(query))
    found: set[str] = tx.known["alarms"]
    return found


class Taken(NamedTuple):
    """An alarm that one server has to itself for a while, for the `tries`th time."""

    question_id: str
    session_id: int
    raised_at: datetime
    tries: int


def _is_due(now: datetime) -> ColumnElement[bool]:
    is_free = or_(Alarm.taken_until.is_(None), Alarm.taken_until <= now)
    return Alarm.told_at.is_(None) & (Alarm.raised_at > now - TOO_OLD) & is_free


async def due(db: AsyncSession, now: datetime, most: int) -> Sequence[str]:
    """The questions whose alarms nobody has been told, and nobody is telling, the oldest first."""
    query = select(Alarm.question_id).where(_is_due(now)).order_by(Alarm.raised_at, Alarm.question_id)
    return (await db.scalars(query.limit(most))).all()


async def take(tx: Transaction, question_id: str, now: datetime, until: datetime) -> Taken | None:
    """The alarm, if it is still due: of two servers that want it, one gets it.

    One statement, and so its own lock: that of the session would be held for nothing else.
    """
    query = (
        update(Alarm)
        .where(Alarm.question_id == question_id, _is_due(now))
        .values(taken_until=until, tries=Alarm.tries + 1)
        .returning(Alarm.question_id, Alarm.session_id, Alarm.raised_at, Alarm.tries)
    )
    row = (await tx.db.execute(query)).one_or_none()
    return Taken(*row) if row else None


async def ways_done(db: AsyncSession, taken: Taken) -> set[str]:
    """How it was told already, when another way had failed."""
    query = select(LogRow.body).where(LogRow.session_id == taken.session_id, LogRow.event == "question.alerted")
    told = [decode(body) for body in await db.scalars(query)]
    return {
        event.how
        for event in told
        if isinstance(event, QuestionAlerted) and event.question == taken.question_id and event.at >= taken.raised_at
    }


async def settle(tx: Transaction, taken: Taken, again: datetime | None) -> None:
    """It was told, or is to be told again then."""
    query = update(Alarm).where(Alarm.question_id == taken.question_id, Alarm.raised_at == taken.raised_at)
    await tx.db.execute(query.values(taken_until=again) if again else query.values(told_at=tx.now))
