"""The crowd of the bench, on a real server: many devices at once, and that it sees what is wrong."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from typing import Any

import pytest

from live.identity import Identity
from live.settings import Settings
from sessions import people
from tests.load.phones import Crowd, compiled, hashed
from tests.running import PATIENCE, SECRET, Hall, open_hall, shared_server, until_is

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the crowd is written in C")
DEVICES = 500


def cookies(hall: Hall, count: int) -> list[str]:
    settings = Settings(database_url=hall.database.url.render_as_string(False), secret_key=SECRET)
    identity = Identity(settings, hall.database)
    return [f"{identity.participant_cookie}={identity.token(people.make_id())}" for _ in range(count)]


async def until_right(crowd: Crowd, board: dict[str, Any]) -> None:
    """Wait until everything on its way has arrived."""
    nothing: list[str] = []
    await until_is(lambda: crowd.differing("public", board), nothing)


async def test_five_hundred_devices_show_what_a_newcomer_is_shown() -> None:
    server = shared_server()
    async with open_hall(server) as hall:
        ben, rosa = await hall.staff("ben"), await hall.family()
        asked = [await rosa.ask(f"Will bus {number} stop at Speedway?") for number in range(5)]
        for question in asked[:4]:
            await ben.decide("question.approve", question)
        page = await rosa.board()
        await ben.decide("question.edit_words", asked[0], words="Will the first bus stop at Speedway?")
        await ben.decide("question.hide", asked[1])
        async with Crowd(server.base, hall.code, cookies(hall, DEVICES), core=None) as crowd:
            await crowd.do("group", name="public")
            await crowd.seed("public", page)
            assert (await crowd.do("join", group="public", n=DEVICES))["joined"] == DEVICES
            await until_right(crowd, await rosa.board())
            votes = (await crowd.do("load", group="public", votes=250, each=1, **{"for": 2}))["votes"]
            assert (votes["sent"], votes["refused"]) == (votes["acked"], 0)
            cut = asyncio.create_task(crowd.do("cut", group="public"))
            await ben.decide("question.approve", asked[4])
            assert (await cut)["joined"] == DEVICES
            board = await rosa.board()
            await until_right(crowd, board)
            check, state = await crowd.do("check", group="public"), await crowd.do("state", group="public")
            assert (sum(board["tallies"].values()), hashed(board["tallies"])) == (check["votes"], check["votes_hash"])
            assert {name: state[name] for name in ("in", "lower", "dropped", "refused")} == {
                "in": DEVICES,
                "lower": 0,
                "dropped": 0,
                "refused": 0,
            }
            # It would see a card too many, one too old, a vote too many.
            cards = board["cards"]
            for wrong in (
                board | {"cards": cards[1:]},
                board | {"cards": [cards[0] | {"rev": cards[0]["rev"] + 1}, *cards[1:]]},
                board | {"tallies": board["tallies"] | {cards[0]["id"]: 100_000}},
                board | {"to": board["to"] + 1},
            ):
                assert await crowd.differing("public", wrong)


def test_the_crowd_goes_to_this_machine_alone() -> None:
    program = str(compiled("crowd/*.h", "crowd/*.c"))
    for address in ("192.0.2.1", "0.0.0.0", "localhost", "::1"):
        ran = subprocess.run(
            [program, address, "80", "http://x", "-", "-", "5"], capture_output=True, text=True, timeout=PATIENCE
        )
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "this machine alone" in ran.stderr
