"""A hall that asks: seeded questions, arriving as fast as it is told, each durably received before it counts."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

import httpx

from tests.running import KEYS, PATIENCE

SAMPLES = Path(__file__).parents[1] / "samples"
SAME = (
    ("en", "Will there be late buses for students who stay after school?"),
    ("es", "¿A qué hora sale el último autobús de la tarde?"),
    ("en", "Is lunch still free for everyone next year?"),
)
"""What a third of a hall asks, each in slightly other words."""
EACH = 4
"""Questions of one person, within what anybody may ask at once."""
Asked = tuple[str, str]
"""(language, words)."""


def questions(number: int, seed: int = 400) -> list[Asked]:
    """So many questions of an evening, no two alike, a third of them nearly."""
    dice, found = random.Random(seed), []
    for lang in ("en", "es"):
        for half in ("a", "b"):
            for line in (SAMPLES / f"pairs.{lang}.{half}.tsv").read_text(encoding="utf-8").splitlines():
                found += [(lang, words) for words in line.split("\t")[1:]]
    drawn = [dice.choice(SAME if dice.random() < 1 / 3 else found) for _ in range(number)]
    return [(lang, f"{words} ({n})") for n, (lang, words) in enumerate(drawn)]


async def ask(base: str, code: str, asked: Sequence[Asked]) -> None:
    """One after the other, so that they are numbered in this order."""
    for first in range(0, len(asked), EACH):
        async with httpx.AsyncClient(base_url=base, headers={"Origin": base}, timeout=PATIENCE) as http:
            await http.get(f"/s/{code}")
            for one in asked[first : first + EACH]:
                await ask_one(http, code, one)


async def ask_one(http: httpx.AsyncClient, code: str, asked: Asked) -> str:
    lang, words = asked
    body = {"key": next(KEYS), "words": words, "lang": lang}
    told = (await http.post(f"/s/{code}/do/question.ask", json=body)).json()
    assert told["ok"], told
    return str(told["question"])


async def flood(base: str, code: str, asked: Sequence[Asked], rate: float) -> list[str]:
    """Everything is asked, `rate` a second, whatever the server does with it; answers the ids."""
    began = asyncio.get_running_loop().time()

    async def person(first: int) -> list[str]:
        found = []
        async with httpx.AsyncClient(base_url=base, headers={"Origin": base}, timeout=PATIENCE) as http:
            await http.get(f"/s/{code}")
            for at in range(first, min(first + EACH, len(asked))):
                await asyncio.sleep(began + at / rate - asyncio.get_running_loop().time())
                found.append(await ask_one(http, code, asked[at]))
        return found

    async def in_time(first: int) -> list[str]:
        # Each comes when it is their turn, not all at the beginning.
        await asyncio.sleep(began + (first - EACH) / rate - asyncio.get_running_loop().time())
        return await person(first)

    people = await asyncio.gather(*(in_time(first) for first in range(0, len(asked), EACH)))
    return [question for found in people for question in found]
