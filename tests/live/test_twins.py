"""Likely duplicates are proposed to the desk as they come, and to families only what everybody can see."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from live.broadcast import Broadcast
from live.feed import Channel
from live.rendering import Renderer
from live.settings import Settings
from live.twins import Twins
from sessions.events import State
from sessions.question import Audience
from tests.house import House
from tests.running import SECRET

LATE = "Why is bus 14 late every morning at Tully Elementary?"
LATE_TOO = "Why is the bus 14 so late in the morning at Tully Elementary"


class Desk:
    """A desk that is open, and everything that it is told of duplicates."""

    def __init__(self, house: House, tmp_path: Path) -> None:
        settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/none.db", secret_key=SECRET)
        self.house, self.sent = house, list[tuple[str, Any]]()
        self.broadcast = Broadcast(house.database, Renderer(settings), 0)
        self.twins = Twins(self.broadcast)
        self.broadcast.send = self.send

    async def send(self, event: str, payload: Any, to: str) -> None:
        if "twins" in payload:
            self.sent.append((to.split("/")[1], payload["twins"]))

    def open(self, audience: Audience = Audience.DESK, screen: str = "desk") -> None:
        feed = self.broadcast.feeds[self.house.session_id]
        self.broadcast.enter(feed, Channel(self.house.session_id, audience, screen, "json", ""))

    async def look(self) -> dict[str, list[str]]:
        """What is proposed once everything has been looked at and told."""
        feed = await self.broadcast.fresh(self.house.session_id)
        self.twins.of(self.house.session_id)
        if feed.follower.following:
            await feed.follower.following
        if feed.flushing:
            await feed.flushing
        return self.twins.of(self.house.session_id)


@pytest.fixture
async def desk(small_house: House, tmp_path: Path) -> Desk:
    desk = Desk(small_house, tmp_path)
    await desk.broadcast.fresh(small_house.session_id)
    return desk


async def test_a_question_that_comes_is_proposed_with_those_like_it(desk: Desk) -> None:
    desk.open()
    desk.open(Audience.PUBLIC, "families")
    one = await desk.house.asked(State.SHOWN, LATE)
    await desk.house.ask("Will there be vegetarian lunches next year?")
    assert await desk.look() == {}
    other = await desk.house.ask(LATE_TOO)
    assert await desk.look() == {other: [one]}
    third = await desk.house.ask(LATE_TOO + "?")
    found = await desk.look()
    assert {question: set(likes) for question, likes in found.items()} == {other: {one, third}, third: {one, other}}
    assert {audience for audience, _ in desk.sent} == {"desk"}, "families hear nothing of it"
    told: dict[str, list[str]] = {}
    for _, twins in desk.sent:
        told |= twins
    assert told == found


async def test_what_is_decided_or_gone_is_proposed_no_more(desk: Desk) -> None:
    desk.open()
    one, other = await desk.house.ask(LATE), await desk.house.ask(LATE_TOO)
    assert await desk.look() == {one: [other], other: [one]}
    await desk.house.decide("question.approve", one)
    assert await desk.look() == {other: [one]}
    await desk.house.decide("question.hide", one)
    assert await desk.look() == {}
    await desk.house.decide("question.restore", one)
    assert {q: set(likes) for q, likes in (await desk.look()).items()} == {one: {other}, other: {one}}
    await desk.house.decide("question.merge", other, into=one)
    assert await desk.look() == {}
    await desk.house.decide("question.unmerge", other)
    assert set(await desk.look()) == {one, other}


async def test_other_languages_and_private_questions_are_not_compared(desk: Desk) -> None:
    desk.open()
    await desk.house.ask(LATE, private=True)
    corrected = await desk.house.ask(LATE)
    await desk.house.decide("question.edit_words", corrected, lang="es")
    await desk.house.ask(LATE)
    assert await desk.look() == {}


async def test_families_are_shown_only_what_everybody_can_see(desk: Desk) -> None:
    house = desk.house
    states = [State.HELD, State.DECLINED, State.PRIVATE, State.HIDDEN, State.WITHDRAWN, State.MERGED]
    for state in states:
        await house.asked(state, LATE)
    await house.ask(LATE, private=True)
    assert await desk.twins.like(house.session_id, LATE_TOO, "en") == []
    public = [await house.asked(state, LATE) for state in (State.SHOWN, State.QUEUED, State.ANSWERED)]
    assert set(await desk.twins.like(house.session_id, LATE_TOO, "en")) == set(public)
    assert len(await desk.twins.like(house.session_id, LATE_TOO, "en", 2)) == 2
    assert await desk.twins.like(house.session_id, "", "en") == []
    assert await desk.twins.like(house.session_id, LATE_TOO, "tlh") == []


async def test_a_session_that_nobody_looks_at_is_not_followed(desk: Desk) -> None:
    desk.open(Audience.PUBLIC, "families")
    await desk.house.asked(State.SHOWN, LATE)
    feed = await desk.broadcast.fresh(desk.house.session_id)
    assert feed.follower is None


async def test_duplicates_wait_until_the_many_were_told(desk: Desk) -> None:
    desk.open()
    feed, told = desk.broadcast.feeds[desk.house.session_id], asyncio.Event()
    many = Channel(desk.house.session_id, Audience.PUBLIC, "families", "json", "")
    one, other = await desk.house.ask(LATE), await desk.house.ask(LATE_TOO)
    feed.busy[many] = asyncio.create_task(_wait(told))
    await desk.broadcast.fresh(desk.house.session_id)
    await asyncio.wait({feed.follower.following}, timeout=0)
    assert feed.follower.following
    assert desk.twins.of(desk.house.session_id) == {}
    told.set()
    await feed.busy.pop(many)
    await feed.follower.following
    assert set(desk.twins.of(desk.house.session_id)) == {one, other}


async def _wait(told: asyncio.Event) -> None:
    await told.wait()
