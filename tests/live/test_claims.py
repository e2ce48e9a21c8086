"""Who is on which question: leases by the clock, told to the desk, shared by servers, and never in anybody's way."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import select

from live import nudge
from live.broadcast import Broadcast
from live.claims import LEASE, PREFIX, Claim, Claims, Shared
from live.commands import COMMANDS, Commands
from live.feed import Channel
from live.identity import mark
from live.nudge import CHANNEL, Nudges
from live.presence import Presence
from live.rendering import Renderer
from live.settings import Settings
from live.throttle import STAFF, Throttle
from sessions import people
from sessions.permissions import Caller, Role
from sessions.question import Audience
from sessions.refusals import Refusal
from tests.house import SECRET, House, check
from tests.running import Hall, open_hall, shared_server, until
from tests.servers import RedisServer

SOON = 10.0
"""Seconds: far more than even a busy machine needs where nobody waits for Redis, far fewer than if each did."""

ANA, BEN, MIA = (Caller(name.lower(), frozenset({Role.MODERATOR}), name) for name in ("Ana", "Ben", "Mia"))


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


class Desk:
    """Claims by a clock that the test turns, with all that was told of them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.claims = Claims(now=self.clock)
        self.told: list[tuple[int, set[str]]] = []
        self.claims.moved = lambda session_id, questions: self.told.append((session_id, questions))

    def names(self, session_id: int = 7) -> dict[str, str]:
        return {question: claim.name for question, claim in self.claims.of(session_id).items()}


async def refused(claims: Claims, caller: Caller, question: str, session_id: int = 7) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        await claims.claim(caller, session_id, question)
    return refusal.value


# One server


async def test_a_question_is_one_persons_for_as_long_as_a_lease() -> None:
    desk = Desk()
    await desk.claims.claim(ANA, 7, "q")
    assert desk.claims.of(7) == {"q": Claim("ana", "Ana", 1000.0 + LEASE)}
    refusal = await refused(desk.claims, BEN, "q")
    assert (refusal.code, refusal.status, refusal.say(str), refusal.extra) == (
        "claimed",
        409,
        "Ana is on this one.",
        {"by": mark("ana"), "name": "Ana"},
    )
    assert desk.claims.of(8) == {}, "another session's questions are its own"
    desk.clock.at += LEASE - 1
    await desk.claims.claim(ANA, 7, "q")
    desk.clock.at += LEASE - 1
    assert (await refused(desk.claims, BEN, "q")).code == "claimed", "claimed again in time"
    desk.clock.at += 1
    assert desk.claims.of(7) == {}
    await desk.claims.claim(BEN, 7, "q")
    assert desk.names() == {"q": "Ben"}


async def test_it_is_taken_over_knowingly_and_released_by_its_holder_alone() -> None:
    desk = Desk()
    await desk.claims.claim(ANA, 7, "q")
    await desk.claims.claim(BEN, 7, "q", take=True)
    assert (await refused(desk.claims, ANA, "q")).say(str) == "Ben is on this one."
    await desk.claims.release(ANA, 7, "q")
    assert desk.names() == {"q": "Ben"}
    await desk.claims.release(BEN, 7, "q")
    await desk.claims.release(BEN, 7, "q")
    assert desk.names() == {}
    assert desk.claims.held == {}, "nothing is kept of what is over"


async def test_what_moved_is_told_and_nothing_else() -> None:
    desk = Desk()
    await desk.claims.claim(ANA, 7, "q")
    await desk.claims.claim(ANA, 7, "q")
    await desk.claims.claim(ANA, 7, "r")
    await refused(desk.claims, BEN, "q")
    await desk.claims.release(BEN, 7, "q")
    await desk.claims.claim(BEN, 7, "q", take=True)
    await desk.claims.release(BEN, 7, "q")
    assert desk.told == [(7, {"q"}), (7, {"r"}), (7, {"q"}), (7, {"q"})]
    desk.told.clear()
    desk.clock.at += LEASE
    desk.claims.expire()
    desk.claims.expire()
    assert (desk.told, desk.claims.held) == ([(7, {"r"})], {})


