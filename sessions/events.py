"""Everything that can happen in a session, as frozen structs; one line of the log each.

An event tells what was decided, never what it led to elsewhere: whoever reads the log can rebuild the board from these
alone. Personal words are not in it, only their digests (`sessions.words`). Names are past tense; the command that led
to one is the same name in the imperative.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import NewType, Union, get_args, get_origin, get_type_hints

import msgspec

Digest = NewType("Digest", str)
"""SHA-256(salt + words) in hex: all that the log knows of a personal text."""


class State(StrEnum):
    """Where a question stands."""

    HELD = "held"
    SHOWN = "shown"
    QUEUED = "queued"
    ON_STAGE = "on_stage"
    ANSWERED = "answered"
    DECLINED = "declined"
    PRIVATE = "private"
    HIDDEN = "hidden"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


class SessionState(StrEnum):
    """Where a session stands."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    DOORS_OPEN = "doors_open"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


class Link(msgspec.Struct, frozen=True):
    """Something to read on, at an address of somebody else's."""

    label: str
    address: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the host has laid down about a session.

    `limit` is in characters as a reader counts them; `reasons` are the codes of its published rules (none: all).
    `recording` is the address of a recording, and `offset` where in it the session starts, in milliseconds.
    """

    title: str
    about: str = ""
    languages: tuple[str, ...] = ("en", "es")
    topics: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    schools: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    zone: str = "America/Phoenix"
    doors_minutes: int = 30
    review: bool = True
    names: str = "optional"
    limit: int = 600
    links: tuple[Link, ...] = ()
    recording: str = ""
    offset: int = 0


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """When it happened (the transaction's time) and who did it (a person's id, or "timekeeper")."""

    at: datetime
    by: str


class SessionEvent(Event, frozen=True, kw_only=True):
    """Something happened to the session as a whole; `state` is where it stands now."""

    state: SessionState


class SessionPlanned(SessionEvent, frozen=True, kw_only=True, tag="session.planned"):
    code: str
    plan: Plan


class SessionChanged(SessionEvent, frozen=True, kw_only=True, tag="session.changed"):
    plan: Plan


class SessionScheduled(SessionEvent, frozen=True, tag="session.scheduled"): ...


class SessionRescheduled(SessionEvent, frozen=True, kw_only=True, tag="session.rescheduled"):
    plan: Plan


class DoorsOpened(SessionEvent, frozen=True, tag="session.doors_opened"): ...


class SessionStarted(SessionEvent, frozen=True, tag="session.started"): ...


class SessionPaused(SessionEvent, frozen=True, tag="session.paused"): ...


class SessionResumed(SessionEvent, frozen=True, tag="session.resumed"): ...


class SessionEnded(SessionEvent, frozen=True, tag="session.ended"): ...


class SessionPublished(SessionEvent, frozen=True, tag="session.published"): ...


class SessionWithdrawn(SessionEvent, frozen=True, tag="session.withdrawn"):
    """What was published is taken back to be corrected."""


class SessionCancelled(SessionEvent, frozen=True, tag="session.cancelled"): ...


class InputPaused(SessionEvent, frozen=True, tag="input.paused"): ...


class InputResumed(SessionEvent, frozen=True, tag="input.resumed"): ...


class InputSlowed(SessionEvent, frozen=True, kw_only=True, tag="input.slowed"):
    """From now on one question from each person in so many seconds; 0: as many as they like."""

    seconds: int


class InputHeld(SessionEvent, frozen=True, kw_only=True, tag="input.held"):
    """Whether every new question waits for a person, also where the plan shows them at once."""

    on: bool


class SessionCompleted(SessionEvent, frozen=True, tag="session.completed"):
    """Every question had its outcome then."""


class ParticipantMuted(SessionEvent, frozen=True, kw_only=True, tag="participant.muted"):
    """`person` may ask only staff from now on."""

    person: str


class ParticipantUnmuted(SessionEvent, frozen=True, kw_only=True, tag="participant.unmuted"):
    person: str


class CaptionEvent(Event, frozen=True, kw_only=True):
    """Something happened to the captions in one language; it has its number in their stream, too."""

    lang: str


class CaptionsImported(CaptionEvent, frozen=True, kw_only=True, tag="captions.imported"):
    """`cues` captions came from a file, numbered from `first` on; `digest` covers all of them, in this order.

    `offset` is where in the file the session starts, in milliseconds; `early` counts what was said before that and
    left out. `replaces`: what was there before does not show any more.
    """

    format: str
    replaces: bool
    offset: int
    first: int
    cues: int
    early: int
    digest: str


class CaptionCorrected(CaptionEvent, frozen=True, kw_only=True, tag="caption.corrected"):
    """Caption `cue` has other words or another speaker; `digest` is that of its words, which lie with the captions."""

    cue: int
    digest: str
    speaker: Digest | None = None


class CaptionRedacted(CaptionEvent, frozen=True, kw_only=True, tag="caption.redacted"):
    """Words of caption `cue` were taken out, in every version that it had; what is left stands in one of its own.

    `digest` covers that version; `taken` are the digests of the originals, as in `words.redacted`. With `speaker` it
    was the name of who speaks, and what is left of it stands wherever it stood. `reason`, `say` and `name` as there.
    """

    cue: int
    digest: str
    taken: dict[Digest, Digest | None]
    reason: str
    speaker: bool = False
    say: Digest | None = None
    name: str


class VotesCounted(SessionEvent, frozen=True, kw_only=True, tag="votes.counted"):
    """The final tally by question; votes themselves are rows, not events."""

    tallies: dict[str, int]


class QuestionEvent(Event, frozen=True, kw_only=True):
    """Something happened to one question, which stood at `was` and stands at `state` now."""

    question: str
    was: State | None
    state: State


class QuestionAsked(QuestionEvent, frozen=True, kw_only=True, tag="question.asked"):
    """`by` is the asker; `contact` says that a way to reach them was left, which itself is never here.

    `flags` are what screening proposed.
    """

    number: int
    words: Digest
    lang: str
    name: Digest | None = None
    topic: str | None = None
    school: str | None = None
    private: bool = False
    contact: bool = False
    flags: tuple[str, ...] = ()


class QuestionEdited(QuestionEvent, frozen=True, kw_only=True, tag="question.edited"):
    words: Digest
    lang: str
    flags: tuple[str, ...] = ()


class QuestionWithdrawn(QuestionEvent, frozen=True, tag="question.withdrawn"): ...


class QuestionApproved(QuestionEvent, frozen=True, tag="question.approved"): ...


class QuestionDeclined(QuestionEvent, frozen=True, kw_only=True, tag="question.declined"):
    """`reason` is a code of the session's rules; `say` a sentence for the asker alone."""

    reason: str
    say: Digest | None = None


