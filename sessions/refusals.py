"""A no: a code for programs, and a sentence fit for a parent, in their language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from babel.dates import format_timedelta

STATUS = {
    "bad": 400,
    "no_identity": 401,
    "not_allowed": 403,
    "not_found": 404,
    "stale": 409,
    "not_now": 409,
    "claimed": 409,
    "key_reused": 409,
    "too_fast": 429,
    "not_saved": 503,
}
"""Every code on the wire, and its HTTP status."""


class Refusal(Exception):
    """Raised by a verb before it has changed anything.

    `sentence` is the English source text, translated only when it is told; `params` fill its places, where a
    timedelta becomes "4 seconds ago" and a Phrase is translated too. `extra` travels beside the sentence.
    """

    def __init__(self, code: str, sentence: str, *, extra: dict[str, Any] | None = None, **params: Any) -> None:
        super().__init__(code, sentence)
        self.code, self.sentence, self.params, self.extra = code, sentence, params, extra or {}

    @property
    def status(self) -> int:
        return STATUS[self.code]

    def say(self, gettext: Callable[[str], str], lang: str = "en") -> str:
        return gettext(self.sentence).format_map({k: tell(v, gettext, lang) for k, v in self.params.items()})


def not_saved() -> Refusal:
    return Refusal("not_saved", "This could not be saved just now. Nothing is lost; please try again.")


class Phrase(str):
    """English source text that stands in a table or within another sentence; marked so that it is translated."""


def tell(value: Any, gettext: Callable[[str], str], lang: str) -> Any:
    if isinstance(value, timedelta):
        ago = -max(value, timedelta(seconds=1))  # Another server's clock may be a little ahead of ours.
        return format_timedelta(ago, add_direction=True, locale=lang)
    return gettext(value) if isinstance(value, Phrase) else value
