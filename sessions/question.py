"""A question as its log tells it: all that is known of it, and who has noticed what."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from sessions.events import State


class Audience(StrEnum):
    """Who listens. `public` counts public numbers; `speaker` and `desk` count backstage numbers."""

    PUBLIC = "public"
    SPEAKER = "speaker"
    DESK = "desk"


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """A written answer or a note; a private one was written for the asker alone, and stays so."""

    words: str | None
    by: str
    at: datetime
    lang: str | None = None
    private: bool = False


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a question; what of it anybody sees is for `audiences.card` to say.

    `handed_to` is None until somebody has taken it on, and empty where nobody is named.
    `rev` moves with state, words and place, and guards commands against acting on something stale. `revs` is, per
    audience that can have noticed, the number in their stream of its last visible change.
    """

    id: str
    number: int
    author: str
    state: State
    words: str | None
    lang: str
    asked_at: datetime
    name: str | None = None
    topic: str | None = None
    private: bool = False
    contact: bool = False
    revised: bool = False
    order: str = ""
    answers: tuple[Said, ...] = ()
    notes: tuple[Said, ...] = ()
    reason: str | None = None
    say: str | None = None
    handed_to: str | None = None
    settled_at: datetime | None = None
    rev: int = 0
    revs: dict[Audience, int] = {}
