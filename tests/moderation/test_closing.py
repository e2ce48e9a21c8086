"""The end of a session."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sessions.events import FollowUpPlanned, SessionCompleted, SessionState, StageSkipped, State
from sessions.permissions import Caller
from sessions.question import FollowUp
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


async def test_what_is_open_is_carried_over(house: House) -> None:
    """All of it and nothing else, in the order of arrival; what is followed up already stays with whoever has it."""
    asked = {state: await house.asked(state) for state in State if state is not State.MERGED}
    waiting = await house.ask(private=True)
    followed = await house.asked(State.SHOWN)
    await house.decide("followup.plan", followed, owner="Mr. Paz", due="2031-07-01")
    await house.do(house.ana, "session.end")
    before = len(await house.entries())
    answer = await house.do(house.ben, "session.carry_over", owner=" Ms.  Ortiz ", due="2031-07-08")
    open_ones = [asked[s] for s in (State.HELD, State.SHOWN, State.QUEUED, State.ON_STAGE)] + [waiting]
    events = [entry.event for entry in (await house.entries())[before:]]
    assert answer == {"ok": True, "head": before + len(open_ones)}
    assert [type(event) for event in events] == [FollowUpPlanned] * len(open_ones)
    assert {event.by for event in events} == {"ben"}
    board = await house.board()
    assert sorted(open_ones, key=lambda q: board.questions[q].number) == [
        event.question for event in events if isinstance(event, FollowUpPlanned)
    ]
    plans = {q.id: q.follow_up for q in board.questions.values() if q.follow_up}
    everyone = FollowUp(owner="Ms. Ortiz", due=date(2031, 7, 8))
    assert plans == dict.fromkeys(open_ones, everyone) | {followed: FollowUp(owner="Mr. Paz", due=date(2031, 7, 1))}
    assert {q.id: q.state for q in board.questions.values()} == {
        **{asked[state]: state for state in asked},
        asked[State.ON_STAGE]: State.QUEUED,
        waiting: State.PRIVATE,
        followed: State.SHOWN,
    }
    refusal = await house.refused(house.ben, "session.carry_over")
    assert (refusal.code, refusal.say(str)) == (
        "not_now",
        "Nothing is left open that is not followed up already.",
    )
    await check(house)


async def test_without_a_name_or_a_day_it_is_carried_over_too(small_house: House) -> None:
    house = small_house
    question = await house.ask()
    await house.do(house.ana, "session.end")
    await house.do(house.ben, "session.carry_over", owner="  ")
    assert (await house.board()).questions[question].follow_up == FollowUp()
    refusal = await house.refused(house.ben, "session.carry_over", owner="x" * 81)
    assert refusal.code == "bad"
    await check(house)


async def test_who_may_carry_over_and_complete_and_when(small_house: House) -> None:
    house = small_house
    question = await house.asked(State.DECLINED)
    for command, caller in (("session.carry_over", house.ben), ("session.complete", house.ana)):
        assert (await house.refused(caller, command)).say(str) == "The session is under way."
        for person in (house.rosa, house.sam, house.staff["cai"], house.staff["lia"]):
            assert (await house.refused(person, command)).code == "not_allowed"
    assert (await house.refused(house.ben, "session.complete")).code == "not_allowed"
    await house.do(house.ana, "session.end")
    await house.do(house.ana, "session.publish")
    await house.decide("question.restore", question)
    await house.do(house.ben, "session.carry_over")
    await house.decide("followup.close", question, outcome="answered")
    await house.do(house.ana, "session.complete")
    await check(house)


async def test_complete_only_when_nothing_is_open(house: House) -> None:
    """By the same measure in the rows and in the log; and said once."""
    asked = {state: await house.asked(state) for state in State if state is not State.MERGED}
    waiting = await house.ask(private=True)
    await house.do(house.ana, "session.end")
    left = [asked[s] for s in (State.HELD, State.SHOWN, State.QUEUED, State.ON_STAGE)] + [waiting]
    for count, question in zip(range(len(left), 0, -1), left, strict=True):
        refusal = await house.refused(house.ana, "session.complete")
        assert refusal.say(str).startswith(f"Questions without an outcome yet: {count}.")
        assert (await house.session()).completed_at is None
        await house.decide("followup.plan", question)
        assert (
            (await house.refused(house.ana, "session.complete"))
            .say(str)
            .startswith(f"Questions without an outcome yet: {count}.")
        )
        await house.decide("followup.close", question, outcome="referred")
    answer = await house.do(house.ana, "session.complete")
    (event,) = (e.event for e in await house.entries() if isinstance(e.event, SessionCompleted))
    assert answer == {"ok": True, "head": len(await house.entries())}
    assert event.state is SessionState.ENDED
    assert (await house.session()).completed_at == event.at == (await house.board()).completed_at
    refusal = await house.refused(house.ana, "session.complete")
    assert (refusal.code, refusal.say(str)) == ("not_now", "This session is marked as complete already.")
    await house.do(house.ana, "session.publish")
    assert (await house.board()).completed_at == event.at, "publishing changes nothing of it"
    await check(house)


REOPENING: dict[str, tuple[State, str, dict[str, Any]]] = {
    "restored": (State.DECLINED, "question.restore", {}),
    "restored from a person": (State.PRIVATE, "question.restore", {}),
    "restored from hidden": (State.HIDDEN, "question.restore", {}),
    "reopened": (State.ANSWERED, "question.reopen", {}),
    "followed up": (State.DECLINED, "followup.plan", {"owner": "Mr. Paz"}),
    "taken apart": (State.MERGED, "question.unmerge", {}),
}


@pytest.mark.parametrize("how", REOPENING)
async def test_what_is_reopened_makes_it_incomplete_again(house: House, how: str) -> None:
    state, command, more = REOPENING[how]
    question = await house.asked(state)
    into = (await house.board()).questions[question].into
    if into:
        await house.decide("question.decline", into, reason="twice")
    await house.do(house.ana, "session.end")
    await house.do(house.ana, "session.complete")
    await house.do(house.ben, "question.note", question=question, words="Look again?")
    assert (await house.session()).completed_at is not None, "a note opens nothing"
    await house.decide(command, question, **more)
    assert ((await house.session()).completed_at, (await house.board()).completed_at) == (None, None)
    assert (await house.refused(house.ana, "session.complete")).code == "not_now"
    await check(house)
    if command != "followup.plan":
        await house.do(house.ben, "session.carry_over")
    await house.decide("followup.close", question, outcome="answered")
    await house.do(house.ana, "session.complete")
    assert (await house.session()).completed_at is not None
    assert (await house.events()).count("session.completed") == 2
    await check(house)
