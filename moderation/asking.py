"""What a family does with its own question: asks it, changes its words, takes it back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from moderation import alarms, contacts, mutes, states
from moderation.questions import Question, change, find, make_id, merged_into, move_votes, take_apart
from sessions import policy
from sessions.database import Transaction
from sessions.events import QuestionAsked, QuestionEdited, QuestionWithdrawn, State
from sessions.log import record
from sessions.permissions import Caller
from sessions.question import DANGER
from sessions.refusals import Phrase, Refusal
from sessions.words import clean, clean_line, keep

MAX_NAME, MAX_CONTACT, MAX_TIMES = 60, 200, 120
IN_SECONDS = Phrase(
    "Many people are asking, so everyone takes turns. Please wait {left} seconds; your words stay here."
)
IN_MINUTES = Phrase(
    "Many people are asking, so everyone takes turns. Please wait {minutes} minutes; your words stay here."
)


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
