"""One wheel for all connections: who is pinged when, and who is let go."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from live.connections import Connection
from live.engine import HIGH_WATER, LEAVING_SECONDS, Engine
from live.frames import frame
from live.incoming import Incoming
from tests.phones import framed

INTERVAL, TIMEOUT = 5, 3


class Line:
    """A transport that writes down what becomes of it."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.unsent = 0
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def can_write_eof(self) -> bool:
        return False

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


@pytest.fixture
async def engine() -> Engine:
    return Engine(async_mode="asgi", ping_interval=INTERVAL, ping_timeout=TIMEOUT)


def connected(engine: Engine) -> tuple[Connection, Line]:
    connection, line = Connection(engine, *([None] * 3)), Line()  # type: ignore[arg-type]
    connection.connection_made(line)  # type: ignore[arg-type]
    connection.sid, connection.is_joined = f"c{engine.placed}", True
    connection.slot = engine.place(connection)
    return connection, line


async def turns(engine: Engine, count: int) -> None:
    for _ in range(count):
        await engine.turn()


async def test_pings_are_spread_and_come_once_in_an_interval(engine: Engine) -> None:
    pairs = [connected(engine) for _ in range(4 * INTERVAL)]
    for turn in range(3 * INTERVAL):
        before = sum(len(line.sent) for _, line in pairs)
        await engine.turn()
        assert sum(len(line.sent) for _, line in pairs) - before == 4, turn
        for connection, _ in pairs:
            connection.heard = True
    assert {tuple(line.sent) for _, line in pairs} == {(frame(b"2"),) * 3}
    assert not [line for _, line in pairs if line.aborted]


async def test_who_does_not_answer_in_time_is_let_go(engine: Engine) -> None:
    (answers, heard), (silent, unheard) = connected(engine), connected(engine)
    for _ in range(INTERVAL + TIMEOUT + 2):
        await engine.turn()
        answers.heard = True
    assert (heard.aborted, unheard.aborted) == (False, True)
    assert len(unheard.sent) == 1, "one ping, and the time to answer it"
    assert silent.closing


async def test_who_only_holds_a_line_and_never_joins_is_let_go(engine: Engine) -> None:
    idle, line = connected(engine)
    idle.is_joined = False
    for _ in range(INTERVAL + TIMEOUT + 1):
        await engine.turn()
        idle.heard = True
    assert line.aborted


async def test_a_reader_that_stops_is_let_go_and_a_slow_one_is_not(engine: Engine, monkeypatch: Any) -> None:
    clock = [100.0]
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: clock[0])
    engine.patience = 15
    (stopped, shut), (slow, open_) = connected(engine), connected(engine)
    for connection, line in ((stopped, shut), (slow, open_)):
        line.unsent = 4 * HIGH_WATER
        connection.pause_writing()
    for _ in range(4):
        clock[0] += 8
        open_.unsent -= HIGH_WATER // 2
        await engine.turn()
    assert (shut.aborted, open_.aborted) == (True, False)
    slow.resume_writing()
    assert slow not in engine.behind


async def test_who_missed_something_is_told_when_it_reads_again(engine: Engine) -> None:
    told: list[tuple[str, frozenset[str]]] = []
    engine.drained = lambda sid, missed: told.append((sid, missed))
    connection, line = connected(engine)
    connection.pause_writing()
    connection.resume_writing()
    assert told == [], "nothing was missed"
    connection.pause_writing()
    for name in ("patch", "notice", "patch"):
        connection.push(name, b"frame")
    connection.ping()
    assert line.sent == [], "nothing is heaped upon what is not read"
    connection.resume_writing()
    connection.push("patch", b"frame")
    assert told == [(connection.sid, frozenset({"patch", "notice"}))]
    assert line.sent == [b"frame"]


async def test_who_does_not_close_its_end_is_closed(engine: Engine) -> None:
    connection, line = connected(engine)
    connection.end(1000)
    assert line.sent == [frame((1000).to_bytes(2, "big"), 0x8)]
    connection.push("patch", b"frame")
    connection.write(b"more")
    connection.end(1002)
    assert len(line.sent) == 1, "nothing comes after the goodbye"
    await turns(engine, LEAVING_SECONDS - 1)
    assert not line.aborted
    await turns(engine, 1)
    assert line.aborted


async def test_a_thousand_texts_in_one_piece_leave_others_their_turns(engine: Engine) -> None:
    connection, _ = connected(engine)
    heard: list[str] = []

    async def message(_sid: str, text: str) -> None:
        heard.append(text)

    engine.handlers = {"message": message}
    connection.incoming = Incoming()
    connection.data_received(framed(b"4hello") * 1000)
    for _ in range(4):
        await asyncio.sleep(0)
    assert 0 < len(heard) < 10
    while connection.turn:
        await connection.turn
    assert heard == ["hello"] * 1000


async def test_it_knows_whether_somebody_waits_for_an_answer(engine: Engine) -> None:
    """From the first text until the last is answered, and also where one is nonsense; a ping is no question."""
    heard, go_on = list[str](), asyncio.Event()

    async def message(_: str, text: str) -> None:
        heard.append(text)
        await go_on.wait()
        if text == "nonsense":
            raise ValueError(text)

    engine.handlers = {"message": message}
    connection, _ = connected(engine)
    connection.incoming = Incoming()
    for text in ("4one", "4two", "4nonsense"):
        connection.data_received(framed(text.encode()))
    other, _ = connected(engine)
    other.incoming = Incoming()
    other.data_received(framed(b"3"))
    await asyncio.sleep(0)
    assert engine.answering == 1
    go_on.set()
    assert connection.turn
    await connection.turn
    await asyncio.sleep(0)
    assert (engine.answering, heard) == (0, ["one", "two", "nonsense"])
