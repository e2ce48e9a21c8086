"""A server reduced to its truth, as a program of its own: it asks, or decides, and says what it was told.

`asker.py URL SESSION ask SEED` keeps asking and prints `SEED-number answer` after each answer.
`asker.py URL SESSION decide PERSON` reads `question rev command` lines and prints what became of each.
`asker.py URL SESSION vote SEED` reads one line of questions, has VOTERS people change their minds about all of them at
once, and prints who got their last vote through and how many commits that took.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from typing import Any

from live.commands import Commands
from sessions import people
from sessions.database import Database
from sessions.permissions import Caller
from sessions.refusals import Refusal
from tests.house import CIPHER, SECRET, tireless

AT_ONCE = 8
VOTERS = 100


def body(key: str) -> dict[str, Any]:
    """What is asked under a key: whoever knows the key can send the same again."""
    return {"key": key, "words": f"What about {key}?", "lang": "en", "contact": f"{key}@example.org"}


async def ask(commands: Commands, session_id: int, seed: str) -> None:
    numbers = itertools.count()

    async def keep_asking() -> None:
        for number in numbers:
            key = f"{seed}-{number:06d}"
            answer = await commands.run(Caller(f"parent-{seed}"), session_id, "question.ask", body(key))
            print(key, json.dumps(answer), flush=True)

    await asyncio.gather(*(keep_asking() for _ in range(AT_ONCE)))


async def decide(commands: Commands, session_id: int, database: Database, person: str) -> None:
    async with database.reading() as db:
        caller = await people.caller(db, person, session_id)
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    for number in itertools.count():
        line = (await loop.run_in_executor(None, sys.stdin.readline)).split()
        if not line:
            return
        question, rev, command, more = line[0], int(line[1]), line[2], json.loads(line[3])
        raw = {"key": f"{person}-{number:06d}", "question": question, "rev": rev, **more}
        try:
            print(json.dumps(await commands.run(caller, session_id, command, raw)), flush=True)
        except Refusal as refusal:
            told = {"ok": False, "code": refusal.code, "say": refusal.say(str), "who": refusal.params.get("who")}
            print(json.dumps(told), flush=True)


async def vote(commands: Commands, session_id: int, seed: str, commits: list[int]) -> None:
    """Half of the voters are people who sit at the other server with the very same mind, at the same moment."""
    print("ready", flush=True)
    questions = (await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)).split()

    async def changes_their_mind(person: str, question: str) -> bool:
        through = False
        for turn, verb in enumerate(("vote", "unvote", "vote")):
            raw = {"key": f"{seed}-{question}-{turn}", "question": question}
            try:
                through = (await commands.run(Caller(person), session_id, f"question.{verb}", raw))["ok"]
            except Refusal:
                through = False
        return through

    people = [f"{seed}-{n}" for n in range(VOTERS // 2)] + [f"both-{n}" for n in range(VOTERS // 2)]
    pairs = [(person, question) for person in people for question in questions]
    through = await asyncio.gather(*(changes_their_mind(*pair) for pair in pairs))
    told = {"through": [pair for pair, won in zip(pairs, through, strict=True) if won], "commits": len(commits)}
    print(json.dumps(told), flush=True)


async def main(url: str, session_id: str, act: str, who: str) -> None:
    database = Database(url, CIPHER)
    commits: list[int] = []
    commands = Commands(database, tireless(), commits.append, SECRET)
    if act == "ask":
        await ask(commands, int(session_id), who)
    elif act == "vote":
        await vote(commands, int(session_id), who, commits)
    else:
        await decide(commands, int(session_id), database, who)
    await database.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
