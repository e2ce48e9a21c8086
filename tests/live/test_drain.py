"""How a server goes: a hint for everybody, then one close after the other."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from live import drain
from tests.running import PATIENCE, RunningServer, open_hall


class Leaver:
    def __init__(self) -> None:
        self.left = 0.0

    def shutdown(self) -> None:
        assert not self.left, "closed twice"
        self.left = time.monotonic()


@pytest.mark.parametrize(("devices", "hint"), [(1, 250), (500, 250), (2_000, 1_000), (10_000, 5_000), (10**6, 5_000)])
def test_the_more_there_are_the_longer_each_waits(devices: int, hint: int) -> None:
    assert drain.retry_ms(devices) == hint


async def test_they_go_one_after_the_other_in_no_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "EACH_SECOND", 1_000)
    leavers = [Leaver() for _ in range(200)]
    await drain.let_go(leavers, lambda: False)
    left = [one.left for one in leavers]
    assert all(left)
    assert left != sorted(left)
    assert max(left) - min(left) > 0.15


async def test_in_a_hurry_they_go_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "EACH_SECOND", 0.1)
    leavers = [Leaver() for _ in range(20)]
    await asyncio.wait_for(drain.let_go(leavers, lambda: True), PATIENCE)
    assert all(one.left for one in leavers)


async def test_no_crowd_keeps_a_server_for_longer_than_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "EACH_SECOND", 50)
    monkeypatch.setattr(drain, "LONGEST", 0.2)
    leavers = [Leaver() for _ in range(5_000)]
    await asyncio.wait_for(drain.let_go(leavers, lambda: False), PATIENCE)
    assert all(one.left for one in leavers)


async def test_nobody_at_all_is_no_trouble() -> None:
    await drain.let_go([], lambda: False)


async def test_devices_are_told_and_then_closed_as_by_a_restart(tmp_path: Path) -> None:
    """Every audience hears the hint, and the close says 1012: come again."""
    with RunningServer(f"sqlite+aiosqlite:///{tmp_path}/facetoface.db") as server:
        async with open_hall(server) as hall:
            devices = [
                *[await hall.join(await hall.family()) for _ in range(3)],
                await hall.join(await hall.staff("ben"), "desk", "desk", "html"),
            ]
            lines = [device.client.eio.ws for device in devices]
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            for device, line in zip(devices, lines, strict=True):
                await device.until_gone()
                assert ("pulse", {"retry_ms": drain.SOONEST_MS}) in device.heard
                assert line.close_code == 1012
            await stopping
            server.start()
            await asyncio.gather(*(device.until_hears(welcomes=2) for device in devices))
            await hall.agree()
