"""Alive, ready, and how much: what a balancer and an operator ask."""

from __future__ import annotations

import re
import time
from pathlib import Path

import httpx

from tests.running import PATIENCE, AppInside, inside, open_hall, shared_server, until_is
from tests.servers import PostgresServer


def reading(app: AppInside) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=app.base, transport=app.transport, verify=False)


async def test_a_server_without_redis_is_whole() -> None:
    async with httpx.AsyncClient(base_url=shared_server().base, timeout=PATIENCE, verify=False) as http:
        alive, ready = await http.get("/livez"), await http.get("/readyz")
    assert (alive.status_code, alive.text) == (200, "alive\n")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "database": "ok", "redis": "off"})


async def test_it_is_not_ready_while_the_database_is_away(postgres: PostgresServer, postgres_url: str) -> None:
    async with inside(postgres_url) as app, reading(app) as http:
        assert (await http.get("/readyz")).status_code == 200
        postgres.kill()
        started = time.monotonic()
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"ready": False, "database": "away"})
        assert time.monotonic() - started < PATIENCE, "a balancer does not wait for ever"
        assert (await http.get("/livez")).status_code == 200, "restarting us would not help"
        assert (await http.get("/metrics")).status_code == 200
        postgres.start()

        async def status() -> int:
            return (await http.get("/readyz")).status_code

        await until_is(status, 200)


def statements(metrics: str) -> float:
    found = re.search(r"^facetoface_statements_total (\S+)$", metrics, re.M)
    assert found
    return float(found[1])


async def test_metrics_say_how_much_and_of_nobody_what() -> None:
    async with open_hall(shared_server()) as hall:
        rosa = await hall.family()
        await rosa.ask("Zwetschgendatschi?")
        await hall.join(rosa)
        text = (await rosa.get("/metrics")).text
        await rosa.ask("And on early days?")
        after = (await rosa.get("/metrics")).text
    assert statements(after) > statements(text)
    assert re.search(r'^facetoface_connections\{audience="public"\} \d+\.0$', text, re.M)
    assert re.search(r"^facetoface_boards \d+\.0$", text, re.M)
    for told in ("Zwetschgendatschi", hall.code, rosa.http.cookies["f2f_participant"]):
        assert told not in text


async def test_redis_that_was_never_there_is_told(sqlite_copy: str, tmp_path: Path) -> None:
    async with inside(sqlite_copy, redis_url="redis://127.0.0.1:1/0") as app, reading(app) as http:
        assert (await http.get("/readyz")).json() == {"ready": True, "database": "ok", "redis": "degraded"}
