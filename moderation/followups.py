"""What goes on after the session. Contacts live here alone: never in the log, never on a board, sealed at rest."""

from __future__ import annotations

from cryptography.fernet import Fernet
from sqlalchemy import ForeignKey, Integer, LargeBinary, String, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sessions.database import Transaction
from sessions.permissions import Caller, Permission
from sessions.tables import Base


class Contact(Base):
    """How an asker may be reached; `sealed` is a Fernet token under a key that is not in the database."""

    __tablename__ = "contacts"
    question_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    length: Mapped[int] = mapped_column(Integer)


def keep_contact(tx: Transaction, question_id: str, contact: str) -> None:
    if tx.cipher is None:
        raise RuntimeError("a contact needs a key to be sealed with")
    sealed = tx.cipher.encrypt(contact.encode())
    tx.append(Contact, question_id=question_id, session_id=tx.session.id, sealed=sealed, length=len(contact))


async def forget_contact(tx: Transaction, question_id: str) -> None:
    await tx.db.execute(delete(Contact).where(Contact.question_id == question_id))


async def contacts(db: AsyncSession, cipher: Fernet, caller: Caller, session_id: int) -> dict[str, str]:
    """Question id -> how to reach its asker, for liaisons only. Raises Refusal `not_allowed`."""
    caller.require(Permission.READ_CONTACTS)
    query = select(Contact.question_id, Contact.sealed).where(Contact.session_id == session_id)
    return {question: cipher.decrypt(sealed).decode() for question, sealed in await db.execute(query)}
