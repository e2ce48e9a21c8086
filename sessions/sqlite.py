"""SQLite with one trip to a thread for each statement that may wait, where the driver as it is makes four.

A trip costs as much as most statements, and far more where the core is busy: the thread that is woken has its turn
only after the one that runs. While ten thousand phones were told something, an ask with its 32 trips waited for 156 ms
(p99); unhurried all of it takes 4.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import aiosqlite

V = TypeVar("V")
WAITS_FOR_NOTHING = "BEGIN"
"""No lock is taken before the first statement after it."""
FEW = 50
"""Rows that are written on the spot; more are written in the thread, beside the loop."""


class Line(aiosqlite.Connection):
    """One connection to a file."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=1)
        self._thread.daemon = True  # Keeps no program from ending.
        self.asked = self.answered = 0
        """The first is counted here, the second in the thread: whoever asked may be cancelled while it is busy."""
        self.is_brief = False
        """For now, and until the end of the transaction at most, statements are carried out without a trip."""

    def cursor(self) -> Cursor:  # type: ignore[override]
        return Cursor(self)

    async def there(self, ask: Callable[[sqlite3.Connection], V]) -> V:
        """In the thread, after all that was asked before."""

        def answer() -> V:
            try:
                return ask(self._conn)
            finally:
                self.answered += 1

        self.asked += 1
        # The driver's own way into its thread; it has no public one for more than a single call.
        found: V = await self._execute(answer)  # type: ignore[no-untyped-call]
        return found

    async def here(self, ask: Callable[[sqlite3.Connection], V]) -> V:
        """Without the thread, unless it is still busy with what somebody asked who is gone."""
        return ask(self._conn) if self.asked == self.answered else await self.there(ask)

    async def commit(self) -> None:
        self.is_brief = False
        await self.there(sqlite3.Connection.commit)

    async def rollback(self) -> None:
        self.is_brief = False
        await self.here(sqlite3.Connection.rollback)


class Cursor:
    """What SQLAlchemy asks of a cursor: one statement, and all that came of it."""

    arraysize = 1

    def __init__(self, line: Line) -> None:
        self.line = line
        self.description: Any = None
        self.rowcount, self.lastrowid = -1, 0
        self.rows: Sequence[Any] = ()

    async def __aenter__(self) -> Cursor:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        ask = self.line.here if self.line.is_brief or statement == WAITS_FOR_NOTHING else self.line.there
        await ask(lambda file: self._keep(file.execute(statement, parameters)))

    async def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        ask = self.line.here if self.line.is_brief and len(rows) <= FEW else self.line.there
        await ask(lambda file: self._keep(file.executemany(statement, rows)))

    def _keep(self, found: sqlite3.Cursor) -> None:
        self.description, self.rowcount, self.lastrowid = found.description, found.rowcount, found.lastrowid or 0
        self.rows = found.fetchall() if found.description else ()
        found.close()

    async def fetchall(self) -> Sequence[Any]:
        return self.rows

    async def close(self) -> None:
        """It was, when all its rows were there."""


def open_line(path: str, **how: Any) -> Line:
    """To be awaited; `how` is what sqlite3 wants to know."""
    return Line(lambda: sqlite3.connect(path, **how | {"check_same_thread": False}))
