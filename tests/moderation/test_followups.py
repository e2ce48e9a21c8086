"""Follow-ups: planned, tried, closed, opened again; by whom, when, and what makes a decision stale."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from moderation import followups, states
from moderation.followups import OUTCOMES, TRIES
from sessions.audiences import card, own_card
from sessions.events import FollowUpAttempted, FollowUpClosed, FollowUpPlanned, State
from sessions.permissions import Caller
from sessions.question import Audience, FollowUp, Said
from tests.house import House, check

DUE = date(2031, 7, 8)
FOLLOWED = [state for state, verb in states.TRANSITIONS if verb == "follow_up"]


async def follow_up(house: House, question: str) -> FollowUp | None:
    return (await house.board()).questions[question].follow_up


async def shown(house: House, question: str) -> tuple[bool, FollowUp | None]:
    """Whether it is open, as its row and as its log tell it; and how it is followed up."""
    row, told = await house.question(question), (await house.board()).questions[question]
    assert row.is_open == told.is_open
    assert row.followed == (told.follow_up.standing if told.follow_up else None)
    return told.is_open, told.follow_up


async def test_from_plan_to_close(house: House) -> None:
    lia, question = house.staff["lia"], await house.asked(State.SHOWN, contact="520-555-0100")
    planned = await house.decide("followup.plan", question, lia, owner=" Ms.  Ortiz ", due="2031-07-08")
    assert planned["rev"] == await house.rev(question)
    assert await shown(house, question) == (True, FollowUp(owner="Ms. Ortiz", due=DUE))

    await house.do(lia, "followup.attempt", question=question, outcome="no_answer", words=" Again at five. ")
    await house.do(house.ben, "followup.attempt", question=question, outcome="reached")
    entries = [e.event for e in await house.entries()]
    first, second = (e for e in entries if isinstance(e, FollowUpAttempted))
    tries = (
        Said("Again at five.", "Lia", first.at, outcome="no_answer"),
        Said(None, "Ben", second.at, outcome="reached"),
    )
    assert await shown(house, question) == (True, FollowUp(owner="Ms. Ortiz", due=DUE, tries=tries))

    await house.decide("followup.close", question, lia, outcome="answered", words="They can come on Monday.")
    (end,) = (e for e in (e.event for e in await house.entries()) if isinstance(e, FollowUpClosed))
    closed = Said("They can come on Monday.", "Lia", end.at, outcome="answered")
    assert await shown(house, question) == (False, FollowUp(owner="Ms. Ortiz", due=DUE, tries=tries, closed=closed))
    assert (await house.state(question), (end.was, end.state)) == (State.SHOWN, (State.SHOWN, State.SHOWN))
    await check(house)


async def test_it_is_planned_again_and_opened_again(house: House) -> None:
    """For another person or day; what was tried stays known."""
    question = await house.asked(State.PRIVATE)
    await house.decide("followup.plan", question, owner="Ms. Ortiz", due="2031-07-08")
    await house.do(house.ben, "followup.attempt", question=question, outcome="wrote")
    await house.decide("followup.plan", question, owner="Mr. Paz")
    open_, known = await shown(house, question)
    assert known is not None
    assert (open_, known.owner, known.due, [t.outcome for t in known.tries]) == (True, "Mr. Paz", None, ["wrote"])
    await house.decide("followup.close", question, outcome="unreachable")
    assert (await shown(house, question))[0] is False
    await house.decide("followup.plan", question, owner="Ms. Ortiz")
    open_, known = await shown(house, question)
    assert known is not None
    assert (open_, known.owner, known.closed, len(known.tries)) == (True, "Ms. Ortiz", None, 1)
    await check(house)


@pytest.mark.parametrize("state", State)
async def test_in_which_states(small_house: House, state: State) -> None:
    house = small_house
    question = await house.asked(state)
    body: dict[str, Any] = {"question": question, "rev": await house.rev(question)}
    if state not in FOLLOWED:
        for command, more in (("plan", {}), ("close", {"outcome": "answered"})):
            refusal = await house.refused(house.ben, f"followup.{command}", **body, **more)
            assert (refusal.code, "That cannot be done" in refusal.say(str)) == ("not_now", True)
        assert (
            await house.refused(house.ben, "followup.attempt", question=question, outcome="wrote")
        ).code == "not_now"
        return
    await house.decide("followup.plan", question)
    await house.do(house.ben, "followup.attempt", question=question, outcome="reached")
    assert (await shown(house, question))[0] is (state is not State.ANSWERED)
    await house.decide("followup.close", question, outcome="answered")
    assert (await shown(house, question))[0] is False
    assert await house.state(question) is state
    await check(house)


async def test_an_answer_in_writing_is_an_outcome_too(small_house: House) -> None:
    house = small_house
    question = await house.asked(State.ON_STAGE)
    await house.decide("stage.defer", question)
    assert await shown(house, question) == (True, FollowUp())
    await house.decide("question.answer", question, words="From Monday.", lang="en")
    assert await shown(house, question) == (False, FollowUp())
    await house.decide("question.reopen", question)
    assert (await shown(house, question))[0] is True
    await check(house)


async def test_refusals(small_house: House) -> None:
    house = small_house
    question = await house.asked(State.SHOWN)
    rev = await house.rev(question)
    nobody_yet = "Nobody follows this question up yet. Please say first who does."
    for command, body in (
        ("followup.attempt", {"question": question, "outcome": "reached"}),
        ("followup.close", {"question": question, "rev": rev, "outcome": "answered"}),
    ):
        refusal = await house.refused(house.ben, command, **body)
        assert (refusal.code, refusal.say(str)) == ("not_now", nobody_yet)
    await house.decide("followup.plan", question, owner="Ms. Ortiz")
    rev = await house.rev(question)
    for command, body, say in (
        ("attempt", {"question": question, "outcome": "answered"}, "Please say how it went."),
        ("close", {"question": question, "rev": rev, "outcome": "reached"}, "Please say how it ended."),
    ):
        refusal = await house.refused(house.ben, f"followup.{command}", **body)
        assert (refusal.code, refusal.say(str)) == ("bad", say)
    too_long = {"attempt": "reached", "close": "answered"}
    for command, outcome in too_long.items():
        more = {"rev": rev} if command == "close" else {}
        words = "x" * (followups.MAX_WORDS + 1)
        refusal = await house.refused(
            house.ben, f"followup.{command}", question=question, outcome=outcome, words=words, **more
        )
        assert refusal.code == "bad"
    long = await house.refused(house.ben, "followup.plan", question=question, rev=rev, owner="x" * 81)
    assert long.code == "bad"
    assert (await house.refused(house.ben, "followup.plan", question=question, rev=rev, due="2031-02-30")).code == "bad"
    for caller in (house.rosa, house.sam, house.staff["cai"]):
        refusal = await house.refused(caller, "followup.plan", question=question, rev=rev)
        assert refusal.code == "not_allowed"
    await house.decide("followup.close", question, outcome="not_wanted")
    refusal = await house.refused(house.ben, "followup.attempt", question=question, outcome="reached")
    assert refusal.say(str) == nobody_yet
    assert (await house.decide("followup.plan", question))["ok"] is True
    await check(house)


async def test_blank_words_and_names_are_none(small_house: House) -> None:
    house = small_house
    question = await house.asked(State.HELD)
    await house.decide("followup.plan", question, owner="  ")
    await house.do(house.ben, "followup.attempt", question=question, outcome="reached", words="  ")
    await house.decide("followup.close", question, outcome="answered", words="")
    told = [e.event for e in await house.entries()][-3:]
    planned, tried, closed = told
    assert isinstance(planned, FollowUpPlanned)
    assert isinstance(tried, FollowUpAttempted)
    assert isinstance(closed, FollowUpClosed)
    assert (planned.owner, planned.due, tried.words, closed.words) == (None, None, None, None)
    await check(house)


async def test_an_attempt_makes_nobodys_decision_stale(house: House) -> None:
    question = await house.asked(State.SHOWN)
    await house.decide("followup.plan", question)
    rev = await house.rev(question)
    await house.do(house.staff["lia"], "followup.attempt", question=question, outcome="no_answer")
    assert await house.rev(question) == rev
    await house.do(house.ben, "followup.plan", question=question, rev=rev, owner="Mr. Paz")
    refusal = await house.refused(house.mia, "followup.close", question=question, rev=rev, outcome="answered")
    assert refusal.code == "stale"
    assert "Ben changed the follow-up of this" in refusal.say(str)
    await house.decide("followup.close", question, outcome="answered")
    refusal = await house.refused(house.mia, "question.hide", question=question, rev=rev)
    assert "Ben closed the follow-up of this" in refusal.say(str)
    await check(house)


async def test_every_way_it_can_go_is_kept(small_house: House) -> None:
    house = small_house
    question = await house.asked(State.HIDDEN)
    await house.decide("followup.plan", question)
    for outcome in TRIES:
        await house.do(house.ben, "followup.attempt", question=question, outcome=outcome)
    for outcome in OUTCOMES:
        await house.decide("followup.plan", question)
        await house.decide("followup.close", question, outcome=outcome)
        known = await follow_up(house, question)
        assert known is not None
        assert known.closed is not None
        assert known.closed.outcome == outcome
        assert [said.outcome for said in known.tries] == list(TRIES)
    await check(house)


async def test_which_sessions_are_concerned(house: House) -> None:
    """Those where something is, was or may be followed up; one whose questions all had their end is not."""
    database = house.database

    async def concerned() -> set[int]:
        async with database.reading() as db:
            return await followups.concerned(db)

    assert await concerned() == set()
    sessions = {}
    for state in State:
        sessions[state] = await House.build(database)
        if state is State.MERGED:
            continue
        await sessions[state].asked(state)
    ended = (State.ANSWERED, State.DECLINED, State.WITHDRAWN, State.MERGED)
    assert await concerned() == {sessions[state].session_id for state in State if state not in ended}
    declined = sessions[State.DECLINED]
    (question,) = (await declined.board()).questions
    await declined.decide("followup.plan", question)
    assert declined.session_id in await concerned()
    await declined.decide("followup.close", question, outcome="answered")
    assert declined.session_id in await concerned()


async def test_a_family_reads_that_somebody_goes_on(small_house: House) -> None:
    """And nobody but the staff reads who, when and what was said."""
    house = small_house
    question = await house.asked(State.SHOWN)
    await house.decide("followup.plan", question, owner="Heidelbeerfrau", due="2031-07-08")
    await house.do(house.ben, "followup.attempt", question=question, outcome="reached", words="Himbeergeist")
    known = (await house.board()).questions[question]
    public, own, desk = card(known, Audience.PUBLIC), own_card(known), card(known, Audience.DESK)
    assert public is not None
    assert desk is not None
    assert (public.followed, own.followed, desk.followed) == ("open", "open", "open")
    for told in (public, own):
        assert told.follow_up is None
        assert not {"Heidelbeerfrau", "Himbeergeist"} & {word for word in repr(told).split("'")}
    assert desk.follow_up == known.follow_up
    luis = Caller("luis")
    assert (await house.refused(luis, "followup.attempt", question=question, outcome="reached")).code == "not_allowed"
