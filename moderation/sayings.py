"""What the log says: a sentence for every event, the kind it is of, and which of its fields give its reasons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sessions import events as ev
from sessions.events import Event, State
from sessions.refusals import Phrase

KINDS: dict[str, Phrase] = {
    "asked": Phrase("Questions of families"),
    "decided": Phrase("Decisions"),
    "words": Phrase("Words, notes and tags"),
    "line": Phrase("Line-up and stage"),
    "followed": Phrase("Follow-ups"),
    "danger": Phrase("Danger"),
    "input": Phrase("Protection"),
    "captions": Phrase("Captions"),
    "session": Phrase("The session itself"),
}
"""What one can look for in the log; every event is of one kind."""

ACTORS: dict[str, Phrase] = {
    "timekeeper": Phrase("The clock"),
    "operator": Phrase("The operator"),
    "demo": Phrase("The demo"),
}
"""Who acts without being a person of the staff or a family."""


class Saying(NamedTuple):
    """How an event is told; `other` is said instead where `where` holds for it."""

    kind: str
    sentence: Phrase
    where: Callable[[Any], bool] = lambda _: False
    other: Phrase | None = None


def _is_off(event: Any) -> bool:
    return not event.on


SAYINGS: dict[type[Event], Saying] = {
    ev.SessionPlanned: Saying("session", Phrase("{who} planned the session “{title}”")),
    ev.SessionChanged: Saying("session", Phrase("{who} changed the plan: {changed}")),
    ev.SessionScheduled: Saying("session", Phrase("{who} announced the session")),
    ev.SessionRescheduled: Saying("session", Phrase("{who} moved the session to another time")),
    ev.DoorsOpened: Saying("session", Phrase("{who} opened the doors")),
    ev.SessionStarted: Saying("session", Phrase("{who} started the session")),
    ev.SessionPaused: Saying("session", Phrase("{who} began a break")),
    ev.SessionResumed: Saying("session", Phrase("{who} ended the break")),
    ev.SessionEnded: Saying("session", Phrase("{who} ended the session")),
    ev.SessionPublished: Saying("session", Phrase("{who} published the answers")),
    ev.SessionWithdrawn: Saying("session", Phrase("{who} took the published answers back to correct them")),
    ev.SessionCancelled: Saying("session", Phrase("{who} cancelled the session")),
    ev.SessionCompleted: Saying("session", Phrase("{who} marked the session as complete")),
    ev.CaptionsImported: Saying(
        "captions",
        Phrase("{who} added {cues} captions from a file ({lang})"),
        lambda e: e.replaces,
        Phrase("{who} put {cues} captions from a file in place of those before ({lang})"),
    ),
    ev.CaptionCorrected: Saying("captions", Phrase("{who} corrected caption {cue} ({lang})")),
    ev.CaptionRedacted: Saying(
        "captions",
        Phrase("{who} took words out of caption {cue} ({lang}): {reason}"),
        lambda e: e.speaker,
        Phrase("{who} took out the name of who speaks in caption {cue} ({lang}): {reason}"),
    ),
    ev.VotesCounted: Saying("session", Phrase("The votes were counted: {votes}")),
    ev.InputPaused: Saying("input", Phrase("{who} paused all input")),
    ev.InputResumed: Saying("input", Phrase("{who} opened the input again")),
    ev.InputSlowed: Saying(
        "input",
        Phrase("{who} slowed the input: one question from each person in {seconds} seconds"),
        lambda e: e.seconds == 0,
        Phrase("{who} lifted the slowing of the input"),
    ),
    ev.InputHeld: Saying(
        "input",
        Phrase("{who} had every new question wait for a person"),
        _is_off,
        Phrase("{who} had new questions treated as planned again"),
    ),
    ev.ParticipantMuted: Saying("input", Phrase("{who} muted family {family}: they can ask only staff")),
    ev.ParticipantUnmuted: Saying("input", Phrase("{who} lets family {family} ask everyone again")),
    ev.QuestionAsked: Saying(
        "asked",
        Phrase("A family asked question {n}"),
        lambda e: e.private,
        Phrase("A family asked question {n}, only for staff"),
    ),
    ev.QuestionEdited: Saying("asked", Phrase("The family changed the words of question {n}")),
    ev.QuestionWithdrawn: Saying("asked", Phrase("The family took question {n} back")),
    ev.QuestionApproved: Saying("decided", Phrase("{who} approved question {n}")),
    ev.QuestionDeclined: Saying("decided", Phrase("{who} declined question {n}: {reason}")),
    ev.QuestionHidden: Saying("decided", Phrase("{who} hid question {n}")),
    ev.QuestionRestored: Saying("decided", Phrase("{who} restored question {n}")),
    ev.QuestionHandedOver: Saying(
        "decided",
        Phrase("{who} handed question {n} over to {to}"),
        lambda e: e.to is None,
        Phrase("{who} handed question {n} over to a person of the staff"),
    ),
    ev.QuestionAnswered: Saying(
        "decided",
        Phrase("{who} answered question {n} in writing"),
        lambda e: e.state is not State.ANSWERED,
        Phrase("{who} answered question {n} in writing, for the family alone"),
    ),
    ev.QuestionReopened: Saying("decided", Phrase("{who} reopened question {n}")),
    ev.QuestionMerged: Saying("decided", Phrase("{who} joined question {n} with question {into}")),
    ev.QuestionUnmerged: Saying("decided", Phrase("{who} took question {n} apart from question {into}")),
    ev.WordsEdited: Saying(
        "words",
        Phrase("{who} tidied the words of question {n}"),
        lambda e: e.words is None,
        Phrase("{who} put the language of question {n} right: {lang}"),
    ),
    ev.QuestionNoted: Saying("words", Phrase("{who} left a note on question {n}")),
    ev.WordsRedacted: Saying(
        "words",
        Phrase("{who} took words out of question {n} ({part}): {reason}"),
        lambda e: not e.part,
        Phrase("{who} took words out of question {n}: {reason}"),
    ),
    ev.QuestionFlagged: Saying(
        "words",
        Phrase("{who} flagged question {n}: {flag}"),
        _is_off,
        Phrase("{who} took a flag from question {n}: {flag}"),
    ),
    ev.QuestionTagged: Saying(
        "words",
        Phrase("{who} tagged question {n}: {tag}"),
        _is_off,
        Phrase("{who} took a tag from question {n}: {tag}"),
    ),
    ev.QuestionSeen: Saying("danger", Phrase("{who} read question {n}, which may reveal danger")),
    ev.QuestionAlerted: Saying(
        "danger",
        Phrase("The person named for danger was told of question {n} by e-mail"),
        lambda e: e.how != "email",
        Phrase("The system named for danger was told of question {n}"),
    ),
    ev.LineupAssigned: Saying(
        "line",
        Phrase("{who} gave question {n} to {speaker}"),
        lambda e: not e.speaker,
        Phrase("{who} left question {n} to whoever likes to answer it"),
    ),
    ev.LineupAdded: Saying("line", Phrase("{who} put question {n} in line")),
    ev.LineupMoved: Saying("line", Phrase("{who} moved question {n} in the line")),
    ev.LineupRemoved: Saying("line", Phrase("{who} took question {n} out of the line")),
    ev.StageBrought: Saying("line", Phrase("{who} brought question {n} on stage")),
    ev.StageSettled: Saying("line", Phrase("{who} marked question {n} as answered on stage")),
    ev.StageSkipped: Saying("line", Phrase("{who} put question {n} back to the end of the line")),
    ev.StageDeferred: Saying("line", Phrase("{who} promised an answer in writing to question {n}")),
    ev.FollowUpPlanned: Saying(
        "followed",
        Phrase("{who} planned the follow-up of question {n}: {owner}"),
        lambda e: e.owner is None,
        Phrase("{who} planned the follow-up of question {n}"),
    ),
    ev.FollowUpAttempted: Saying("followed", Phrase("{who} tried to reach the family of question {n}: {attempt}")),
    ev.FollowUpClosed: Saying("followed", Phrase("{who} closed the follow-up of question {n}: {outcome}")),
}
"""Every event as a sentence."""

FLAGGED = Phrase("{sentence} (flags: {flags})")
"""What screening proposed when a question came in or was changed."""
TAKEN_OUT = Phrase("These words were taken out.")
TAKEN_BACK = Phrase("The family took these words back.")
OF_THE_FAMILY = (ev.QuestionAsked, ev.QuestionEdited, ev.WordsEdited)
"""Whose words nobody sees any more once the question is withdrawn."""

WHY: dict[type[Event], tuple[tuple[str, Phrase], ...]] = {
    ev.QuestionAsked: (("words", Phrase("Words")),),
    ev.QuestionEdited: (("words", Phrase("New words")),),
    ev.WordsEdited: (("words", Phrase("New words")),),
    ev.QuestionDeclined: (("reason", Phrase("Reason")), ("say", Phrase("Told to the family"))),
    ev.QuestionAnswered: (("words", Phrase("Answer")),),
    ev.QuestionNoted: (("words", Phrase("Note")),),
    ev.WordsRedacted: (("reason", Phrase("Reason")), ("say", Phrase("Between staff"))),
    ev.CaptionRedacted: (("reason", Phrase("Reason")), ("say", Phrase("Between staff"))),
    ev.FollowUpPlanned: (("due", Phrase("By")),),
    ev.FollowUpAttempted: (("outcome", Phrase("How it went")), ("words", Phrase("Note"))),
    ev.FollowUpClosed: (("outcome", Phrase("Outcome")), ("words", Phrase("Note"))),
}
"""Which fields of an event give its reasons, and what they are called."""
IN_THE_SENTENCE = frozenset({"reason", "outcome"})

PLANNED: dict[str, Phrase] = {
    "title": Phrase("title"),
    "about": Phrase("description"),
    "languages": Phrase("languages"),
    "topics": Phrase("topics"),
    "speakers": Phrase("speakers"),
    "schools": Phrase("schools"),
    "reasons": Phrase("reasons to decline"),
    "starts_at": Phrase("start"),
    "ends_at": Phrase("end"),
    "zone": Phrase("time zone"),
    "doors_minutes": Phrase("opening of the doors"),
    "review": Phrase("whether questions are read first"),
    "names": Phrase("names of families"),
    "limit": Phrase("length of a question"),
    "links": Phrase("links"),
    "recording": Phrase("recording"),
    "offset": Phrase("where the session starts in the recording"),
}
"""What a plan lays down, within a sentence."""
