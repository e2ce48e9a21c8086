"""The engine, and the one kind of transaction that changes anything."""

from __future__ import annotations

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, cast

from asyncpg import CannotConnectNowError, InterfaceError, PostgresConnectionError, PostgresError
from cryptography.fernet import Fernet
from sqlalchemy import Engine, Table, bindparam, event, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import await_only

from sessions.events import Event, Plan
from sessions.session import Session, no_such_session
from sessions.signing import SIGNED_IN, SignatureRow, Signer
from sessions.sqlite import Line, open_line
from sessions.tables import Base

AWAY: tuple[type[Exception], ...] = (SQLAlchemyError, PostgresError, OSError, TimeoutError)
"""What it looks like from here when the database cannot be reached; asyncpg's own errors come through unwrapped."""

LOCKED = select(Session).where(Session.id == bindparam("id")).with_for_update()
"""Written once: to put a statement together takes as long as to carry it out."""

RESTED = 1.0
"""Seconds after which a connection may have died without a word, as it does when a cable is pulled."""
ANSWERS = 2.0
"""Seconds within which one that is there says so, also of a machine that is busy."""


def is_away(error: BaseException) -> bool:
    """Whether the database itself failed, and not what was asked of it: asking again at once would be no use."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OSError | NoneFree | OperationalError | PostgresConnectionError | CannotConnectNowError)


def clock() -> datetime:
    """Now, in UTC, to the millisecond: what a browser's clock can hold."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


