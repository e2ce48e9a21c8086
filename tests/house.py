"""A house: one session in a database of its own, with everybody in it, and the truth about it that must always hold."""

from __future__ import annotations

import itertools
import random
import re
import shutil
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from cryptography.fernet import Fernet
from sqlalchemy import event, select

from live.commands import Commands
from live.throttle import Throttle
from moderation.mutes import Mute
from moderation.questions import Question
from sessions import board as boards
from sessions import lifecycle, log, people
from sessions.audiences import SCREENS, SEES
from sessions.board import Board
from sessions.database import Database
from sessions.events import Entry, Plan, State
from sessions.log import Head
from sessions.permissions import Caller, Role
from sessions.question import Audience
from sessions.refusals import Refusal
from sessions.session import Session

SECRET = b"the same secret on every server"
CIPHER = Fernet(b"dGhlIHNhbWUga2V5IGluIGFsbCBvZiB0aGUgdGVzdHM=")

STAFF = {
    "ana": ("Ana", Role.HOST),
    "ben": ("Ben", Role.MODERATOR),
    "mia": ("Mia", Role.MODERATOR),
    "sam": ("Sam", Role.SPEAKER),
    "cai": ("Cai", Role.CAPTIONER),
    "lia": ("Lia", Role.LIAISON),
    "ada": ("Ada", Role.ADMINISTRATOR),
}

WAYS: dict[State, tuple[tuple[str, Mapping[str, Any]], ...]] = {
    State.HELD: (),
    State.SHOWN: (("question.approve", {}),),
    State.QUEUED: (("question.approve", {}), ("lineup.add", {})),
    State.ON_STAGE: (("question.approve", {}), ("lineup.add", {}), ("stage.bring", {})),
    State.ANSWERED: (("question.approve", {}), ("question.answer", {"words": "Yes, from Monday.", "lang": "en"})),
    State.DECLINED: (("question.decline", {"reason": "off_topic"}),),
    State.PRIVATE: (("question.hand_over", {"to": "Ms. Ortiz"}),),
    State.HIDDEN: (("question.approve", {}), ("question.hide", {})),
    State.WITHDRAWN: (("question.withdraw", {}),),
    State.MERGED: (("question.merge", {}),),
}
"""What is done to a question that was just asked to bring it into each state."""


@cache
def reopened(url: str) -> Database:
    """The database at that address, kept open from test to test: what SQLAlchemy compiles for it, it compiles once.

    Whoever takes it disposes of its connections in the end; they belong to one loop.
    """
    return Database(url, CIPHER)


