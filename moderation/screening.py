"""What in a question deserves a second look. Pure: proposes flags, never decides."""

from __future__ import annotations

import regex

MOST = 4_000
"""Characters that are looked at: more than any question may have."""

PATTERNS: dict[str, regex.Pattern[str]] = {
    "email": regex.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"),
    "link": regex.compile(r"\b(?:https?://|www\.)\S+", regex.IGNORECASE),
}


def screen(words: str) -> tuple[str, ...]:
    """The flags that these words raise, in the order of the table."""
    seen = words[:MOST]
    return tuple(flag for flag, pattern in PATTERNS.items() if pattern.search(seen))
