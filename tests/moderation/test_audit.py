"""The log as lines, and nothing in them that the desk may not see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from moderation import audit
from moderation.audit import FAMILIES, Line, Wanted
from sessions import events as ev
from sessions import people
from sessions.audiences import mark_of
from sessions.events import Digest, SessionState, State
from sessions.permissions import Caller
from tests.house import House
from tests.telling import AT, BEFORE, ENGLISH, LIVE, NAMES, ROSA, H, S, asked, step, told


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
