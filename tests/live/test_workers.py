"""Several processes on one address: started, started again, and ended together."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import psutil
import pytest

from live import workers
from live.workers import SOUND, Place, Workers
from tests.running import PATIENCE, SECRET, RunningServer, until
from tests.servers import PostgresServer, RedisServer, is_alive, wait_until_dead
from tests.typed import refused


class Several(RunningServer):
    """`facetoface run --workers 2`."""

    @property
    def workers(self) -> list[psutil.Process]:
        assert self._running is not None
        return psutil.Process(self._running.pid).children()

    def listening(self) -> set[int]:
        """The workers that take connections by now: each listens for itself, once it is ready."""
        return {
            one.pid
            for one in self.workers
            if any(at.status == psutil.CONN_LISTEN and at.laddr.port == self.port for at in one.net_connections())
        }


@pytest.fixture
def postgres_several(postgres: PostgresServer, postgres_emptied: str, redis_server: RedisServer) -> Several:
    return Several(postgres_emptied, workers=2, redis_url=redis_server.url)


async def test_two_workers_serve_and_one_that_is_killed_is_started_again(postgres_several: Several) -> None:
    with postgres_several as server:
        await until(lambda: len(server.listening()) == 2)
        before = server.listening()
        assert len(before) == 2
        async with httpx.AsyncClient(base_url=server.base, timeout=PATIENCE) as http:
            killed = before.pop()
            dying = psutil.Process(killed)
            dying.kill()
            wait_until_dead([dying])
            # The address is never without anybody, also in the second before the new one is there.
            for _ in range(20):
                assert (await http.get("/livez", headers={"Connection": "close"})).status_code == 200
            await until(lambda: len(server.listening()) == 2)
            assert before < server.listening()
            assert killed not in server.listening()
        assert f"pid={killed} code=-9 again_in=1.0" in server.written()
        everyone = server.workers
        assert server.stop(), "they went by themselves"
        assert not [one for one in everyone if is_alive(one)]
        assert "Traceback" not in server.written()


async def test_workers_do_not_outlive_the_one_that_keeps_them(postgres_several: Several) -> None:
    with postgres_several as server:
        await until(lambda: len(server.listening()) == 2)
        everyone = server.workers
        assert server._running is not None
        server._running.kill()
        server._running.wait()
        wait_until_dead(everyone)


def test_a_worker_that_cannot_live_is_tried_ever_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    place, keeper = Place(1), Workers(1, lambda: None, 1)
    pauses = []
    for _ in range(7):
        place.pid, place.started = 4711, now[0]
        now[0] += 0.5
        keeper._put_off(place, 1)
        pauses.append(place.due - now[0])
    assert pauses == [1, 2, 4, 8, 16, workers.LATEST, workers.LATEST]
    place.started = now[0]
    now[0] += SOUND + 1
    keeper._put_off(place, 1)
    assert place.due - now[0] == workers.SOONEST


def test_several_workers_need_postgresql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACETOFACE_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/facetoface.db")
    said = refused("run", "--workers", "2")
    assert "WORKERS needs PostgreSQL: set DATABASE_URL to one, or leave WORKERS at 1" in said
    assert not (tmp_path / "facetoface.db").exists()


def test_a_second_house_on_the_same_port_is_refused(postgres_several: Several, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although the address can be shared: two houses would each get half of the families."""
    with postgres_several as server:
        monkeypatch.setenv("FACETOFACE_DATABASE_URL", server.database_url)
        monkeypatch.setenv("FACETOFACE_SECRET_KEY", SECRET)
        monkeypatch.setenv("FACETOFACE_PORT", str(server.port))
        for several in ((), ("--workers", "2")):
            assert f"Cannot listen on 127.0.0.1:{server.port}" in refused("run", *several)
