"""People of the staff: their memberships, their sign-ins, and the invitations that lead to both.

A participant is not here: they are a signed cookie with a random id, and cost no row until they act.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Boolean, ForeignKey, String, Text, UniqueConstraint, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sessions.database import Transaction
from sessions.permissions import Caller, Role
from sessions.refusals import Refusal
from sessions.session import Session
from sessions.tables import Base
from sessions.words import clean_line

MAX_NAME = 60
SIGN_IN_DAYS = 60
INVITATION_DAYS = 14
DEVICE_MINUTES = 10


class Person(Base):
    __tablename__ = "people"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]


class Membership(Base):
    """A role held in one session, or in the whole district where `session_id` is empty."""

    __tablename__ = "memberships"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    session_id: Mapped[int | None] = mapped_column(ForeignKey("sessions.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    __table_args__ = (UniqueConstraint("person_id", "session_id", "role"),)


class SignIn(Base):
    """A device on which a person of the staff is known. The token itself is on that device alone."""

    __tablename__ = "sign_ins"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Invitation(Base):
    """A capability link: hashed at rest, used once, expiring, revocable.

    With `person_id` it is that person's own, for another device; `standing` ones (the demo's) may be used again.
    """

    __tablename__ = "invitations"
    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    session_id: Mapped[int | None] = mapped_column(ForeignKey("sessions.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(Text, default="")
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    made_by: Mapped[str] = mapped_column(String(32))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    standing: Mapped[bool] = mapped_column(Boolean, default=False)

    def state(self, now: datetime) -> str:
        if self.revoked_at:
            return "revoked"
        if self.used_at and not self.standing:
            return "used"
        return "expired" if self.expires_at <= now else "open"


SIGNED_IN = (
    select(SignIn.person_id, SignIn.expires_at, SignIn.ended_at, Person.name, Membership.role)
    .join(Person, Person.id == SignIn.person_id)
    .outerjoin(
        Membership,
        (Membership.person_id == Person.id)
        & or_(Membership.session_id == bindparam("session"), Membership.session_id.is_(None)),
    )
    .where(SignIn.token_hash == bindparam("token"))
)


def make_id() -> str:
    """128 random bits: a person's id."""
    return secrets.token_hex(16)


def make_token() -> str:
    """256 random bits: what opens a door."""
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """Tokens are long and random, so a plain hash is enough to keep a stolen database from opening doors."""
    return hashlib.sha256(token.encode()).hexdigest()


async def caller(db: AsyncSession, person_id: str, session_id: int | None) -> Caller:
    """The person with their roles here, read from the database each time: a role that was lost is lost at once."""
    person = await db.get(Person, person_id)
    if person is None:
        return Caller(person_id)
    here = or_(Membership.session_id == session_id, Membership.session_id.is_(None))
    roles = await db.scalars(select(Membership.role).where(Membership.person_id == person_id, here))
    return Caller(person_id, frozenset({Role.PARTICIPANT, *map(Role, roles)}), person.name)


async def signed_in(db: AsyncSession, token: str, now: datetime) -> str | None:
    """The id of the person whose sign-in this token is, or None."""
    found = await db.get(SignIn, hashed(token))
    return found.person_id if found and _is_valid(found.expires_at, found.ended_at, now) else None


async def signed_in_caller(db: AsyncSession, token: str, session_id: int | None, now: datetime) -> Caller | None:
    """Whose sign-in this token is, with their roles here: `signed_in` and `caller` in one query.

    It is asked before each command of the staff, while somebody waits.
    """
    rows = (await db.execute(SIGNED_IN, {"token": hashed(token), "session": session_id})).all()
    if not rows or not _is_valid(rows[0].expires_at, rows[0].ended_at, now):
        return None
    roles = (Role(row.role) for row in rows if row.role)
    return Caller(rows[0].person_id, frozenset({Role.PARTICIPANT, *roles}), rows[0].name)


def _is_valid(expires_at: datetime, ended_at: datetime | None, now: datetime) -> bool:
    return ended_at is None and expires_at > now


async def sign_out(tx: Transaction, token: str) -> None:
    await tx.db.execute(update(SignIn).where(SignIn.token_hash == hashed(token)).values(ended_at=tx.now))


async def invite(
    tx: Transaction, made_by: str, role: Role, session: Session | None, name: str = "", *, token: str | None = None
) -> tuple[Invitation, str]:
    """A new invitation and its token, which is nowhere else. With a `token` of the caller's it is a standing one."""
    if role is Role.PARTICIPANT:
        raise Refusal("bad", "Families need no invitation: the join code is enough.")
    standing, token = token is not None, token or make_token()
    name = clean_line(name, MAX_NAME) if name.strip() else ""
    invitation = Invitation(
        token_hash=hashed(token),
        session_id=session.id if session else None,
        role=role,
        name=name,
        made_by=made_by,
        made_at=tx.now,
        expires_at=tx.now + timedelta(days=36500 if standing else INVITATION_DAYS),
        standing=standing,
    )
    tx.db.add(invitation)
    await tx.db.flush()
    return invitation, token


