"""The speakers' queue, and the stage that it feeds. At most one question is on stage."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from moderation.questions import Question, change, guard, stale, whose_doing
from moderation.states import NAMES
from sessions import events as ev
from sessions import policy
from sessions.database import Transaction
from sessions.events import State
from sessions.permissions import Caller
from sessions.refusals import Refusal

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def between(low: str, high: str) -> str:
    """A key that sorts after `low` and before `high` (either may be empty: no bound), so that a move changes one card.

    Keys are read as fractions in base 36 and compared as text, like Figma's fractional indexing. No key ends in "0":
    there would be no room before it. Raises ValueError where `low` >= `high`.
    """
    if high and low >= high:
        raise ValueError(f"no room between {low!r} and {high!r}")
    key, at_the_end = "", bool(low and not high)
    for place in range(max(len(low), len(high)) + 1):
        below = DIGITS.index(low[place]) if place < len(low) else 0
        above = DIGITS.index(high[place]) if place < len(high) else len(DIGITS)
        if above - below > 1:
            # The end of the line is where most are put: there the next digit is taken, so that keys stay short.
            return key + DIGITS[below + 1 if at_the_end else (below + above) // 2]
        key += DIGITS[below]
        if above - below == 1:
            high = ""  # What follows is below `high` already, whatever its digits.
    return key + DIGITS[len(DIGITS) // 2]


async def waiting(tx: Transaction) -> Sequence[Question]:
    """The line-up in its order."""
    return await _in_state(tx, State.QUEUED)


async def _in_state(tx: Transaction, state: State) -> Sequence[Question]:
    await tx.flush()  # Commands of the same batch may have moved the line already.
    query = select(Question).where(Question.session_id == tx.session.id, Question.state == state)
    # Sorted here: the database's own collation need not agree with how keys are made.
    return sorted(await tx.db.scalars(query), key=lambda q: (q.order, q.number))


async def last(tx: Transaction) -> str:
    line = await waiting(tx)
    return between(line[-1].order if line else "", "")


async def add(tx: Transaction, caller: Caller, question: str, rev: int) -> Question:
    policy.require(tx.session, "line_up")
    found, state = await guard(tx, caller, question, rev, "queue")
    return change(tx, caller, found, state, ev.LineupAdded, order=await last(tx))


async def move(tx: Transaction, caller: Caller, question: str, rev: int, after: str = "") -> Question:
    """Behind the question `after`, or to the front."""
    policy.require(tx.session, "line_up")
    found, state = await guard(tx, caller, question, rev, "move")
    line = [q for q in await waiting(tx) if q.id != question]
    at = next((i for i, q in enumerate(line, 1) if q.id == after), None) if after else 0
    if at is None:
        raise await _not_in_line(tx, after)
    low, high = line[at - 1].order if at else "", line[at].order if at < len(line) else ""
    return change(tx, caller, found, state, ev.LineupMoved, order=between(low, high))


async def _not_in_line(tx: Transaction, question: str) -> Refusal:
    other = await tx.db.get(Question, question)
    if other and other.session_id == tx.session.id and other.state != State.QUEUED:
        left = await whose_doing(tx, other, lambda event: event.was is State.QUEUED and event.state is not State.QUEUED)
        if left:
            return Refusal(
                "not_now",
                "{who} took the question to put it behind out of the line {ago}; it is {state} now.",
                state=NAMES[State(other.state)],
                **left,
            )
    return Refusal("not_now", "The question to put it behind is not in the line any more.")


async def remove(tx: Transaction, caller: Caller, question: str, rev: int) -> Question:
    policy.require(tx.session, "unline")
    found, state = await guard(tx, caller, question, rev, "remove")
    return change(tx, caller, found, state, ev.LineupRemoved)


async def assign(tx: Transaction, caller: Caller, question: str, rev: int, speaker: str = "") -> Question:
    """To one of the session's speakers, or to whoever likes to answer."""
    policy.require(tx.session, "line_up")
    found, state = await guard(tx, caller, question, rev, "assign")
    if speaker and speaker not in tx.plan.speakers:
        raise Refusal("bad", "This session has no such speaker. Please choose one from the list.")
    return change(tx, caller, found, state, ev.LineupAssigned, speaker=speaker)


async def on_stage(tx: Transaction) -> Question | None:
    return next(iter(await _in_state(tx, State.ON_STAGE)), None)


async def bring(tx: Transaction, caller: Caller, question: str, rev: int) -> Question:
    policy.require(tx.session, "stage")
    found, state = await guard(tx, caller, question, rev, "bring")
    if other := await on_stage(tx):
        raise Refusal(
            "not_now",
            "{who} brought another question on stage {ago}. Settle or skip that one first.",
            **await whose_doing(
                tx, other, lambda event: event.state is State.ON_STAGE and event.was is not State.ON_STAGE
            ),
        )
    return change(tx, caller, found, state, ev.StageBrought)


async def settle(tx: Transaction, caller: Caller, question: str, rev: int) -> Question:
    """Answered on stage."""
    policy.require(tx.session, "stage")
    found, state = await guard(tx, caller, question, rev, "settle")
    return change(tx, caller, found, state, ev.StageSettled)


async def skip(tx: Transaction, caller: Caller, question: str, rev: int) -> Question:
    """Back to the end of the line."""
    policy.require(tx.session, "stage")
    found, state = await guard(tx, caller, question, rev, "skip")
    return change(tx, caller, found, state, ev.StageSkipped, order=await last(tx))


async def defer(tx: Transaction, caller: Caller, question: str, rev: int) -> Question:
    """Off the stage with a promise: it is answered in writing, and followed up until it is."""
    policy.require(tx.session, "stage")
    found, state = await guard(tx, caller, question, rev, "defer")
    found.followed = "open"
    return change(tx, caller, found, state, ev.StageDeferred)


async def next_up(tx: Transaction, caller: Caller, question: str | None = None, rev: int = 0) -> Question | None:
    """Settle `question`, which the caller sees on stage, and bring the first in line.

    It names what is on stage so that two people pressing at once move the stage by one question, not by two.
    """
    policy.require(tx.session, "stage")
    now = await on_stage(tx)
    if question:
        found, state = await guard(tx, caller, question, rev, "settle")
        change(tx, caller, found, state, ev.StageSettled)
    elif now:
        raise await stale(tx, now)
    line = await waiting(tx)
    if line:
        return change(tx, caller, line[0], State.ON_STAGE, ev.StageBrought)
    if not question:
        raise Refusal("not_now", "Nobody is in line yet.")
    return found
