"""One frame for everybody: its bytes, its order, and who comes and goes meanwhile."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.frames import Frame
from websockets.streams import StreamReader

from live.frames import BINARY, BREATH, SHORT_BREATH, TEXT, Addresses, event, frame


class Ear:
    """A listener that writes down what it is pushed."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []

    def push(self, name: str, frame: bytes) -> None:
        self.heard.append((name, frame))


def read(data: bytes) -> Frame:
    """By another's hand."""
    reader = StreamReader()
    reader.feed_data(data)
    steps = Frame.parse(reader.read_exact, mask=False)
    try:
        while True:
            next(steps)
    except StopIteration as end:
        assert not reader.buffer
        found: Frame = end.value
        return found


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_frame_is_one_whole_frame_of_any_size(size: int, opcode: int) -> None:
    found = read(frame(b"x" * size, opcode))
    assert (found.fin, int(found.opcode), bytes(found.data)) == (True, opcode, b"x" * size)


def test_an_event_is_a_packet_of_socket_io_in_one_of_engine_io() -> None:
    told = {"head": 3, "say": "¿Habrá almuerzo? 🚌"}
    text = bytes(read(event("pulse", told)).data).decode()
    assert (text[:2], json.loads(text[2:])) == ("42", ["pulse", told])


async def test_each_address_hears_its_own_and_in_order() -> None:
    addresses, (one, two, three) = Addresses(), (Ear(), Ear(), Ear())
    addresses.join(one, "hall", "rosa")
    addresses.join(two, "hall")
    addresses.join(three, "desk")
    for number in range(3):
        await addresses.send("patch", {"to": number}, "hall")
    await addresses.send("notice", {"mine": True}, "rosa")
    await addresses.send("pulse", {}, "nobody")
    hall = [("patch", event("patch", {"to": number})) for number in range(3)]
    assert (one.heard, two.heard, three.heard) == ([*hall, ("notice", event("notice", {"mine": True}))], hall, [])


async def test_who_leaves_hears_nothing_more_and_nothing_is_kept_of_them() -> None:
    addresses, one, two = Addresses(), Ear(), Ear()
    addresses.join(one, "hall", "rosa")
    addresses.join(two, "hall")
    addresses.leave(one)
    addresses.leave(one)
    await addresses.send("patch", {}, "hall")
    assert (one.heard, len(two.heard), list(addresses.listeners)) == ([], 1, ["hall"])
    addresses.leave(two)
    assert (addresses.listeners, addresses.of) == ({}, {})


async def test_a_large_crowd_lets_others_have_their_turn_and_hears_one_after_the_other() -> None:
    """Two are told at once; in between others run, some leave and some come; nobody hears them in another order."""
    addresses, ears = Addresses(), [Ear() for _ in range(3 * BREATH)]
    for ear in ears:
        addresses.join(ear, "hall")
    first = asyncio.create_task(addresses.send("patch", {"to": 1}, "hall"))
    second = asyncio.create_task(addresses.send("pulse", {"head": 1}, "hall"))
    await asyncio.sleep(0)
    assert 0 < sum(bool(ear.heard) for ear in ears) < len(ears), "others have their turn before the last has heard"
    late = Ear()
    addresses.join(late, "hall")
    addresses.leave(ears[-1])
    await asyncio.gather(first, second)
    assert {tuple(name for name, _ in ear.heard) for ear in ears[:-1]} == {("patch", "pulse")}
    assert [name for name, _ in late.heard] == ["pulse"], "what it came with has the patch in it"


async def test_while_somebody_waits_for_an_answer_turns_are_short_and_all_hear_it_all_the_same() -> None:
    ears, told = [Ear() for _ in range(3 * BREATH)], set[int]()

    def is_hurried() -> bool:
        told.add(sum(bool(ear.heard) for ear in ears))
        return True

    addresses = Addresses(is_hurried)
    for ear in ears:
        addresses.join(ear, "hall")
    await addresses.send("patch", {}, "hall")
    assert sorted(told) == list(range(0, len(ears), SHORT_BREATH))
    assert {len(ear.heard) for ear in ears} == {1}


async def test_few_are_told_without_waiting_for_anybody() -> None:
    """A desk has its card at once, whoever else waits for an answer."""
    addresses, one = Addresses(lambda: True), Ear()
    addresses.join(one, "desk")
    telling = addresses.send("patch", {}, "desk")
    with pytest.raises(StopIteration):
        telling.send(None)
    assert len(one.heard) == 1