async def test_who_has_no_business_here_any_more_loses_all_in_that_session() -> None:
    desk = Desk()
    for caller, session_id, question in ((ANA, 7, "q"), (ANA, 7, "r"), (BEN, 7, "s"), (ANA, 8, "t")):
        await desk.claims.claim(caller, session_id, question)
    await desk.claims.forget(7, "ana")
    assert (desk.names(7), desk.names(8)) == ({"s": "Ben"}, {"t": "Ana"})


async def test_a_person_without_a_name_is_a_colleague() -> None:
    desk = Desk()
    await desk.claims.claim(Caller("ana", frozenset({Role.MODERATOR})), 7, "q")
    refusal = await refused(desk.claims, BEN, "q")
    assert (refusal.say(str), refusal.extra["name"]) == ("A colleague is on this one.", "")


# As commands


async def test_a_claim_changes_nothing_that_is_kept(house: House) -> None:
    question = await house.ask()
    before, commits = await house.rows(), list(house.commits)
    head = (await house.session()).seq
    claimed = await house.do(house.ben, "question.claim", question=question)
    assert claimed == {"ok": True, "head": head, "question": question, "until_ms": 30_000}
    refusal = await house.refused(house.mia, "question.claim", question=question)
    assert (refusal.code, refusal.say(str)) == ("claimed", "Ben is on this one.")
    assert (await house.do(house.mia, "question.claim", question=question, take=True))["ok"] is True
    released = await house.do(house.mia, "question.release", question=question)
    assert released == {"ok": True, "head": head, "question": question}
    assert (await house.rows(), house.commits) == (before, commits)
    await check(house)


async def test_a_claim_is_no_reason_to_refuse_anybodys_decision(house: House) -> None:
    question = await house.ask()
    await house.do(house.ben, "question.claim", question=question)
    assert (await house.decide("question.approve", question, by=house.mia))["ok"] is True
    await check(house)


async def test_what_is_not_there_is_claimed_by_nobody(house: House) -> None:
    other = await House.build(house.database)
    elsewhere = await other.ask()
    for question in ("nothing", elsewhere):
        for command in ("question.claim", "question.release"):
            refusal = await house.refused(house.ben, command, question=question)
            assert (refusal.code, refusal.say(str)) == ("not_found", "This question is not here any more.")
    assert house.commands.claims.held == {}


async def test_only_who_decides_can_claim(small_house: House) -> None:
    question = await small_house.ask()
    for caller in (small_house.rosa, small_house.sam, small_house.staff["lia"], small_house.staff["cai"]):
        for command in ("question.claim", "question.release"):
            assert (await small_house.refused(caller, command, question=question)).code == "not_allowed"


async def test_the_budget_of_the_staff_holds_for_the_same_key_too(small_house: House) -> None:
    """A claim is no retry of the one before: a script gone wild is slowed under one key as under many."""
    house, clock = small_house, Clock()
    commands = Commands(house.database, Throttle(clock), house.commits.append, SECRET)
    body = {"key": "the-same-key", "question": await house.ask()}
    for _ in range(STAFF.burst):
        commands.throttle.spend(house.session_id, "ben", "question.claim", str(random.random()))
    with pytest.raises(Refusal) as refusal:
        await commands.run(house.ben, house.session_id, "question.claim", body)
    assert refusal.value.code == "too_fast"
    clock.at += STAFF.seconds
    await commands.run(house.ben, house.session_id, "question.claim", body)
    with pytest.raises(Refusal) as refusal:
        await commands.run(house.ben, house.session_id, "question.claim", body)
    assert refusal.value.code == "too_fast"


def test_leases_are_the_two_that_claim_and_release() -> None:
    assert {name for name, command in COMMANDS.items() if command.is_lease} == {"question.claim", "question.release"}


# What the desk hears


