"""Eight moderators race on real servers: no silent overwrite, and in the end every device shows what the log tells.

In `make test` a short race of one seed; `make races` runs the long one, with SEED= and ACTIONS= of one's choice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from sessions import board as boards
from sessions.audiences import SCREENS
from sessions.board import Board
from sessions.database import Database
from sessions.events import State
from sessions.refusals import Refusal
from tests.house import STAFF, House, agree, device_at
from tests.journeys.judge import Judge, tag
from tests.journeys.pair import Pair
from tests.journeys.race import MODERATORS, SPEAKERS, Act, run
from tests.running import Hall, RunningServer, open_hall, shared_server, until

SEED = int(os.environ.get("RACE_SEED") or 3)
ACTIONS = int(os.environ.get("RACE_ACTIONS") or 240)
QUESTIONS = min(200, max(40, ACTIONS // 50))
NAMES = {person: name for person, (name, _) in STAFF.items()} | {name: name.title() for name in MODERATORS}


async def race(servers: Sequence[RunningServer]) -> None:
    async with open_hall(servers[0], topics=(), speakers=SPEAKERS) as hall:
        before, began = (await hall.head()).seq, time.monotonic()
        raced = await run(hall, servers, SEED, ACTIONS, QUESTIONS)
        took = time.monotonic() - began
        await all_show_the_same(hall)
        entries = await hall.house.entries()
        judge = Judge(entries, NAMES)
        verdict = judge.judge(raced.acts)
        judge.all_explained(before, raced.families)
        print(
            f"\nseed {SEED}: {len(raced.acts)} acts of the staff, {len(raced.families)} of families, "
            f"{len(entries)} events on {len(judge.boards[-1].questions)} questions in {took:.0f} s, "
            f"{raced.told_to_wait} times told to wait\n"
            f"accepted {verdict.accepted.total()}: {dict(verdict.accepted.most_common())}\n"
            f"refused {verdict.refused.total()}: {dict(verdict.refused.most_common())}\n"
            f"told what happened meanwhile: {dict(verdict.told.most_common())}\n"
            f"silent overwrites and other faults: {len(verdict.faults)}"
        )
        assert not verdict.faults, "\n".join([f"seed {SEED}", *verdict.faults[:8]])
        # It was a race: they met, and were told so.
        assert verdict.refused["stale"] > ACTIONS // 100
        assert len(verdict.accepted) > 20


async def all_show_the_same(hall: Hall) -> None:
    """Every device what a newcomer is shown, both what the replay tells, and the rows that verbs decide by as well."""
    await hall.agree()
    head, board = await hall.house.verified(), await hall.house.board()
    assert board.seq == head.seq
    await agree(hall.house, board)
    shown: dict[str, list[Any]] = {}
    for device in hall.devices:
        screen = device.view["screen"]
        if device.form == "json":
            assert device.shows == device_at(board, SCREENS[screen][0], screen).shows, device.visitor.base
        shown.setdefault(f"{screen} {device.form} {device.view['lang']}", []).append(device.shows)
    for name, devices in shown.items():
        assert all(one == other for one, other in pairwise(devices)), name
    desks = [device for device in hall.devices if device.view["audience"] == "desk"]
    await until(lambda: all(claims(one.claims) == claims(other.claims) for one, other in pairwise(desks)))


def claims(told: dict[str, Any]) -> dict[str, Any]:
    return {question: claim for question, claim in told.items() if claim}


async def test_on_one_server_with_sqlite() -> None:
    await race([shared_server()])


@pytest.mark.xdist_group("two servers")
async def test_on_two_servers_with_postgresql(hearing: Pair) -> None:
    assert hearing.redis is not None
    hearing.redis.ensure_running()
    for server in hearing.both:
        await server.until_redis("ok")
    await race(hearing.both)


async def acted(house: House, who: str, command: str, question: str, **more: Any) -> Act:
    """An act as a device on the newest board makes it."""
    board = await house.board()
    saw = device_at(board, SCREENS["desk"][0], "desk").cards[question]
    body = {"key": next(house.keys), "question": question, "rev": saw["rev"], **more}
    try:
        answer = await house.commands.run(house.staff[who], house.session_id, command, body)
    except Refusal as refusal:
        answer = {"ok": False, "code": refusal.code, "say": refusal.say(str)}
    return Act(who, "desk", command, body, saw, answer, board.seq)


async def test_the_judge_sees_an_overwrite(sqlite: Database) -> None:
    """Planted: a decision that was made on what stood there before a colleague's, and was recorded all the same."""
    house = await House.build(sqlite)
    question = await house.asked(State.HELD)
    before = (await house.verified()).seq
    first = await acted(house, "ben", "question.edit_words", question, words="Tidied by Ben?")
    second = await acted(house, "mia", "question.approve", question)
    entries = await house.entries()

    def faults(*acts: Act) -> list[str]:
        judge = Judge(entries, NAMES)
        verdict = judge.judge(acts)
        judge.all_explained(before, [])
        return [fault.partition(":")[0].partition(" of Entry")[0] for fault in verdict.faults]

    assert faults(first, second) == []
    unaware = Act("mia", "desk", second.command, {**second.body, "rev": first.body["rev"]}, first.saw, second.answer)
    assert faults(first, unaware) == ["a silent overwrite", "decided on something else than was seen"]
    assert faults(first) == ["nobody was told"]
    assert faults(first, Act("ben", *tuple(vars(second).values())[1:])) == ["not what the log says"]

    # Refusals that leave out who, say the wrong thing, or bring a card that never was.
    says = "{} {} this 1 second ago. Your change was not made."
    card = device_at(await house.board(), SCREENS["desk"][0], "desk").cards[question]
    for who, did, shown, wrong in (
        ("Mia", "approved", card, []),
        ("Ben", "approved", card, ["does not say who did what"]),
        ("Mia", "declined", card, ["does not say who did what"]),
        ("Mia", "approved", card | {"words": "Something else?"}, ["not the card that the log tells"]),
    ):
        answer = {"ok": False, "code": "stale", "say": says.format(who, did), "card": shown}
        refused = Act("ben", "desk", "question.decline", {**first.body, "key": "again-00"}, first.saw, answer)
        assert faults(first, second, refused) == wrong
    assert tag(entries[-1]) == "question.approved"
    assert boards.apply(Board(), entries).questions[question].state is State.SHOWN


