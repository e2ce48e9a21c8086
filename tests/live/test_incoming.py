"""What clients send, by the rules of RFC 6455: whole, in pieces, byte by byte, and against the rules."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest

from live.incoming import MOST_BYTES, SAYABLE, Broken, Incoming, goodbye, text
from tests.phones import BINARY, CLOSE, CONTINUED, PING, PONG, TEXT, framed

OPEN = 0x00
"""The first bits of a frame after which the same text goes on."""


def fed(chunks: Iterable[bytes]) -> list[tuple[int, bytes]]:
    incoming = Incoming()
    return [found for chunk in chunks for found in incoming.feed(chunk)]


SPOKEN = (
    framed(b"4hello")
    + framed(b"4", first=OPEN)
    + framed(b"how are you", PING)
    + framed(b"", CONTINUED, first=OPEN)
    + framed("¿Habrá".encode(), CONTINUED)
    + framed(b"\x00\xff" * 200, BINARY)
    + framed(b"", PONG)
    + framed(b"")
    + framed(b"x" * MOST_BYTES)
    + framed((1000).to_bytes(2, "big") + b"bye", CLOSE)
)
HEARD = [
    (TEXT, b"4hello"),
    (PING, b"how are you"),
    (TEXT, "4¿Habrá".encode()),
    (BINARY, b"\x00\xff" * 200),
    (PONG, b""),
    (TEXT, b""),
    (TEXT, b"x" * MOST_BYTES),
    (CLOSE, (1000).to_bytes(2, "big") + b"bye"),
]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 4096, len(SPOKEN)])
def test_however_the_bytes_come_the_same_is_heard(step: int) -> None:
    assert fed(SPOKEN[at : at + step] for at in range(0, len(SPOKEN), step)) == HEARD


@pytest.mark.parametrize(
    ("bytes_", "code"),
    [
        (framed(b"x", first=0xC0), 1002),
        (framed(b"x", first=0xA0), 1002),
        (framed(b"x", first=0x90), 1002),
        (framed(b"x", mask=None), 1002),
        (framed(b"x", 0x3), 1002),
        (framed(b"x", 0xB), 1002),
        (framed(b"x", PING, first=OPEN), 1002),
        (framed(b"x" * 126, PING), 1002),
        (framed(b"x" * 126, CLOSE), 1002),
        (framed(b"x", CONTINUED), 1002),
        (framed(b"x", first=OPEN) + framed(b"y"), 1002),
        (framed(b"x", first=OPEN) + framed(b"y", BINARY, first=OPEN), 1002),
        (framed(b"x" * (MOST_BYTES + 1))[:14], 1009),
        (bytes([0x81, 0xFF]) + b"\xff" * 8, 1009),
        (framed(b"x" * MOST_BYTES, first=OPEN) + framed(b"y", CONTINUED), 1009),
    ],
    ids=itertools.count(),
)
def test_who_breaks_the_rules_is_told_which(bytes_: bytes, code: int) -> None:
    """What came before it in the same packet was heard; too much is refused before it is all there."""
    incoming, heard = Incoming(), []
    with pytest.raises(Broken) as broken:
        heard += [*incoming.feed(framed(b"4before"))]
        heard += [*incoming.feed(bytes_)]
    assert (broken.value.code, heard) == (code, [(TEXT, b"4before")])


def test_a_text_is_utf_8() -> None:
    assert text("¿Sí?".encode()) == "¿Sí?"
    for wrong in (b"\xff", b"\xed\xa0\x80", "¿".encode()[:1]):
        with pytest.raises(Broken) as broken:
            text(wrong)
        assert broken.value.code == 1007


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", 1000),
        *((code.to_bytes(2, "big"), code) for code in sorted(SAYABLE)),
        ((3000).to_bytes(2, "big") + "adiós".encode(), 3000),
        ((4999).to_bytes(2, "big"), 4999),
    ],
)
def test_a_goodbye_is_answered_with_its_own_code(payload: bytes, code: int) -> None:
    assert goodbye(payload) == code


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        *((b"\x03", 1002) for _ in range(1)),
        *((wrong.to_bytes(2, "big"), 1002) for wrong in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535)),
        ((1000).to_bytes(2, "big") + b"\xff", 1007),
    ],
)
def test_a_goodbye_against_the_rules(payload: bytes, code: int) -> None:
    with pytest.raises(Broken) as broken:
        goodbye(payload)
    assert broken.value.code == code