class Told:
    """A broadcast of a house without a server, with what it says to each channel."""

    def __init__(self, house: House, url: str) -> None:
        self.house, self.clock, self.sent = house, Clock(), list[tuple[str, Any, str]]()
        settings = Settings(database_url=url, secret_key=SECRET.decode() * 2)
        self.claims = Claims(now=self.clock)
        self.broadcast = Broadcast(house.database, Renderer(settings), 0, self.claims)
        self.broadcast.send = self.send
        self.desk = Channel(house.session_id, Audience.DESK, "desk", "json", "")
        self.others = [
            Channel(house.session_id, Audience.SPEAKER, "speak", "json", ""),
            Channel(house.session_id, Audience.PUBLIC, "families", "html", "en"),
        ]

    async def send(self, event: str, payload: Any, to: str) -> None:
        self.sent.append((event, payload, to))

    async def pulses(self) -> list[tuple[Any, str]]:
        """All that was told since the last time, once everything is told."""
        feed = self.broadcast.feeds[self.house.session_id]
        if feed.flushing:
            await feed.flushing
        told, self.sent = [(payload, to) for event, payload, to in self.sent if event == "pulse"], []
        return told


async def test_changes_go_to_the_desk_alone_and_several_as_one(small_house: House, sqlite_copy: str) -> None:
    house, told = small_house, Told(small_house, sqlite_copy)
    feed = await told.broadcast.fresh(house.session_id)
    for channel in (told.desk, *told.others):
        told.broadcast.enter(feed, channel)
    head, address = feed.board.head(Audience.DESK), told.desk.address
    await told.claims.claim(ANA, house.session_id, "q")
    await told.claims.claim(BEN, house.session_id, "r")
    ana, ben = {"by": mark("ana"), "name": "Ana"}, {"by": mark("ben"), "name": "Ben"}
    assert await told.pulses() == [({"claims": {"q": ana, "r": ben}, "head": head}, address)]
    assert told.broadcast.pulse(feed, Audience.DESK)["claims"] == {"q": ana, "r": ben}
    for audience in (Audience.SPEAKER, Audience.PUBLIC):
        assert "claims" not in told.broadcast.pulse(feed, audience)

    told.clock.at += LEASE - 1
    await told.claims.claim(BEN, house.session_id, "r")
    told.claims.expire()
    assert await told.pulses() == []
    told.clock.at += 1
    told.claims.expire()
    assert await told.pulses() == [({"claims": {"q": None}, "head": head}, address)]
    assert told.broadcast.pulse(feed, Audience.DESK)["claims"] == {"r": ben}


async def test_nothing_gathers_where_nobody_listens(small_house: House, sqlite_copy: str) -> None:
    house, told = small_house, Told(small_house, sqlite_copy)
    feed = await told.broadcast.fresh(house.session_id)
    for number in range(20):
        await told.claims.claim(ANA, house.session_id, f"q{number}")
        await told.claims.claim(ANA, 999, f"q{number}")
    assert (feed.moved_claims, told.sent, list(told.broadcast.feeds)) == (set(), [], [house.session_id])


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


async def test_colleagues_see_it_on_every_device_and_nobody_else_does(hall: Hall) -> None:
    rosa, ben, mia = await hall.family(), await hall.staff("ben"), await hall.staff("mia", lang="es")
    question = await rosa.ask()
    first = await hall.join(ben, "desk", "desk")
    assert first.welcome[-1]["claims"] == {}, "the whole map comes with the welcome"
    tablet = await hall.join(mia, "desk", "desk", "html")
    others = [await hall.join(rosa), await hall.join(await hall.staff("sam"), "speaker", "speak")]
    answer = await first.call("question.claim", question=question)
    assert answer == {"ok": True, "head": first.number, "question": question, "until_ms": 30_000}
    claim = {"by": mark("ben"), "name": "Ben"}
    for device in (first, tablet):
        await device.until_hears(claims={question: claim})
    late = await hall.join(mia, "desk", "desk")
    assert late.welcome[-1]["claims"] == {question: claim}

    refusal = await tablet.call("question.claim", question=question)
    assert {name: refusal[name] for name in ("ok", "code", "by", "name")} == {"ok": False, "code": "claimed", **claim}
    assert refusal["say"].endswith(".")
    by_http = await mia.send("question.claim", question=question)
    assert (by_http.status_code, by_http.json()) == (409, refusal)

    assert (await mia.do("question.claim", question=question, take=True))["ok"] is True
    await first.until_hears(claims={question: {"by": mark("mia"), "name": "Mia"}})
    await tablet.call("question.release", question=question)
    for device in (first, tablet, late):
        await device.until_hears(claims={question: None})
    assert [name for device in others for _, told in device.heard for name in told if name == "claims"] == []
    await hall.agree()


