"""Two servers, two moderators, one question: one wins, the other is told who did what, nothing is overwritten."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import select

from moderation import votes
from sessions.database import Database
from sessions.events import QuestionApproved, QuestionDeclined, State
from tests.house import CIPHER, House, check
from tests.journeys.asker import VOTERS
from tests.running import KEEPS_COMPILED

ROOT = Path(__file__).parent.parent.parent
ROUNDS = 16
"""The long races are those of `test_desk_race.py`."""


async def server(url: str, house: House, person: str, act: str = "decide") -> Process:
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.journeys.asker", url, str(house.session_id), act, person),
        stdin=PIPE,
        stdout=PIPE,
        cwd=ROOT,
        env=KEEPS_COMPILED,
    )
    assert started.stdout is not None
    assert await started.stdout.readline() == b"ready\n"
    return started


def tell(server: Process, line: str) -> None:
    assert server.stdin is not None
    server.stdin.write(f"{line}\n".encode())


async def hear(server: Process) -> dict[str, Any]:
    assert server.stdout is not None
    answer: dict[str, Any] = json.loads(await server.stdout.readline())
    return answer


async def test_two_moderators_on_two_servers(migrated_url: str) -> None:
    database = Database(migrated_url, CIPHER)
    house = await House.build(database)
    questions = [await house.ask(f"Number {n}?") for n in range(ROUNDS)]
    ben, mia = await asyncio.gather(server(migrated_url, house, "ben"), server(migrated_url, house, "mia"))
    won = {"ben": 0, "mia": 0}
    outcomes: dict[str, State] = {}
    for number, question in enumerate(questions):
        rev = await house.rev(question)
        asked = [
            (ben, f"{question} {rev} question.approve {{}}"),
            (mia, f'{question} {rev} question.decline {{"reason":"off_topic"}}'),
        ]
        for one, line in asked if number % 2 else reversed(asked):
            tell(one, line)
        approved, declined = await asyncio.gather(hear(ben), hear(mia))
        assert [approved["ok"], declined["ok"]].count(True) == 1, (approved, declined)
        winner, loser = (approved, declined) if approved["ok"] else (declined, approved)
        who, did = ("Ben", "approved") if approved["ok"] else ("Mia", "declined")
        assert winner == {"ok": True, "head": rev + ROUNDS, "question": question, "rev": rev + ROUNDS}
        assert (loser["code"], loser["who"]) == ("stale", who)
        assert loser["say"].startswith(f"{who} {did} this ")
        assert loser["say"].endswith(" ago. Your change was not made.")
        won[who.lower()] += 1
        outcomes[question] = State.SHOWN if approved["ok"] else State.DECLINED

    entries = await house.entries()
    times = [entry.event.at for entry in entries]
    assert times == sorted(times)
    decided = [e.event for e in entries if isinstance(e.event, QuestionApproved | QuestionDeclined)]
    assert [event.question for event in decided] == questions
    assert {event.question: event.state for event in decided} == outcomes
    assert won == {
        "ben": sum(isinstance(event, QuestionApproved) for event in decided),
        "mia": sum(isinstance(event, QuestionDeclined) for event in decided),
    }
    assert {q.id: q.state for q in (await house.board()).questions.values()} == outcomes

    await both_press_next(house, ben, mia)
    for one in (ben, mia):
        assert one.stdin is not None
        one.stdin.close()
    assert list(await asyncio.gather(ben.wait(), mia.wait())) == [0, 0]
    await check(house)
    await database.dispose()


async def both_press_next(house: House, ben: Process, mia: Process) -> None:
    """The stage moves by one question, not by two."""
    line = [await house.asked(State.QUEUED, f"In line, {n}?") for n in range(8)]
    await house.do(house.sam, "stage.next")
    for on_stage, following in pairwise(line):
        rev = await house.rev(on_stage)
        for who in (ben, mia):
            tell(who, f"{on_stage} {rev} stage.next {{}}")
        answers = await asyncio.gather(hear(ben), hear(mia))
        assert sorted(answer["ok"] for answer in answers) == [False, True]
        assert [a["question"] for a in answers if a["ok"]] == [following]
        assert [a["code"] for a in answers if not a["ok"]] == ["stale"]
        board = await house.board()
        stage = board.on_stage()
        assert stage is not None
        assert stage.id == following


async def test_two_servers_number_one_log(migrated_url: str) -> None:
    """Asks through two servers at once: every number once, in the order of the commits."""
    databases = [Database(migrated_url, CIPHER) for _ in range(2)]
    house = await House.build(databases[0])
    other = House(databases[1], house.session_id, house.code)
    other.keys = (f"other-{n:08d}" for n in range(1000))
    asked = await asyncio.gather(
        *((house if n % 2 else other).ask(f"Number {n}?") for n in range(60)),
    )
    assert len(set(asked)) == 60
    assert sorted(q.id for q in (await house.board()).questions.values()) == sorted(asked)
    await check(house)
    for one in databases:
        await one.dispose()


async def test_a_hall_changes_its_mind_at_two_servers(migrated_url: str) -> None:
    """Votes, taken back and given again, by people of which half do the same at both servers: each counts once."""
    database = Database(migrated_url, CIPHER)
    house = await House.build(database)
    questions = [await house.asked(State.SHOWN, f"Number {n}?") for n in range(3)]
    before = await house.session()
    servers = await asyncio.gather(*(server(migrated_url, house, seed, "vote") for seed in ("one", "two")))
    for one in servers:
        tell(one, " ".join(questions))
    told = await asyncio.gather(*(hear(one) for one in servers))
    async with database.reading() as db:
        cast = {(vote.question_id, vote.person) for vote in await db.scalars(select(votes.Vote))}
        counted = await votes.tallies(db, house.session_id)
    assert counted == {question: sum(q == question for q, _ in cast) for question in questions}
    mine = {(q, f"{seed}-{n}") for q in questions for seed in ("one", "two") for n in range(VOTERS // 2)}
    assert mine <= cast, "whoever sits at one server alone ends with a vote"
    through = {(question, person) for each in told for person, question in each["through"]}
    # At both: whoever was told last that it counts is not always who came last; but nobody counts twice, and nobody
    # who voted in vain is counted.
    assert cast - mine <= {(q, f"both-{n}") for q in questions for n in range(VOTERS // 2)}
    assert mine <= through
    # What waited together shared a commit: three turns of 300 at each server, and a few that came apart.
    commits = [each["commits"] for each in told]
    assert max(commits) <= 12, commits
    assert (await house.session()).seq == before.seq, "votes are no events"
    assert list(await asyncio.gather(*(one.wait() for one in servers))) == [0, 0]
    await check(house)
    await database.dispose()
