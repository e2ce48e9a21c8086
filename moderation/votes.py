"""Votes: rows with a unique key, not events. Tallies are read from the rows; one count closes the session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from sqlalchemy import ForeignKey, Index, String, Table, bindparam, delete, func, insert, select
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

Ballot = tuple[str, str]
"""A question's id, and a person who wants to know it too."""


class Vote(Base):
    """ "I want to know this too": once for each person and question."""

    __tablename__ = "votes"
    question_id: Mapped[str] = mapped_column(ForeignKey("questions.id"), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"))
    __table_args__ = (Index("ix_votes_session", "session_id", "question_id"),)


# Written once: to put a statement together takes as long as to carry it out.
STANDING = select(Vote.question_id, Vote.person).where(
    Vote.question_id.in_(bindparam("questions", expanding=True)), Vote.person.in_(bindparam("people", expanding=True))
)
COUNTED = (
    select(Vote.question_id, func.count()).where(Vote.session_id == bindparam("session")).group_by(Vote.question_id)
)
MERGED = select(Question.id, Question.into, Question.author).where(
    Question.session_id == bindparam("session"), Question.into.is_not(None)
)
ROWS = cast(Table, Vote.__table__)
NEW = insert(ROWS)
GONE = delete(ROWS).where(Vote.question_id == bindparam("question"), Vote.person == bindparam("who"))


@dataclass
class Ballots:
    """The votes that a batch is about: which were looked up, how they stand in the database, and how they shall.

    Ten thousand phones vote within seconds: a batch reads what it needs in one query, and writes in one statement for
    all that is new and one for all that is taken back.
    """

    tx: Transaction
    looked_up: set[Ballot] = field(default_factory=set)
    written: set[Ballot] = field(default_factory=set)
    cast: set[Ballot] = field(default_factory=set)

    async def look_up(self, ballots: Iterable[Ballot]) -> None:
        if not (missing := set(ballots) - self.looked_up):
            return
        # Whole rows and columns of them, not pairs: an index serves that on both databases, and a query in pairs not.
        asked = {part: sorted({ballot[at] for ballot in missing}) for at, part in enumerate(("questions", "people"))}
        found = {(question, person) for question, person in await self.tx.db.execute(STANDING, asked)} & missing
        self.looked_up |= missing
        self.written |= found
        self.cast |= found

    async def write(self) -> None:
        """Whatever was cast and taken back meanwhile: what counts is how each stands in the end."""
        new, gone = self.cast - self.written, self.written - self.cast
        if gone:
            await self.tx.db.execute(GONE, [{"question": question, "who": person} for question, person in sorted(gone)])
        if new:
            session_id = self.tx.session.id
            rows = [{"question_id": q, "person": p, "session_id": session_id} for q, p in sorted(new)]
            await self.tx.db.execute(NEW, rows)
        self.written = set(self.cast)


def _ballots(tx: Transaction) -> Ballots:
    if "ballots" not in tx.known:
        tx.known["ballots"] = Ballots(tx)
        tx.writers.append(tx.known["ballots"].write)
    found: Ballots = tx.known["ballots"]
    return found


async def _merged(tx: Transaction) -> Merges:
    if "merges" not in tx.known:  # Once for a whole batch; a merge in it forgets them.
        await tx.flush()
        tx.known["merges"] = await merges(tx.db, tx.session.id)
    found: Merges = tx.known["merges"]
    return found


async def load(tx: Transaction, ballots: Iterable[Ballot]) -> None:
    """Read what a batch of votes needs to know, so that none of them asks the database anything more."""
    if wanted := set(ballots):
        families = (await _merged(tx)).families
        await _ballots(tx).look_up((q, person) for one, person in wanted for q in (one, *families.get(one, [])))


async def _votable(tx: Transaction, caller: Caller, question: str) -> tuple[Question, set[str], set[Ballot]]:
    """The question, who asked it or one of those merged into it, and the votes that the caller has on these."""
    policy.require(tx.session, "vote")
    found = await find(tx, caller, question)
    if State(found.state) not in VOTABLE:
        raise Refusal("not_now", "This question is past voting now.")
    _, authors, families = await _merged(tx)
    twins = families.get(found.id, [])
    family = {(one, caller.person) for one in (found.id, *twins)}
    ballots = _ballots(tx)
    await ballots.look_up(family)
    return found, {found.author, *(authors[one] for one in twins)}, family & ballots.cast


async def vote(tx: Transaction, caller: Caller, question: str) -> Question:
    found, askers, voted = await _votable(tx, caller, question)
    if caller.person in askers:
        raise Refusal("not_now", "This is your own question: it counts already.")
    if voted:
        raise Refusal("not_now", "You have said already that you want to know this too.")
    _ballots(tx).cast.add((found.id, caller.person))
    tx.session.votes += 1
    return found


async def unvote(tx: Transaction, caller: Caller, question: str) -> Question:
    found, _, voted = await _votable(tx, caller, question)
    if not voted:
        raise Refusal("not_now", "You have not voted for this question.")
    _ballots(tx).cast -= voted
    tx.session.votes += 1
    return found


class Merges(NamedTuple):
    """Which question lives for each that was merged, who asked that, and the other way: for which ones each lives."""

    living: dict[str, str]
    authors: dict[str, str]
    families: dict[str, list[str]]


async def merges(db: AsyncSession, session_id: int) -> Merges:
    """Every merged question of a session."""
    rows = (await db.execute(MERGED, {"session": session_id})).all()
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
    counted = {question: count for question, count in await db.execute(COUNTED, {"session": session_id})}
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
    return (await voted_by_each(db, session_id, [person]))[person]


async def voted_by_each(db: AsyncSession, session_id: int, persons: Sequence[str]) -> dict[str, set[str]]:
    """`voted_by` for several people at once."""
    found: dict[str, set[str]] = {person: set() for person in persons}
    query = select(Vote.person, Vote.question_id).where(Vote.session_id == session_id, Vote.person.in_(persons))
    rows = (await db.execute(query)).all()
    living = (await merges(db, session_id)).living if rows else {}
    for person, question in rows:
        found[person].add(living.get(question, question))
    return found