async def test_a_role_that_is_taken_away_takes_its_claims_along(hall: Hall) -> None:
    ben, ana, question = await hall.staff("ben"), await hall.staff("ana"), await hall.house.ask()
    lost, desk = await hall.join(ben, "desk", "desk"), await hall.join(ana, "desk", "desk")
    lost.client.reconnection = False
    await lost.call("question.claim", question=question)
    await desk.until(lambda: desk.claims.get(question))
    async with hall.database.reading() as db:
        member = await db.scalar(
            select(people.Membership.id).where(
                people.Membership.person_id == "ben", people.Membership.session_id == hall.house.session_id
            )
        )
    assert (await ana.submit(f"/office/{hall.code}/remove", membership=member)).status_code == 303
    await desk.until(lambda: desk.claims == {question: None})


async def test_who_signs_out_on_one_device_keeps_what_is_open_on_another(hall: Hall) -> None:
    here, there, question = await hall.staff("ben"), await hall.staff("ben"), await hall.house.ask()
    laptop, phone = await hall.join(here, "desk", "desk"), await hall.join(there, "desk", "desk")
    laptop.client.reconnection = False
    await phone.call("question.claim", question=question)
    await phone.until(lambda: phone.claims.get(question))
    assert (await here.submit("/sign-out")).status_code == 303
    await laptop.until_gone()
    mia = await hall.join(await hall.staff("mia"), "desk", "desk")
    assert mia.claims == {question: {"by": mark("ben"), "name": "Ben"}}


# Several servers

together = pytest.mark.xdist_group("two servers")


class Beside:
    """One of several servers: its claims, and its line to the others."""

    def __init__(self, url: str) -> None:
        self.claims = Claims(Shared(url, CHANNEL))
        self.nudges = Nudges(url, lambda _: None, lambda _: None, Presence(), self.claims, Throttle())

    @property
    def names(self) -> dict[str, str]:
        return {question: claim.name for question, claim in self.claims.of(7).items()}


@asynccontextmanager
async def servers(url: str, count: int = 2) -> AsyncIterator[list[Beside]]:
    beside = [Beside(url) for _ in range(count)]
    tasks = [asyncio.create_task(one.nudges.run()) for one in beside]
    try:
        await all_hear(*beside)
        yield beside
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(one.claims.close() for one in beside))


async def all_hear(*beside: Beside) -> None:
    await until(lambda: not any(one.nudges.is_deaf for one in beside))


