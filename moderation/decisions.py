"""What moderators decide about a question: each verb guards, changes and records."""

from __future__ import annotations

from moderation.questions import Question, change, find, guard
from sessions import events as ev
from sessions import policy
from sessions.database import Transaction
from sessions.events import State
from sessions.log import record
from sessions.permissions import Caller
from sessions.refusals import Refusal
from sessions.words import clean, clean_line, keep

REASONS = ("off_topic", "already_answered", "twice", "personal", "language", "not_ours")
"""Codes of the published rules; their sentences are texts of the screens."""
MAX_SAY, MAX_NOTE, MAX_ANSWER, MAX_PERSON = 300, 1000, 4000, 80


async def approve(tx: Transaction, caller: Caller, question: str, rev: int) -> Question:
    policy.require(tx.session, "decide")
    found, state = await guard(tx, caller, question, rev, "approve")
    _not_private(found)
    return change(tx, caller, found, state, ev.QuestionApproved)


async def decline(
    tx: Transaction, caller: Caller, question: str, rev: int, reason: str, say: str | None = None
) -> Question:
    policy.require(tx.session, "decide")
    found, state = await guard(tx, caller, question, rev, "decline")
    if reason not in REASONS:
        raise Refusal("bad", "Please choose one of the reasons.")
    sentence = clean(say, MAX_SAY) if say and say.strip() else None
    told = keep(tx, sentence) if sentence else None
    return change(tx, caller, found, state, ev.QuestionDeclined, reason=reason, say=told)


async def hide(tx: Transaction, caller: Caller, question: str, rev: int) -> Question:
    policy.require(tx.session, "decide")
    found, state = await guard(tx, caller, question, rev, "hide")
    return change(tx, caller, found, state, ev.QuestionHidden)


async def restore(tx: Transaction, caller: Caller, question: str, rev: int) -> Question:
    policy.require(tx.session, "decide")
    found, state = await guard(tx, caller, question, rev, "restore")
    _not_private(found)
    return change(tx, caller, found, state, ev.QuestionRestored)


async def hand_over(tx: Transaction, caller: Caller, question: str, rev: int, to: str | None = None) -> Question:
    """To a person of the staff, outside the session; `to` names them for the asker."""
    policy.require(tx.session, "decide")
    found, state = await guard(tx, caller, question, rev, "hand_over")
    person = clean_line(to, MAX_PERSON) if to and to.strip() else None
    return change(tx, caller, found, state, ev.QuestionHandedOver, to=keep(tx, person) if person else None)


async def answer(tx: Transaction, caller: Caller, question: str, rev: int, words: str, lang: str) -> Question:
    """In writing: public where the question is, for the asker alone where it is not."""
    policy.require(tx.session, "answer")
    found, state = await guard(tx, caller, question, rev, "answer")
    words = clean(words, MAX_ANSWER)
    return change(
        tx, caller, found, state, ev.QuestionAnswered, words=keep(tx, words), lang=lang, name=caller.name or ""
    )


async def reopen(tx: Transaction, caller: Caller, question: str, rev: int) -> Question:
    policy.require(tx.session, "answer")
    found, state = await guard(tx, caller, question, rev, "reopen")
    return change(tx, caller, found, state, ev.QuestionReopened)


async def note(tx: Transaction, caller: Caller, question: str, words: str) -> Question:
    """Between moderators; in any state, and never a reason to refuse a colleague's decision as stale."""
    found = await find(tx, caller, question)
    words = clean(words, MAX_NOTE)
    record(
        tx,
        ev.QuestionNoted(
            at=tx.now,
            by=caller.person,
            question=found.id,
            was=State(found.state),
            state=State(found.state),
            words=keep(tx, words),
            name=caller.name or "",
        ),
    )
    return found


def _not_private(question: Question) -> None:
    if question.private:
        raise Refusal("not_now", "The family asked that only staff see this. It can be answered to them in writing.")
