"""What goes on after the session: who answers which family, by when, and how it ended."""

from __future__ import annotations

from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from moderation import states
from moderation.questions import Question, change, find, guard
from sessions import events as ev
from sessions import policy
from sessions.database import Transaction
from sessions.events import State
from sessions.permissions import Caller
from sessions.question import OPEN
from sessions.refusals import Refusal
from sessions.words import clean, clean_line, keep

TRIES = ("reached", "no_answer", "left_message", "wrong_number", "wrote")
"""How an attempt to reach a family can go."""
OUTCOMES = ("answered", "referred", "unreachable", "not_wanted")
"""How a follow-up can end."""
MAX_OWNER, MAX_WORDS = 80, 1000


async def concerned(db: AsyncSession) -> set[int]:
    """The sessions in which anything is, was or may be followed up."""
    may_be = (*OPEN, State.PRIVATE, State.HIDDEN)
    query = select(Question.session_id).where(or_(Question.followed.is_not(None), Question.state.in_(may_be)))
    return set(await db.scalars(query.distinct()))


async def plan(
    tx: Transaction, caller: Caller, question: str, rev: int, owner: str | None = None, due: date | None = None
) -> Question:
    """Somebody takes care of it by a day; again for another person or day, or after it was closed too soon."""
    policy.require(tx.session, "follow_up")
    found, state = await guard(tx, caller, question, rev, "follow_up")
    return _plan(tx, caller, found, state, _line(owner), due)


def _plan(
    tx: Transaction, caller: Caller, question: Question, state: State, owner: str | None, due: date | None
) -> Question:
    question.followed = "open"
    kept = keep(tx, owner) if owner else None
    return change(tx, caller, question, state, ev.FollowUpPlanned, owner=kept, due=due)


def carry_over(tx: Transaction, caller: Caller, question: Question, owner: str | None, due: date | None) -> Question:
    """The follow-up of what a session leaves open."""
    return _plan(tx, caller, question, State(question.state), owner, due)


async def attempt(tx: Transaction, caller: Caller, question: str, outcome: str, words: str | None = None) -> Question:
    """For the record of calls and letters; makes nobody's decision stale."""
    policy.require(tx.session, "follow_up")
    found = await find(tx, caller, question)
    if outcome not in TRIES:
        raise Refusal("bad", "Please say how it went.")
    state = states.step(State(found.state), "follow_up")
    _require_open(found)
    fields = {"outcome": outcome, "words": _words(tx, words), "name": caller.name or ""}
    return change(tx, caller, found, state, ev.FollowUpAttempted, **fields)


async def close(
    tx: Transaction, caller: Caller, question: str, rev: int, outcome: str, words: str | None = None
) -> Question:
    policy.require(tx.session, "follow_up")
    found, state = await guard(tx, caller, question, rev, "follow_up")
    if outcome not in OUTCOMES:
        raise Refusal("bad", "Please say how it ended.")
    _require_open(found)
    fields = {"outcome": outcome, "words": _words(tx, words), "name": caller.name or ""}
    found.followed = "closed"
    return change(tx, caller, found, state, ev.FollowUpClosed, **fields)


def _require_open(question: Question) -> None:
    if question.followed != "open":
        raise Refusal("not_now", "Nobody follows this question up yet. Please say first who does.")


def _line(text: str | None) -> str | None:
    return clean_line(text, MAX_OWNER) if text and text.strip() else None


def _words(tx: Transaction, text: str | None) -> ev.Digest | None:
    return keep(tx, clean(text, MAX_WORDS)) if text and text.strip() else None
