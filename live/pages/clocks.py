"""Times within a session or a recording, as people read and type them. Pure."""

from __future__ import annotations

from sessions.refusals import Refusal


def clock_of(ms: int) -> str:
    """Such as 1:02:03, from milliseconds."""
    seconds = abs(ms) // 1000
    sign = "-" if ms < 0 else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def exact(ms: int) -> str:
    """Such as 1:02:03.250: what `offset_of` reads again as it was."""
    part = abs(ms) % 1000
    return clock_of(ms) + (f".{part:03d}" if part else "")


def moment_of(typed: str) -> int | None:
    """Milliseconds of a time such as 1:02:03 or 62:03.5; None where it is none."""
    units = typed.strip().replace(",", ".").split(":")
    *whole, last = units
    seconds, _, part = last.partition(".")
    digits = [*whole, seconds, part or "0"]
    if not 2 <= len(units) <= 3 or not all(d.isascii() and d.isdigit() and len(d) <= 4 for d in digits):
        return None
    total = 0
    for unit in (*whole, seconds):
        total = total * 60 + int(unit)
    return total * 1000 + int(part.ljust(3, "0")[:3] or 0)


def offset_of(typed: str) -> int:
    """Milliseconds, before the start where a minus leads. Raises Refusal `bad`."""
    bare = typed.strip().replace("\u2212", "-") or "0:00"
    found = moment_of(bare.removeprefix("-"))
    if found is None:
        raise Refusal("bad", "Please give a time such as 0:12:30: hours, minutes, seconds.")
    return -found if bare.startswith("-") else found
