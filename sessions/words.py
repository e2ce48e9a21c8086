"""What people wrote: checked, salted, and kept apart from the log that refers to it."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Iterable
from itertools import islice

import regex
from sqlalchemy import ForeignKey, Integer, LargeBinary, String, Text, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from sessions.database import Transaction
from sessions.events import Digest
from sessions.refusals import Refusal
from sessions.tables import Base

CLUSTER = regex.compile(r"\X")
# Overrides and embeddings turn the direction of what follows them; isolates and marks, which keyboards for Arabic and
# Hebrew do type, cannot reach beyond our own dir="auto" elements.
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e")
NO_CHARACTERS = frozenset("\ufffe\uffff")
"""Codes that will never be characters, and that no XML may hold: one in a title would break the feed of all."""
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols by their category, and nothing to see."""
CODES_IN_A_CHARACTER = 12
"""Code points in one character, at most on average: a family of four in one emoji is 7, with skin tones 11."""
MARKS_BEFORE_NORMALISING = 16
MARKS_IN_A_CLUSTER = 8
"""Combining marks on one letter; the most in real use (Tibetan, pointed Hebrew with accents) is about 6."""


SALT = 16
"""Bytes."""


class Words(Base):
    """Personal words by digest. Redaction and destruction touch this table and never the log.

    Where words were taken out, text, salt and length went together, and `rest` is the digest of what is left of them.
    """

    __tablename__ = "words"
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    text: Mapped[str | None] = mapped_column(Text)
    length: Mapped[int] = mapped_column(Integer)
    rest: Mapped[str | None] = mapped_column(String(64))


def is_within(text: str, limit: int) -> bool:
    """Whether a reader counts at most `limit` characters: grapheme clusters (UAX #29); never counts further."""
    return next(islice(CLUSTER.finditer(text), limit, None), None) is None


def clean(text: str, limit: int) -> str:
    """The text in NFC with plain line ends and trimmed, or a refusal; never cut, never silently altered otherwise.

    `limit` is in grapheme clusters. Raises Refusal `bad`. Each check bounds the cost of the next: both normalising and
    counting are quadratic over what nobody writes.
    """
    if len(text) > limit * CODES_IN_A_CHARACTER:
        raise too_long(limit)
    if has_piled_marks(text, MARKS_BEFORE_NORMALISING):
        raise too_many_marks()
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")).strip()
    if not any(unicodedata.category(c)[0] not in "ZCM" and c not in BLANK for c in text):
        raise Refusal("bad", "There are no words here yet. Please write something first.")
    if any(unicodedata.category(c) in ("Cc", "Cs", "Co") and c != "\n" for c in text) or (
        TURNING | NO_CHARACTERS
    ) & set(text):
        raise Refusal("bad", "Some hidden characters came along with these words. Please type them again.")
    if has_piled_marks(text, MARKS_IN_A_CLUSTER):
        raise too_many_marks()
    if not is_within(text, limit):
        raise too_long(limit)
    return text


def too_long(limit: int) -> Refusal:
    return Refusal(
        "bad", "That is longer than the {limit} characters there is room for. Please shorten it.", limit=limit
    )


def too_many_marks() -> Refusal:
    return Refusal("bad", "Some letters here carry too many marks to be read. Please type them again.")


def has_piled_marks(text: str, most: int) -> bool:
    """Whether more than `most` marks follow one another: drawn on a letter, or sorted by NFC for their class."""
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        if category in ("Mn", "Me") or unicodedata.combining(character):
            marks += 1
        elif category != "Cf":  # A joiner between two marks parts nothing that a reader could see.
            marks = 0
        if marks > most:
            return True
    return False


def clean_line(text: str, limit: int) -> str:
    """Like `clean`, for what stands on one line: a name, a title."""
    return clean(" ".join(text.split()), limit)


def digest(salt: bytes, text: str) -> Digest:
    return Digest(hashlib.sha256(salt + text.encode()).hexdigest())


def keep(tx: Transaction, text: str) -> Digest:
    """Put words away and answer what the log may know of them."""
    salt = secrets.token_bytes(SALT)
    name = digest(salt, text)
    tx.append(Words, session_id=tx.session.id, digest=name, salt=salt, text=text, length=len(text))
    return name


REST = aliased(Words)
RECALLED = (
    select(Words.digest, func.coalesce(Words.text, REST.text))
    .outerjoin(REST, (REST.session_id == Words.session_id) & (REST.digest == Words.rest))
    .where(Words.session_id == bindparam("session"), Words.digest.in_(bindparam("names", expanding=True)))
)


async def recall(db: AsyncSession, session_id: int, names: Iterable[str]) -> dict[str, str | None]:
    """The words behind the digests, or what is left of them; None for what was taken out."""
    wanted, found = sorted(set(names)), dict[str, str | None]()
    for start in range(0, len(wanted), 500):
        asked = {"session": session_id, "names": wanted[start : start + 500]}
        found.update({name: text for name, text in await db.execute(RECALLED, asked)})
    return found
