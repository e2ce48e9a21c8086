"""What may be personal in an archive is found, wherever it stands; and nothing else is held up."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from moderation import review
from moderation.review import Finding
from sessions.archive import Asked
from sessions.question import Said
from tests.sessions.test_transcript import archive, card, cue

AT = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)


def asked(n: int, words: str | None, name: str | None = None, *answers: Said) -> Asked:
    return Asked(msgspec.structs.replace(card(n), words=words, name=name, answers=answers))


FOUND = archive(
    [
        asked(1, "Call me at 520-555-0142, please.", "Rosa"),
        asked(2, "WHY IS THE BUS ALWAYS SO LATE", "Rosa", Said("Write to maria.lopez@example.org.", "Ms. Ortiz", AT)),
        asked(3, None, None, Said(None, "Ms. Ortiz", AT)),
    ],
    [
        cue(1, 1000, speaker="Rosa's iPhone", words="My number is five two zero, five five five,"),
        cue(2, 2000, speaker="Rosa's iPhone", words="zero one four two."),
        cue(3, 3000, speaker="Ms. Ortiz", words="Thank you."),
    ],
)


def test_what_deserves_a_look() -> None:
    assert review.findings(FOUND) == [
        Finding("question", "q1", "en", "Call me at 520-555-0142, please.", ("phone",)),
        Finding("answer", "q2", "en", "Write to maria.lopez@example.org.", ("email",)),
        Finding("caption", "1", "en", "My number is five two zero, five five five, zero one four two.", ("phone",)),
    ]


def test_who_is_named() -> None:
    assert review.named(FOUND) == ["Rosa"]
    speaking = msgspec.structs.replace(FOUND, speakers=("Ms. Ortiz, Transportation",))
    assert (review.voices(FOUND), review.voices(speaking)) == (["Rosa's iPhone", "Ms. Ortiz"], ["Rosa's iPhone"])
