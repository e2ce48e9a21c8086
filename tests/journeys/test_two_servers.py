"""Two servers on one PostgreSQL: with Redis, without it, and while it is killed or frozen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from live.identity import mark
from live.throttle import BUDGETS
from sessions import people
from tests.journeys.pair import Pair
from tests.running import Hall, open_hall

pytestmark = pytest.mark.xdist_group("two servers")
SOON = 5.0
"""Seconds: far more than even a busy machine needs where nobody waits for Redis, and what Redis itself is given."""


@pytest.fixture(params=["looking", "hearing"])
def pair(request: pytest.FixtureRequest) -> Pair:
    found: Pair = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def hall(pair: Pair) -> AsyncIterator[Hall]:
    if pair.redis:
        pair.redis.ensure_running()
        await asyncio.gather(*(server.until_redis("ok") for server in pair.both))
    async with open_hall(pair.one) as hall:
        yield hall


async def test_a_change_at_one_reaches_the_devices_of_the_other(pair: Pair, hall: Hall) -> None:
    rosa, ben = await hall.family(at=pair.one), await hall.staff("ben", at=pair.two)
    phone = await hall.join(await hall.family(at=pair.one))
    desk = await hall.join(ben, "desk", "desk", "html")
    question = await rosa.ask()
    await desk.until(lambda: question in desk.cards)
    await ben.decide("question.approve", question)
    await phone.until(lambda: question in phone.cards)
    await (await hall.family(at=pair.two)).do("question.vote", question=question)
    await phone.until(lambda: phone.tallies == {question: 1})
    await hall.agree()
    # The asker's own devices hear of it at whichever server they are.
    mine = await hall.join(hall.visitor(at=pair.two, f2f_participant=rosa.http.cookies["f2f_participant"]))
    await ben.decide("question.hide", question)
    await mine.until(lambda: mine.notices == [{"mine": True}])


async def test_the_same_key_at_both_servers_is_one_question(pair: Pair, hall: Hall) -> None:
    rosa = await hall.family(at=pair.one)
    again = hall.visitor(at=pair.two, f2f_participant=rosa.http.cookies["f2f_participant"])
    body = {"key": "the-same-key", "words": "Only once?", "lang": "en"}
    answers = await asyncio.gather(*(v.send("question.ask", **body) for v in (rosa, again) * 10))
    assert [answer.json() for answer in answers] == [answers[0].json()] * 20
    assert len((await rosa.mine())["questions"]) == 1


async def test_two_moderators_at_two_servers_one_wins(pair: Pair, hall: Hall) -> None:
    rosa = await hall.family()
    ben = await hall.join(await hall.staff("ben", at=pair.one), "desk", "desk")
    mia = await hall.join(await hall.staff("mia", at=pair.two), "desk", "desk")
    for turn in range(4):
        question = await rosa.ask(f"Number {turn}?")
        rev = (await hall.head()).seq
        approved, declined = await asyncio.gather(
            ben.call("question.approve", question=question, rev=rev),
            mia.call("question.decline", question=question, rev=rev, reason="twice"),
        )
        assert sorted([approved["ok"], declined["ok"]]) == [False, True]
        lost, who = (declined, "Ben approved") if approved["ok"] else (approved, "Mia declined")
        assert (lost["code"], lost["say"].startswith(who)) == ("stale", True)
        assert lost["card"]["state"] == ("shown" if approved["ok"] else "declined")
    await hall.agree()
    assert ben.shows == mia.shows


async def test_a_role_taken_away_at_one_closes_what_is_open_at_the_other(pair: Pair, hall: Hall) -> None:
    ben, ana = await hall.staff("ben", at=pair.two), await hall.staff("ana", at=pair.one)
    desk = await hall.join(ben, "desk", "desk")
    desk.client.reconnection = False
    async with hall.database.reading() as db:
        member = await db.scalar(
            select(people.Membership.id).where(
                people.Membership.person_id == "ben", people.Membership.session_id == hall.house.session_id
            )
        )
    assert (await ana.submit(f"/office/{hall.code}/remove", membership=member)).status_code == 303
    await desk.until_gone()


async def test_everybody_who_is_here_is_counted(hearing: Pair) -> None:
    """Families' devices at both servers; heard of within the servers' own beat."""
    await asyncio.gather(*(server.until_redis("ok") for server in hearing.both))
    async with open_hall(hearing.one) as hall:
        first = await hall.join(await hall.family(at=hearing.one))
        second = await hall.join(await hall.family(at=hearing.two))
        for device in (first, second):
            await device.until_hears(here=2)


async def test_a_budget_that_is_spent_at_one_is_spent_at_the_other(hearing: Pair) -> None:
    """And what is sent again under its key is answered there as well: it was paid for already."""
    await asyncio.gather(*(server.until_redis("ok") for server in hearing.both))
    async with open_hall(hearing.one) as hall:
        desk = await hall.join(await hall.staff("ben", at=hearing.two), "desk", "desk")
        rosa = await hall.family(at=hearing.one)
        again = hall.visitor(at=hearing.two, f2f_participant=rosa.http.cookies["f2f_participant"])
        body = {"key": "the-last-of-them", "words": "The last?", "lang": "en"}
        asked = {await rosa.ask(f"Number {n}?") for n in range(BUDGETS["question.ask"].burst - 1)}
        last = (await rosa.send("question.ask", **body)).json()["question"]
        await desk.until(lambda: set(desk.cards) == asked | {last})
        # The cards may be here sooner than the word of what was spent; who never hears lets a whole budget through.
        more = 0
        while (one_more := await again.send("question.ask", words="One more?", lang="en")).status_code == 200:
            more += 1
            assert more < BUDGETS["question.ask"].burst
        assert one_more.status_code == 429
        assert (await again.send("question.ask", **body)).json()["question"] == last


async def test_with_redis_a_claim_at_one_is_a_claim_at_the_other(hearing: Pair) -> None:
    await asyncio.gather(*(server.until_redis("ok") for server in hearing.both))
    async with open_hall(hearing.one) as hall:
        question = await hall.house.ask()
        ben = await hall.join(await hall.staff("ben", at=hearing.one), "desk", "desk")
        mia = await hall.join(await hall.staff("mia", at=hearing.two), "desk", "desk", "html")
        assert (await ben.call("question.claim", question=question))["ok"] is True
        of_ben, of_mia = ({"by": mark(person), "name": person.title()} for person in ("ben", "mia"))
        await mia.until(lambda: mia.claims == {question: of_ben})
        refusal = await mia.call("question.claim", question=question)
        assert refusal == {"ok": False, "code": "claimed", "say": "Ben is on this one.", **of_ben}
        assert (await mia.call("question.claim", question=question, take=True))["ok"] is True
        await ben.until(lambda: ben.claims == {question: of_mia})
        await mia.until(lambda: mia.claims == {question: of_mia})
        late = await hall.join(await hall.staff("ana", at=hearing.one), "desk", "desk")
        assert late.claims == {question: of_mia}
        await mia.call("question.release", question=question)
        await ben.until(lambda: ben.claims == {question: None})
        await late.until(lambda: late.claims == {question: None})


async def test_without_redis_each_server_knows_its_own_claims(looking: Pair) -> None:
    """Nobody is refused for it; what is decided on something stale is refused as ever."""
    async with open_hall(looking.one) as hall:
        question = await hall.house.ask()
        ben = await hall.join(await hall.staff("ben", at=looking.one), "desk", "desk")
        mia = await hall.join(await hall.staff("mia", at=looking.two), "desk", "desk")
        for device in (ben, mia):
            assert (await device.call("question.claim", question=question))["ok"] is True
        ana = await hall.staff("ana", at=looking.one)
        refusal = await ana.send("question.claim", question=question)
        assert (refusal.status_code, refusal.json()["name"]) == (409, "Ben")
        rev = mia.cards[question]["rev"]
        assert (await ben.call("question.approve", question=question, rev=rev))["ok"] is True
        assert (await mia.call("question.approve", question=question, rev=rev))["code"] == "stale"


@pytest.mark.parametrize("fault", ["kill", "freeze"])
async def test_while_redis_is_away_nothing_is_lost_and_claims_go_on(hearing: Pair, fault: str) -> None:
    redis = hearing.redis
    assert redis is not None
    redis.ensure_running()
    await asyncio.gather(*(server.until_redis("ok") for server in hearing.both))
    async with open_hall(hearing.one) as hall:
        known, new = await hall.house.ask("Claimed before?"), await hall.house.ask("Claimed meanwhile?")
        rosa, colleague = await hall.family(at=hearing.one), await hall.staff("mia", at=hearing.two)
        phone = await hall.join(await hall.family(at=hearing.one))
        ben = await hall.join(await hall.staff("ben", at=hearing.one), "desk", "desk")
        mia = await hall.join(colleague, "desk", "desk")
        await ben.call("question.claim", question=known)
        await mia.until(lambda: mia.claims.get(known))
        redis.kill() if fault == "kill" else redis.freeze()
        try:
            # At once, while nobody has noticed yet: an answer never waits for Redis, and nothing is lost.
            started = time.monotonic()
            early = await rosa.ask("Asked at the moment it went?")
            assert time.monotonic() - started < SOON
            for question in (known, new):
                started = time.monotonic()
                assert (await ben.call("question.claim", question=question))["ok"] is True
                assert time.monotonic() - started < SOON, "an answer hardly waits for Redis"
            await ben.until(lambda: ben.claims.get(new))
            assert (await mia.call("question.claim", question=known))["code"] == "claimed", "heard of before"
            assert (await mia.call("question.claim", question=new))["ok"] is True
            await mia.call("question.release", question=new)

            await asyncio.gather(*(server.until_redis("degraded") for server in hearing.both))
            assert [await server.ready() for server in hearing.both] == [
                {"ready": True, "database": "ok", "redis": "degraded"}
            ] * 2
            await mia.until(lambda: early in mia.cards)
            late = await rosa.ask("Asked without it?")
            await mia.until(lambda: late in mia.cards)
            for question in (early, late):
                await colleague.decide("question.approve", question)
            await phone.until(lambda: {early, late} <= set(phone.cards))
            await hall.agree()
        finally:
            redis.ensure_running()
        await asyncio.gather(*(server.until_redis("ok") for server in hearing.both))
        # What was claimed meanwhile is everybody's knowledge again, without anybody doing anything.
        of_ben = {"by": mark("ben"), "name": "Ben"}
        await ben.call("question.claim", question=new)
        await mia.until(lambda: mia.claims.get(new) == of_ben)
        after = await (await hall.family(at=hearing.one)).ask("And back again?")
        await mia.until(lambda: after in mia.cards)
        await hall.agree()
