"""Light connections on a real server: the handshake, the rules of WebSocket, readers that stop, and their end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from live.connections import MOST_ATTACHMENTS, SEND_BUFFER
from live.engine import HIGH_WATER
from live.incoming import MOST_BYTES
from live.settings import Settings
from live.sockets import PING_INTERVAL, PING_TIMEOUT
from tests.phones import BINARY, CLOSE, CONTINUED, ENGINE, PING, PONG, Phone
from tests.running import SECRET, Hall, RunningServer, Visitor, open_hall, shared_server, until_is

OPEN = 0x00
"""The first bits of a frame after which the same text goes on."""


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


async def token(hall: Hall) -> str:
    return str((await hall.family()).http.cookies["f2f_participant"])


async def joined(hall: Hall) -> Phone:
    return await Phone(hall.server.base).join(hall.code, await token(hall))


async def test_the_handshake_says_what_a_client_must_know(hall: Hall) -> None:
    offer = "permessage-deflate; client_max_window_bits"
    phone = await Phone(hall.server.base).dial(headers={"Origin": hall.server.base, "Sec-WebSocket-Extensions": offer})
    assert phone.status == 101
    assert not [line for line in phone.head if line.lower().startswith("sec-websocket-extensions")]
    _, opened = await phone.hear()
    assert f'"pingInterval":{PING_INTERVAL}000'.encode() in opened
    assert f'"pingTimeout":{PING_TIMEOUT}000'.encode() in opened
    assert f'"maxPayload":{MOST_BYTES}'.encode() in opened
    await phone.hang_up()


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/socket.io/?EIO=3&transport=websocket", {}),
        ("/socket.io/?EIO=4&transport=polling", {}),
        ("/socket.io/?EIO=4", {}),
        ("/socket.io/", {}),
        (f"{ENGINE}&sid=made-up", {}),
        (f"{ENGINE}&j=0", {}),
        ("/socket.io/more?EIO=4&transport=websocket", {}),
        ("/elsewhere?EIO=4&transport=websocket", {}),
        (ENGINE, {"Origin": "https://elsewhere.example"}),
        (ENGINE, {"Origin": "null"}),
        (ENGINE, {"Sec-WebSocket-Version": "8"}),
        (ENGINE, {"Sec-WebSocket-Key": "short"}),
        (ENGINE, {"Sec-WebSocket-Key": ""}),
        (ENGINE, {"Sec-WebSocket-Key": "c2l4dGVlbiBieXRlcyBu"}),
    ],
    ids=range(14),
)
async def test_what_is_no_plain_connection_of_ours_is_refused(hall: Hall, path: str, headers: dict[str, str]) -> None:
    phone = await Phone(hall.server.base).dial(path, headers=headers)
    assert 400 <= phone.status < 500
    assert not [line for line in phone.head if line.lower().startswith("sec-websocket-accept")]
    await phone.hang_up()


async def test_a_connection_cannot_be_taken_over_by_its_id(hall: Hall) -> None:
    phone = await Phone(hall.server.base).dial()
    sid = (await phone.hear())[1].split(b'"')[3].decode()
    thief = await Phone(hall.server.base).dial(f"{ENGINE}&sid={sid}")
    assert 400 <= thief.status < 500
    async with hall.visitor().http as http:
        for way in (http.get, http.post):
            told = await way("/socket.io/", params={"EIO": "4", "transport": "polling", "sid": sid})
            assert (told.status_code, sid in told.text) == (400, False)
    phone.say(f'40{{"code":"{hall.code}","token":"{await token(hall)}"}}')
    while (heard := (await phone.hear())[1]) == b"2":
        phone.say("3")
    assert heard[:2] == b"40", "its owner has it still"
    for one in (phone, thief):
        await one.hang_up()


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_other_transports_and_jsonp_are_refused_in_plain_http(hall: Hall, transport: str) -> None:
    async with hall.visitor().http as http:
        for query in ({}, {"j": "0"}):
            told = await http.get("/socket.io/", params={"EIO": "4", "transport": transport, **query})
            assert (told.status_code, "___eio" in told.text) == (400, False)


async def test_pieces_pings_and_an_answer_between_them(hall: Hall) -> None:
    phone = await Phone(hall.server.base).dial()
    await phone.greet({"code": hall.code, "token": await token(hall)})
    phone.say('421["question.ask",{"key":"in-pieces","words":"¿En ', first=OPEN)
    phone.say("are you there?", PING)
    phone.say("", CONTINUED, first=OPEN)
    phone.say('pedazos?","lang":"es"}]', CONTINUED)
    heard = [await phone.hear()]
    while not heard[-1][1].startswith(b"431"):
        heard.append(await phone.hear())
    assert (PONG, b"are you there?") in heard
    assert b'"ok":true' in heard[-1][1]
    await phone.hang_up()


async def test_of_many_pings_at_once_the_last_is_answered(hall: Hall) -> None:
    phone = await Phone(hall.server.base).dial()
    await phone.hear()
    for number in range(100):
        phone.say(f"{number}", PING)
    heard: list[tuple[int, bytes]] = []
    while not heard or heard[-1] != (PONG, b"99"):
        heard.append(await phone.hear())
    assert {opcode for opcode, payload in heard if payload != b"2"} == {PONG}
    phone.writer.close()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ([("4hello", {"mask": None})], 1002),
        ([("4hello", {"first": 0xC0})], 1002),
        ([("4hello", {"opcode": 0x5})], 1002),
        ([("4hello", {"opcode": CONTINUED})], 1002),
        ([(b"4\xff\xfe", {})], 1007),
        ([("4" + "x" * MOST_BYTES, {})], 1009),
        ([("4" + "x" * 40_000, {"first": OPEN}), ("x" * 40_000, {"opcode": CONTINUED})], 1009),
        ([(b"\x03\xe8", {"opcode": CLOSE})], 1000),
        ([(b"\x0f\xa0bye", {"opcode": CLOSE})], 4000),
        ([(b"", {"opcode": CLOSE})], 1000),
        ([(b"\x03\xed", {"opcode": CLOSE})], 1002),
        ([("1", {})], 1000),
        ([("9", {})], 1002),
        ([("", {})], 1002),
        ([("2probe", {})], 1002),
        ([("4", {})], 1002),
        ([("4nonsense", {})], 1002),
        ([("42[", {})], 1002),
        ([("42" + "[" * 60_000, {})], 1002),
        ([(b"\x00\xff junk", {"opcode": BINARY})], 1002),
        ([(f"45{MOST_ATTACHMENTS + 1}-[]", {})], 1002),
        ([("45999999999-[]", {})], 1002),
        ([("46-[]", {})], 1002),
        ([("431[]", {})], 1002),
    ],
    ids=range(24),
)
async def test_who_breaks_the_rules_is_told_and_let_go(
    hall: Hall, said: list[tuple[str | bytes, dict[str, Any]]], code: int
) -> None:
    """With the code of WebSocket for it; nobody else notices."""
    phone, other = await Phone(hall.server.base).dial(), await joined(hall)
    for payload, how in said:
        phone.say(payload, **how)
    assert await phone.until_closed() == code
    answer = await other.ask(1, "question.vote", key="still-here", question="nothing")
    assert answer["code"] == "not_found"
    await other.hang_up()
    assert "Traceback" not in shared_server().written()


async def test_an_answer_to_nothing_ends_the_connection(hall: Hall) -> None:
    """It would be a line in the log for each, as fast as somebody can send them."""
    phone = await joined(hall)
    for _ in range(50):
        phone.say("437[]")
    assert phone.reading
    await phone.reading
    assert "callback" not in shared_server().written()


async def test_nobody_speaks_as_another_connection(hall: Hall) -> None:
    phone, other = [await Phone(hall.server.base).dial() for _ in range(2)]
    sids = [(await one.hear())[1].split(b'"')[3].decode() for one in (phone, other)]
    for one in (phone, other):
        one.say(f'40{{"code":"{hall.code}","token":"{await token(hall)}"}}')
    for number, said in enumerate([*(f'"{sid}"' for sid in sids), "{}"], 1):
        phone.say(f'42{number}["*",{said},{{"key":"as-another-{number}"}}]')
        while not (heard := (await phone.hear())[1]).startswith(b"43%d[" % number):
            pass
        assert b'"no_identity"' in heard
    for one in (phone, other):
        await one.hang_up()


async def test_after_its_end_a_connection_is_nobodys(hall: Hall) -> None:
    """What is said after the goodbye is not heard."""
    phone = await joined(hall)
    before = await hall.kept()
    phone.say(b"\x03\xe8", CLOSE)
    phone.say('421["question.ask",{"key":"after-the-end","words":"Too late?","lang":"en"}]')
    assert phone.reading
    await phone.reading
    assert await hall.kept() == before


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("impatient")
    with RunningServer(f"sqlite+aiosqlite:///{folder}/facetoface.db", behind=2, tick=0) as server:
        yield server


@pytest.fixture
async def loud_hall(impatient: RunningServer) -> AsyncIterator[Hall]:
    async with open_hall(impatient, limit=2000) as hall:
        yield hall


class Loud:
    """A card of six kilobytes that goes into the line and out of it again, to everybody each time."""

    def __init__(self, ben: Visitor, question: str, rev: int) -> None:
        self.ben, self.question, self.rev, self.moves = ben, question, rev, 0

    @classmethod
    async def ask(cls, hall: Hall) -> Loud:
        ben = await hall.staff("ben")
        question = await (await hall.family()).ask("Does the late bus stop here? " * 60)
        await ben.decide("question.approve", question)
        await ben.decide("question.answer", question, words="It does, on the days when school ends early. " * 85)
        return cls(ben, question, (await ben.decide("question.reopen", question))["rev"])

    async def move(self, times: int) -> None:
        for _ in range(times):
            command = "lineup.remove" if self.moves % 2 else "lineup.add"
            self.rev = (await self.ben.do(command, question=self.question, rev=self.rev))["rev"]
            self.moves += 1


def resident(server: RunningServer) -> int:
    return sum(int(one.memory_info().rss) for one in server._everyone())


async def test_readers_that_stop_are_let_go_and_cost_the_others_nothing(
    impatient: RunningServer, loud_hall: Hall
) -> None:
    """Fifty of them among good ones. With the default of 15 seconds they are gone within 20."""
    assert Settings(secret_key=SECRET).behind == 15
    assert SEND_BUFFER * 2 + HIGH_WATER < 256 * 1024, "what the system and we keep for each"
    hall, loud = loud_hall, await Loud.ask(loud_hall)
    good = [await joined(hall) for _ in range(20)]
    await loud.move(20)
    key, before = await token(hall), resident(impatient)
    stalled = [await Phone(hall.server.base).dial(receive_buffer=4096) for _ in range(50)]
    for phone in stalled:
        await phone.greet({"code": hall.code, "token": key, "format": "json"})
        phone.writer.transport.pause_reading()  # type: ignore[attr-defined]
    assert await listening(hall) == len(good) + len(stalled)
    await loud.move(100)  # 600 KB for each, more than anybody keeps for them, and less than a moderator's budget.
    await until_is(lambda: listening(hall), len(good))
    assert resident(impatient) - before < 50 * 256 * 1024
    now = await hall.visitor().board(format="json")
    for phone in good:
        await phone.until(lambda phone=phone: phone.number >= now["to"])
        assert (phone.lower, phone.missed) == (0, False)
        await phone.hang_up()
    for phone in stalled:
        phone.writer.transport.abort()


async def listening(hall: Hall) -> int:
    """How many devices hear what families hear, as the server counts them."""
    lines = (await hall.visitor().http.get("/metrics")).text.splitlines()
    found = [line.split()[1] for line in lines if line.startswith('facetoface_connections{audience="public"')]
    return int(float(found[0])) if found else 0


@pytest.fixture
async def patient_hall(tmp_path: Path) -> AsyncIterator[Hall]:
    """Nobody is let go for reading late there."""
    with RunningServer(f"sqlite+aiosqlite:///{tmp_path}/facetoface.db", tick=0) as server:
        async with open_hall(server, limit=2000) as hall:
            yield hall


async def test_a_reader_that_reads_on_is_told_where_things_stand(patient_hall: Hall) -> None:
    """It was behind and missed patches: one pulse with everything that pulses tell, and it catches up over HTTP."""
    hall, loud = patient_hall, await Loud.ask(patient_hall)
    phone = await Phone(hall.server.base).dial(receive_buffer=32_768)
    await phone.greet({"code": hall.code, "token": await token(hall), "format": "json"})
    await loud.move(80)
    phone.reading = asyncio.create_task(phone._read_on())
    board = await hall.visitor().board(format="json")
    await phone.until(lambda: phone.heads and phone.heads[-1] >= board["to"])
    assert phone.number < board["to"], "it was skipped, and not sent everything late"
    assert phone.lower == 0
    phone.apply(await hall.visitor().board(format="json", since=phone.number, epoch=phone.epoch))
    assert phone.shows[:2] == (board["to"], {card["id"]: card["rev"] for card in board["cards"]})
    await phone.hang_up()
