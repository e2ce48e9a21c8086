"""The end of a session: the stage is cleared, votes are counted, and nothing is left without an outcome."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from moderation import followups, lineup, votes
from moderation.questions import Question, change
from sessions import events as ev
from sessions import lifecycle, policy
from sessions.database import Transaction
from sessions.events import SessionState, State
from sessions.log import record
from sessions.permissions import Caller
from sessions.refusals import Refusal
from sessions.words import clean_line


async def end(tx: Transaction, caller: Caller) -> None:
    state = lifecycle.step(tx.session, "end")
    if on_stage := await lineup.on_stage(tx):
        # Nobody said that it was answered, and a public record must not say so for them.
        change(tx, caller, on_stage, State.QUEUED, ev.StageSkipped, order=await lineup.last(tx))
    tx.session.state, tx.session.input = state, "open"
    record(tx, ev.SessionEnded(at=tx.now, by=caller.person, state=state))
    await tx.flush()  # Votes of the same batch count.
    counted = await votes.tallies(tx.db, tx.session.id)
    record(tx, ev.VotesCounted(at=tx.now, by=caller.person, state=SessionState(state), tallies=counted))


async def left_open(tx: Transaction) -> Sequence[Question]:
    """The questions without an outcome, in the order of their arrival."""
    await tx.flush()
    query = select(Question).where(Question.session_id == tx.session.id).order_by(Question.number)
    return [question for question in await tx.db.scalars(query) if question.is_open]


async def carry_over(tx: Transaction, caller: Caller, owner: str | None = None, due: date | None = None) -> None:
    """Have every question without an outcome followed up, unless somebody does already."""
    policy.require(tx.session, "complete")
    owner = clean_line(owner, followups.MAX_OWNER) if owner and owner.strip() else None
    found = [question for question in await left_open(tx) if question.followed is None]
    if not found:
        raise Refusal("not_now", "Nothing is left open that is not followed up already.")
    for question in found:
        followups.carry_over(tx, caller, question, owner, due)


async def complete(tx: Transaction, caller: Caller) -> None:
    """Say for the record that every question had its outcome. Raises Refusal `not_now` while one has none."""
    policy.require(tx.session, "complete")
    if tx.session.completed_at:
        raise Refusal("not_now", "This session is marked as complete already.")
    if left := len(await left_open(tx)):
        raise Refusal(
            "not_now",
            "Questions without an outcome yet: {left}. Answer them, hand them over or decline them first.",
            left=left,
        )
    tx.session.completed_at = tx.now
    record(tx, ev.SessionCompleted(at=tx.now, by=caller.person, state=SessionState(tx.session.state)))