async def truth(url: str) -> dict[str, str]:
    """Who has what, as Redis knows it."""
    shared = Shared(url, CHANNEL)
    found = await shared.all()
    await shared.redis.aclose()
    return {question: lease.name for question, lease in found.get(7, {}).items()}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, only sooner: a beat is a tenth of a second, and a few are silence."""
    monkeypatch.setattr(nudge, "BEAT", 0.1)
    monkeypatch.setattr(nudge, "DEAF", 0.5)


@together
async def test_what_is_claimed_at_one_is_claimed_at_all(quick: None, redis_server: RedisServer) -> None:
    async with servers(redis_server.url, 3) as (one, two, three):
        await one.claims.claim(ANA, 7, "q")
        refusal = await refused(two.claims, BEN, "q")
        assert (refusal.say(str), refusal.extra) == ("Ana is on this one.", {"by": mark("ana"), "name": "Ana"})
        await until(lambda: one.names == two.names == three.names == {"q": "Ana"})
        await two.claims.claim(ANA, 7, "q")
        await three.claims.claim(BEN, 7, "q", take=True)
        await until(lambda: one.names == two.names == three.names == {"q": "Ben"})
        await one.claims.release(ANA, 7, "q")
        assert (await refused(one.claims, MIA, "q")).say(str) == "Ben is on this one."
        await one.claims.release(BEN, 7, "q")
        await until(lambda: one.names == two.names == three.names == {})
        await three.claims.claim(MIA, 7, "q")
        await two.claims.claim(MIA, 7, "r")
        await until(lambda: one.names == {"q": "Mia", "r": "Mia"})
        await one.claims.forget(7, "mia")
        await until(lambda: one.names == two.names == three.names == {})
        assert await truth(redis_server.url) == {}


@together
async def test_of_many_who_claim_at_once_one_has_it_and_all_servers_agree(
    quick: None, redis_server: RedisServer
) -> None:
    crowd = [Caller(f"person-{n}", frozenset({Role.MODERATOR}), f"Person {n}") for n in range(8)]
    async with servers(redis_server.url) as (one, two):
        for turn in range(10):
            outcomes = await asyncio.gather(
                *((one, two)[n % 2].claims.claim(caller, 7, f"q{turn}") for n, caller in enumerate(crowd)),
                return_exceptions=True,
            )
            won = [caller.name for caller, outcome in zip(crowd, outcomes, strict=True) if outcome is None]
            assert len(won) == 1
            told = {refusal.extra["name"] for refusal in outcomes if isinstance(refusal, Refusal)}
            assert told == {won[0]}
        dice = random.Random(7)
        for _ in range(40):
            server, caller, question = dice.choice((one, two)).claims, dice.choice(crowd), f"q{dice.randrange(3)}"
            moves = [server.claim(caller, 7, question, take=True), server.release(caller, 7, question)]
            await asyncio.gather(*dice.sample(moves, 2), return_exceptions=True)
        there = await truth(redis_server.url)
        await until(lambda: one.names == two.names == there)


@together
async def test_a_server_that_starts_later_knows_what_is_claimed(quick: None, redis_server: RedisServer) -> None:
    async with servers(redis_server.url, 1) as (one,):
        await one.claims.claim(ANA, 7, "q")
        await one.claims.claim(BEN, 8, "r")
        async with servers(redis_server.url, 1) as (late,):
            await until(lambda: late.names == {"q": "Ana"} and list(late.claims.of(8)) == ["r"])
            left = late.claims.of(7)["q"].until - time.monotonic()
            assert LEASE - 5 < left <= LEASE


@together
async def test_redis_keeps_nothing_of_what_is_over(redis_server: RedisServer) -> None:
    shared = Shared(redis_server.url, CHANNEL)
    async with Redis.from_url(redis_server.url, decode_responses=True) as redis:
        await shared.claim(7, "short", "ana", "Ana", seconds=0.05)
        await shared.claim(7, "long", "ana", "Ana", seconds=20)
        await shared.claim(7, "shorter", "ben", "Ben", seconds=0.01)
        assert 15_000 < await redis.pttl(f"{PREFIX}7") <= 20_000, "for as long as the longest of them"
        while set(await truth(redis_server.url)) != {"long"}:
            pass
        assert await redis.hkeys(f"{PREFIX}7") == ["long"]
        assert await shared.claim(7, "short", "mia", "Mia", seconds=0.05) is None, "its time was over"
        await shared.drop(7, "ana")
        while await redis.exists(f"{PREFIX}7"):
            await truth(redis_server.url)
    await shared.redis.aclose()


@together
@pytest.mark.parametrize("fault", ["kill", "freeze"])
async def test_claims_go_on_while_redis_is_away(
    quick: None, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    async with servers(redis_server.url) as (one, two):
        await one.claims.claim(ANA, 7, "q")
        await until(lambda: two.names == {"q": "Ana"})
        redis_server.kill() if fault == "kill" else redis_server.freeze()
        started = time.monotonic()
        await one.claims.claim(ANA, 7, "q")
        assert time.monotonic() - started < SOON, "one waits for it, and not for ever"
        started = time.monotonic()
        for number in range(50):
            await one.claims.claim(ANA, 7, f"q{number}")
        assert time.monotonic() - started < SOON, "the others do not wait at all: fifty times it would be a minute"
        # What was heard before still holds; what is new is known where it was claimed.
        assert (await refused(two.claims, BEN, "q")).code == "claimed"
        await two.claims.claim(BEN, 7, "q0")
        await two.claims.claim(MIA, 7, "r")
        await one.claims.release(ANA, 7, "q1")
        assert (one.names["q0"], "q1" in one.names, "r" in one.names) == ("Ana", False, False)
        assert (two.names["q0"], two.names["r"]) == ("Ben", "Mia")
        await until(lambda: one.nudges.is_deaf and two.nudges.is_deaf)
        redis_server.ensure_running()
        await all_hear(one, two)
        # Both had q0: one of them has it now, and everybody knows who.
        await until(lambda: one.names == two.names and two.names.keys() >= {"q", "q0", "q2", "r"})
        assert one.names["q0"] in ("Ana", "Ben")
        await until(lambda: time.monotonic() > max(one.claims.look_again, two.claims.look_again))
        assert (await refused(one.claims, BEN, "r")).say(str) == "Mia is on this one."
        assert one.names == await truth(redis_server.url)


@together
async def test_a_broken_line_is_made_up_for(quick: None, redis_server: RedisServer) -> None:
    """What is changed while a server hears nothing, it reads when it hears again."""
    async with servers(redis_server.url, 1) as (one,):
        await one.claims.claim(ANA, 7, "q")
        await one.claims.claim(ANA, 7, "r")
        await until(lambda: one.names == {"q": "Ana", "r": "Ana"})
        shared = Shared(redis_server.url, "another channel, where nobody listens")
        await shared.drop(7, "ana", "q")
        await shared.claim(7, "r", "ben", "Ben", take=True)
        async with Redis.from_url(redis_server.url) as redis:
            await redis.client_kill_filter(_type="pubsub")
        await until(lambda: one.names == {"r": "Ben"})
        await shared.redis.aclose()


@together
async def test_a_claim_that_redis_did_not_take_in_time_is_shared_later(quick: None, redis_server: RedisServer) -> None:
    """It was slow for a moment, and the line to it never broke: nothing else would tell the others."""
    async with servers(redis_server.url) as (one, two):
        await two.claims.claim(BEN, 7, "r")
        await until(lambda: one.names == two.names == {"r": "Ben"})
        one.claims.look_again = time.monotonic() + 3600
        await one.claims.claim(ANA, 7, "q")
        await one.claims.claim(MIA, 7, "r", take=True)
        await one.claims.share()
        assert (one.names, await truth(redis_server.url)) == ({"q": "Ana", "r": "Mia"}, {"r": "Ben"}), "not asked yet"
        one.claims.look_again = 0.0
        await one.claims.share()
        await until(lambda: one.names == two.names == {"q": "Ana", "r": "Ben"})
        assert await truth(redis_server.url) == {"q": "Ana", "r": "Ben"}
        assert not one.claims._alone()


@together
async def test_a_redis_that_refuses_scripts_costs_claims_and_no_nudges(quick: None, redis_server: RedisServer) -> None:
    async with Redis.from_url(redis_server.url) as redis:
        await redis.acl_setuser(
            "default", enabled=True, nopass=True, keys=["*"], channels=["*"], commands=["+@all", "-@scripting"]
        )
        try:
            async with servers(redis_server.url) as (one, two):
                await one.claims.claim(ANA, 7, "q")
                await two.claims.claim(BEN, 7, "q")
                assert (one.names, two.names) == ({"q": "Ana"}, {"q": "Ben"})
        finally:
            await redis.acl_setuser(
                "default", enabled=True, nopass=True, keys=["*"], channels=["*"], commands=["+@all"]
            )
