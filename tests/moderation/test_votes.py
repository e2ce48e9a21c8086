"""Votes: once for each person and question, counted once and for all at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from itertools import pairwise
from typing import Any

from moderation import votes
from sessions import log
from sessions.events import State, VotesCounted
from sessions.permissions import Caller
from sessions.refusals import Refusal
from tests.house import Counted, House, check

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


async def test_what_a_hall_says_at_once_is_written_at_once(house: House) -> None:
    """However many they are: statements are counted, and none of them is for one vote alone."""
    one, two = [await house.asked(State.SHOWN, f"Number {n}?") for n in range(2)]
    few, many = 5, 250
    sent = {}
    for people in (few, many):
        callers = [Caller(f"{people}-{n}") for n in range(people)]
        with Counted(house.database) as statements:
            await asyncio.gather(*(house.do(c, "question.vote", question=q) for c in callers for q in (one, two)))
        sent[people, "vote"] = statements.count
        with Counted(house.database) as statements:
            await asyncio.gather(*(house.do(c, "question.unvote", question=one) for c in callers))
        sent[people, "unvote"] = statements.count
    assert sent[few, "vote"] == sent[many, "vote"] <= 10
    assert sent[few, "unvote"] == sent[many, "unvote"] <= 10
    assert await tallies(house) == {two: few + many}


async def test_minds_changed_within_one_batch(house: House) -> None:
    """What counts is how it stands in the end; and the end of the session counts what came before it."""
    question = await house.asked(State.SHOWN)
    await house.do(INES, "question.vote", question=question)

    def turns(caller: Caller, *verbs: str) -> list[Coroutine[Any, Any, dict[str, Any]]]:
        return [house.do(caller, f"question.{verb}", question=question) for verb in verbs]

    commits = len(house.commits)
    answers = await asyncio.gather(
        *turns(LUIS, "vote", "unvote", "vote"),
        *turns(INES, "unvote", "vote", "unvote"),
        *turns(Caller("omar"), "vote", "unvote"),
        *turns(Caller("mina"), "unvote", "vote"),
        house.do(house.ana, "session.end"),
        return_exceptions=True,
    )
    assert len(house.commits) == commits + 1
    refused = [number for number, answer in enumerate(answers) if not isinstance(answer, dict)]
    assert refused == [8], "who had not voted took nothing back"
    assert isinstance(answers[8], Refusal)
    assert await tallies(house) == {question: 2}
    assert (await house.board()).tallies == {question: 2}
    await check(house)


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


async def joined(house: House, *questions: str) -> None:
    """Each into the next, so that the last one lives for all."""
    for question, into in pairwise(questions):
        await house.decide("question.merge", question, into=into)


async def test_whoever_wants_to_know_either_is_counted_once(house: House) -> None:
    """Voters of both, and who asked the one that was joined; not the asker of the one that lives."""
    one = await house.asked(State.SHOWN, "One?", by=Caller("p1"))
    two = await house.asked(State.SHOWN, "Two?", by=Caller("p2"))
    for question, voters in ((one, ("p2", "luis", "ines")), (two, ("ines", "omar"))):
        for voter in voters:
            await house.do(Caller(voter), "question.vote", question=question)
    assert await tallies(house) == {one: 3, two: 2}
    before = (await house.session()).votes
    await joined(house, one, two)
    assert await tallies(house) == {two: 4}  # p1, luis, ines, omar
    assert await tallies(house, one) == {}
    assert (await house.session()).votes > before
    await house.decide("question.unmerge", one)
    assert await tallies(house) == {one: 3, two: 2}
    await check(house)


async def test_a_chain_counts_as_one(house: House) -> None:
    a, b, c = [await house.asked(State.SHOWN, f"{n}?", by=Caller(n)) for n in "abc"]
    for question in (a, b, c):
        await house.do(LUIS, "question.vote", question=question)
    await house.do(Caller("c"), "question.vote", question=a)
    await joined(house, a, b, c)
    assert await tallies(house) == {c: 3}
    await house.decide("question.unmerge", b)
    assert await tallies(house) == {b: 3, c: 1}  # c wants to know what a asked, and a is b's now.
    await house.decide("question.unmerge", a)
    assert await tallies(house) == {a: 2, b: 1, c: 1}
    await check(house)


async def test_nobody_votes_twice_for_what_was_joined(house: House) -> None:
    one, two = [await house.asked(State.SHOWN, f"{n}?", by=Caller(n)) for n in ("p1", "p2")]
    await house.do(LUIS, "question.vote", question=one)
    await joined(house, one, two)
    for caller, sentence in (
        (LUIS, "You have said already that you want to know this too."),
        (Caller("p1"), "This is your own question: it counts already."),
        (Caller("p2"), "This is your own question: it counts already."),
    ):
        refusal = await house.refused(caller, "question.vote", question=two)
        assert (refusal.code, refusal.say(str)) == ("not_now", sentence)
    await house.do(INES, "question.vote", question=two)
    assert await tallies(house) == {two: 3}
    async with house.database.reading() as db:
        assert await votes.voted_by(db, house.session_id, "luis") == {two}
    await check(house)


async def test_a_vote_is_taken_back_wherever_it_was_given(house: House) -> None:
    one, two = [await house.asked(State.SHOWN, f"{n}?", by=Caller(n)) for n in ("p1", "p2")]
    for question in (one, two):
        await house.do(LUIS, "question.vote", question=question)
    await joined(house, one, two)
    await house.do(LUIS, "question.unvote", question=two)
    assert await tallies(house) == {two: 1}
    assert (await house.refused(LUIS, "question.unvote", question=two)).code == "not_now"
    await house.decide("question.unmerge", one)
    assert await tallies(house) == {}
    await house.do(LUIS, "question.vote", question=one)
    await check(house)


async def test_who_voted_for_what_joined_their_own_is_not_counted_for_it(house: House) -> None:
    one, own = await house.asked(State.SHOWN, "One?", by=Caller("p1")), await house.asked(State.SHOWN, by=LUIS)
    await house.do(LUIS, "question.vote", question=one)
    await joined(house, one, own)
    assert await tallies(house) == {own: 1}
    await house.decide("question.unmerge", one)
    assert await tallies(house) == {one: 1}
    await check(house)


async def test_what_was_joined_with_ones_own_question_adds_nobody(small_house: House) -> None:
    one, two = [await small_house.asked(State.SHOWN, f"{n}?") for n in range(2)]
    await joined(small_house, one, two)
    assert await tallies(small_house) == {}
    assert (await small_house.refused(small_house.rosa, "question.vote", question=two)).code == "not_now"


async def test_votes_and_joins_of_one_batch_know_of_each_other(house: House) -> None:
    """Who lives for whom is read once for a batch, and anew after each join in it."""
    one, two = [await house.asked(State.SHOWN, f"{n}?", by=Caller(n)) for n in ("p1", "p2")]
    rev = (await house.board()).seq
    outcomes = await asyncio.gather(
        house.do(LUIS, "question.vote", question=two),
        house.do(INES, "question.vote", question=one),
        house.do(house.ben, "question.merge", question=one, rev=rev, into=two),
        house.do(INES, "question.vote", question=two),
        house.do(Caller("p1"), "question.vote", question=two),
        house.do(house.ben, "question.unmerge", question=one, rev=rev + 1),
        house.do(INES, "question.vote", question=two),
        house.do(Caller("p1"), "question.vote", question=two),
        return_exceptions=True,
    )
    assert [o.code if isinstance(o, Refusal) else "ok" for o in outcomes] == [
        *("ok", "ok", "ok", "not_now", "not_now", "ok", "ok", "ok"),
    ]
    assert await tallies(house) == {one: 1, two: 3}
    await check(house)


async def test_joins_of_another_session_count_nothing_here(small_house: House) -> None:
    other = await House.build(small_house.database)
    one, two = [await other.asked(State.SHOWN, f"{n}?", by=Caller(n)) for n in ("p1", "p2")]
    await joined(other, one, two)
    question = await small_house.asked(State.SHOWN)
    await small_house.do(LUIS, "question.vote", question=question)
    assert await tallies(small_house) == {question: 1}
    assert await tallies(other) == {two: 1}


async def test_what_was_joined_is_counted_at_the_end(house: House) -> None:
    one, two = [await house.asked(State.SHOWN, f"{n}?", by=Caller(n)) for n in ("p1", "p2")]
    await house.do(LUIS, "question.vote", question=one)
    await joined(house, one, two)
    await house.do(house.ana, "session.end")
    assert (await house.board()).tallies == {two: 2}
    await check(house)


async def test_a_flood_of_joins_is_counted_whole(house: House) -> None:
    """Hundreds of the same three questions: more than one page of them."""
    roots = [await house.asked(State.SHOWN, f"Root {n}?", by=Caller(f"root-{n}")) for n in range(3)]
    asked = await asyncio.gather(*(house.ask(f"Number {n}?", Caller(f"p{n}")) for n in range(600)))
    rev = (await house.board()).seq
    await asyncio.gather(
        *(
            house.do(house.ben, "question.merge", question=question, rev=rev, into=roots[n % 3])
            for n, question in enumerate(asked)
        )
    )
    await asyncio.gather(*(house.do(Caller(f"p{n}"), "question.vote", question=roots[0]) for n in range(1, 200, 3)))
    assert await tallies(house) == {roots[0]: 267, roots[1]: 200, roots[2]: 200}
    async with house.database.reading() as db:
        assert await votes.voted_by(db, house.session_id, "p1") == {roots[0]}
