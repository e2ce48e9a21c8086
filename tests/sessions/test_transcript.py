"""The transcript: nothing of an archive is lost in it or told twice, in whichever order and parts it is read."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sessions import transcript
from sessions.archive import Archive, Asked, Seal, Span
from sessions.audiences import Card
from sessions.captions import Cue
from sessions.events import SessionState, State

AT = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
TOPICS = ("Buses", "Lunch")


def card(n: int, state: State = State.ANSWERED, topic: str | None = None, settled: bool = True) -> Card:
    return Card(
        id=f"q{n}",
        rev=n,
        number=n,
        words=f"Question {n}?",
        lang="en",
        order=f"{n:08d}",
        state=state,
        asked_at=AT,
        place="questions",
        topic=topic,
        settled_at=AT + timedelta(seconds=n) if settled and state is State.ANSWERED else None,
    )


def cue(n: int, start: int, end: int | None = None, speaker: str | None = "Ana", words: str = "So.") -> Cue:
    return Cue(id=n, lang="en", start=start, end=end or start + 1000, speaker=speaker, words=words)


def archive(questions: list[Asked], cues: list[Cue]) -> Archive:
    nothing = {name: None for name in ("starts_at", "ends_at", "ended_at", "recording", "corrected_at")}
    return Archive(
        code="BUS234",
        state=SessionState.PUBLISHED,
        title="Buses",
        about="",
        languages=("en", "es"),
        topics=TOPICS,
        speakers=(),
        schools=(),
        zone="America/Phoenix",
        started_at=AT,
        published_at=AT,
        questions=tuple(questions),
        tracks={"en": tuple(cues)} if cues else {},
        links=(),
        head=Seal(1, "0" * 64),
        **nothing,
    )


EVENING = archive(
    [
        Asked(card(1, topic="Lunch"), 3, (Span(60_000, 120_000),)),
        Asked(card(2, State.QUEUED), 0, (Span(10_000, 20_000),)),
        Asked(card(3), 0, (Span(30_000, 50_000), Span(130_000, 140_000))),
        Asked(card(4, settled=False, topic="Buses")),
        Asked(card(5, State.SHOWN)),
    ],
    [cue(n, start) for n, start in enumerate((0, 12_000, 20_000, 31_000, 55_000, 61_000, 131_000, 140_000), 1)],
)


def told(passages: list[transcript.Passage]) -> list[tuple[str, str | None, str | None, list[int]]]:
    return [(p.section, p.topic, p.asked.card.id if p.asked else None, [c.id for c in p.cues]) for p in passages]


def test_in_the_order_in_which_it_happened() -> None:
    assert told(transcript.in_order(EVENING, "en")) == [
        ("stage", None, None, [1, 3]),
        ("stage", None, "q3", [4, 7]),
        ("stage", None, None, [5]),
        ("stage", None, "q1", [6]),
        ("stage", None, None, [8]),
        ("written", None, "q4", []),
        ("open", None, "q2", [2]),
        ("open", None, "q5", []),
    ]
    assert [p[2] for p in told(transcript.in_order(EVENING, "es"))] == ["q3", "q1", "q4", "q2", "q5"]


def test_in_that_order_with_every_language_beside_its_question() -> None:
    spanish = tuple(replace(cue(n, start), lang="es") for n, start in ((1, 5_000), (2, 31_000), (3, 145_000)))
    both = replace(EVENING, tracks=EVENING.tracks | {"es": spanish})
    told = [
        (s.section, s.asked and s.asked.card.id, {lang: [c.id for c in cues] for lang, cues in s.said.items()})
        for s in transcript.stretches(both, ["es", "en"])
    ]
    assert told == [
        ("stage", None, {"es": [1], "en": [1, 3]}),
        ("stage", "q3", {"es": [2], "en": [4, 7]}),
        ("stage", None, {"en": [5]}),
        ("stage", "q1", {"en": [6]}),
        ("stage", None, {"es": [3], "en": [8]}),
        ("written", "q4", {}),
        ("open", "q2", {"en": [2]}),
        ("open", "q5", {}),
    ]


def test_by_topic() -> None:
    assert told(transcript.by_topic(EVENING, "en")) == [
        ("written", "Buses", "q4", []),
        ("stage", "Lunch", "q1", [6]),
        ("stage", None, "q3", [4, 7]),
        ("open", None, "q2", [2]),
        ("open", None, "q5", []),
    ]


def test_one_turn_is_what_one_speaker_says_at_one_go() -> None:
    cues = [
        *(cue(n, n * 1000) for n in range(1, 4)),
        cue(4, 4000, speaker="Luis"),
        cue(5, 5000, speaker=None),
        cue(6, 6000, speaker=None),
        cue(7, 15_000, speaker=None),
        *(cue(n, n * 1000, speaker="Ana") for n in range(20, 90)),
    ]
    found = [(turn.speaker, turn.start, [c.id for c in turn.cues]) for turn in transcript.turns(cues)]
    assert found == [
        ("Ana", 1000, [1, 2, 3]),
        ("Luis", 4000, [4]),
        (None, 5000, [5, 6]),
        (None, 15_000, [7]),
        ("Ana", 20_000, list(range(20, 79))),
        ("Ana", 79_000, list(range(79, 90))),
    ]


def test_a_moment_leads_to_what_was_said_and_to_the_question() -> None:
    divided = [transcript.in_order(EVENING, "en")]
    places = {moment: transcript.place_at(divided, moment) for moment in (0, 500, 1500, 12_500, 150_000)}
    assert {moment: place and place[1].id for moment, place in places.items()} == {
        **{0: 1, 500: 1, 1500: 2, 12_500: 2},
        150_000: None,
    }
    asked = {moment: transcript.asked_at(EVENING, moment) for moment in (5_000, 15_000, 61_000, 125_000, 200_000)}
    assert {moment: one and one.card.id for moment, one in asked.items()} == {
        **{5_000: None, 15_000: "q2", 61_000: "q1"},
        **{125_000: "q1", 200_000: "q3"},
    }


@st.composite
def evenings(draw: st.DrawFn) -> Archive:
    """Any: one question on stage at a time, captions whenever."""
    edges = sorted(draw(st.lists(st.integers(0, 400_000), max_size=12, unique=True)))
    spans = [Span(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    count = draw(st.integers(0, 8))
    owners = [draw(st.integers(0, count - 1)) for _ in spans] if count else []
    states = st.sampled_from([State.ANSWERED, State.SHOWN, State.QUEUED])
    topics = st.sampled_from([None, *TOPICS, "Coats"])
    questions = [
        Asked(
            card(n, draw(states), draw(topics), draw(st.booleans())),
            0,
            tuple(s for s, owner in zip(spans, owners, strict=True) if owner == n) if owners else (),
        )
        for n in range(count)
    ]
    starts = sorted(draw(st.lists(st.integers(0, 450_000), max_size=300)))
    return archive(questions, [cue(n, start) for n, start in enumerate(starts, 1)])


@given(evenings(), st.integers(1, 5000))
def test_nothing_is_lost_or_told_twice(found: Archive, most: int) -> None:
    for order in transcript.ORDERS.values():
        passages = order(found, "en")
        divided = transcript.parts(passages, most)
        assert [passage for part in divided for passage in part] == passages
        begun = Counter(p.asked.card.id for p in passages if p.asked and not p.goes_on)
        assert begun == Counter(asked.card.id for asked in found.questions)
        cues = [c.id for p in passages for c in p.cues]
        assert len(cues) == len(set(cues))
        for asked in found.questions:
            part = transcript.part_of(divided, asked.card.id)
            assert part is not None
            assert any(p.asked == asked for p in divided[part])
    everything = {c.id for p in transcript.in_order(found, "en") for c in p.cues}
    assert everything == {c.id for c in found.tracks.get("en", ())}
    for passage in transcript.in_order(found, "en"):
        for spoken in passage.cues:
            inside = any(s.start <= spoken.start < s.end for s in (passage.asked.on_stage if passage.asked else ()))
            assert inside is (passage.asked is not None)
