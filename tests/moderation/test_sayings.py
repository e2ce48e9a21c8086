"""One sentence for every event, in every language."""

from __future__ import annotations

import string
from datetime import date
from typing import Any

import msgspec
import pytest

from live import texts
from live.rendering import catalogues
from moderation.audit import PLACES, Line, Reader, Why
from moderation.sayings import KINDS, PLANNED, SAYINGS
from sessions import events as ev
from sessions.events import EVENTS, Digest, Event, Plan, State
from tests.telling import AT, BEFORE, ENGLISH, LIVE, LUIS, NAMES, PLAN, ROSA, H, Q, S, asked, step, told


def captions(*, replaces: bool) -> ev.CaptionsImported:
    fields: dict[str, Any] = {"format": "vtt", "offset": 0, "first": 1, "cues": 1200, "early": 0, "digest": "c" * 64}
    return ev.CaptionsImported(at=AT, by="ana", lang="es", replaces=replaces, **fields)


def caption_redacted(**more: Any) -> ev.CaptionRedacted:
    fields: dict[str, Any] = {"cue": 17, "digest": "c" * 64, "taken": {}, "reason": "child", "name": "Ana"}
    return ev.CaptionRedacted(at=AT, by="ana", lang="es", **fields | more)


P = State.PRIVATE
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
