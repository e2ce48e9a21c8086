"""The figures we stand by, each beside its goal and references taken in the same run: machines are noisy, ratios less.

`make bench` prints all of them; ARGS='--phones 2000 --only fanout,cut' some. It fails where a board was wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import secrets
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.load import hall, measures
from tests.load.phones import Crowd
from tests.load.scene import Scene, full_hall, on_crowd_core, open_scene
from tests.load.table import Table
from tests.servers import PostgresServer, RedisServer

PHONES = 10_000
SPARE_FILES = 600
IN_THE_HALL = ("fanout", "boards", "watch", "votes", "cut")
"""What is measured in one hall that fills up once; to join belongs to each of them."""
BESIDE = ("stalled", "asks", "hall", "processes")


async def in_the_hall(table: Table, scene: Scene, crowd: Crowd, wanted: list[str], phones: int) -> None:
    await measures.joining(table, scene, crowd, phones)
    if "fanout" in wanted:
        await measures.fanout(table, scene, crowd, phones)
    if "boards" in wanted:
        await measures.boards(table, scene, crowd)
    if "watch" in wanted:
        await measures.watching(table, scene, crowd, phones)
    if "votes" in wanted:
        await measures.everybody_votes(table, scene, crowd, phones)
    if "cut" in wanted:
        await measures.coming_back(table, scene, crowd, phones)


async def measure(table: Table, wanted: list[str], phones: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if set(wanted) & set(IN_THE_HALL):
            async with (
                open_scene(f"sqlite+aiosqlite:///{folder}/hall.db", phones=phones) as scene,
                full_hall(scene, phones) as crowd,
            ):
                await in_the_hall(table, scene, crowd, wanted, phones)
        if "stalled" in wanted:
            some = min(phones, measures.AMONG)
            url = f"sqlite+aiosqlite:///{folder}/stalled.db"
            async with open_scene(url, phones=some) as scene, full_hall(scene, some) as crowd:
                await measures.stalled(table, scene, crowd, some)
        if not set(wanted) & {*BESIDE} - {"stalled"}:
            return
        with PostgresServer() as postgres:

            def made() -> str:
                return postgres.create_database(f"bench_{secrets.token_hex(4)}")

            if "processes" in wanted:
                with RedisServer() as redis:
                    await measures.two_processes(table, made, redis.url, phones)
            if "asks" in wanted:
                table.title("1,000 people asking at once: the whole command, each acked after its commit")
                await hall.thousand_asks(table, "SQLite", f"sqlite+aiosqlite:///{folder}/asks.db")
                await hall.thousand_asks(table, "PostgreSQL", made())
            if "hall" in wanted:
                await hall.journeys(table, "SQLite", f"sqlite+aiosqlite:///{folder}/journeys.db")
                await hall.journeys(table, "PostgreSQL", made())


def asked_for() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phones", type=int, default=PHONES, help="devices in the hall (%(default)s)")
    parser.add_argument("--only", default="", help=f"with commas: {', '.join(IN_THE_HALL + BESIDE)}")
    parser.add_argument("--json", type=Path, help="also write the constants of the model of capacity here")
    told = parser.parse_args()
    told.only = told.only.split(",") if told.only else [*IN_THE_HALL, *BESIDE]
    if unknown := set(told.only) - {*IN_THE_HALL, *BESIDE}:
        parser.error(f"there is no {', '.join(unknown)}")
    if told.phones < 100:
        parser.error("there must be at least 100 phones")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if told.phones + SPARE_FILES > most:
        parser.error(f"this machine allows {most} open files, too few for so many phones (ulimit -n)")
    return told


def main() -> None:
    told, table, began = asked_for(), Table(), time.monotonic()
    on_crowd_core()
    asyncio.run(measure(table, told.only, told.phones))
    if told.json:
        told.json.write_text(json.dumps(table.figures | {"phones": told.phones}, indent=2) + "\n")
    missed = "; ".join(what.strip() for what in table.missed) or "none"
    print(f"\n{time.monotonic() - began:.0f} seconds; goals missed: {missed}")
    if table.wrong:
        sys.exit(f"{len(table.wrong)} boards or numbers were WRONG")


if __name__ == "__main__":
    main()
