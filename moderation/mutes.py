"""Who may ask only staff for now: told so, and still heard by people."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from sessions import events as ev
from sessions.database import Transaction
from sessions.events import SessionState
from sessions.log import record
from sessions.permissions import Caller
from sessions.refusals import Refusal
from sessions.tables import Base


class Mute(Base):
    """A person whose questions to everyone are not taken in a session."""

    __tablename__ = "mutes"
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), primary_key=True)


async def muted(tx: Transaction) -> set[str]:
    """Everybody who is muted in the locked session, read once for a whole batch."""
    if "muted" not in tx.known:
        query = select(Mute.person).where(Mute.session_id == tx.session.id)
        tx.known["muted"] = set(await tx.db.scalars(query))
    found: set[str] = tx.known["muted"]
    return found


async def require_heard(tx: Transaction, caller: Caller) -> None:
    """Raises Refusal `not_allowed` for whoever was muted."""
    if caller.person in await muted(tx):
        raise Refusal(
            "not_allowed",
            "No more questions to everyone are taken from this device. You can still ask only the staff.",
        )


async def switch(tx: Transaction, caller: Caller, person: str, *, on: bool) -> None:
    """Mute or hear a person again; two people doing the same at once both got what they wanted."""
    there = await muted(tx)
    if (person in there) == on:
        return
    if on:
        there.add(person)
        tx.append(Mute, session_id=tx.session.id, person=person)
    else:
        there.remove(person)
        await tx.flush()
        await tx.db.execute(delete(Mute).where(Mute.session_id == tx.session.id, Mute.person == person))
    event = ev.ParticipantMuted if on else ev.ParticipantUnmuted
    record(tx, event(at=tx.now, by=caller.person, state=SessionState(tx.session.state), person=person))