class QuestionHidden(QuestionEvent, frozen=True, tag="question.hidden"): ...


class QuestionRestored(QuestionEvent, frozen=True, tag="question.restored"): ...


class QuestionHandedOver(QuestionEvent, frozen=True, kw_only=True, tag="question.handed_over"):
    to: Digest | None = None


class QuestionAnswered(QuestionEvent, frozen=True, kw_only=True, tag="question.answered"):
    """Answered in writing; `name` is the public name of who answered."""

    words: Digest
    lang: str
    name: str


class QuestionReopened(QuestionEvent, frozen=True, tag="question.reopened"): ...


class QuestionNoted(QuestionEvent, frozen=True, kw_only=True, tag="question.noted"):
    """A note between moderators."""

    words: Digest
    name: str


class QuestionMerged(QuestionEvent, frozen=True, kw_only=True, tag="question.merged"):
    """One answer serves both: from now on `into` lives for it."""

    into: str


class QuestionUnmerged(QuestionEvent, frozen=True, tag="question.unmerged"): ...


class WordsEdited(QuestionEvent, frozen=True, kw_only=True, tag="question.words_edited"):
    """The words shown were tidied, or their language was put right; None for what stays."""

    words: Digest | None
    lang: str | None
    name: str


class QuestionFlagged(QuestionEvent, frozen=True, kw_only=True, tag="question.flagged"):
    flag: str
    on: bool


class QuestionTagged(QuestionEvent, frozen=True, kw_only=True, tag="question.tagged"):
    tag: Digest
    on: bool


class QuestionSeen(QuestionEvent, frozen=True, kw_only=True, tag="question.seen"):
    """A person of the staff has read a question that may reveal danger."""

    name: str


