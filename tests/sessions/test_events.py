"""Everything that can happen, and the canonical form in which it is hashed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.events import (
    EVENTS,
    WORDS_IN,
    Digest,
    Event,
    InputPaused,
    Plan,
    QuestionAsked,
    QuestionDeclined,
    SessionPlanned,
    SessionState,
    State,
    VotesCounted,
    WordsRedacted,
    decode,
    digests,
    encode,
)

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
DIGESTS = st.binary(min_size=32, max_size=32).map(lambda some: Digest(some.hex()))


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Anything that a field of this type can hold."""
    if hint is Digest:
        return DIGESTS
    if hint is date:
        return st.dates(date(2000, 1, 1), date(2200, 1, 1))
    if hint is datetime:
        return MOMENTS
    if hint is str:
        return TEXTS
    if hint is int:
        return st.integers(-(2**53), 2**53)
    if hint is bool:
        return st.booleans()
    if hint is NoneType:
        return st.none()
    if get_origin(hint) in (Union, UnionType):
        return st.one_of([values(part) for part in get_args(hint)])
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=4).map(tuple)
    if get_origin(hint) is dict:
        key, value = get_args(hint)
        return st.dictionaries(values(key), values(value), max_size=4)
    if issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    return structs(hint)


def structs(kind: type[Any]) -> st.SearchStrategy[Any]:
    return st.builds(kind, **{name: values(hint) for name, hint in get_type_hints(kind).items() if name[0] != "_"})


HAPPENINGS: st.SearchStrategy[Event] = st.sampled_from(sorted(EVENTS)).flatmap(lambda name: structs(EVENTS[name]))


@given(HAPPENINGS)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    body = encode(event)
    assert decode(body) == event
    assert type(decode(body)) is type(event)
    assert encode(decode(body)) == body
    assert encode(decode(body.decode())) == body


@given(HAPPENINGS)
def test_the_form_is_canonical(event: Event) -> None:
    """Sorted and without spaces: whoever reads the log in any language can make the same bytes."""
    body = encode(event)
    plain = json.loads(body)
    assert json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == body


AT = datetime(2026, 5, 1, 18, 0, 0, 250_000, UTC)
GOLDEN: list[tuple[Event, str]] = [
    (
        SessionPlanned(
            at=AT,
            by="ana",
            state=SessionState.DRAFT,
            code="BUS234",
            plan=Plan(title="¿Autobús?", topics=("Buses",), starts_at=AT),
        ),
        '{"at":"2026-05-01T18:00:00.250000Z","by":"ana","code":"BUS234","event":"session.planned","plan":{"about":"",'
        '"doors_minutes":30,"ends_at":null,"languages":["en","es"],"limit":600,"links":[],"names":"optional","offset":0,'
        '"reasons":[],"recording":"","review":true,"schools":[],"speakers":[],"starts_at":"2026-05-01T18:00:00.250000Z","title":"¿Autobús?","topics":["Buses"],'
        '"zone":"America/Phoenix"},"state":"draft"}',
    ),
    (
        QuestionAsked(
            at=AT,
            by="rosa",
            question="q1",
            was=None,
            state=State.HELD,
            number=7,
            words=Digest("a" * 64),
            lang="en",
            contact=True,
        ),
        '{"at":"2026-05-01T18:00:00.250000Z","by":"rosa","contact":true,"event":"question.asked","flags":[],'
        '"lang":"en","name":null,"number":7,"private":false,"question":"q1","school":null,"state":"held",'
        '"topic":null,"was":null,'
        f'"words":"{"a" * 64}"}}',
    ),
    (
        QuestionDeclined(
            at=AT, by="ben", question="q1", was=State.HELD, state=State.DECLINED, reason="twice", say=Digest("b" * 64)
        ),
        '{"at":"2026-05-01T18:00:00.250000Z","by":"ben","event":"question.declined","question":"q1","reason":"twice",'
        f'"say":"{"b" * 64}","state":"declined","was":"held"}}',
    ),
    (
        VotesCounted(at=AT, by="timekeeper", state=SessionState.ENDED, tallies={"q2": 3, "q1": 41}),
        '{"at":"2026-05-01T18:00:00.250000Z","by":"timekeeper","event":"votes.counted","state":"ended",'
        '"tallies":{"q1":41,"q2":3}}',
    ),
]
"""Bytes that must stay as they are: whoever checks a chain with a program of their own makes the same."""

