"""Servers are stopped and started one after the other, and a family reads on."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import expect

from sessions.events import State
from tests.browser.devices import PHONE, Hands
from tests.browser.test_journey import card
from tests.running import RunningServer, open_hall, until
from tests.servers import Haproxy


async def until_seen(door: Haproxy, server: RunningServer) -> None:
    """Whoever stops one waits until the other is sent to."""
    await until(lambda: door.sends_to(server) is server.running)


async def test_an_update_of_all_servers_goes_unnoticed(hands: Hands, tmp_path: Path) -> None:
    """The page hears when to come back, does, and shows what happened meanwhile, without a word about it."""
    door = Haproxy()
    one, two = (RunningServer.behind(door, f"sqlite+aiosqlite:///{tmp_path}/facetoface.db") for _ in range(2))
    with one, two, door:
        async with open_hall(one) as hall:
            question = await hall.house.asked(State.SHOWN, "Will there be a bus?")
            phone = await hands.open(PHONE, f"{door.base}/s/{hall.code}")
            tally = card(phone, "questions", "Will there be a bus?").locator("[data-tally]")
            sockets: list[str] = []
            phone.on("websocket", lambda socket: sockets.append(socket.url))
            for votes, (server, other) in enumerate(((one, two), (two, one)), 1):
                await until_seen(door, other)
                other.start()
                await until_seen(door, other)
                await asyncio.to_thread(server.stop)
                await (await hall.family(at=door)).do("question.vote", question=question)
                await expect(tally).to_have_text(str(votes))
                await expect(phone.locator("[data-link]")).to_be_hidden()
            assert sockets, "it sat at one of them"
            await phone.close()  # Before the servers are: it would complain that nobody is there.