class QuestionAlerted(QuestionEvent, frozen=True, kw_only=True, tag="question.alerted"):
    """The person named for it was told that a question may reveal danger; `how` is "email" or "webhook"."""

    how: str


class FollowUpPlanned(QuestionEvent, frozen=True, kw_only=True, tag="followup.planned"):
    """Somebody goes on with this question after the session; again for another owner or another day."""

    owner: Digest | None = None
    due: date | None = None


class FollowUpAttempted(QuestionEvent, frozen=True, kw_only=True, tag="followup.attempted"):
    outcome: str
    words: Digest | None = None
    name: str


class FollowUpClosed(QuestionEvent, frozen=True, kw_only=True, tag="followup.closed"):
    outcome: str
    words: Digest | None = None
    name: str


class WordsRedacted(QuestionEvent, frozen=True, kw_only=True, tag="words.redacted"):
    """Words were taken out of everything that is shown: of one part of the question, or of all (`part` empty).

    `taken` are the digests of the originals, which are sealed, each with that of what is left of it, or None where
    nothing is. `reason` is a code that everybody may know, `say` a sentence between staff, `name` who did it.
    """

    part: str = ""
    taken: dict[Digest, Digest | None]
    reason: str
    say: Digest | None = None
    name: str


class LineupAssigned(QuestionEvent, frozen=True, kw_only=True, tag="lineup.assigned"):
    """`speaker` is one of the plan's, or empty: whoever likes to."""

    speaker: str


class LineupAdded(QuestionEvent, frozen=True, kw_only=True, tag="lineup.added"):
    order: str


class LineupMoved(QuestionEvent, frozen=True, kw_only=True, tag="lineup.moved"):
    order: str


class LineupRemoved(QuestionEvent, frozen=True, tag="lineup.removed"): ...


class StageBrought(QuestionEvent, frozen=True, tag="stage.brought"): ...


class StageSettled(QuestionEvent, frozen=True, tag="stage.settled"): ...


class StageSkipped(QuestionEvent, frozen=True, kw_only=True, tag="stage.skipped"):
    """Back to the line-up, at its end."""

    order: str


class StageDeferred(QuestionEvent, frozen=True, tag="stage.deferred"):
    """The speakers promised to answer it in writing."""


class Entry(msgspec.Struct, frozen=True):
    """An event in its places, with the words that its digests stand for (None where they were taken out).

    `public` is the number in the public stream that holds after this event; it moved if `is_public`.
    """

    seq: int
    public: int
    is_public: bool
    event: Event
    words: dict[str, str | None] = {}


def leaves(kind: type[Event]) -> list[type[Event]]:
    below = [leaf for sub in kind.__subclasses__() for leaf in leaves(sub)]
    return below or [kind]


EVENTS: dict[str, type[Event]] = {str(kind.__struct_config__.tag): kind for kind in leaves(Event)}
"""Every event by its name."""

WORDS_IN: dict[type[Event], tuple[str, ...]] = {
    kind: tuple(
        name
        for name, hint in get_type_hints(kind).items()
        if hint is Digest or (get_origin(hint) is not dict and Digest in get_args(hint))
    )
    for kind in EVENTS.values()
}
"""Which fields of an event are digests of personal words."""

STILL: frozenset[type[Event]] = frozenset(
    {QuestionNoted, QuestionFlagged, QuestionTagged, QuestionSeen, QuestionAlerted, FollowUpAttempted}
)
"""What is laid beside a question and changes nothing in it: no decision becomes stale by it."""

_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Union[tuple(EVENTS.values())])  # noqa: UP007 (built, not written)
_encoder = msgspec.json.Encoder(order="sorted")


def encode(event: Event) -> bytes:
    """The canonical form: what is hashed and stored. Sorted keys, no spaces: moving a field changes no hash."""
    return _encoder.encode(event)


def decode(body: bytes | str) -> Event:
    return _decoder.decode(body)


def digests(event: Event) -> list[Digest]:
    found = [value for name in WORDS_IN[type(event)] if (value := getattr(event, name)) is not None]
    left = event.taken.values() if isinstance(event, WordsRedacted | CaptionRedacted) else ()
    return found + [value for value in left if value is not None]
