"""The archive: what the public board says at the end, and nothing that it does not say."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions import archive as archives
from sessions import captions
from sessions.archive import Archive
from sessions.audiences import card
from sessions.database import Database
from sessions.events import SessionState, State
from sessions.question import Audience
from sessions.refusals import Refusal
from tests.house import House, told
from tests.sessions.test_captions import take_in


async def read(house: House) -> Archive:
    async with house.database.reading() as db:
        return await archives.read(db, await house.session())


async def test_it_is_the_public_board_at_the_end_with_everything_that_belongs_to_it(house: House) -> None:
    for state in State:
        await house.asked(state, f"Nobody but some may read {state}")
    board = await house.board()
    on_stage = board.on_stage()
    assert on_stage is not None
    await house.decide("stage.settle", on_stage.id)
    await house.do(house.ana, "session.end")
    await take_in(house)
    await take_in(house, "es")
    await house.do(house.ana, "session.publish")
    found, board = await read(house), await house.board()
    assert [asked.card for asked in found.questions] == [
        c for q in board.questions.values() if (c := card(q, Audience.PUBLIC))
    ]
    assert {str(asked.card.state) for asked in found.questions} == {"shown", "queued", "answered"}
    spans = {asked.card.id: asked.on_stage for asked in found.questions if asked.on_stage}
    at = {str(e.event.__struct_config__.tag): found.moment(e.event.at) for e in await house.entries()}
    assert spans == {on_stage.id: (archives.Span(at["stage.brought"], at["stage.settled"]),)}
    async with house.database.reading() as db:
        assert found.tracks == await captions.read(db, house.session_id, {"en": 1, "es": 1})
    head = await house.verified()
    assert (found.head, found.state) == (archives.Seal(head.seq, head.hash), SessionState.PUBLISHED)
    archived = msgspec.json.encode(found).decode()
    for state in State:
        assert (f"Nobody but some may read {state}" in archived) == (
            state in ("shown", "queued", "on_stage", "answered")
        )


async def test_a_correction_after_publishing_is_dated_and_a_late_answer_is_not_one(house: House) -> None:
    shown, held = await house.asked(State.SHOWN), await house.asked(State.HELD)
    await house.do(house.ana, "session.end")
    await house.decide("question.edit_words", shown, words="Does the bus stop at Speedway?")
    await house.do(house.ana, "session.publish")
    await house.decide("question.answer", shown, words="It does.", lang="en")
    await house.decide("question.edit_words", held, words="Not for everyone.")
    assert (await read(house)).corrected_at is None
    await house.do(house.ana, "session.withdraw")
    withdrawn = await read(house)
    assert (withdrawn.is_published, withdrawn.published_at is not None) == (False, True)
    await house.decide("question.edit_words", shown, words="Will the bus stop at Speedway?")
    edited = (await house.entries())[-1].event.at
    await house.do(house.ana, "session.publish")
    again = await read(house)
    assert (again.corrected_at, again.is_published) == (edited, True)
    await house.decide("question.hide", shown)
    hid = (await house.entries())[-1].event.at
    assert ((await read(house)).corrected_at, (await read(house)).questions) == (hid, ())


STEPS = ("approve", "decline", "hide", "restore", "hand_over", "answer", "reopen", "edit_words", "merge", "unmerge")
LINE = ("lineup.add", "lineup.remove", "stage.bring", "stage.settle", "stage.skip", "stage.defer")
DONE = st.sampled_from([*(f"question.{step}" for step in STEPS), *LINE, "question.approve", "withdraw", "edit", "ask"])


@given(
    st.lists(st.tuples(st.integers(0, 3), DONE), max_size=30), st.lists(st.tuples(st.integers(0, 3), DONE), max_size=6)
)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
async def test_whatever_was_done_it_says_what_the_public_board_says(
    database: Database, live: list[tuple[int, str]], late: list[tuple[int, str]]
) -> None:
    """Words that stood somewhere once and do not stand on the board now are nowhere in it."""
    house = await House.build(database)
    numbers, typed = itertools.count(1), []

    def words() -> str:
        typed.append(f"Zwetschge{next(numbers):04d}?")
        return typed[-1]

    asked = [await house.ask(words(), private=n == 3) for n in range(4)]
    more: dict[str, Callable[[], dict[str, Any]]] = {
        "question.decline": lambda: {"reason": "twice", "say": words()},
        "question.hand_over": lambda: {"to": words()},
        "question.answer": lambda: {"words": words(), "lang": "en"},
        "question.edit_words": lambda: {"words": words()},
        "question.merge": lambda: {"into": asked[0]},
    }
    for steps, end in ((live, "session.end"), (late, "session.publish")):
        for at, step in steps:
            with contextlib.suppress(Refusal):
                if step == "ask":
                    await house.ask(words())
                elif step in ("withdraw", "edit"):
                    body = {"words": words(), "lang": "en"} if step == "edit" else {}
                    await house.do(house.rosa, f"question.{step}", question=asked[at], **body)
                else:
                    await house.decide(step, asked[at], **more.get(step, dict)())
        await house.do(house.ana, end)
    found, board = await read(house), await house.board()
    public = told(board, Audience.PUBLIC, 0)
    assert {one.card.id: msgspec.json.decode(msgspec.json.encode(one.card)) for one in found.questions} == {
        c["id"]: c for c in public["cards"]
    }
    archived, shown = msgspec.json.encode(found).decode(), msgspec.json.encode(public).decode()
    assert [word for word in typed if word in archived] == [word for word in typed if word in shown]
    assert all(span.start <= span.end for one in found.questions for span in one.on_stage)
    assert (found.head.hash, found.head.seq) == ((await house.verified()).hash, board.seq)
