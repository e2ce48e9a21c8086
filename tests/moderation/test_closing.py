"""The end of a session."""

from __future__ import annotations

from sessions.events import SessionState, StageSkipped, State
from sessions.permissions import Caller
from tests.house import House, check


async def test_the_stage_is_cleared_and_votes_are_counted(house: House) -> None:
    """Nobody said that the question on stage was answered, and the record does not say so for them."""
    on_stage, queued = await house.asked(State.ON_STAGE), await house.asked(State.QUEUED)
    await house.do(Caller("luis"), "question.vote", question=queued)
    before = len(await house.entries())
    answer = await house.do(house.ana, "session.end")
    assert answer == {"ok": True, "head": before + 3}
    assert (await house.events())[before:] == ["stage.skipped", "session.ended", "votes.counted"]
    skipped = (await house.entries())[before].event
    assert isinstance(skipped, StageSkipped)
    assert (skipped.question, skipped.was, skipped.state, skipped.by) == (
        on_stage,
        State.ON_STAGE,
        State.QUEUED,
        "ana",
    )
    board = await house.board()
    assert (board.state, board.tallies) == (SessionState.ENDED, {queued: 1})
    assert {q.id: q.state for q in board.questions.values()} == {on_stage: State.QUEUED, queued: State.QUEUED}
    assert [q.id for q in board.lineup()] == [queued, on_stage]
    await check(house)


async def test_an_empty_session_ends_too(small_house: House) -> None:
    house = small_house
    await house.do(house.ana, "session.end")
    assert (await house.events())[-2:] == ["session.ended", "votes.counted"]
    assert (await house.board()).tallies == {}
    assert (await house.refused(house.ana, "session.end")).code == "not_now"
    await check(house)


async def test_paused_input_is_open_again_after_the_end(house: House) -> None:
    """So that nobody reads that questions come back in a few minutes."""
    question = await house.asked(State.SHOWN)
    await house.do(house.ben, "input.pause")
    assert ((await house.session()).input, (await house.board()).input) == ("paused", "paused")
    await house.do(house.ana, "session.end")
    assert ((await house.session()).input, (await house.board()).input) == ("open", "open")
    assert "input.resumed" not in await house.events()
    for command, more in (
        ("question.ask", {"words": "Late?", "lang": "en"}),
        ("question.vote", {"question": question}),
    ):
        refusal = await house.refused(Caller("luis"), command, **more)
        assert (refusal.code, refusal.say(str)) == (
            "not_now",
            "This session has ended. The answers stay here to read.",
        )
    await check(house)


async def test_a_paused_session_ends(small_house: House) -> None:
    house = small_house
    question = await house.asked(State.ON_STAGE)
    await house.do(house.ana, "session.pause")
    await house.do(house.ana, "session.end")
    assert await house.state(question) is State.QUEUED
    await check(house)
