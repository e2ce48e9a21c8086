"""How soon words that were taken out at one server are gone from everything that another one says.

Every place that the test of redaction searches is asked again and again from the moment the command is answered; also
on SQLite with its one server. A figure has the answer itself in it, and the wait behind the other questions.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from sessions.events import State
from tests.house import House
from tests.live.pages.test_redaction import PLANTED, SPOKEN, Ask, answer, places, where
from tests.moderation.test_redaction import planted
from tests.running import Device, Hall, RunningServer
from tests.servers import PostgresServer, RedisServer
from tests.sessions.test_captions import take_in

GOAL = 5.0
"""Seconds."""
PATIENCE, AT_ONCE = 30.0, 4
SCREENS = {
    "phones that are connected": ("public", "families", "json"),
    "stage": ("public", "stage", "html"),
    "desk": ("desk", "desk", "html"),
}
GROUPS: dict[str, Callable[[str], bool]] = {
    "search": lambda name: name.startswith("/archive/search"),
    "exports": lambda name: name.startswith("/archive/") and name.endswith((".html", ".md", ".csv", ".json", ".vtt")),
    "feed, sitemap, calendar": lambda name: name.endswith((".atom", ".xml", ".ics")),
    "archive page": lambda name: name.startswith("/archive"),
    "public board over HTTP": lambda name: name.startswith("public "),
    "families' pages without a script": lambda name: name in ("", "/", "stage", "draft") or name.startswith("mine"),
    "the staff's pages": lambda name: True,
}
"""Where words were said, by the first of these that a place belongs to."""


async def live(here: Hall, there: Hall) -> dict[str, float]:
    """Seconds until the open screens at the other server have them no more."""
    question = await here.house.asked(State.SHOWN, "Is Juanzebra late?")
    devices = {
        name: await there.join(await there.staff("ben") if view[0] == "desk" else await there.family(), *view)
        for name, view in SCREENS.items()
    }
    for device in devices.values():
        await device.until(lambda d=device: "Juanzebra" in repr(d.cards))  # type: ignore[misc]
    ben = await here.staff("ben")
    await ben.do("words.redact", question=question, reason="child")
    began = time.perf_counter()

    async def gone(device: Device) -> float:
        await device.until(lambda: "Juanzebra" not in repr(device.cards), PATIENCE)
        return time.perf_counter() - began

    return dict(zip(devices, await asyncio.gather(*map(gone, devices.values())), strict=True))


async def published(here: Hall, there: Hall) -> dict[str, float]:
    """The same of everything that is asked for, by group; the slowest place of each."""
    house = here.house
    question = await planted(house)
    await house.do(house.ana, "session.end")
    await take_in(house, lines=SPOKEN)
    await house.do(house.ana, "session.publish")
    asks = await places(there, await there.family(), question)
    await until_found(asks["/archive/search?q=yes"], "answerzebra")
    before = {name: await answer(those) for name, those in asks.items()}
    said = [name for name in asks if any(name in where(before, word) for word in PLANTED)]
    ben = await here.staff("ben")
    await ben.do("words.redact", question=question, reason="child")
    await ben.do("caption.redact", lang="en", cue=1, reason="person")
    await ben.do("caption.redact", lang="en", cue=1, reason="person", speaker=True)
    began, turn = time.perf_counter(), asyncio.Semaphore(AT_ONCE)

    async def gone(name: str, those: list[Ask]) -> float:
        while True:
            async with turn:
                told = {name: await answer(those)}
                took = time.perf_counter() - began
            if not any(where(told, word) for word in PLANTED):
                return took
            assert took < PATIENCE, f"{name} still has them"
            await asyncio.sleep(0.05)

    found = await asyncio.gather(*(gone(name, asks[name]) for name in said))
    slowest: dict[str, float] = {}
    for name, took in zip(said, found, strict=True):
        group = next(group for group, has in GROUPS.items() if has(name))
        slowest[group] = max(slowest.get(group, 0.0), took)
    return slowest


async def until_found(asks: list[Ask], word: str) -> None:
    """The index follows what is published by itself."""
    deadline = time.perf_counter() + PATIENCE
    while word not in await answer(asks):
        assert time.perf_counter() < deadline, f"{word} is not found"
        await asyncio.sleep(0.1)


async def measure(title: str, one: RunningServer, two: RunningServer) -> None:
    database = one.open_database()
    found: dict[str, float] = {}
    for part in (live, published):
        house = await House.build(database)
        halls = [Hall(server, database, house) for server in (one, two)]
        found |= await part(*halls)
        for hall in halls:
            await hall.close()
    await database.dispose()
    print(f"{title}: seconds until words that were taken out are gone (at most {GOAL:.0f})")
    for name, took in found.items():
        print(f"  {name:<34}{took:6.2f}{'' if took <= GOAL else '  over the goal'}")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder, RunningServer(f"sqlite+aiosqlite:///{folder}/bench.db") as alone:
        await measure("SQLite, one server", alone, alone)
    with PostgresServer() as postgres, RedisServer() as redis:
        url, told = postgres.create_database("redaction"), {"redis_url": redis.url}
        with RunningServer(url, **told) as one, RunningServer(url, **told) as two:
            await asyncio.gather(one.until_redis("ok"), two.until_redis("ok"))
            await measure("PostgreSQL and Redis, at the other of two servers", one, two)


if __name__ == "__main__":
    asyncio.run(main())
