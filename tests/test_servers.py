"""The servers that other tests stand on do what they say."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis.asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests import servers
from tests.servers import PostgresServer, RedisServer


def plain(url: str) -> str:
    return url.replace("+asyncpg", "")


async def test_a_database_is_empty_and_works(database_url: str) -> None:
    engine = create_async_engine(database_url)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE questions (words TEXT)"))
            await connection.execute(text("INSERT INTO questions VALUES ('¿Por qué?')"))
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT words FROM questions"))).scalar_one() == "¿Por qué?"
    finally:
        await engine.dispose()


async def test_postgres_keeps_what_was_committed_through_kill_9(postgres: PostgresServer, postgres_url: str) -> None:
    connection = await asyncpg.connect(plain(postgres_url))
    await connection.execute("CREATE TABLE questions (words TEXT)")
    for number in range(50):
        await connection.execute("INSERT INTO questions VALUES ($1)", str(number))
    postgres.kill()
    connection.terminate()
    assert not postgres.running
    assert not postgres.answers()
    postgres.start()
    connection = await asyncpg.connect(plain(postgres_url))
    assert await connection.fetchval("SELECT count(*) FROM questions") == 50
    assert await connection.fetchval("SHOW synchronous_commit") == "on"
    await connection.close()


async def test_frozen_postgres_says_nothing_and_goes_on_after_thaw(postgres: PostgresServer, postgres_url: str) -> None:
    connection = await asyncpg.connect(plain(postgres_url))
    postgres.freeze()
    answer = asyncio.ensure_future(connection.fetchval("SELECT 1"))
    done, _ = await asyncio.wait({answer}, timeout=0.3)
    assert not done
    postgres.thaw()
    assert await asyncio.wait_for(answer, timeout=10) == 1
    await connection.close()


async def test_redis_stops_freezes_and_comes_back_on_its_address(redis_server: RedisServer) -> None:
    url = redis_server.url
    client = redis.asyncio.Redis.from_url(url, socket_timeout=0.3, retry=None)
    assert await client.ping()
    redis_server.freeze()
    with pytest.raises(redis.exceptions.TimeoutError):
        await client.ping()
    redis_server.thaw()
    redis_server.restart()
    assert redis_server.url == url
    assert await client.ping()
    await client.aclose()


async def test_a_copy_of_a_database_has_its_rows(postgres: PostgresServer, postgres_url: str) -> None:
    original = postgres_url.rpartition("/")[2]
    postgres.sql("CREATE TABLE questions AS SELECT 7 AS number", original)
    copy = postgres.create_database(f"{original}_copy", template=original)
    try:
        assert postgres.sql("SELECT number FROM questions", copy.rpartition("/")[2]) == "7"
    finally:
        postgres.drop_database(f"{original}_copy")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_postgres_runs_from_a_private_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    package = servers.postgres_programs().parent.parent
    for folder in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(folder, private / folder.name)
    programs = private / package.name / servers.postgres_programs().relative_to(package)
    monkeypatch.setattr(servers, "postgres_programs", lambda: programs)
    with PostgresServer() as server:
        assert server.prefix[0] == "unshare"
        assert server.sql("SELECT 1") == "1"
        server.kill()
        server.start()
        assert server.sql("SELECT 1") == "1"


def test_servers_end_with_the_tests_that_started_them() -> None:
    script = (
        "from tests.servers import PostgresServer, RedisServer\n"
        "started = [PostgresServer().start(), RedisServer().start()]\n"
        "print(*(one._running.pid for one in started), *(one.folder for one in started), flush=True)\n"
        "input()\n"
    )
    for ending in (signal.SIGKILL, signal.SIGINT):
        tests = subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert tests.stdout is not None
        said = tests.stdout.readline().split()
        parents = [psutil.Process(int(pid)) for pid in said[:2]]
        started = [*parents, *(child for parent in parents for child in parent.children(recursive=True))]
        tests.send_signal(ending)
        tests.communicate(timeout=30)
        servers.wait_until_dead(started)
        for folder in map(Path, said[2:]):
            assert ending == signal.SIGKILL or not folder.exists()
            shutil.rmtree(folder, ignore_errors=True)
