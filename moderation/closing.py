"""The end of a session: the stage is cleared, votes are counted once and for all."""

from __future__ import annotations

from moderation import lineup, votes
from moderation.questions import change
from sessions import events as ev
from sessions import lifecycle
from sessions.database import Transaction
from sessions.events import SessionState, State
from sessions.log import record
from sessions.permissions import Caller


async def end(tx: Transaction, caller: Caller) -> None:
    state = lifecycle.step(tx.session, "end")
    if on_stage := await lineup.on_stage(tx):
        # Nobody said that it was answered, and a public record must not say so for them.
        change(tx, caller, on_stage, State.QUEUED, ev.StageSkipped, order=await lineup.last(tx))
    tx.session.state, tx.session.input = state, "open"
    record(tx, ev.SessionEnded(at=tx.now, by=caller.person, state=state))
    counted = await votes.tallies(tx.db, tx.session.id)
    record(tx, ev.VotesCounted(at=tx.now, by=caller.person, state=SessionState(state), tallies=counted))
