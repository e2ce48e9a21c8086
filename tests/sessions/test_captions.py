"""Captions in the log and in their tables: nothing is lost, and nothing can be changed behind the log's back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from sessions import captions, log
from sessions.captions import Cue, Line
from sessions.database import Database
from sessions.refusals import Refusal
from tests.house import House

LINES = [
    Line(2_000, 4_000, "Dr. Trujillo", "Good evening."),
    Line(4_000, 6_500, None, "Buenas noches."),
    Line(5_000, 9_000, "Dr. Trujillo", "Let us begin."),
]


async def ended(house: House) -> House:
    await house.do(house.ana, "session.end")
    return house


async def take_in(house: House, lang: str = "en", lines: list[Line] = LINES, **more: Any) -> None:
    async with house.database.writing() as tx:
        await tx.lock(house.session_id)
        await captions.take_in(tx, house.ana, lang, lines, **more)


async def correct(house: House, lang: str, cue: int, rev: int, words: str, speaker: str | None = None) -> None:
    async with house.database.writing() as tx:
        await tx.lock(house.session_id)
        await captions.correct(tx, house.ana, lang, cue, rev, words, speaker)


async def cues(house: House, **at: int) -> dict[str, list[tuple[Any, ...]]]:
    async with house.database.reading() as db:
        found = await captions.read(db, house.session_id, at)
    return {lang: [(c.id, c.start, c.end, c.speaker, c.words, c.rev) for c in those] for lang, those in found.items()}


FIRST = [
    (1, 2_000, 4_000, "Dr. Trujillo", "Good evening.", 1),
    (2, 4_000, 6_500, None, "Buenas noches.", 1),
    (3, 5_000, 9_000, "Dr. Trujillo", "Let us begin.", 1),
]


async def test_what_was_taken_in_is_there_at_every_later_moment(house: House) -> None:
    await ended(house)
    await take_in(house)
    await correct(house, "en", 2, 1, "Good night.", "Mr. Ortiz")
    await take_in(house, lines=[Line(12_000, 13_000, None, "A second file.")], offset=10_000, replaces=False)
    await take_in(house, lines=[Line(0, 500, "Dr. Trujillo", "All anew.")])
    await take_in(house, "es")
    corrected = [FIRST[0], (2, 4_000, 6_500, "Mr. Ortiz", "Good night.", 2), FIRST[2]]
    joined = (4, 2_000, 3_000, None, "A second file.", 3)
    assert await cues(house, en=1) == {"en": FIRST}
    assert await cues(house, en=2) == {"en": corrected}
    assert await cues(house, en=3) == {"en": [joined, *corrected]}
    assert await cues(house, en=4, es=1) == {"en": [(5, 0, 500, "Dr. Trujillo", "All anew.", 4)], "es": FIRST}
    async with house.database.reading() as db:
        versions = await captions.versions(db, house.session_id, "en", [1, 2, 9])
    assert {cue: [v[:3] for v in those] for cue, those in versions.items()} == {
        1: [(1, "Dr. Trujillo", "Good evening.")],
        2: [(1, None, "Buenas noches."), (2, "Mr. Ortiz", "Good night.")],
    }
    await house.verified()


async def test_a_track_is_a_stream_with_the_rule_of_patches(house: House) -> None:
    await ended(house)
    await take_in(house)

    async def patched(since: int) -> dict[str, Any]:
        async with house.database.reading() as db:
            told: dict[str, Any] = await captions.patch(db, house.session_id, "en", since)
        return told | {"cues": [c.id if isinstance(c, Cue) else c for c in told["cues"]]}

    before = (await house.board()).public
    await correct(house, "en", 2, 1, "Good night.")
    await take_in(house, lines=LINES[:1], replaces=True)
    assert await patched(0) == {"from": 0, "to": 3, "cues": [4]}
    assert await patched(1) == {
        "from": 1,
        "to": 3,
        "cues": [4, *({"id": n, "rev": 3, "gone": True} for n in (1, 2, 3))],
    }
    assert await patched(3) == {"from": 3, "to": 3, "cues": []}
    assert (await house.board()).public == before


async def test_what_was_said_before_the_start_is_left_out(small_house: House) -> None:
    await ended(small_house)
    lines = [Line(0, 900, None, "Is this on?"), Line(500, 2_000, None, "Welcome."), Line(3_000, 4_000, None, "So.")]
    await take_in(small_house, lines=lines, offset=1_000)
    assert await cues(small_house, en=1) == {
        "en": [(1, 0, 1_000, None, "Welcome.", 1), (2, 2_000, 3_000, None, "So.", 1)]
    }
    event = msgspec.structs.asdict((await small_house.entries())[-1].event)
    assert {name: event[name] for name in ("cues", "early", "first", "offset")} == {
        "cues": 2,
        "early": 1,
        "first": 1,
        "offset": 1_000,
    }
    assert "Is this on?" not in str(await small_house.rows())


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another language": ({"lang": "fr"}, "Please choose one of the session's languages."),
    "all before the start": (
        {"offset": 60_000},
        "Nothing in this file was said after the start of the session. Please check the offset.",
    ),
    "too many": (
        {"lines": [Line(n, n + 1, None, "So.") for n in range(captions.MAX_CUES + 1)]},
        "That is more than the 20000 captions there is room for.",
    ),
}


@pytest.mark.parametrize(("more", "sentence"), REFUSED.values(), ids=REFUSED)
async def test_refused_and_nothing_changed(small_house: House, more: dict[str, Any], sentence: str) -> None:
    await ended(small_house)
    before = await small_house.rows()
    with pytest.raises(Refusal) as refused:
        await take_in(small_house, **more)
    assert refused.value.say(str) == sentence
    assert await small_house.rows() == before


async def test_corrections_do_not_run_over_each_other(house: House) -> None:
    await ended(house)
    await take_in(house)
    await correct(house, "en", 2, 1, "Good night.")
    before = await house.rows()
    for cue, rev, code in ((2, 1, "stale"), (9, 1, "not_found")):
        with pytest.raises(Refusal) as refused:
            await correct(house, "en", cue, rev, "Something else.")
        assert refused.value.code == code
    await correct(house, "en", 2, 2, "  Good   night. ")  # The same: nothing happened.
    assert await house.rows() == before


ANOTHER = "UPDATE cues SET {} WHERE number = 2 AND rev = 1"
TAMPERINGS = {
    "nothing": ("", []),
    "words gone": (
        ANOTHER.format("words = NULL, salt = NULL"),
        ["caption 2 in en is gone, and the log does not say who took it out"],
    ),
    "words": (ANOTHER.format("words = 'Never.'"), ["caption 2 in en is not what was recorded"]),
    "a time": (ANOTHER.format('"start" = 1'), ["the captions in en that came at 1 are not those that were recorded"]),
    "a speaker": (ANOTHER.format("voice = 1"), ["the captions in en that came at 1 are not those that were recorded"]),
    "a cue shown again": (
        ANOTHER.format("until = NULL"),
        ["captions in en are shown, or not shown, against the log"],
    ),
    "a cue gone": (
        "DELETE FROM cues WHERE number = 3",
        ["the captions in en that came at 1 are not those that were recorded"],
    ),
    "a cue more": (
        'INSERT INTO cues SELECT track_id, 9, 7, NULL, start, "end", voice, digest, salt, words, NULL FROM cues'
        " WHERE number = 1",
        ["there are captions in en that the log does not tell of"],
    ),
    "a stream": (
        "UPDATE streams SET log_seq = 1 WHERE stream = 'cc.en' AND seq = 1",
        ["the streams of captions do not hold exactly their events in their order"],
    ),
    "a track's end": ("UPDATE tracks SET seq = 3", ["the captions in en do not end where the log says"]),
}


@pytest.mark.parametrize(("statement", "faults"), TAMPERINGS.values(), ids=TAMPERINGS)
async def test_what_was_changed_behind_the_log_is_found(sqlite: Database, statement: str, faults: list[str]) -> None:
    house = await ended(await House.build(sqlite))
    await take_in(house)
    await correct(house, "en", 2, 1, "Good night.")
    async with house.database.writing() as tx:
        if statement:
            await tx.db.execute(text(statement))
    async with house.database.reading() as db:
        assert list((await log.verify(db, house.session_id))[1]) == faults
