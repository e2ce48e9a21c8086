"""The session: the live event itself. Its row is the lock that every change to it takes first."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import JSON, Boolean, Integer, String, Text, false, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sessions.events import Plan, SessionState
from sessions.refusals import Refusal
from sessions.tables import Base

CODE_ALPHABET = "ABCDEFGHJKMNPQRTUVWXYZ2346789"
"""Read aloud without confusion: no I, L, O, S, 0, 1 or 5."""
CODE_LENGTH = 6


class Session(Base):
    """The current state of a session, as its log tells it, with the heads of its streams.

    `seq`, `public_seq` and `hash` end the log; `votes` moves with every vote, so that other servers notice;
    `asked` counts arrivals; `slow` is in seconds between two questions of one person; `epoch` changes
    when a backup is restored.
    """

    __tablename__ = "sessions"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    epoch: Mapped[int] = mapped_column(Integer, default=1)
    seq: Mapped[int] = mapped_column(Integer, default=0)
    public_seq: Mapped[int] = mapped_column(Integer, default=0)
    hash: Mapped[str] = mapped_column(String(64), default="0" * 64)
    votes: Mapped[int] = mapped_column(Integer, default=0)
    asked: Mapped[int] = mapped_column(Integer, default=0)
    state: Mapped[str] = mapped_column(String(20), default=SessionState.DRAFT)
    input: Mapped[str] = mapped_column(String(10), default="open")
    slow: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    hold: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    title: Mapped[str] = mapped_column(Text)
    plan_json: Mapped[dict[str, Any]] = mapped_column("plan", JSON)
    starts_at: Mapped[datetime | None] = mapped_column(index=True)
    ends_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    endless: Mapped[bool] = mapped_column(Boolean, default=False)

    @property
    def plan(self) -> Plan:
        return msgspec.convert(self.plan_json, Plan)

    @plan.setter
    def plan(self, plan: Plan) -> None:
        self.plan_json = msgspec.to_builtins(plan)
        self.title, self.starts_at, self.ends_at = plan.title, plan.starts_at, plan.ends_at


def make_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def tidy_code(typed: str) -> str:
    """A join code as people type it: small letters, spaces and dashes do not matter."""
    return "".join(c for c in typed.upper() if c.isalnum())[:12]


def no_such_session() -> Refusal:
    return Refusal("not_found", "There is no session with this code. Please check the letters and try again.")


async def find(db: AsyncSession, code: str) -> Session:
    """The session with this join code. Whether a draft may be known of is for the caller's roles to say."""
    found = (await db.execute(select(Session).where(Session.code == tidy_code(code)))).scalar_one_or_none()
    if found is None:
        raise no_such_session()
    return found


async def in_states(db: AsyncSession, *states: SessionState) -> Sequence[Session]:
    """Sessions in these states, the next to start first."""
    query = select(Session).where(Session.state.in_(states)).order_by(Session.starts_at, Session.id)
    return (await db.execute(query)).scalars().all()