BEFORE: list[tuple[Event, str]] = [
    (
        GOLDEN[0][0],
        '{"at":"2026-05-01T18:00:00.250000Z","by":"ana","code":"BUS234","event":"session.planned","plan":{"about":"",'
        '"doors_minutes":30,"ends_at":null,"languages":["en","es"],"limit":600,"names":"optional","review":true,'
        '"speakers":[],"starts_at":"2026-05-01T18:00:00.250000Z","title":"¿Autobús?","topics":["Buses"],'
        '"zone":"America/Phoenix"},"state":"draft"}',
    ),
    (
        GOLDEN[1][0],
        '{"at":"2026-05-01T18:00:00.250000Z","by":"rosa","contact":true,"event":"question.asked","lang":"en",'
        '"name":null,"number":7,"private":false,"question":"q1","state":"held","topic":null,"was":null,'
        f'"words":"{"a" * 64}"}}',
    ),
]
"""Bytes of logs from before a field was added: they are read as they stand, and their chains are made of them."""


@pytest.mark.parametrize(("event", "body"), BEFORE)
def test_logs_from_before_are_still_read(event: Event, body: str) -> None:
    assert decode(body) == event


@pytest.mark.parametrize(("event", "body"), GOLDEN)
def test_the_bytes_stay_the_same(event: Event, body: str) -> None:
    assert encode(event).decode() == body
    assert decode(body) == event


def test_every_event_has_a_name_in_the_past_tense_of_its_own() -> None:
    assert sorted(EVENTS) == [
        "caption.corrected",
        "caption.redacted",
        "captions.imported",
        "followup.attempted",
        "followup.closed",
        "followup.planned",
        "input.held",
        "input.paused",
        "input.resumed",
        "input.slowed",
        "lineup.added",
        "lineup.assigned",
        "lineup.moved",
        "lineup.removed",
        "participant.muted",
        "participant.unmuted",
        "question.alerted",
        "question.answered",
        "question.approved",
        "question.asked",
        "question.declined",
        "question.edited",
        "question.flagged",
        "question.handed_over",
        "question.hidden",
        "question.merged",
        "question.noted",
        "question.reopened",
        "question.restored",
        "question.seen",
        "question.tagged",
        "question.unmerged",
        "question.withdrawn",
        "question.words_edited",
        "session.cancelled",
        "session.changed",
        "session.completed",
        "session.doors_opened",
        "session.ended",
        "session.paused",
        "session.planned",
        "session.published",
        "session.rescheduled",
        "session.resumed",
        "session.scheduled",
        "session.started",
        "session.withdrawn",
        "stage.brought",
        "stage.deferred",
        "stage.settled",
        "stage.skipped",
        "votes.counted",
        "words.redacted",
    ]
    assert all(len(name) <= 40 for name in EVENTS)


def test_personal_words_are_only_in_digests() -> None:
    assert {str(kind.__struct_config__.tag): names for kind, names in WORDS_IN.items() if names} == {
        "caption.corrected": ("speaker",),
        "caption.redacted": ("say",),
        "words.redacted": ("say",),
        "question.asked": ("words", "name"),
        "question.edited": ("words",),
        "question.declined": ("say",),
        "question.handed_over": ("to",),
        "question.answered": ("words",),
        "question.noted": ("words",),
        "question.words_edited": ("words",),
        "question.tagged": ("tag",),
        "followup.planned": ("owner",),
        "followup.attempted": ("words",),
        "followup.closed": ("words",),
    }
    asked, declined = GOLDEN[1][0], GOLDEN[2][0]
    assert digests(asked) == ["a" * 64]
    assert digests(declined) == ["b" * 64]
    redacted = WordsRedacted(
        at=AT,
        by="ben",
        question="q1",
        was=State.SHOWN,
        state=State.SHOWN,
        taken={Digest("a" * 64): Digest("b" * 64), Digest("c" * 64): None},
        reason="child",
        say=Digest("d" * 64),
        name="Ben",
    )
    assert digests(redacted) == ["d" * 64, "b" * 64], "what is left, and not what was taken out"
    assert decode(encode(redacted)) == redacted
    assert digests(InputPaused(at=AT, by="ben", state=SessionState.LIVE)) == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        '{"event":"question.vanished","at":"2026-05-01T18:00:00Z","by":"ben"}',
        '{"event":"input.paused","at":"2026-05-01T18:00:00Z","by":"ben"}',
        '{"event":"input.paused","at":"2026-05-01T18:00:00Z","by":"ben","state":"asleep"}',
    ],
)
def test_what_is_no_event_is_not_read(body: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode(body)
