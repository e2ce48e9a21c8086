"""Bodies that are the same for many: encoded once, compressed once, and not sent again to who has them already."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response

SMALLEST = 500
"""Bytes below which compressing saves nothing."""
GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
LAST_BLOCK = b"\x03\x00"
VARY = "Cookie, Accept-Language, Accept-Encoding"


def takes_gzip(request: Request) -> bool:
    """Whether the client says so; `gzip;q=0` says that it does not."""
    for one in request.headers.get("accept-encoding", "").split(","):
        coding, _, quality = one.replace(" ", "").partition(";")
        if coding in ("gzip", "*"):
            return quality not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


class Packed:
    """One body for everybody."""

    def __init__(self, body: bytes, media_type: str) -> None:
        self.body, self.media_type = body, media_type

    @cached_property
    def tag(self) -> str:
        # Weak: the same for both codings of one body.
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:24]}"'

    @cached_property
    def zipped(self) -> bytes:
        return gzip.compress(self.body, 6, mtime=0)

    def answer(self, request: Request, *, is_public: bool = True) -> Response:
        """Whole, compressed, or only that nothing has changed; what is for few is left on no shared computer."""
        cache = "private, no-cache" if is_public else "no-store"
        headers = {"ETag": self.tag, "Vary": VARY, "Cache-Control": cache}
        held = request.headers.get("if-none-match", "")
        if self.tag in (one.strip() for one in held.split(",")):
            return Response(status_code=304, headers=headers)
        if len(self.body) < SMALLEST or not takes_gzip(request):
            return Response(self.body, headers=headers, media_type=self.media_type)
        headers["Content-Encoding"] = "gzip"
        return Response(self.zipped, headers=headers, media_type=self.media_type)


class Form:
    """A page that is the same for everybody but for a few short words, which are laid into it as they are.

    What is shared is compressed once; a word goes between two parts as a block that deflate leaves uncompressed.
    """

    def __init__(self, page: str, blanks: Sequence[str]) -> None:
        """`blanks` are the texts that stand for the words, in any number of places."""
        self.parts: list[bytes | int] = [page.encode()]
        for number, blank in enumerate(blanks):
            self.parts = [piece for part in self.parts for piece in _split(part, blank.encode(), number)]
        self.zipped = [part if isinstance(part, int) else _deflated(part) for part in self.parts]

    def filled(self, words: Sequence[str], *, zipped: bool) -> bytes:
        laid = [word.encode() for word in words]
        whole = b"".join(laid[part] if isinstance(part, int) else part for part in self.parts)
        if not zipped:
            return whole
        blocks = (_stored(laid[part]) if isinstance(part, int) else part for part in self.zipped)
        end = zlib.crc32(whole).to_bytes(4, "little") + (len(whole) & 0xFFFFFFFF).to_bytes(4, "little")
        return b"".join((GZIP_HEAD, *blocks, LAST_BLOCK, end))

    def answer(self, request: Request, words: Sequence[str], headers: Mapping[str, str]) -> Response:
        zipped = takes_gzip(request)
        told = {**headers, "Vary": VARY} | ({"Content-Encoding": "gzip"} if zipped else {})
        return Response(self.filled(words, zipped=zipped), headers=told, media_type="text/html")


def _split(part: bytes | int, blank: bytes, number: int) -> list[bytes | int]:
    if isinstance(part, int):
        return [part]
    pieces: list[bytes | int] = []
    for piece in part.split(blank):
        pieces += [piece, number]
    return pieces[:-1]


def _deflated(part: bytes) -> bytes:
    """Ends on a whole byte, and refers to nothing outside itself."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    return squeeze.compress(part) + squeeze.flush(zlib.Z_FULL_FLUSH)


def _stored(word: bytes) -> bytes:
    size = len(word)
    return b"\x00" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + word
