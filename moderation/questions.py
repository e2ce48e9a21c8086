"""Questions as rows: found through what the caller may see, guarded against what is stale, and changed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, bindparam, false, select
from sqlalchemy.orm import Mapped, mapped_column

from moderation import states
from sessions.audiences import SEES
from sessions.database import Transaction
from sessions.events import (
    STILL,
    QuestionEvent,
    QuestionUnmerged,
    State,
    decode,
)
from sessions.log import LogRow, record
from sessions.people import Person
from sessions.permissions import MAY_HEAR, Caller
from sessions.question import Audience, is_open
from sessions.refusals import Phrase, Refusal
from sessions.tables import Base


class Question(Base):
    """A question as its log tells it; `rev` is the number of its last change in state, words or place.

    `into` and `came_from` are where it was merged to and from; `taken` says that somebody has taken on or answered
    what was asked only for staff, `followed` that it is followed up ("open", "closed").
    """

    __tablename__ = "questions"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"))
    number: Mapped[int] = mapped_column(Integer)
    author: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(12))
    rev: Mapped[int] = mapped_column(Integer)
    order: Mapped[str] = mapped_column("place", String(255), default="")
    private: Mapped[bool] = mapped_column(Boolean, default=False)
    asked_at: Mapped[datetime | None]
    into: Mapped[str | None] = mapped_column(String(16))
    came_from: Mapped[str | None] = mapped_column(String(12))
    taken: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    followed: Mapped[str | None] = mapped_column(String(8))
    last_event: Mapped[str] = mapped_column(String(40))
    last_by: Mapped[str] = mapped_column(String(32))
    last_at: Mapped[datetime]
    __table_args__ = (
        Index("ix_questions_state", "session_id", "state"),
        Index("ix_questions_author", "session_id", "author"),
    )

    @property
    def is_open(self) -> bool:
        """Whether it still lacks an outcome."""
        return is_open(State(self.state), is_taken=self.taken, followed=self.followed)


LATELY: dict[str, Phrase] = {
    "question.asked": Phrase("This question arrived {ago}. Your change was not made."),
    "question.edited": Phrase("{who} changed the words {ago}. Your change was not made."),
    "question.withdrawn": Phrase("{who} withdrew this {ago}. Your change was not made."),
    "question.approved": Phrase("{who} approved this {ago}. Your change was not made."),
    "question.declined": Phrase("{who} declined this {ago}. Your change was not made."),
    "question.hidden": Phrase("{who} hid this {ago}. Your change was not made."),
    "question.restored": Phrase("{who} restored this {ago}. Your change was not made."),
    "question.handed_over": Phrase("{who} handed this to a person {ago}. Your change was not made."),
    "question.answered": Phrase("{who} answered this in writing {ago}. Your change was not made."),
    "question.reopened": Phrase("{who} reopened this {ago}. Your change was not made."),
    "lineup.added": Phrase("{who} put this in line {ago}. Your change was not made."),
    "lineup.moved": Phrase("{who} moved this in the line {ago}. Your change was not made."),
    "lineup.removed": Phrase("{who} took this out of the line {ago}. Your change was not made."),
    "stage.brought": Phrase("{who} brought this on stage {ago}. Your change was not made."),
    "stage.settled": Phrase("{who} marked this as answered {ago}. Your change was not made."),
    "stage.skipped": Phrase("{who} skipped this {ago}. Your change was not made."),
    "question.merged": Phrase("{who} joined this with another question {ago}. Your change was not made."),
    "question.unmerged": Phrase("{who} took this apart from another question {ago}. Your change was not made."),
    "question.words_edited": Phrase("{who} tidied the words {ago}. Your change was not made."),
    "lineup.assigned": Phrase("{who} chose who answers this {ago}. Your change was not made."),
    "stage.deferred": Phrase("{who} promised an answer in writing {ago}. Your change was not made."),
    "words.redacted": Phrase("{who} took words out of this {ago}. Your change was not made."),
    "followup.planned": Phrase("{who} changed the follow-up of this {ago}. Your change was not made."),
    "followup.closed": Phrase("{who} closed the follow-up of this {ago}. Your change was not made."),
}
"""What happened meanwhile, told like a person would."""


MANY = select(Question).where(Question.id.in_(bindparam("ids", expanding=True)))


def make_id() -> str:
    """72 random bits, readable in an address."""
    return secrets.token_urlsafe(9)


def may_see(question: Question, caller: Caller) -> bool:
    if question.author == caller.person:
        return True
    state = State(question.state)
    heard = [a for a in Audience if caller.may(MAY_HEAR[a])]
    return any(state in SEES[a] and (a is Audience.DESK or not question.private) for a in heard)


async def load(tx: Transaction, ids: Iterable[str]) -> None:
    """Read many questions in one query, so that `find` asks the database nothing more."""
    if wanted := set(ids):
        tx.loaded = list(await tx.db.scalars(MANY, {"ids": sorted(wanted)}))


async def find(tx: Transaction, caller: Caller, question_id: str) -> Question:
    return seen(await tx.db.get(Question, question_id), caller, tx.session.id)


def seen(found: Question | None, caller: Caller, session_id: int) -> Question:
    """The question, if the caller may see it; one they may not see is as one that is not there."""
    if found is None or found.session_id != session_id or not may_see(found, caller):
        raise Refusal("not_found", "This question is not here any more.")
    return found


async def guard(tx: Transaction, caller: Caller, question_id: str, rev: int, verb: str) -> tuple[Question, State]:
    """The question and the state that `verb` leads to; refuses what is stale or has no place in the table."""
    found = await find(tx, caller, question_id)
    if rev > tx.session.seq:
        raise Refusal("bad", "This question's number is ahead of the session. Please reload the page.")
    if rev < found.rev:
        raise await stale(tx, found)
    return found, states.step(State(found.state), verb)


async def stale(tx: Transaction, question: Question) -> Refusal:
    """Tells who did what to it last."""
    lately = await _who_and_when(tx, question, question.last_by, question.last_at)
    return Refusal("stale", LATELY[question.last_event], extra={"question": question.id}, **lately)


async def whose_doing(tx: Transaction, question: Question, did: Callable[[QuestionEvent], bool]) -> dict[str, Any]:
    """Who last `did` that to a question which stands in another's way, and how long ago: the `who` and `ago` of a
    refusal. Empty where nobody ever did."""
    await tx.flush()  # It may have been in the same batch.
    of_it = LogRow.body.contains(f'"question":"{question.id}"', autoescape=True)
    bodies = select(LogRow.body).where(LogRow.session_id == tx.session.id, of_it).order_by(LogRow.seq.desc())
    for event in map(decode, await tx.db.scalars(bodies)):
        if isinstance(event, QuestionEvent) and event.question == question.id and did(event):
            return await _who_and_when(tx, question, event.by, event.at)
    return {}


async def _who_and_when(tx: Transaction, question: Question, by: str, at: datetime) -> dict[str, Any]:
    person = await tx.db.get(Person, by)  # All of the staff are; a family can move another's question.
    family = Phrase("The family") if by == question.author else Phrase("Another family")
    return {"who": person.name if person else family, "ago": tx.now - at}


def change(
    tx: Transaction, caller: Caller, question: Question, state: State, event: type[QuestionEvent], **fields: Any
) -> Question:
    """Record what was decided about a question, and let its row tell it.

    What is only laid beside it leaves the row as it is, and so makes nobody's decision stale.
    """
    was, question.state = State(question.state), state
    rev = record(tx, event(at=tx.now, by=caller.person, question=question.id, was=was, state=state, **fields))
    if event in STILL:
        return question
    question.rev, question.last_event = rev, str(event.__struct_config__.tag)
    question.last_by, question.last_at = caller.person, tx.now
    question.order = fields.get("order", question.order) if state is State.QUEUED else ""
    if tx.session.completed_at and question.is_open:
        tx.session.completed_at = None
    return question


async def merged_into(tx: Transaction, question_id: str) -> list[Question]:
    await tx.flush()
    query = select(Question).where(Question.session_id == tx.session.id, Question.into == question_id)
    return list(await tx.db.scalars(query.order_by(Question.number)))


def take_apart(tx: Transaction, caller: Caller, question: Question) -> Question:
    """Back to where a merged question stood before; its votes were never anybody else's."""
    state = states.taken_apart(question.came_from)
    move_votes(tx, question, None)
    return change(tx, caller, question, state, QuestionUnmerged)


def move_votes(tx: Transaction, question: Question, into: str | None) -> None:
    """Have a question counted with another, or for itself again. Votes stay where they were given."""
    question.into, question.came_from = into, question.state if into else None
    tx.session.votes += 1  # Tallies move without a vote, and other servers must notice.
    tx.known.pop("merges", None)
