"""The log as sentences: one for every event, in every language, and nothing in them that the desk may not see."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from live import texts
from live.rendering import catalogues
from moderation import audit
from moderation.audit import FAMILIES, KINDS, PLACES, PLANNED, SAYINGS, Line, Reader, Wanted, Why
from sessions import board as boards
from sessions import events as ev
from sessions import people
from sessions.audiences import mark_of
from sessions.board import Board
from sessions.events import EVENTS, Digest, Entry, Event, Plan, SessionState, State
from sessions.permissions import Caller
from tests.house import House

AT = datetime(2031, 7, 1, 22, 0, tzinfo=UTC)
NAMES = {"ana": "Ana", "ben": "Ben"}
PLAN = Plan(title="Bus routes", speakers=("Dr. Lee",))
ENGLISH = Reader(str, "en", texts.labels(str), NAMES)
ROSA, LUIS = mark_of("rosa"), mark_of("luis")


def log_of(events: Sequence[Event], words: Mapping[str, str | None]) -> tuple[list[Entry], Board]:
    """A log of these events, whose digests are the names of `words`; and the board that they lead to."""
    entries = [Entry(seq, seq, True, event, dict(words)) for seq, event in enumerate(events, 1)]
    return entries, boards.apply(Board(), entries)


def told(*events: Event, reader: Reader = ENGLISH, words: Mapping[str, str | None] | None = None) -> list[Line]:
    return audit.lines(*log_of(events, WORDS if words is None else words), reader)


def asked(question: str, number: int, by: str = "rosa", **more: Any) -> ev.QuestionAsked:
    fields: dict[str, Any] = {"was": None, "state": State.HELD, "words": Digest("asked"), "lang": "en"}
    return ev.QuestionAsked(at=AT, by=by, question=question, number=number, **fields | more)


def step(kind: type[ev.QuestionEvent], was: State, state: State, by: str = "ana", **more: Any) -> ev.QuestionEvent:
    return kind(at=AT, by=by, question=more.pop("question", "q12"), was=was, state=state, **more)


def captions(*, replaces: bool) -> ev.CaptionsImported:
    fields: dict[str, Any] = {"format": "vtt", "offset": 0, "first": 1, "cues": 1200, "early": 0, "digest": "c" * 64}
    return ev.CaptionsImported(at=AT, by="ana", lang="es", replaces=replaces, **fields)


def caption_redacted(**more: Any) -> ev.CaptionRedacted:
    fields: dict[str, Any] = {"cue": 17, "digest": "c" * 64, "taken": {}, "reason": "child", "name": "Ana"}
    return ev.CaptionRedacted(at=AT, by="ana", lang="es", **fields | more)


H, S, Q, P = State.HELD, State.SHOWN, State.QUEUED, State.PRIVATE
LIVE: dict[str, Any] = {"at": AT, "by": "ana", "state": SessionState.LIVE}
EACH: list[tuple[Event, str, tuple[Why, ...]]] = [
    (ev.SessionPlanned(**LIVE, code="QK7RTM", plan=PLAN), "Ana planned the session “Bus routes”", ()),
    (
        ev.SessionChanged(**LIVE, plan=msgspec.structs.replace(PLAN, title="Buses", limit=300)),
        "Ana changed the plan: title, length of a question",
        (),
    ),
    (ev.SessionScheduled(**LIVE), "Ana announced the session", ()),
    (ev.SessionRescheduled(**LIVE, plan=PLAN), "Ana moved the session to another time", ()),
    (ev.DoorsOpened(**LIVE | {"by": "timekeeper"}), "The clock opened the doors", ()),
    (ev.SessionStarted(**LIVE), "Ana started the session", ()),
    (ev.SessionPaused(**LIVE), "Ana began a break", ()),
    (ev.SessionResumed(**LIVE), "Ana ended the break", ()),
    (ev.SessionEnded(**LIVE), "Ana ended the session", ()),
    (ev.SessionPublished(**LIVE), "Ana published the answers", ()),
    (ev.SessionWithdrawn(**LIVE), "Ana took the published answers back to correct them", ()),
    (captions(replaces=False), "Ana added 1200 captions from a file (Spanish)", ()),
    (captions(replaces=True), "Ana put 1200 captions from a file in place of those before (Spanish)", ()),
    (
        ev.CaptionCorrected(at=AT, by="ana", lang="es", cue=17, digest="c" * 64),
        "Ana corrected caption 17 (Spanish)",
        (),
    ),
    (
        caption_redacted(),
        "Ana took words out of caption 17 (Spanish): they told of a child",
        (Why("Reason", "they told of a child", is_said=True),),
    ),
    (
        caption_redacted(speaker=True),
        "Ana took out the name of who speaks in caption 17 (Spanish): they told of a child",
        (Why("Reason", "they told of a child", is_said=True),),
    ),
    (ev.SessionCancelled(**LIVE | {"by": "operator"}), "The operator cancelled the session", ()),
    (ev.SessionCompleted(**LIVE), "Ana marked the session as complete", ()),
    (ev.VotesCounted(**LIVE, tallies={"q12": 3, "q9": 4}), "The votes were counted: 7", ()),
    (ev.InputPaused(**LIVE), "Ana paused all input", ()),
    (ev.InputResumed(**LIVE), "Ana opened the input again", ()),
    (ev.InputSlowed(**LIVE, seconds=30), "Ana slowed the input: one question from each person in 30 seconds", ()),
    (ev.InputSlowed(**LIVE, seconds=0), "Ana lifted the slowing of the input", ()),
    (ev.InputHeld(**LIVE, on=True), "Ana had every new question wait for a person", ()),
    (ev.InputHeld(**LIVE, on=False), "Ana had new questions treated as planned again", ()),
    (ev.ParticipantMuted(**LIVE, person="luis"), f"Ana muted family {LUIS}: they can ask only staff", ()),
    (ev.ParticipantUnmuted(**LIVE, person="luis"), f"Ana lets family {LUIS} ask everyone again", ()),
    (
        asked("q13", 13, flags=("phone", "child"), private=True, state=P),
        "A family asked question 13, only for staff (flags: Phone number, Names a child)",
        (Why("Words", "Why?", "en"),),
    ),
    (
        step(ev.QuestionEdited, H, H, "rosa", words=Digest("edited"), lang="es", flags=("link",)),
        "The family changed the words of question 12 (flags: Link)",
        (Why("New words", "Why not?", "es"),),
    ),
    (step(ev.QuestionWithdrawn, H, State.WITHDRAWN, "luis", question="q9"), "The family took question 9 back", ()),
    (step(ev.QuestionApproved, H, S), "Ana approved question 12", ()),
    (
        step(ev.QuestionDeclined, H, State.DECLINED, reason="off_topic", say=Digest("say")),
        "Ana declined question 12: not about this session's subject",
        (
            Why("Reason", "not about this session's subject", is_said=True),
            Why("Told to the family", "Ask the bus office."),
        ),
    ),
    (step(ev.QuestionHidden, S, State.HIDDEN), "Ana hid question 12", ()),
    (step(ev.QuestionRestored, State.HIDDEN, H), "Ana restored question 12", ()),
    (step(ev.QuestionHandedOver, S, P, to=Digest("to")), "Ana handed question 12 over to Ms. Ortiz", ()),
    (step(ev.QuestionHandedOver, S, P), "Ana handed question 12 over to a person of the staff", ()),
    (
        step(ev.QuestionAnswered, S, State.ANSWERED, words=Digest("answer"), lang="en", name="Ana"),
        "Ana answered question 12 in writing",
        (Why("Answer", "From Monday.", "en"),),
    ),
    (
        step(ev.QuestionAnswered, P, P, words=Digest("answer"), lang="en", name="Ana"),
        "Ana answered question 12 in writing, for the family alone",
        (Why("Answer", "From Monday.", "en"),),
    ),
    (step(ev.QuestionReopened, State.ANSWERED, S), "Ana reopened question 12", ()),
    (
        step(ev.QuestionNoted, S, S, "ben", words=Digest("note"), name="Ben"),
        "Ben left a note on question 12",
        (Why("Note", "Ask Mr. Paz."),),
    ),
    (step(ev.QuestionMerged, S, State.MERGED, "ben", into="q9"), "Ben joined question 12 with question 9", ()),
    (step(ev.QuestionUnmerged, State.MERGED, S, "luis"), f"Family {LUIS} took question 12 apart from question 9", ()),
    (
        step(ev.WordsEdited, H, H, words=Digest("tidied"), lang="en", name="Ana"),
        "Ana tidied the words of question 12",
        (Why("New words", "Why, then?", "en"),),
    ),
    (
        step(ev.WordsEdited, H, H, words=None, lang="es", name="Ana"),
        "Ana put the language of question 12 right: Spanish",
        (),
    ),
    (
        step(ev.WordsRedacted, H, H, part="note", taken={}, reason="law", say=None, name="Ana"),
        "Ana took words out of question 12 (a note): the law or a court asks for it",
        (Why("Reason", "the law or a court asks for it", is_said=True),),
    ),
    (
        step(ev.WordsRedacted, H, H, taken={}, reason="child", say=Digest("note"), name="Ana"),
        "Ana took words out of question 12: they told of a child",
        (Why("Reason", "they told of a child", is_said=True), Why("Between staff", "Ask Mr. Paz.")),
    ),
    (step(ev.QuestionFlagged, H, H, flag="look", on=True), "Ana flagged question 12: Please look, too", ()),
    (step(ev.QuestionFlagged, H, H, flag="look", on=False), "Ana took a flag from question 12: Please look, too", ()),
    (step(ev.QuestionTagged, H, H, tag=Digest("tag"), on=True), "Ana tagged question 12: Lunch", ()),
    (step(ev.QuestionTagged, H, H, tag=Digest("tag"), on=False), "Ana took a tag from question 12: Lunch", ()),
    (step(ev.QuestionSeen, H, H, name="Ana"), "Ana read question 12, which may reveal danger", ()),
    (
        step(ev.QuestionAlerted, H, H, "sentinel", how="email"),
        "The person named for danger was told of question 12 by e-mail",
        (),
    ),
    (
        step(ev.QuestionAlerted, H, H, "sentinel", how="webhook"),
        "The system named for danger was told of question 12",
        (),
    ),
    (
        step(ev.FollowUpPlanned, H, H, owner=Digest("owner"), due=date(2031, 7, 8)),
        "Ana planned the follow-up of question 12: Mr. Paz",
        (Why("By", "Tuesday, July 8, 2031"),),
    ),
    (step(ev.FollowUpPlanned, H, H), "Ana planned the follow-up of question 12", ()),
    (
        step(ev.FollowUpAttempted, H, H, outcome="no_answer", words=Digest("try"), name="Ana"),
        "Ana tried to reach the family of question 12: nobody answered",
        (Why("How it went", "nobody answered", is_said=True), Why("Note", "Again at five.")),
    ),
    (
        step(ev.FollowUpClosed, H, H, outcome="answered", name="Ana"),
        "Ana closed the follow-up of question 12: the family has its answer",
        (Why("Outcome", "the family has its answer", is_said=True),),
    ),
    (step(ev.LineupAssigned, S, S, speaker="Dr. Lee"), "Ana gave question 12 to Dr. Lee", ()),
    (step(ev.LineupAssigned, S, S, speaker=""), "Ana left question 12 to whoever likes to answer it", ()),
    (step(ev.LineupAdded, S, Q, order="a"), "Ana put question 12 in line", ()),
    (step(ev.LineupMoved, Q, Q, order="b"), "Ana moved question 12 in the line", ()),
    (step(ev.LineupRemoved, Q, S), "Ana took question 12 out of the line", ()),
    (step(ev.StageBrought, Q, State.ON_STAGE), "Ana brought question 12 on stage", ()),
    (step(ev.StageSettled, State.ON_STAGE, State.ANSWERED), "Ana marked question 12 as answered on stage", ()),
    (step(ev.StageSkipped, State.ON_STAGE, Q, order="c"), "Ana put question 12 back to the end of the line", ()),
    (step(ev.StageDeferred, State.ON_STAGE, S), "Ana promised an answer in writing to question 12", ()),
]
"""Every event as it is told, and its reasons."""

WORDS: dict[str, str | None] = {
    "asked": "Why?",
    "edited": "Why not?",
    "say": "Ask the bus office.",
    "to": "Ms. Ortiz",
    "answer": "From Monday.",
    "note": "Ask Mr. Paz.",
    "tidied": "Why, then?",
    "tag": "Lunch",
    "owner": "Mr. Paz",
    "try": "Again at five.",
}
BEFORE = (asked("q9", 9, "luis"), asked("q12", 12), EACH[0][0])


def one(event: Event, reader: Reader = ENGLISH) -> Line:
    """The event as it is told after two questions were asked and, where it takes them apart, joined."""
    joined = step(ev.QuestionMerged, S, State.MERGED, "ben", into="q9")
    before = (*BEFORE, joined) if isinstance(event, ev.QuestionUnmerged) else BEFORE
    return told(*before, event, reader=reader)[-1]


@pytest.mark.parametrize(("event", "sentence", "why"), EACH)
def test_each_event_is_a_sentence(event: Event, sentence: str, why: tuple[Why, ...]) -> None:
    line = one(event)
    assert (line.sentence, line.why) == (sentence, why)


def test_every_event_has_its_sentence_and_its_kind() -> None:
    assert set(SAYINGS) == set(EVENTS.values()) == {type(event) for event, *_ in EACH}
    assert {saying.kind for saying in SAYINGS.values()} == set(KINDS)
    assert set(PLANNED) == set(Plan.__struct_fields__)
    places = {
        field
        for saying in SAYINGS.values()
        for phrase in (saying.sentence, saying.other or "")
        for _, field, _, _ in string.Formatter().parse(phrase)
        if field
    }
    assert places - {"into"} == set(PLACES) - {"flags"}


def test_it_is_told_in_the_readers_language() -> None:
    """Each sentence goes through the catalogue, and so does all that stands in it."""

    def shouted(text: str) -> str:
        """The text in capitals, with its places as they are."""
        parts = string.Formatter().parse(text)
        return "".join(before.upper() + (f"{{{field}}}" if field else "") for before, field, _, _ in parts)

    reader = Reader(shouted, "es", texts.labels(shouted), NAMES)
    for event, sentence, why in EACH:
        line = one(event, reader)
        names = ("Ana", "Ben", "Bus routes", "Dr. Lee", "Ms. Ortiz", "Mr. Paz", "Lunch", ROSA, LUIS)
        heard, expected = line.sentence.replace("español", "Spanish"), sentence
        for name in names:
            heard, expected = heard.replace(name, ""), expected.replace(name, "")
        assert heard.upper() == expected.upper()
        assert not any(c.islower() for c in heard.replace("Spanish", "")), heard
        assert [w.label for w in line.why] == [w.label.upper() for w in why]
    assert (
        one(step(ev.FollowUpPlanned, H, H, due=date(2031, 7, 8)), reader).why[0].words == "martes, 8 de julio de 2031"
    )


@pytest.mark.parametrize("lang", sorted(catalogues()))
def test_every_language_fills_the_same_places(lang: str) -> None:
    translation = catalogues()[lang]
    reader = Reader(translation.gettext, lang, texts.labels(translation.gettext), NAMES)
    for event, *_ in EACH:
        line = one(event, reader)
        assert "{" not in line.sentence
        assert all(str(number) in line.sentence for number in line.mentions)


def test_what_a_line_knows() -> None:
    merged = step(ev.QuestionMerged, S, State.MERGED, "ben", into="q9")
    *_, line = told(*BEFORE, merged)
    assert line == Line(
        seq=4,
        at=AT,
        who="Ben",
        mark=mark_of("ben"),
        is_family=False,
        event="question.merged",
        kind="decided",
        question="q12",
        number=12,
        mentions=frozenset({12, 9}),
        was="shown",
        state="merged",
        sentence="Ben joined question 12 with question 9",
        why=(),
    )


def test_a_session_event_knows_where_the_session_stood_before() -> None:
    over = LIVE | {"state": SessionState.ENDED}
    muted = ev.ParticipantMuted(**over, person="luis")
    lines = told(ev.SessionStarted(**LIVE), asked("q1", 1), ev.SessionEnded(**over), muted)
    assert [(line.was, line.state, line.number, line.mentions) for line in lines] == [
        (None, "live", None, frozenset()),
        (None, "held", 1, frozenset({1})),
        ("live", "ended", None, frozenset()),
        ("ended", "ended", None, frozenset()),
    ]


def test_families_are_families_and_staff_have_names() -> None:
    """Somebody of the staff who asks as a parent is a family there, and by name where they decide."""
    events = (
        asked("q1", 1, "rosa"),
        asked("q2", 2, "ben"),
        step(ev.QuestionApproved, H, S, "ben", question="q1"),
        step(ev.QuestionApproved, H, S, "alarms", question="q2"),
        step(ev.QuestionWithdrawn, S, State.WITHDRAWN, "ben", question="q2"),
    )
    lines = told(*events)
    assert [(line.is_family, line.who, line.sentence) for line in lines] == [
        (True, f"Family {ROSA}", "A family asked question 1"),
        (True, f"Family {mark_of('ben')}", "A family asked question 2"),
        (False, "Ben", "Ben approved question 1"),
        (False, "The server", "The server approved question 2"),
        (True, f"Family {mark_of('ben')}", "The family took question 2 back"),
    ]


def test_words_that_were_taken_back_or_out_stay_unsaid() -> None:
    events = (
        asked("q1", 1, words=Digest("secret")),
        step(ev.QuestionEdited, H, H, "rosa", question="q1", words=Digest("secret too"), lang="en"),
        step(ev.WordsEdited, H, H, question="q1", words=Digest("secret tidied"), lang="en", name="Ana"),
        step(ev.QuestionNoted, H, H, question="q1", words=Digest("note"), name="Ana"),
        step(ev.QuestionWithdrawn, H, State.WITHDRAWN, "rosa", question="q1"),
        asked("q2", 2, words=Digest("gone")),
    )
    words = {"secret": "Brombeere", "secret too": "Brombeere", "secret tidied": "Brombeere", "note": "A note."}
    lines = told(*events, words={**words, "gone": None})
    assert [[w.words for w in line.why] for line in lines] == [
        ["The family took these words back."],
        ["The family took these words back."],
        ["The family took these words back."],
        ["A note."],
        [],
        ["These words were taken out."],
    ]
    assert "Brombeere" not in repr(lines)


def test_what_one_looks_for() -> None:
    later = AT + timedelta(minutes=5)
    events = (
        asked("q9", 9, "luis"),
        asked("q12", 12),
        step(ev.QuestionMerged, H, State.MERGED, "ben", into="q9"),
        msgspec.structs.replace(step(ev.QuestionApproved, H, S, "ana", question="q9"), at=later),
    )
    lines = told(*events)

    def found(**wanted: Any) -> list[int]:
        return [line.seq for line in lines if Wanted(**wanted).has(line)]

    assert found() == [1, 2, 3, 4]
    assert found(who=mark_of("ben")) == [3]
    assert found(who=ROSA) == [2]
    assert found(who=FAMILIES) == [1, 2]
    assert found(kind="asked") == [1, 2]
    assert found(number=9) == [1, 3, 4], "also where another was joined with it"
    assert found(number=12) == [2, 3]
    assert found(since=later) == [4]
    assert found(until=later) == [1, 2, 3]
    assert found(kind="decided", number=9, since=AT, until=later) == [3]
    assert found(number=77) == []


async def test_a_real_log_from_its_first_entry_to_its_last(house: House) -> None:
    luis = Caller("luis")
    first, second, third = await house.ask(), await house.ask(by=luis, contact="520-555-0100"), await house.ask()
    await house.decide("question.merge", second, into=first)
    await house.do(luis, "question.withdraw", question=second)
    await house.decide("question.merge", third, into=first)
    await house.do(house.rosa, "question.withdraw", question=first)
    async with house.database.reading() as db:
        names = await people.names(db, ["ana", "ben", "rosa"])
    assert names == NAMES
    lines = audit.lines(await house.entries(), await house.board(), ENGLISH._replace(names=names))
    assert [(line.seq, line.sentence) for line in lines] == [
        (1, "Ana planned the session “Bus routes”"),
        (2, "Ana announced the session"),
        (3, "Ana started the session"),
        (4, "A family asked question 1"),
        (5, "A family asked question 2"),
        (6, "A family asked question 3"),
        (7, "Ben joined question 2 with question 1"),
        (8, "The family took question 2 back"),
        (9, "Ben joined question 3 with question 1"),
        (10, f"Family {ROSA} took question 3 apart from question 1"),
        (11, "The family took question 1 back"),
    ]
    assert "520-555" not in repr(lines)