def fresh_file(template: Path, folder: Path) -> str:
    """The address of a new copy, always the same; whoever still has the one before open changes nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copyfile(template, folder / "house.db")
    return f"sqlite+aiosqlite:///{folder / 'house.db'}"


def tireless() -> Throttle:
    """A throttle for which an hour lies between any two commands: budgets never run out."""
    return Throttle(itertools.count(0.0, 3600.0).__next__)


class House:
    """Ben moderates and Ana hosts unless a test says otherwise; Rosa asks."""

    def __init__(self, database: Database, session_id: int, code: str) -> None:
        self.database, self.session_id, self.code = database, session_id, code
        self.staff = {
            name: Caller(name, frozenset({Role.PARTICIPANT, role}), full) for name, (full, role) in STAFF.items()
        }
        self.ana, self.ben, self.mia, self.sam = (self.staff[name] for name in ("ana", "ben", "mia", "sam"))
        self.rosa = Caller("rosa")
        self.keys = (f"key-{number:08d}" for number in itertools.count())
        self.commits: list[int] = []
        self.commands = self.restarted()

    @classmethod
    async def build(cls, database: Database, *, live: bool = True, **plan: Any) -> House:
        """A session that is live, or still a draft, with its staff."""
        async with database.writing() as tx:
            known = set(await tx.db.scalars(select(people.Person.id)))
            tx.db.add_all(
                people.Person(id=person, name=name, made_at=tx.now)
                for person, (name, _) in STAFF.items()
                if person not in known
            )
            usual: dict[str, Any] = {"title": "Bus routes", "topics": ("Buses", "Lunch"), "starts_at": tx.now}
            planned = Plan(**usual | plan)
            ana = Caller("ana", name="Ana")
            session = await lifecycle.plan(tx, ana, planned)
            tx.db.add_all(
                people.Membership(person_id=person, session_id=session.id, role=role)
                for person, (_, role) in STAFF.items()
            )
            if live:  # In one commit: most tests begin here.
                await lifecycle.schedule(tx, ana)
                await lifecycle.start(tx, ana)
            return cls(database, session.id, session.code)

    def restarted(self) -> Commands:
        """The same commands as after a restart: with nothing but what the database holds."""
        return Commands(self.database, tireless(), self.commits.append, SECRET)

    async def do(self, caller: Caller, command: str, **body: Any) -> dict[str, Any]:
        """Run a command under a fresh key."""
        return await self.commands.run(caller, self.session_id, command, {"key": next(self.keys), **body})

    async def refused(self, caller: Caller, command: str, **body: Any) -> Refusal:
        """Run a command that must be refused; nothing may have changed by it, not even a vote or a kept key."""
        before = await self.rows()
        try:
            answer = await self.do(caller, command, **body)
        except Refusal as refusal:
            assert await self.rows() == before
            return refusal
        raise AssertionError(f"{command} was not refused: {answer}")

    async def ask(self, words: str = "Will the bus stop at Speedway?", by: Caller | None = None, **more: Any) -> str:
        """The id of a new question."""
        answer = await self.do(by or self.rosa, "question.ask", **{"words": words, "lang": "en"} | more)
        question = answer["question"]
        assert isinstance(question, str)
        return question

    async def decide(self, command: str, question: str, by: Caller | None = None, **more: Any) -> dict[str, Any]:
        """A staff command on a question as it stands now."""
        return await self.do(by or self.ben, command, question=question, rev=await self.rev(question), **more)

    async def bring(self, question: str, state: State, author: Caller | None = None) -> None:
        """Lead a question that was just asked into a state."""
        for command, more in WAYS[state]:
            if command == "question.withdraw":
                await self.do(author or self.rosa, command, question=question)
            elif command == "question.merge":
                await self.decide(command, question, into=await self.ask("Another like it?", Caller("luis")))
            else:
                await self.decide(command, question, **more)

    async def asked(self, state: State, words: str = "Will the bus stop at Speedway?", **more: Any) -> str:
        """The id of a new question in that state."""
        question = await self.ask(words, **more)
        await self.bring(question, state)
        return question

    async def question(self, question: str) -> Question:
        async with self.database.reading() as db:
            found = await db.get(Question, question)
            assert found is not None
            return found

    async def rev(self, question: str) -> int:
        return (await self.question(question)).rev

    async def state(self, question: str) -> State:
        return State((await self.question(question)).state)

    async def session(self) -> Session:
        async with self.database.reading() as db:
            found = await db.get(Session, self.session_id)
            assert found is not None
            return found

    async def entries(self) -> list[Entry]:
        async with self.database.reading() as db:
            return await log.since(db, self.session_id)

    async def events(self) -> list[str]:
        """The names of all that happened, in order."""
        return [str(entry.event.__struct_config__.tag) for entry in await self.entries()]

    async def board(self) -> Board:
        return boards.apply(Board(), await self.entries())

    async def verified(self) -> Head:
        async with self.database.reading() as db:
            head, faults = await log.verify(db, self.session_id)
        assert list(faults) == []
        return head

    async def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table: what there is to compare or to search."""
        async with self.database.reading() as db:
            return {
                table.name: sorted((tuple(row) for row in await db.execute(select(table))), key=repr)
                for table in Question.metadata.sorted_tables
            }


def lately(refusal: Refusal) -> str:
    """The sentence of a stale refusal, as if no time had passed: a busy machine takes its seconds."""
    return re.sub(r"\d+ seconds ago", "1 second ago", refusal.say(str))


class Counted:
    """How many statements a piece of work sends to the database.

    With `reading` those that only read, and only its own: an app reads now and then by itself. What is written may be
    written by a batch that was under way before.
    """

    def __init__(self, database: Database, *, reading: bool = False) -> None:
        self.engine, self.count = (database.reader if reading else database.writer).sync_engine, 0
        self.counting: ContextVar[bool] = ContextVar("counting", default=not reading)

    def __enter__(self) -> Counted:
        self.token = self.counting.set(True)
        event.listen(self.engine, "before_cursor_execute", self._another)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self.engine, "before_cursor_execute", self._another)
        self.counting.reset(self.token)

    def _another(self, *_: object) -> None:
        self.count += self.counting.get()


class Behind(Exception):
    """A patch begins after what the device has: it must ask for what lies between."""


class Device:
    """A device as docs/wire.md tells programs to be: it keeps json cards by id, and applies patches."""

    def __init__(self) -> None:
        self.number = 0
        self.cards: dict[str, dict[str, Any]] = {}
        self.session: dict[str, Any] = {}

    def hear(self, patch: dict[str, Any]) -> None:
        if patch["to"] <= self.number:
            return
        if patch["from"] > self.number:
            raise Behind
        if patch["from"] == 0:
            self.cards = {}
        for card in patch["cards"]:
            if card.get("gone"):
                self.cards.pop(card["id"], None)
            else:
                self.cards[card["id"]] = card
        self.session = patch.get("session", self.session)
        self.number = patch["to"]

    def twin(self) -> Device:
        """Another that was told the same."""
        twin = Device()
        twin.number, twin.cards, twin.session = self.number, dict(self.cards), self.session
        return twin

    @property
    def shows(self) -> tuple[int, dict[str, dict[str, Any]], dict[str, Any]]:
        return self.number, self.cards, self.session


