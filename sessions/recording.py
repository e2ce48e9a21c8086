"""Where a session can be seen again, and the address of a moment in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from urllib.parse import parse_qs, urlsplit

import msgspec

from sessions.refusals import Refusal

MAX_ADDRESS = 500
MAX_OFFSET = 24 * 3600 * 1000
"""A day, in milliseconds."""
VIDEO = re.compile(r"[\w-]{6,20}")
VIMEO = re.compile(r"/(?:video/)?(\d{4,12})(?:/([0-9a-f]{6,20}))?/?")
FILES = (".mp4", ".m4v", ".webm", ".mp3", ".m4a")


class Recording(msgspec.Struct, frozen=True):
    """`kind` is "youtube", "vimeo", "file" or "page"; the session starts `offset` milliseconds into it."""

    kind: str
    address: str
    offset: int = 0

    def is_from(self, origins: Collection[str]) -> bool:
        """Whether it lies at one of these origins, such as https://video.example.org."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}".lower() in origins

    def at(self, moment: int) -> str:
        """The address of a moment on the session's clock, in milliseconds."""
        seconds = max(0, moment + self.offset) // 1000
        return MOMENTS[self.kind](self.address, seconds)


MOMENTS: dict[str, Callable[[str, int], str]] = {
    "youtube": lambda address, seconds: f"{address}&t={seconds}s",
    "vimeo": lambda address, seconds: f"{address}#t={seconds}s",
    "file": lambda address, seconds: f"{address}#t={seconds}",
    "page": lambda address, seconds: f"{address}#t={seconds}",
}


def clean_address(address: str) -> str:
    """The address of a page of somebody's, or Refusal `bad`."""
    address = address.strip()
    try:
        parts = urlsplit(address)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_fine = urlsplit(""), False
    is_plain = address.isprintable() and not any(c.isspace() or c in '"<>\\^`{|}' for c in address)
    if (
        not is_plain
        or len(address) > MAX_ADDRESS
        or parts.scheme not in ("https", "http")
        or not parts.hostname
        or parts.username is not None
        or not port_is_fine
    ):
        raise Refusal("bad", "Please give a whole address that begins with https://")
    return address


def recording_of(address: str, offset: int = 0) -> Recording | None:
    """What is known of the recording at this address; None without one."""
    if not address:
        return None
    parts = urlsplit(address)
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    video = ""
    if host == "youtu.be":
        video = parts.path.strip("/")
    elif host in ("youtube.com", "youtube-nocookie.com"):
        kind, _, rest = parts.path.strip("/").partition("/")
        video = parse_qs(parts.query).get("v", [""])[0] if kind == "watch" else ""
        video = video or (rest if kind in ("live", "embed", "shorts") else "")
    if VIDEO.fullmatch(video):
        return Recording("youtube", f"https://www.youtube.com/watch?v={video}", offset)
    if host in ("vimeo.com", "player.vimeo.com") and (found := VIMEO.fullmatch(parts.path)):
        number, secret = found.groups()
        return Recording("vimeo", "/".join(filter(None, ("https://vimeo.com", number, secret))), offset)
    bare = address.partition("#")[0]
    return Recording("file" if parts.path.lower().endswith(FILES) else "page", bare, offset)
