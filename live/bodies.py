"""What each command carries, as its device must send it: docs/wire.md tells it to those who write clients."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

Key = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,64}\Z")]
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,16}\Z")]
Rev = Annotated[int, Meta(ge=0)]
Moment = Annotated[datetime, Meta(tz=True)]
Lang = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", max_length=20)]


class Body(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every command carries: a key that the device made for this one action.

    Where words come without `lang`, they are in the language of the page they were typed on; a question that is
    clearly in another is of that one.
    """

    key: Key


class Ask(Body, frozen=True, kw_only=True):
    words: str
    lang: Lang | None = None
    name: str | None = None
    topic: str | None = None
    school: str | None = None
    private: bool = False
    contact: str | None = None
    times: str | None = None


class OnQuestion(Body, frozen=True, kw_only=True):
    """A participant's command on a question."""

    question: Id


class Edit(OnQuestion, frozen=True, kw_only=True):
    words: str
    lang: Lang | None = None


class Decide(OnQuestion, frozen=True, kw_only=True):
    """A staff command on a question, as it stood at `rev`."""

    rev: Rev


class Decline(Decide, frozen=True, kw_only=True):
    reason: str
    say: str | None = None


class HandOver(Decide, frozen=True, kw_only=True):
    to: str | None = None


class Note(OnQuestion, frozen=True, kw_only=True):
    words: str


class Write(Decide, frozen=True, kw_only=True):
    words: str
    lang: Lang | None = None


class Merge(Decide, frozen=True, kw_only=True):
    into: Id


class EditWords(Decide, frozen=True, kw_only=True):
    """The words, their language, or both: what is left out stays."""

    words: str | None = None
    lang: Lang | None = None


class Flag(OnQuestion, frozen=True, kw_only=True):
    flag: str
    on: bool = True


class Tag(OnQuestion, frozen=True, kw_only=True):
    tag: str
    on: bool = True


class Claim(OnQuestion, frozen=True, kw_only=True):
    """`take` over what somebody else is on."""

    take: bool = False


class Assign(Decide, frozen=True, kw_only=True):
    speaker: str = ""


class Slow(Body, frozen=True, kw_only=True):
    seconds: int


class Hold(Body, frozen=True, kw_only=True):
    on: bool


class CarryOver(Body, frozen=True, kw_only=True):
    owner: str | None = None
    due: date | None = None


class FollowUp(Decide, frozen=True, kw_only=True):
    owner: str | None = None
    due: date | None = None


class Attempt(OnQuestion, frozen=True, kw_only=True):
    outcome: str
    words: str | None = None


class CloseFollowUp(Decide, frozen=True, kw_only=True):
    outcome: str
    words: str | None = None


class Move(Decide, frozen=True, kw_only=True):
    after: str = ""


class Next(Body, frozen=True, kw_only=True):
    """`question` is the one that the caller sees on stage, if any."""

    question: Id | None = None
    rev: Rev = 0


class Reschedule(Body, frozen=True, kw_only=True):
    starts_at: Moment
    ends_at: Moment | None = None


class CorrectCaption(Body, frozen=True, kw_only=True):
    """Caption `cue` of the track in `lang`, as it stood at `rev` of its stream."""

    lang: Lang
    cue: Rev
    rev: Rev
    words: str
    speaker: str | None = None


class Redact(OnQuestion, frozen=True, kw_only=True):
    """Without `part` and `entry` all that there is; with `phrase` only that, wherever it stands in it."""

    reason: str
    part: str | None = None
    entry: Rev | None = None
    phrase: str | None = None
    say: str | None = None


class RedactCaption(Body, frozen=True, kw_only=True):
    """The words of a caption, or with `speaker` the name of who speaks; with `phrase` only that of it."""

    lang: Lang
    cue: Rev
    reason: str
    speaker: bool = False
    phrase: str | None = None
    say: str | None = None
