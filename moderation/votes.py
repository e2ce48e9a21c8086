"""Votes: rows with a unique key, not events. Tallies are read from the rows; one count closes the session."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

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


async def _votable(tx: Transaction, caller: Caller, question: str) -> tuple[Question, set[str], set[str]]:
    """The question, who asked it or one of those merged into it, and on which of these the caller has a vote."""
    policy.require(tx.session, "vote")
    found = await find(tx, caller, question)
    if State(found.state) not in VOTABLE:
        raise Refusal("not_now", "This question is past voting now.")
    if "merges" not in tx.known:  # Once for a whole batch; a merge in it forgets them.
        await tx.flush()
        tx.known["merges"] = await merges(tx.db, tx.session.id)
    _, authors, families = tx.known["merges"]
    twins = families.get(found.id, [])
    query = select(Vote.question_id).where(Vote.question_id.in_([found.id, *twins]), Vote.person == caller.person)
    return found, {found.author, *(authors[one] for one in twins)}, set(await tx.db.scalars(query))


async def vote(tx: Transaction, caller: Caller, question: str) -> Question:
    found, askers, voted = await _votable(tx, caller, question)
    if caller.person in askers:
        raise Refusal("not_now", "This is your own question: it counts already.")
    if voted:
        raise Refusal("not_now", "You have said already that you want to know this too.")
    await tx.db.execute(insert(Vote).values(question_id=found.id, person=caller.person, session_id=tx.session.id))
    tx.session.votes += 1
    return found


async def unvote(tx: Transaction, caller: Caller, question: str) -> Question:
    found, _, voted = await _votable(tx, caller, question)
    if not voted:
        raise Refusal("not_now", "You have not voted for this question.")
    await tx.db.execute(delete(Vote).where(Vote.question_id.in_(voted), Vote.person == caller.person))
    tx.session.votes += 1
    return found


class Merges(NamedTuple):
    """Which question lives for each that was merged, who asked that, and the other way: for which ones each lives."""

    living: dict[str, str]
    authors: dict[str, str]
    families: dict[str, list[str]]


async def merges(db: AsyncSession, session_id: int) -> Merges:
    """Every merged question of a session."""
    query = select(Question.id, Question.into, Question.author).where(
        Question.session_id == session_id, Question.into.is_not(None)
    )
    rows = (await db.execute(query)).all()
    into = {question: str(parent) for question, parent, _ in rows}

    def living(question: str) -> str:
        while question in into:
            question = into[question]
        return question

    found = Merges({question: living(question) for question in into}, {q: author for q, _, author in rows}, {})
    for question, root in found.living.items():
        found.families.setdefault(root, []).append(question)
    return found


async def tallies(db: AsyncSession, session_id: int, questions: Iterable[str] | None = None) -> dict[str, int]:
    """Question id -> people who want to know it, for those that anybody does.

    For a question that lives for others, they are whoever voted for any of them or asked one of the merged, each
    once, and without its own asker.
    """
    query = select(Vote.question_id, func.count()).where(Vote.session_id == session_id).group_by(Vote.question_id)
    counted = {question: count for question, count in await db.execute(query)}
    merged = await merges(db, session_id)
    if merged.living:
        counted = {q: n for q, n in counted.items() if q not in merged.living} | await _families(db, merged)
    wanted = None if questions is None else set(questions)
    return {q: n for q, n in counted.items() if n and (wanted is None or q in wanted)}


async def _families(db: AsyncSession, merged: Merges) -> dict[str, int]:
    living, authors, families = merged
    people = {root: {authors[twin] for twin in twins} for root, twins in families.items()}
    members = sorted({*living, *families})
    for start in range(0, len(members), 500):
        part = members[start : start + 500]
        query = select(Vote.question_id, Vote.person).where(Vote.question_id.in_(part))
        for question, person in await db.execute(query):
            people[living.get(question, question)].add(person)
    askers: dict[str, str] = {}
    roots = sorted(people)
    for start in range(0, len(roots), 500):
        own = select(Question.id, Question.author).where(Question.id.in_(roots[start : start + 500]))
        askers |= {question: author for question, author in await db.execute(own)}
    return {root: len(found - {askers[root]}) for root, found in people.items()}


async def voted_by(db: AsyncSession, session_id: int, person: str) -> set[str]:
    """The questions that a person has voted for; for a merged one, the one that lives for it."""
    query = select(Vote.question_id).where(Vote.session_id == session_id, Vote.person == person)
    voted = set(await db.scalars(query))
    living = (await merges(db, session_id)).living
    return {living.get(question, question) for question in voted}
