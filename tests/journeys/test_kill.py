"""kill -9 at any moment: every question that was acked is there, once, and the same key gives the same answer."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from sessions.database import Database
from sessions.permissions import Caller
from sessions.refusals import Refusal
from tests.house import CIPHER, House, check
from tests.journeys.asker import AT_ONCE, body
from tests.running import KEEPS_COMPILED
from tests.servers import PostgresServer

ROOT = Path(__file__).parent.parent.parent
ROUNDS = 3


def acked_until_killed(url: str, session_id: int, seed: str, answers: int) -> dict[str, dict[str, Any]]:
    """Ask until so many answers were heard, then kill; all that was said, by key."""
    asker = subprocess.Popen(
        [sys.executable, "-m", "tests.journeys.asker", url, str(session_id), "ask", seed],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=KEEPS_COMPILED,
    )
    assert asker.stdout is not None
    lines = [asker.stdout.readline() for _ in range(answers)]
    asker.kill()
    lines += asker.stdout.readlines()
    asker.wait()
    whole = [line.split(maxsplit=1) for line in lines if line.endswith("\n")]
    return {key: json.loads(answer) for key, answer in whole}


async def test_every_acked_question_is_there_once_after_kill_9(migrated_url: str) -> None:
    database = Database(migrated_url, CIPHER)
    house = await House.build(database)
    acked: dict[str, dict[str, Any]] = {}
    for life in range(ROUNDS):
        answers = random.randrange(1, 150)
        acked |= await asyncio.to_thread(acked_until_killed, migrated_url, house.session_id, f"life{life}", answers)

    asked = {q.words: q.id for q in (await house.board()).questions.values()}
    assert len(asked) == len((await house.board()).questions), "a question is there twice"
    assert {key: asked[f"What about {key}?"] for key in acked} == {key: a["question"] for key, a in acked.items()}
    # What was committed and not heard of: at most what was under way at each kill.
    assert len(asked) - len(acked) <= ROUNDS * AT_ONCE
    await house.verified()

    # Every phone sends again what it has a key for, heard or not.
    sent = {str(words).removeprefix("What about ").removesuffix("?") for words in asked} | set(acked)
    sent |= {f"life{life}-900000" for life in range(ROUNDS)}
    again = dict(zip(sent, await asyncio.gather(*(resend(house, key) for key in sent)), strict=True))
    assert {key: again[key] for key in acked} == acked
    assert len((await house.board()).questions) == len(sent)
    await check(house)
    await database.dispose()


async def resend(house: House, key: str) -> dict[str, Any]:
    caller = Caller(f"parent-{key.split('-')[0]}")
    return await house.commands.run(caller, house.session_id, "question.ask", body(key))


async def test_killing_postgresql_itself_loses_nothing_that_was_acked(
    postgres: PostgresServer, postgres_emptied: str
) -> None:
    database = Database(postgres_emptied, CIPHER)
    house = await House.build(database)
    acked: dict[str, dict[str, Any]] = {}
    heard = asyncio.Event()

    async def ask(key: str) -> bool:
        try:
            acked[key] = await resend(house, key)
        except Refusal as refusal:
            assert refusal.code == "not_saved"
            return False
        finally:
            if len(acked) > 60:
                heard.set()
        return True

    async def phone(number: int) -> list[str]:
        """Asks on, and stops at the first question that could not be saved; answers what it sent."""
        sent: list[str] = []
        while len(sent) < 2000:
            sent.append(f"phone{number}-{len(sent):06d}")
            if not await ask(sent[-1]):
                break
        return sent

    phones = [asyncio.create_task(phone(number)) for number in range(AT_ONCE)]
    await heard.wait()
    postgres.kill()
    sent = [key for keys in await asyncio.gather(*phones) for key in keys]
    assert set(sent) > set(acked)
    postgres.start()

    asked = {q.words: q.id for q in (await house.board()).questions.values()}
    assert {key: asked[f"What about {key}?"] for key in acked} == {key: a["question"] for key, a in acked.items()}
    before = dict(acked)
    again = dict(zip(sent, await asyncio.gather(*(resend(house, key) for key in sent)), strict=True))
    assert {key: again[key] for key in before} == before
    assert len((await house.board()).questions) == len(sent)
    await check(house)
    await database.dispose()
