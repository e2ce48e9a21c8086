"""How families may be reached: never in the log, never on a board, sealed at rest."""

from __future__ import annotations

from typing import NamedTuple

from cryptography.fernet import Fernet
from sqlalchemy import ForeignKey, Integer, LargeBinary, String, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sessions.database import Transaction
from sessions.permissions import Caller, Permission
from sessions.tables import Base


class Contact(Base):
    """How an asker may be reached, and when; both are Fernet tokens under a key that is not in the database."""

    __tablename__ = "contacts"
    question_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    times: Mapped[bytes | None] = mapped_column(LargeBinary)
    length: Mapped[int] = mapped_column(Integer)


class Reach(NamedTuple):
    """A way to reach an asker, and when they like to be reached."""

    contact: str
    times: str | None


def keep(tx: Transaction, question_id: str, contact: str, times: str | None = None) -> None:
    if tx.cipher is None:
        raise RuntimeError("a contact needs a key to be sealed with")
    sealed = tx.cipher.encrypt(contact.encode())
    tx.append(
        Contact,
        question_id=question_id,
        session_id=tx.session.id,
        sealed=sealed,
        times=tx.cipher.encrypt(times.encode()) if times else None,
        length=len(contact),
    )


async def forget(tx: Transaction, question_id: str) -> None:
    await tx.db.execute(delete(Contact).where(Contact.question_id == question_id))


async def reaches(db: AsyncSession, cipher: Fernet, caller: Caller, session_id: int) -> dict[str, Reach]:
    """Question id -> how to reach its asker, for liaisons only. Raises Refusal `not_allowed`."""
    caller.require(Permission.READ_CONTACTS)
    query = select(Contact.question_id, Contact.sealed, Contact.times).where(Contact.session_id == session_id)
    return {
        question: Reach(cipher.decrypt(sealed).decode(), cipher.decrypt(times).decode() if times else None)
        for question, sealed, times in await db.execute(query)
    }