async def invite_device(tx: Transaction, person_id: str) -> str:
    """A one-use token with which the person signs in on another device of theirs."""
    token = make_token()
    tx.db.add(
        Invitation(
            token_hash=hashed(token),
            role=Role.PARTICIPANT,
            person_id=person_id,
            made_by=person_id,
            made_at=tx.now,
            expires_at=tx.now + timedelta(minutes=DEVICE_MINUTES),
            standing=False,
        )
    )
    return token


async def find_invitation(db: AsyncSession, token: str, *, for_update: bool = False) -> Invitation:
    """The invitation of this token, whatever its state. Raises Refusal `not_found`."""
    query = select(Invitation).where(Invitation.token_hash == hashed(token))
    found = (await db.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()
    if found is None:
        raise Refusal("not_found", "This invitation is not known here. Please ask for a new one.")
    return found


GONE = {
    "used": "This invitation was used already. Please ask for a new one.",
    "revoked": "This invitation was taken back. Please ask for a new one.",
    "expired": "This invitation has run out. Please ask for a new one.",
}


async def accept(tx: Transaction, token: str, name: str, person_id: str | None) -> str:
    """Use an invitation up and answer a new sign-in's token.

    Who is signed in already (`person_id`) gains the role and stays who they are; otherwise a person is made.
    """
    invitation = await find_invitation(tx.db, token, for_update=True)
    state = invitation.state(tx.now)
    if state != "open":
        raise Refusal("not_now", GONE[state])
    person_id = invitation.person_id or person_id
    if person_id is None:
        if not (name or invitation.name).strip():
            raise Refusal("bad", "Please tell us your name, so that your colleagues know who you are.")
        person_id, name = make_id(), clean_line(name or invitation.name, MAX_NAME)
        if invitation.standing:  # Several people come in by the same link, and are to be told apart.
            others = await tx.db.scalar(select(func.count()).select_from(Person).where(Person.name.startswith(name)))
            name = f"{name} {others + 1}" if others else name
        tx.db.add(Person(id=person_id, name=name, made_at=tx.now))
        await tx.db.flush()
    if invitation.person_id is None:
        await grant(tx, person_id, Role(invitation.role), invitation.session_id)
    invitation.used_at = tx.now
    return await sign_in(tx, person_id)


async def grant(tx: Transaction, person_id: str, role: Role, session_id: int | None) -> None:
    """Give a role; holding it already is no fault."""
    here = Membership.session_id == session_id if session_id else Membership.session_id.is_(None)
    query = select(Membership.id).where(Membership.person_id == person_id, Membership.role == role, here)
    if (await tx.db.execute(query)).first() is None:
        tx.db.add(Membership(person_id=person_id, session_id=session_id, role=role))


async def sign_in(tx: Transaction, person_id: str) -> str:
    token = make_token()
    tx.db.add(
        SignIn(
            token_hash=hashed(token),
            person_id=person_id,
            made_at=tx.now,
            expires_at=tx.now + timedelta(days=SIGN_IN_DAYS),
        )
    )
    await tx.db.flush()
    return token


async def revoke(tx: Transaction, session_id: int, invitation_id: int) -> None:
    """Take an invitation of this session back; one that was used has no effect any more and stays as it is."""
    found = await tx.db.get(Invitation, invitation_id, with_for_update=True)
    if found is None or found.session_id != session_id:
        raise Refusal("not_found", "This invitation is not known here. Please ask for a new one.")
    if found.state(tx.now) == "open":
        found.revoked_at = tx.now


async def remove(tx: Transaction, session_id: int, membership_id: int) -> str:
    """Take a role in this session away, and the links that they made and nobody used; answers the person's id."""
    found = await tx.db.get(Membership, membership_id)
    if found is None or found.session_id != session_id:
        raise Refusal("not_found", "This person holds no such role here.")
    await tx.db.delete(found)
    theirs = Invitation.made_by == found.person_id, Invitation.session_id == session_id, Invitation.used_at.is_(None)
    await tx.db.execute(update(Invitation).where(*theirs).values(revoked_at=tx.now))
    return found.person_id


async def invitations(db: AsyncSession, session_id: int) -> Sequence[Invitation]:
    query = select(Invitation).where(Invitation.session_id == session_id).order_by(Invitation.id.desc())
    return (await db.execute(query)).scalars().all()


async def members(db: AsyncSession, session_id: int) -> Sequence[tuple[Membership, Person]]:
    query = select(Membership, Person).join(Person).where(Membership.session_id == session_id).order_by(Membership.id)
    return [(m, p) for m, p in await db.execute(query)]


async def names(db: AsyncSession, ids: Iterable[str]) -> dict[str, str]:
    """Whoever of these is of the staff, by name."""
    wanted, found = sorted(set(ids)), {}
    for start in range(0, len(wanted), 500):
        query = select(Person.id, Person.name).where(Person.id.in_(wanted[start : start + 500]))
        found.update({person: name for person, name in await db.execute(query)})
    return found


async def sessions_of(db: AsyncSession, person_id: str) -> set[int | None]:
    """The sessions in which a person holds a role; None among them stands for all."""
    return set(await db.scalars(select(Membership.session_id).where(Membership.person_id == person_id)))
