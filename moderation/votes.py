"""Votes: rows with a unique key, not events. Tallies are read from the rows; one count closes the session."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ForeignKey, Index, String, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from moderation.questions import Question, find
from moderation.states import VOTABLE
from sessions import policy
from sessions.database import Transaction
from sessions.events import State
from sessions.permissions import Caller
from sessions.refusals import Refusal
from sessions.tables import Base


class Vote(Base):
    """ "I want to know this too": once for each person and question."""

    __tablename__ = "votes"
    question_id: Mapped[str] = mapped_column(ForeignKey("questions.id"), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"))
    __table_args__ = (Index("ix_votes_session", "session_id", "question_id"),)


async def _votable(tx: Transaction, caller: Caller, question: str) -> tuple[Question, bool]:
    policy.require(tx.session, "vote")
    found = await find(tx, caller, question)
    if State(found.state) not in VOTABLE:
        raise Refusal("not_now", "This question is past voting now.")
    query = select(Vote.person).where(Vote.question_id == found.id, Vote.person == caller.person)
    return found, (await tx.db.execute(query)).first() is not None


async def vote(tx: Transaction, caller: Caller, question: str) -> Question:
    found, voted = await _votable(tx, caller, question)
    if found.author == caller.person:
        raise Refusal("not_now", "This is your own question: it counts already.")
    if voted:
        raise Refusal("not_now", "You have said already that you want to know this too.")
    await tx.db.execute(insert(Vote).values(question_id=found.id, person=caller.person, session_id=tx.session.id))
    tx.session.votes += 1
    return found


async def unvote(tx: Transaction, caller: Caller, question: str) -> Question:
    found, voted = await _votable(tx, caller, question)
    if not voted:
        raise Refusal("not_now", "You have not voted for this question.")
    await tx.db.execute(delete(Vote).where(Vote.question_id == found.id, Vote.person == caller.person))
    tx.session.votes += 1
    return found


async def tallies(db: AsyncSession, session_id: int, questions: Iterable[str] | None = None) -> dict[str, int]:
    """Question id -> votes, for those that have any."""
    query = select(Vote.question_id, func.count()).where(Vote.session_id == session_id).group_by(Vote.question_id)
    if questions is not None:
        query = query.where(Vote.question_id.in_(set(questions)))
    return {question: count for question, count in await db.execute(query)}


async def voted_by(db: AsyncSession, session_id: int, person: str) -> set[str]:
    query = select(Vote.question_id).where(Vote.session_id == session_id, Vote.person == person)
    return set(await db.scalars(query))