async def test_the_judge_wants_to_know_who_stood_in_the_way(sqlite: Database) -> None:
    """Refusals because of another question that leave out who, name somebody else, or tell of something long past."""
    house = await House.build(sqlite)
    staged, second, left = [await house.asked(State.QUEUED, f"Number {n}?") for n in range(3)]
    for person in ("mia", "ben"):  # Mia had it on stage before, which is no reason any more.
        await house.decide("stage.bring", staged, house.staff[person])
        if person == "mia":
            await house.decide("stage.skip", staged, house.ben)
    await house.decide("question.hide", left, house.ana)
    refused = [
        await acted(house, "mia", "stage.bring", second),
        await acted(house, "ben", "lineup.move", second, after=left),
        await acted(house, "mia", "question.merge", second, into=left),
    ]
    for act, who, nameless in zip(
        refused,
        ("Ben", "Ana", "Ana"),
        (
            "Another question is on stage. Settle or skip that one first.",
            "The question to put it behind is not in the line any more.",
            "That other question is hidden, so nothing can be joined with it.",
        ),
        strict=True,
    ):
        say = act.answer["say"]
        for told, good in (
            (say, True),
            (say.replace(who, "Mia"), False),
            (say.replace(who, "Leo"), False),
            (nameless, False),
        ):
            answer = {"ok": False, "code": "not_now", "say": told}
            planted = Act(act.who, "desk", act.command, act.body, act.saw, answer, act.head)
            verdict = Judge(await house.entries(), NAMES).judge([planted])
            faults = [fault.partition(":")[0] for fault in verdict.faults]
            assert faults == ([] if good else ["does not say whose doing that is"]), told