def told(board: Board, audience: Audience, since: int, screen: str | None = None) -> dict[str, Any]:
    """A patch as it arrives: through JSON and back."""
    arrived: dict[str, Any] = msgspec.json.decode(
        msgspec.json.encode(boards.patch(board, audience, since, screen=screen))
    )
    return arrived


def device_at(board: Board, audience: Audience, screen: str) -> Device:
    """One that has just joined."""
    device = Device()
    device.hear(told(board, audience, 0, screen))
    return device


def history(entries: list[Entry]) -> list[Board]:
    """The board at every number, from the empty one on; each made from the one before, as a running server does."""
    so_far = [Board()]
    for entry in entries:
        so_far.append(boards.apply(so_far[-1], [entry]))
    return so_far


FEW = 24
"""So many moments of a history are paired with each other; a longer one is sampled, always with its ends."""


def moments(count: int) -> list[int]:
    if count <= FEW:
        return list(range(1, count + 1))
    dice = random.Random(count)
    return sorted({1, count, *range(count - 7, count), *dice.sample(range(1, count), FEW - 9)})


async def check(house: House) -> None:
    """The truth about a session, whatever was done to it.

    The chain verifies and the streams have no gaps; replaying gives the board that grew with the log, and the rows
    agree with it; and for each audience and screen, the whole board at any earlier moment and one patch, however much
    it merges, are the whole board at any later moment.
    """
    entries, head = await house.entries(), await house.verified()
    assert [entry.seq for entry in entries] == list(range(1, head.seq + 1))
    assert [entry.public for entry in entries if entry.is_public] == list(range(1, head.public + 1))

    grown = history(entries)
    final = grown[-1]
    half = len(entries) // 2
    assert boards.apply(Board(), entries) == final
    assert boards.apply(boards.apply(Board(), entries[:half]), entries[half:]) == final
    assert (final.seq, final.public) == (head.seq, head.public)
    assert sum(q.state is State.ON_STAGE for q in final.questions.values()) <= 1
    await agree(house, final)

    for screen, (audience, places) in SCREENS.items():
        at = moments(len(entries))
        whole = {n: device_at(grown[n], audience, screen) for n in at}
        for n in at:
            for card in whole[n].cards.values():
                assert card["state"] in SEES[audience]
                assert card.get("place") == ("waiting" if waits(card, screen) else places.get(State(card["state"])))
            listed: dict[str | None, list[str]] = {card["place"]: [] for card in whole[n].cards.values()}
            for card in whole[n].cards.values():
                listed[card["place"]].append(card["order"])
            assert all(len(orders) == len(set(orders)) for orders in listed.values())
        patches: dict[tuple[int, int], dict[str, Any]] = {}
        for joined, now in itertools.combinations(at, 2):
            device = whole[joined].twin()
            since = device.number, now
            patch = patches[since] = patches.get(since) or told(grown[now], audience, device.number, screen)
            device.hear(patch)
            assert device.shows == whole[now].shows, (screen, joined, now)
            device.hear(patch)
            assert device.shows == whole[now].shows
        for early, joined, now in zip(at, at[1:], at[2:], strict=False):
            # A patch that was merged since before the device joined, as a tick does it.
            device = whole[joined].twin()
            device.hear(told(grown[now], audience, grown[early].head(audience), screen))
            assert device.shows == whole[now].shows, (screen, early, joined, now)


def waits(card: dict[str, Any], screen: str) -> bool:
    """Asked for staff alone, or handed to nobody yet: the one place that state alone does not tell."""
    return screen == "desk" and card["state"] == State.PRIVATE and not {"handed_to", "answers"} & set(card)


async def agree(house: House, board: Board) -> None:
    """The rows that verbs decide by are what the log tells."""
    session = await house.session()
    facts = ("state", "input", "slow", "hold", "plan", "code", "published_at", "completed_at")
    assert [getattr(session, fact) for fact in facts] == [getattr(board, fact) for fact in facts]
    async with house.database.reading() as db:
        rows = await db.scalars(select(Question).where(Question.session_id == house.session_id))
        same = ("number", "author", "state", "rev", "order", "private", "into", "came_from", "asked_at", "is_open")
        kept = {q.id: [getattr(q, name) for name in same] for q in rows}
        muted = await db.scalars(select(Mute.person).where(Mute.session_id == house.session_id))
        assert set(muted) == board.muted
    assert kept == {q.id: [getattr(q, name) for name in same] for q in board.questions.values()}
    for question in board.questions.values():
        living = board.living(question)
        assert (living is question) == (question.state is not State.MERGED)
        assert question in board.family(living)
        assert question.into is None or question.id in board.questions[question.into].merged
    assert sorted(number for number, *_ in kept.values()) == list(range(1, len(kept) + 1))
