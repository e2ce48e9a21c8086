"""How a session is kept civil when too much comes in: slower, held back, or without one participant."""

from __future__ import annotations

from moderation import mutes
from moderation.questions import Question, find
from sessions import events as ev
from sessions.database import Transaction
from sessions.events import SessionState
from sessions.log import record
from sessions.permissions import Caller
from sessions.policy import require
from sessions.refusals import Refusal

SLOWEST = 600
"""Seconds between two questions of one person, at most."""


async def slow(tx: Transaction, caller: Caller, seconds: int) -> None:
    """One question from each person in so many seconds; 0 lifts it."""
    require(tx.session, "input")
    if not 0 <= seconds <= SLOWEST:
        raise Refusal("bad", "Please choose between 0 and {most} seconds.", most=SLOWEST)
    if tx.session.slow != seconds:
        tx.session.slow = seconds
        state = SessionState(tx.session.state)
        record(tx, ev.InputSlowed(at=tx.now, by=caller.person, state=state, seconds=seconds))


async def hold(tx: Transaction, caller: Caller, on: bool) -> None:
    """Have every new question wait for a person, also where the plan shows them at once."""
    require(tx.session, "input")
    if tx.session.hold != on:
        tx.session.hold = on
        record(tx, ev.InputHeld(at=tx.now, by=caller.person, state=SessionState(tx.session.state), on=on))


async def mute(tx: Transaction, caller: Caller, question: str) -> Question:
    """Take no more questions to everyone from whoever asked this one."""
    return await _switch(tx, caller, question, on=True)


async def unmute(tx: Transaction, caller: Caller, question: str) -> Question:
    return await _switch(tx, caller, question, on=False)


async def _switch(tx: Transaction, caller: Caller, question: str, *, on: bool) -> Question:
    found = await find(tx, caller, question)
    await mutes.switch(tx, caller, found.author, on=on)
    return found
