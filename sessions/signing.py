"""Signed heads: who can write to the database cannot write these, for the key lies elsewhere.

What is signed is a text that anybody can put together by hand and check with any tool that knows Ed25519.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import ForeignKey, Integer, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sessions.events import SessionState
from sessions.session import Session
from sessions.tables import Base

SIGNED_IN = (SessionState.ENDED, SessionState.PUBLISHED)
"""The states in which every commit signs the head that it leaves: what it may be published as."""


class SignatureRow(Base):
    """That the log of a session had `hash` at `seq`; key and signature in hex."""

    __tablename__ = "signatures"
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(128))


class Signed(msgspec.Struct, frozen=True):
    """A signature of a head, and the public key that it was made with; both in hex."""

    key: str
    signature: str


def statement(code: str, seq: int, hash: str) -> bytes:
    """What is signed: four lines. When it was is in the entry itself, on which the hash depends."""
    return f"FACE-to-Face signed head\nsession {code}\nentry {seq}\nhash {hash}\n".encode()


def is_sound(code: str, seq: int, hash: str, signed: Signed) -> bool:
    """Whether the key has signed this very head."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed.key))
        key.verify(bytes.fromhex(signed.signature), statement(code, seq, hash))
    except (InvalidSignature, ValueError):
        return False
    return True


class Signer:
    """Holds the private key, made of 32 secret bytes."""

    def __init__(self, seed: bytes) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def key(self) -> str:
        """The public key in hex."""
        return self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    @property
    def pem(self) -> str:
        """The public key as other tools read it."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, code: str, seq: int, hash: str) -> Signed:
        return Signed(self.key, self.private.sign(statement(code, seq, hash)).hex())


async def faults(
    db: AsyncSession, session: Session, chain: Mapping[int, str], trusted: Collection[str]
) -> tuple[int, list[str]]:
    """The last number that was signed (0: none), and a sentence for each signed head that the log does not bear out.

    `chain` has the hash of each entry; `trusted` are the public keys that count, all of them where it is empty.
    """
    query = select(SignatureRow).where(SignatureRow.session_id == session.id).order_by(SignatureRow.seq)
    rows, found = (await db.scalars(query)).all(), list[str]()
    end, last = max(chain, default=0), rows[-1].seq if rows else 0
    for row in rows:
        if not is_sound(session.code, row.seq, row.hash, Signed(row.key, row.signature)):
            found.append(f"the signature of the head at {row.seq} does not hold")
        elif trusted and row.key not in trusted:
            found.append(f"the head at {row.seq} was signed with a key that is not trusted: {row.key}")
        elif row.seq > end:
            found.append(f"the log ends at {end}, and its head at {row.seq} was signed: its end was cut")
        elif chain.get(row.seq) != row.hash:
            found.append(f"the log is not what it was when its head at {row.seq} was signed")
    if rows and end > last and session.state in SIGNED_IN:
        found.append(f"what follows entry {last} is not signed: it was written by somebody without the signing key")
    return last, found


async def signed(db: AsyncSession, session_id: int, seq: int) -> Signed | None:
    """The signature of the head at a number, where there is one."""
    row = await db.get(SignatureRow, (session_id, seq))
    return Signed(row.key, row.signature) if row else None
