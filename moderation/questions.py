"""Questions: asked, edited and withdrawn by families; found through what the caller may see."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, select
from sqlalchemy.orm import Mapped, mapped_column

from moderation import followups, states
from sessions import policy
from sessions.audiences import SEES
from sessions.database import Transaction
from sessions.events import QuestionAsked, QuestionEdited, QuestionEvent, QuestionWithdrawn, State
from sessions.log import record
from sessions.people import Person
from sessions.permissions import MAY_HEAR, Caller
from sessions.question import Audience
from sessions.refusals import Phrase, Refusal
from sessions.tables import Base
from sessions.words import clean, clean_line, keep

MAX_NAME, MAX_CONTACT = 60, 200


class Question(Base):
    """A question as its log tells it; `rev` is the number of its last change in state, words or place."""

    __tablename__ = "questions"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"))
    number: Mapped[int] = mapped_column(Integer)
    author: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(12))
    rev: Mapped[int] = mapped_column(Integer)
    order: Mapped[str] = mapped_column("place", String(255), default="")
    private: Mapped[bool] = mapped_column(Boolean, default=False)
    last_event: Mapped[str] = mapped_column(String(40))
    last_by: Mapped[str] = mapped_column(String(32))
    last_at: Mapped[datetime]
    __table_args__ = (Index("ix_questions_state", "session_id", "state"),)


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
}
"""What happened meanwhile, told like a person would."""


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
        tx.loaded = list(await tx.db.scalars(select(Question).where(Question.id.in_(wanted))))


async def find(tx: Transaction, caller: Caller, question_id: str) -> Question:
    """The question, if the caller may see it; one they may not see is as one that is not there."""
    found = await tx.db.get(Question, question_id)
    if found is None or found.session_id != tx.session.id or not may_see(found, caller):
        raise Refusal("not_found", "This question is not here any more.")
    return found


async def guard(tx: Transaction, caller: Caller, question_id: str, rev: int, verb: str) -> tuple[Question, State]:
    """The question and the state that `verb` leads to; refuses what is stale or has no place in the table."""
    found = await find(tx, caller, question_id)
    if rev > tx.session.seq:
        raise Refusal("bad", "This question's number is ahead of the session. Please reload the page.")
    if rev < found.rev:
        raise await _stale(tx, found)
    return found, states.step(State(found.state), verb)


async def _stale(tx: Transaction, question: Question) -> Refusal:
    person = await tx.db.get(Person, question.last_by)
    return Refusal(
        "stale",
        LATELY[question.last_event],
        who=person.name
        if person
        else Phrase("The family")
        if question.last_by == question.author
        else Phrase("A colleague"),
        ago=tx.now - question.last_at,
        extra={"question": question.id},
    )


def change(
    tx: Transaction, caller: Caller, question: Question, state: State, event: type[QuestionEvent], **fields: Any
) -> Question:
    """Record what was decided about a question, and let its row tell it."""
    was, question.state = State(question.state), state
    question.rev = record(tx, event(at=tx.now, by=caller.person, question=question.id, was=was, state=state, **fields))
    question.last_event = str(event.__struct_config__.tag)
    question.last_by, question.last_at = caller.person, tx.now
    question.order = fields.get("order", "")
    return question


async def ask(
    tx: Transaction,
    caller: Caller,
    words: str,
    lang: str,
    name: str | None = None,
    topic: str | None = None,
    private: bool = False,
    contact: str | None = None,
) -> Question:
    session, plan = tx.session, tx.plan
    policy.require(session, "ask")
    words = clean(words, plan.limit)
    name = clean_line(name, MAX_NAME) if name and name.strip() and plan.names != "never" else None
    contact = clean_line(contact, MAX_CONTACT) if contact and contact.strip() else None
    if topic and topic not in plan.topics:
        raise Refusal("bad", "This session has no such topic. Please choose one from the list.")
    session.asked += 1
    question = Question(
        id=make_id(),
        session_id=session.id,
        number=session.asked,
        author=caller.person,
        state=states.first(private=private, review=plan.review),
        private=private,
    )
    if contact:
        followups.keep_contact(tx, question.id, contact)
    question.rev = record(
        tx,
        QuestionAsked(
            at=tx.now,
            by=caller.person,
            question=question.id,
            was=None,
            state=State(question.state),
            number=question.number,
            words=keep(tx, words),
            lang=lang,
            name=keep(tx, name) if name else None,
            topic=topic or None,
            private=private,
            contact=contact is not None,
        ),
    )
    question.last_event, question.last_by, question.last_at = "question.asked", caller.person, tx.now
    tx.db.add(question)
    return question


async def _own(tx: Transaction, caller: Caller, question_id: str) -> Question:
    question = await find(tx, caller, question_id)
    if question.author != caller.person:
        raise Refusal("not_allowed", "Only the person who asked can change this question.")
    return question


async def edit(tx: Transaction, caller: Caller, question: str, words: str, lang: str) -> Question:
    policy.require(tx.session, "ask")
    found = await _own(tx, caller, question)
    state, words = states.step(State(found.state), "edit"), clean(words, tx.plan.limit)
    return change(tx, caller, found, state, QuestionEdited, words=keep(tx, words), lang=lang)


async def withdraw(tx: Transaction, caller: Caller, question: str) -> Question:
    policy.require(tx.session, "withdraw")
    found = await _own(tx, caller, question)
    state = states.step(State(found.state), "withdraw")
    await followups.forget_contact(tx, found.id)
    return change(tx, caller, found, state, QuestionWithdrawn)
