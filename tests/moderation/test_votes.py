"""Votes: once for each person and question, counted once and for all at the end."""

from __future__ import annotations

import asyncio

from moderation import votes
from sessions import log
from sessions.events import State, VotesCounted
from sessions.permissions import Caller
from sessions.refusals import Refusal
from tests.house import House, check

LUIS, INES = Caller("luis"), Caller("ines")


async def tallies(house: House, *questions: str) -> dict[str, int]:
    async with house.database.reading() as db:
        return await votes.tallies(db, house.session_id, questions or None)


async def test_a_vote_counts_once(house: House) -> None:
    question = await house.asked(State.SHOWN)
    await house.do(LUIS, "question.vote", question=question)
    refusal = await house.refused(LUIS, "question.vote", question=question)
    assert (refusal.code, refusal.say(str)) == ("not_now", "You have said already that you want to know this too.")
    await house.do(INES, "question.vote", question=question)
    assert await tallies(house) == {question: 2}
    await check(house)


async def test_a_vote_is_taken_back(house: House) -> None:
    question = await house.asked(State.QUEUED)
    refusal = await house.refused(LUIS, "question.unvote", question=question)
    assert (refusal.code, refusal.say(str)) == ("not_now", "You have not voted for this question.")
    for command, tally in (("vote", {question: 1}), ("unvote", {}), ("vote", {question: 1})):
        await house.do(LUIS, f"question.{command}", question=question)
        assert await tallies(house) == tally
    await check(house)


async def test_twenty_votes_of_one_person_at_once_are_one(house: House) -> None:
    question = await house.asked(State.SHOWN)
    outcomes = await asyncio.gather(
        *(house.do(LUIS, "question.vote", question=question) for _ in range(20)), return_exceptions=True
    )
    assert [o.code for o in outcomes if isinstance(o, Refusal)] == ["not_now"] * 19
    assert await tallies(house) == {question: 1}
    await check(house)


async def test_a_whole_school_votes_at_once(house: House) -> None:
    one, two = [await house.asked(State.SHOWN, f"Number {n}?") for n in range(2)]
    await asyncio.gather(
        *(house.do(Caller(f"p{n}"), "question.vote", question=one if n % 3 else two) for n in range(90))
    )
    assert await tallies(house) == {one: 60, two: 30}
    assert await tallies(house, one) == {one: 60}
    assert await tallies(house, "nothing") == {}
    async with house.database.reading() as db:
        assert (await log.head(db, house.session_id)).votes == 90


async def test_ones_own_question_counts_already(small_house: House) -> None:
    question = await small_house.asked(State.SHOWN)
    refusal = await small_house.refused(small_house.rosa, "question.vote", question=question)
    assert (refusal.code, refusal.say(str)) == ("not_now", "This is your own question: it counts already.")


async def test_votes_are_no_events_and_move_no_rev(small_house: House) -> None:
    house = small_house
    question = await house.asked(State.SHOWN)
    before, rev = await house.events(), await house.rev(question)
    await house.do(LUIS, "question.vote", question=question)
    assert (await house.events(), await house.rev(question)) == (before, rev)


async def test_what_one_voted_for(small_house: House) -> None:
    house = small_house
    one, two = [await house.asked(State.SHOWN, f"Number {n}?") for n in range(2)]
    other = await House.build(house.database)
    elsewhere = await other.asked(State.SHOWN)
    for where, question in ((house, one), (house, two), (other, elsewhere)):
        await where.do(LUIS, "question.vote", question=question)
    async with house.database.reading() as db:
        assert await votes.voted_by(db, house.session_id, "luis") == {one, two}
        assert await votes.voted_by(db, house.session_id, "ines") == set()


async def test_nobody_votes_while_questions_are_paused_or_after_the_end(small_house: House) -> None:
    house = small_house
    question = await house.asked(State.SHOWN)
    await house.do(house.ben, "input.pause")
    assert (await house.refused(LUIS, "question.vote", question=question)).code == "not_now"
    await house.do(house.ben, "input.resume")
    await house.do(LUIS, "question.vote", question=question)
    await house.do(house.ana, "session.end")
    for command in ("question.vote", "question.unvote"):
        assert (await house.refused(INES, command, question=question)).code == "not_now"
    counted = (await house.entries())[-1].event
    assert isinstance(counted, VotesCounted)
    assert counted.tallies == {question: 1}
    assert (await house.board()).tallies == {question: 1}
    await check(house)
