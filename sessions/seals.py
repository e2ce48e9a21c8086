"""What was taken out: sealed, so that whoever holds the key can still prove what the log's digests stand for.

Words and their salt go together. A salt that stayed would let whoever has a copy of the database try names until one
fits; a digest alone, with 128 random bits missing, gives away nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import ForeignKey, LargeBinary, String, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sessions.database import Transaction
from sessions.events import CaptionRedacted, Digest, Event, WordsRedacted
from sessions.tables import Base
from sessions.words import SALT, Words


class Sealed(Base):
    """Salt and words that were taken out, as a Fernet token under a key that is not in the database."""

    __tablename__ = "sealed"
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    token: Mapped[bytes] = mapped_column(LargeBinary)


def seal(tx: Transaction, digest: str, salt: bytes, text: str) -> None:
    if tx.cipher is None:
        raise RuntimeError("words need a key to be sealed with")
    tx.append(Sealed, session_id=tx.session.id, digest=digest, token=tx.cipher.encrypt(salt + text.encode()))


async def take_out(tx: Transaction, words: Words, left: Digest | None) -> None:
    """Have nothing stand in place of these words, or what is left of them; what was left before gives way too."""
    assert words.text is not None  # noqa: S101 (whoever asks has looked)
    seal(tx, words.digest, words.salt, words.text)
    words.text, words.salt, words.length, words.rest = None, b"", 0, left
    same = (Words.session_id == words.session_id, Words.rest == words.digest)
    await tx.db.execute(update(Words).where(*same).values(rest=left))


def left_of(events: Iterable[Event]) -> dict[str, str | None]:
    """By the digest of each original what stands in its place after these events: another digest, or nothing."""
    found: dict[str, str | None] = {}
    for event in events:
        if isinstance(event, WordsRedacted | CaptionRedacted):
            for gone, left in event.taken.items():
                found |= {digest: left for digest, now in found.items() if now == gone} | {gone: left}
    return found


def opened(cipher: Fernet, digest: str, token: bytes) -> str | None:
    """The words of a seal, None where it holds others or belongs to another key."""
    try:
        kept = cipher.decrypt(token)
    except InvalidToken:
        return None
    return kept[SALT:].decode() if hashlib.sha256(kept).hexdigest() == digest else None


async def words_at(
    db: AsyncSession, session_id: int, events: Sequence[Event], seq: int, cipher: Fernet
) -> dict[str, str]:
    """By digest, what those words said after so many of a log's `events` that say something else by now."""
    then, now = left_of(events[:seq]), left_of(events)
    moved = [digest for digest in now if then.get(digest, digest) != now[digest]]
    query = select(Sealed.digest, Sealed.token).where(Sealed.session_id == session_id)
    texts = {digest: opened(cipher, digest, token) for digest, token in await db.execute(query)}
    found = ((digest, texts.get(then.get(digest, digest) or "")) for digest in moved)
    return {digest: text for digest, text in found if text is not None}


async def faults(
    db: AsyncSession, session_id: int, events: Sequence[Event], kept: Mapping[str, Words], cipher: Fernet | None
) -> list[str]:
    """A sentence for each way in which what was taken out is not what the log tells of.

    Without `cipher` that a seal is there is all that is looked at.
    """
    left, found = left_of(events), list[str]()
    for digest, words in sorted(kept.items()):
        if words.text is None and digest not in left:
            found.append(f"words {digest[:12]} are gone, and the log does not say who took them out")
        elif words.text is not None and digest in left:
            found.append(f"words {digest[:12]} were taken out, and are there again")
        elif words.rest != left.get(digest):
            found.append(f"words {digest[:12]} are shown as others than the log tells")
    query = select(Sealed.digest, Sealed.token).where(Sealed.session_id == session_id)
    tokens = {digest: token for digest, token in await db.execute(query)}
    for digest in sorted(left.keys() | tokens.keys()):
        if digest not in tokens:
            found.append(f"the original of words {digest[:12]} is not sealed any more")
        elif digest not in left:
            found.append(f"words {digest[:12]} are sealed, and the log does not know of it")
        elif cipher and opened(cipher, digest, tokens[digest]) is None:
            found.append(f"the seal of words {digest[:12]} does not open with this key to what was recorded")
    return found