@dataclass
class Transaction:
    """One change in the making: its database session, its time, and what it will write at the end.

    `session` is the locked row of the live event; `rows` are append-only rows, written with executemany by
    `flush`; `recorded` are the events in the order of their numbers; `cipher` seals what must not be readable at rest;
    `loaded` holds on to what was read ahead, which the database session itself would forget; `known` is what was read
    once for a whole batch, by name; `writers` write with `flush` what gathers elsewhere.
    """

    db: AsyncSession
    cipher: Fernet | None = None
    now: datetime = field(default_factory=clock)
    rows: dict[Table, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    recorded: list[tuple[int, Event]] = field(default_factory=list)
    locked: Session | None = None
    loaded: list[Any] = field(default_factory=list)
    known: dict[str, Any] = field(default_factory=dict)
    writers: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    @property
    def session(self) -> Session:
        if self.locked is None:
            raise RuntimeError("lock the session first: what is read before the lock may be stale when it is written")
        return self.locked

    async def lock(self, session_id: int) -> Session:
        """Lock the session before anything else is read. Raises Refusal `not_found`."""
        found = await self.db.scalar(LOCKED, {"id": session_id})
        if found is None:
            raise no_such_session()
        # Whoever waited for the lock acts after the one who held it, and the log must say so.
        self.locked, self.now = found, clock()
        return found

    @cached_property
    def plan(self) -> Plan:
        """The session's plan, decoded once for a whole batch."""
        return self.session.plan

    def append(self, model: type[Base], **row: Any) -> None:
        """A row of an append-only table, to be written with its like."""
        self.rows[cast(Table, model.__table__)].append(row)

    def sign(self, signer: Signer) -> None:
        """Sign the head that this transaction leaves, if it is one that may be published."""
        if self.recorded and self.session.state in SIGNED_IN:
            seq, hash = self.session.seq, self.session.hash
            signed = signer.sign(self.session.code, seq, hash)
            about = {"hash": hash, "key": signed.key, "signature": signed.signature}
            self.append(SignatureRow, session_id=self.session.id, seq=seq, **about)

    async def flush(self) -> None:
        """Write what has gathered, so that a query in this transaction sees it."""
        await self.db.flush()
        for table, rows in self.rows.items():
            if rows:
                await self.db.execute(insert(table), rows)
        self.rows.clear()
        for write in self.writers:
            await write()


async def be_brief(db: AsyncSession, is_brief: bool = True) -> None:
    """Say that statements are short from here on, and that SQLite may carry them out on the spot; or say otherwise.

    They must wait for nothing: those of a writer once the session is locked, and a reader waits for nobody.
    """
    if db.get_bind().dialect.name == "sqlite":
        line = (await (await db.connection()).get_raw_connection()).driver_connection
        if isinstance(line, Line):
            line.is_brief = is_brief


def _ask_the_rested(engine: Engine) -> None:
    """A connection that is closed is replaced before it is used, and one that has rested is asked whether it is there.

    The pool's own way asks each time, which takes three trips to the database of the thirteen of a batch of votes.
    """

    @event.listens_for(engine, "checkin")
    def rest(_: Any, record: ConnectionPoolEntry) -> None:
        record.info["since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
        line = connection.driver_connection
        if line.is_closed():  # PostgreSQL was stopped, and said so.
            raise InvalidatePoolError  # All that were opened before now, and another one instead.
        if time.monotonic() - record.info.get("since", math.inf) < RESTED:
            return
        try:
            await_only(line.execute("SELECT 1", timeout=ANSWERS))
        except (InterfaceError, *AWAY):
            line.terminate()  # Else its end would be waited for, too.
            raise InvalidatePoolError from None


async def _commit(db: AsyncSession) -> None:
    try:
        await db.commit()
    finally:
        await db.close()


async def _to_its_end(ending: Coroutine[Any, Any, None]) -> None:
    """Wait for it whatever happens; a cancel that came meanwhile is heard afterwards."""
    task = asyncio.create_task(ending)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


class Database:
    """One database behind two doors: `reading` never writes, `writing` commits once at its end.

    SQLite has one writer, which takes its lock at BEGIN: a deferred BEGIN that upgrades later fails at once with
    "database is locked", whatever the timeout says.

    `patience` is in seconds, for each statement and each connection to PostgreSQL: one that says nothing any more
    (a machine that froze, a cable that was pulled) would keep everybody waiting for minutes otherwise.
    """

    def __init__(
        self,
        url: str,
        cipher: Fernet | None = None,
        signer: Signer | None = None,
        patience: float | None = None,
    ) -> None:
        self.cipher, self.signer = cipher, signer
        self.url = make_url(url)
        self.statements = 0
        """How many it was asked to carry out, for whoever watches over it."""
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self.writer = self._sqlite("BEGIN IMMEDIATE", pool_size=1, max_overflow=0, pool_timeout=60)
            self.reader = self._sqlite("BEGIN", pool_size=4, max_overflow=4)
        else:
            arguments = {"timeout": patience, "command_timeout": patience} if patience else {}
            self.writer = self.reader = create_async_engine(
                self.url,
                pool_size=8,
                max_overflow=8,
                pool_timeout=patience or 30,
                pool_use_lifo=True,  # The one that was used last knows its statements, and seldom has to be asked.
                hide_parameters=True,
                connect_args=arguments,
            )
            _ask_the_rested(self.writer.sync_engine)
        for engine in self.sync_engines:
            event.listen(engine, "before_cursor_execute", self._count)

    def _count(self, *_: object) -> None:
        self.statements += 1

    def _sqlite(self, begin: str, **pool: Any) -> AsyncEngine:
        # isolation_level=None takes transactions out of the driver's hands: with its default, on Python 3.11, a row
        # written in a savepoint survives the rollback of the transaction around it.
        # hide_parameters, here and above: an error's text must not carry a question into a log.
        arguments = {"isolation_level": None, "timeout": 30, "async_creator_fn": open_line}
        engine = create_async_engine(self.url, connect_args=arguments, hide_parameters=True, **pool)

        @event.listens_for(engine.sync_engine, "connect")
        def prepare(connection: Any, _record: object) -> None:
            cursor = connection.cursor()
            for pragma in ("synchronous=FULL", "foreign_keys=ON"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @event.listens_for(engine.sync_engine, "begin")
        def start(connection: Any) -> None:
            connection.exec_driver_sql(begin)

        return engine

    @property
    def sync_engines(self) -> list[Engine]:
        return list({id(e): e.sync_engine for e in (self.writer, self.reader)}.values())

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        async with AsyncSession(self.reader, expire_on_commit=False) as db:
            yield db

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Transaction]:
        """A transaction that commits when its block ends well, and leaves no trace when it does not.

        Commit and rollback go on to their end even when we are cancelled meanwhile: a connection left half-way
        through one would reach the next transaction in an unknown state.
        """
        db = AsyncSession(self.writer, expire_on_commit=False, autoflush=False)
        tx = Transaction(db, self.cipher)
        try:
            yield tx
            if self.signer:
                tx.sign(self.signer)
            await tx.flush()
        except BaseException:
            await _to_its_end(db.close())
            raise
        await _to_its_end(_commit(db))

    async def dispose(self) -> None:
        await self.writer.dispose()
        if self.reader is not self.writer:
            await self.reader.dispose()
