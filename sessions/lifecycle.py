"""A session's way from draft to archive: the table, and the verbs that follow it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from sessions import events as ev
from sessions.database import Transaction
from sessions.events import Link, Plan
from sessions.events import SessionState as S
from sessions.log import record
from sessions.permissions import Caller
from sessions.policy import CLOSED, require
from sessions.recording import MAX_OFFSET, clean_address
from sessions.refusals import Refusal
from sessions.session import Session, make_code
from sessions.words import clean, clean_line

TRANSITIONS: dict[tuple[S, str], S] = {
    (S.DRAFT, "schedule"): S.SCHEDULED,
    (S.SCHEDULED, "open_doors"): S.DOORS_OPEN,
    (S.SCHEDULED, "start"): S.LIVE,
    (S.SCHEDULED, "reschedule"): S.SCHEDULED,
    (S.SCHEDULED, "cancel"): S.CANCELLED,
    (S.DOORS_OPEN, "start"): S.LIVE,
    (S.DOORS_OPEN, "reschedule"): S.SCHEDULED,
    (S.DOORS_OPEN, "cancel"): S.CANCELLED,
    (S.LIVE, "pause"): S.PAUSED,
    (S.LIVE, "end"): S.ENDED,
    (S.PAUSED, "resume"): S.LIVE,
    (S.PAUSED, "end"): S.ENDED,
    (S.ENDED, "publish"): S.PUBLISHED,
    (S.PUBLISHED, "withdraw"): S.ENDED,
}
"""(state, verb) -> state. What is not here is refused."""

MAX_TITLE, MAX_ABOUT, MAX_LINE, MAX_LABEL, MAX_LINES, MAX_SCHOOLS = 120, 1000, 80, 500, 30, 150
YEARS = range(2000, 2201)
LIMITS = range(50, 2001)
"""How long a question may be allowed to be, in characters."""


def step(session: Session, verb: str) -> S:
    """The state that `verb` leads to, or Refusal `not_now`."""
    state = S(session.state)
    if (state, verb) not in TRANSITIONS:
        raise Refusal("not_now", CLOSED[state])
    return TRANSITIONS[state, verb]


def check(plan: Plan) -> Plan:
    """The plan in clean words, or a refusal that names what to mend."""
    if not plan.languages:
        raise Refusal("bad", "Please choose at least one language.")
    if plan.limit not in LIMITS:
        raise Refusal("bad", "The limit for a question lies between 50 and 2,000 characters.")
    for moment in (plan.starts_at, plan.ends_at):
        if moment and (moment.tzinfo is None or moment.year not in YEARS):
            raise Refusal("bad", "Please give the time with its year and its time zone.")
    if plan.starts_at and plan.ends_at and plan.ends_at <= plan.starts_at:
        raise Refusal("bad", "The end has to come after the start.")
    if abs(plan.offset) > MAX_OFFSET:
        raise Refusal("bad", "Please give a time within one day.")
    if not 0 <= plan.doors_minutes <= 7 * 24 * 60:
        raise Refusal("bad", "Doors can open up to seven days before the start.")
    return msgspec.structs.replace(
        plan,
        title=clean_line(plan.title, MAX_TITLE),
        about=clean(plan.about, MAX_ABOUT) if plan.about.strip() else "",
        topics=_lines(plan.topics),
        speakers=_lines(plan.speakers),
        schools=_lines(plan.schools, MAX_SCHOOLS),
        recording=clean_address(plan.recording) if plan.recording.strip() else "",
        links=_links(plan.links),
    )


def _links(links: tuple[Link, ...]) -> tuple[Link, ...]:
    if len(links) > MAX_LINES:
        raise Refusal("bad", "That is more than {limit} lines. Please keep it shorter.", limit=MAX_LINES)
    return tuple(Link(clean_line(link.label, MAX_LABEL), clean_address(link.address)) for link in links)


def _lines(lines: tuple[str, ...], most: int = MAX_LINES) -> tuple[str, ...]:
    tidy = tuple(dict.fromkeys(clean_line(line, MAX_LINE) for line in lines if line.strip()))
    if len(tidy) > most:
        raise Refusal("bad", "That is more than {limit} lines. Please keep it shorter.", limit=most)
    return tidy


async def plan(tx: Transaction, caller: Caller, plan: Plan, *, endless: bool = False) -> Session:
    """A new session, as a draft."""
    plan = check(plan)
    session = Session(code=make_code(), endless=endless, title=plan.title, input="open", state=S.DRAFT)
    session.plan = plan
    tx.db.add(session)
    await tx.db.flush()
    tx.locked = session
    record(tx, ev.SessionPlanned(at=tx.now, by=caller.person, state=S.DRAFT, code=session.code, plan=plan))
    return session


async def change(tx: Transaction, caller: Caller, plan: Plan) -> Session:
    """The same session under another plan; at another time its doors close again until then."""
    session, plan = tx.session, check(plan)
    if S(session.state) is S.CANCELLED:
        raise Refusal("not_now", CLOSED[S.CANCELLED])
    state = S(session.state)
    if plan.starts_at != session.plan.starts_at and (state, "reschedule") in TRANSITIONS:
        if plan.starts_at is None:
            raise Refusal("bad", "Please set a start time first.")
        session.state, session.plan = TRANSITIONS[state, "reschedule"], plan
        record(tx, ev.SessionRescheduled(at=tx.now, by=caller.person, state=S(session.state), plan=plan))
    elif plan != session.plan:
        session.plan = plan
        record(tx, ev.SessionChanged(at=tx.now, by=caller.person, state=state, plan=plan))
    return session


def _move(tx: Transaction, caller: Caller, verb: str, event: type[ev.SessionEvent]) -> None:
    tx.session.state = state = step(tx.session, verb)
    record(tx, event(at=tx.now, by=caller.person, state=state))


async def schedule(tx: Transaction, caller: Caller) -> None:
    if tx.session.starts_at is None:
        raise Refusal("bad", "Please set a start time first.")
    _move(tx, caller, "schedule", ev.SessionScheduled)


async def reschedule(tx: Transaction, caller: Caller, starts_at: datetime, ends_at: datetime | None = None) -> None:
    """Another time; without `ends_at` the length stays."""
    state, plan = step(tx.session, "reschedule"), tx.session.plan
    if ends_at is None and plan.starts_at and plan.ends_at:
        ends_at = starts_at + (plan.ends_at - plan.starts_at)
    plan = check(msgspec.structs.replace(plan, starts_at=starts_at, ends_at=ends_at))
    tx.session.state, tx.session.plan = state, plan
    record(tx, ev.SessionRescheduled(at=tx.now, by=caller.person, state=state, plan=plan))


async def open_doors(tx: Transaction, caller: Caller) -> None:
    _move(tx, caller, "open_doors", ev.DoorsOpened)


async def start(tx: Transaction, caller: Caller) -> None:
    _move(tx, caller, "start", ev.SessionStarted)


async def pause(tx: Transaction, caller: Caller) -> None:
    _move(tx, caller, "pause", ev.SessionPaused)


async def resume(tx: Transaction, caller: Caller) -> None:
    _move(tx, caller, "resume", ev.SessionResumed)


async def publish(tx: Transaction, caller: Caller) -> None:
    _move(tx, caller, "publish", ev.SessionPublished)
    tx.session.published_at = tx.now


async def withdraw(tx: Transaction, caller: Caller) -> None:
    """Take what was published back, to correct it; that it had been published stays known."""
    _move(tx, caller, "withdraw", ev.SessionWithdrawn)


async def cancel(tx: Transaction, caller: Caller) -> None:
    _move(tx, caller, "cancel", ev.SessionCancelled)


async def pause_input(tx: Transaction, caller: Caller) -> None:
    _switch_input(tx, caller, "paused", ev.InputPaused)


async def resume_input(tx: Transaction, caller: Caller) -> None:
    _switch_input(tx, caller, "open", ev.InputResumed)


def _switch_input(tx: Transaction, caller: Caller, to: str, event: type[ev.SessionEvent]) -> None:
    require(tx.session, "input")
    if tx.session.input != to:  # Two people pressing pause at once both got what they wanted.
        tx.session.input = to
        record(tx, event(at=tx.now, by=caller.person, state=S(tx.session.state)))
