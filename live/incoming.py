"""What a client sends over a WebSocket, taken apart by the rules of RFC 6455 and by nothing softer."""

from __future__ import annotations

from collections.abc import Iterator

from websockets.speedups import apply_mask

from live.frames import BINARY, CLOSE, CONTINUED, PING, PONG, TEXT

MOST_BYTES = 65_536
"""Of a whole incoming text, in however many pieces it comes."""
PROTOCOL_ERROR, BAD_TEXT, TOO_LARGE = 1002, 1007, 1009
"""Why a connection is closed by us, in the codes of WebSocket."""
SAYABLE = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014}


class Broken(Exception):
    """The client does not keep to the protocol; its connection is closed with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Incoming:
    """Bytes in, whole texts and control frames out. Holds nothing between them but what has begun."""

    __slots__ = ("begun", "opcode", "rest")

    def __init__(self) -> None:
        self.rest: bytes | bytearray = b""
        self.begun: bytearray | None = None
        self.opcode = TEXT

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """(opcode, payload) of each that is whole by now. Raises Broken."""
        if self.rest:  # Grown in place: a frame that comes byte by byte is not copied as often.
            self.rest = self.rest if isinstance(self.rest, bytearray) else bytearray(self.rest)
            self.rest += data
        else:
            self.rest = data
        at = 0
        while (found := self._frame(at)) is not None:
            at, first, payload = found
            opcode = first & 0x0F
            if opcode >= CLOSE:
                yield opcode, payload
            elif (whole := self._joined(opcode, payload, is_last=bool(first & 0x80))) is not None:
                yield self.opcode, whole
        self.rest = self.rest[at:] if at else self.rest

    def _frame(self, at: int) -> tuple[int, int, bytes] | None:
        """(where it ends, its first byte, its payload unmasked), or None while it is not all there."""
        data, there = self.rest, len(self.rest) - at
        if there < 2:
            return None
        first, size, begins = data[at], data[at + 1] & 0x7F, at + 2
        opcode = first & 0x0F
        # The three bits belong to extensions, and none was agreed on; a client that does not mask may be a proxy's
        # cache being poisoned.
        if first & 0x70 or not data[at + 1] & 0x80 or opcode not in (CONTINUED, TEXT, BINARY, CLOSE, PING, PONG):
            raise Broken(PROTOCOL_ERROR)
        if opcode >= CLOSE and (not first & 0x80 or size > 125):
            raise Broken(PROTOCOL_ERROR)
        if opcode < CLOSE and (opcode == CONTINUED) is (self.begun is None):
            raise Broken(PROTOCOL_ERROR)
        if size > 125:
            wide = 2 if size == 126 else 8
            if there < 2 + wide:
                return None
            size, begins = int.from_bytes(data[begins : begins + wide], "big"), begins + wide
        if size + (len(self.begun) if self.begun and opcode < CLOSE else 0) > MOST_BYTES:
            raise Broken(TOO_LARGE)  # Before it is all there: nobody makes us hold it.
        ends = begins + 4 + size
        if len(data) < ends:
            return None
        return ends, first, apply_mask(data[begins + 4 : ends], data[begins : begins + 4])

    def _joined(self, opcode: int, payload: bytes, *, is_last: bool) -> bytes | None:
        if opcode != CONTINUED:
            self.opcode = opcode
            if is_last:
                return payload
            self.begun = bytearray(payload)
            return None
        begun = self.begun or bytearray()
        begun += payload
        self.begun = None if is_last else begun
        return bytes(begun) if is_last else None


def text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise Broken(BAD_TEXT) from None


def goodbye(payload: bytes) -> int:
    """The code with which a client's close is answered: its own, if it may be said."""
    if not payload:
        return 1000
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not (code in SAYABLE or 3000 <= code < 5000):
        raise Broken(PROTOCOL_ERROR)
    text(payload[2:])
    return code
