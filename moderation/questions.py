"""Questions: asked, edited and withdrawn by families; found through what the caller may see."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, false, func, select
from sqlalchemy.orm import Mapped, mapped_column

from moderation import alarms, contacts, mutes, states
from sessions import policy
from sessions.audiences import SEES
from sessions.database import Transaction
from sessions.events import (
    STILL,
    QuestionAsked,
    QuestionEdited,
    QuestionEvent,
    QuestionUnmerged,
    QuestionWithdrawn,
    State,
    decode,
)
from sessions.log import LogRow, record
from sessions.people import Person
from sessions.permissions import MAY_HEAR, Caller
from sessions.question import DANGER, Audience, is_open
from sessions.refusals import Phrase, Refusal
from sessions.tables import Base
from sessions.words import clean, clean_line, keep

MAX_NAME, MAX_CONTACT, MAX_TIMES = 60, 200, 120


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


IN_SECONDS = Phrase(
    "Many people are asking, so everyone takes turns. Please wait {left} seconds; your words stay here."
)
IN_MINUTES = Phrase(
    "Many people are asking, so everyone takes turns. Please wait {minutes} minutes; your words stay here."
)


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


async def ask(
    tx: Transaction,
    caller: Caller,
    words: str,
    lang: str,
    name: str | None = None,
    topic: str | None = None,
    school: str | None = None,
    private: bool = False,
    contact: str | None = None,
    times: str | None = None,
    flags: tuple[str, ...] = (),
) -> Question:
    """`contact` and `times` say how and when to reach the asker; `flags` are what screening proposes."""
    session, plan = tx.session, tx.plan
    policy.require(session, "ask")
    words = clean(words, plan.limit)
    name = clean_line(name, MAX_NAME) if name and name.strip() and plan.names != "never" else None
    contact = clean_line(contact, MAX_CONTACT) if contact and contact.strip() else None
    times = clean_line(times, MAX_TIMES) if contact and times and times.strip() else None
    if topic and topic not in plan.topics:
        raise Refusal("bad", "This session has no such topic. Please choose one from the list.")
    if school and school not in plan.schools:
        raise Refusal("bad", "This session has no such school on its list. Please choose one from it.")
    if not private:
        await mutes.require_heard(tx, caller)
    await _require_turn(tx, caller)
    session.asked += 1
    state = states.first(private=private, review=plan.review or session.hold, is_flagged=bool(flags))
    question = Question(
        id=make_id(),
        session_id=session.id,
        number=session.asked,
        author=caller.person,
        state=state,
        private=private,
        asked_at=tx.now,
        taken=False,
    )
    if contact:
        contacts.keep(tx, question.id, contact, times)
    question.rev = record(
        tx,
        QuestionAsked(
            at=tx.now,
            by=caller.person,
            question=question.id,
            was=None,
            state=state,
            number=question.number,
            words=keep(tx, words),
            lang=lang,
            name=keep(tx, name) if name else None,
            topic=topic or None,
            school=school or None,
            private=private,
            contact=contact is not None,
            flags=flags,
        ),
    )
    question.last_event, question.last_by, question.last_at = "question.asked", caller.person, tx.now
    tx.db.add(question)
    if "asked" in tx.known:
        tx.known["asked"][caller.person] = tx.now
    if DANGER in flags:
        await alarms.raise_alarm(tx, question.id)
    return question


async def _require_turn(tx: Transaction, caller: Caller) -> None:
    """Where input is slowed, one question from each person in so many seconds. Raises Refusal `too_fast`."""
    if not tx.session.slow:
        return
    last = (await _asked_lately(tx)).get(caller.person)
    left = tx.session.slow - int((tx.now - last).total_seconds()) if last else 0
    if left > 0:
        minutes = -(-left // 60)
        raise Refusal(
            "too_fast",
            IN_SECONDS if minutes == 1 else IN_MINUTES,
            left=left,
            minutes=minutes,
            extra={"retry_after": left},
        )


async def _asked_lately(tx: Transaction) -> dict[str, datetime]:
    """When each person asked last: read once for a whole batch, which then keeps it up."""
    if "asked" not in tx.known:
        await tx.flush()
        query = select(Question.author, func.max(Question.asked_at)).where(
            Question.session_id == tx.session.id, Question.asked_at.is_not(None)
        )
        rows = await tx.db.execute(query.group_by(Question.author))
        tx.known["asked"] = {author: last for author, last in rows}
    found: dict[str, datetime] = tx.known["asked"]
    return found


async def _own(tx: Transaction, caller: Caller, question_id: str) -> Question:
    question = await find(tx, caller, question_id)
    if question.author != caller.person:
        raise Refusal("not_allowed", "Only the person who asked can change this question.")
    return question


async def edit(
    tx: Transaction, caller: Caller, question: str, words: str, lang: str, flags: tuple[str, ...] = ()
) -> Question:
    policy.require(tx.session, "ask")
    found = await _own(tx, caller, question)
    state, words = states.step(State(found.state), "edit"), clean(words, tx.plan.limit)
    if not found.private:
        await mutes.require_heard(tx, caller)
    if DANGER in flags:
        await alarms.raise_alarm(tx, found.id)
    return change(tx, caller, found, state, QuestionEdited, words=keep(tx, words), lang=lang, flags=flags)


async def withdraw(tx: Transaction, caller: Caller, question: str) -> Question:
    """Takes one's own question back; those that were merged into it stand for themselves again."""
    policy.require(tx.session, "withdraw")
    found = await _own(tx, caller, question)
    state = states.step(State(found.state), "withdraw")
    for other in await merged_into(tx, found.id):
        take_apart(tx, caller, other)
    await contacts.forget(tx, found.id)
    if found.into:
        move_votes(tx, found, None)
    return change(tx, caller, found, state, QuestionWithdrawn)


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
