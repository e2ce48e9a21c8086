"""A race at the desk: eight moderators and a speaker decide at once, each by what their own device shows just then.

Families ask, edit, vote and withdraw meanwhile. Everybody is a client of real servers and knows nothing but what it is
told there. What each saw, sent and was answered is kept for `judge.py`.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from moderation.decisions import REASONS
from moderation.followups import OUTCOMES, TRIES
from moderation.states import TRANSITIONS, VOTABLE
from sessions import people
from sessions.events import State
from sessions.people import Person
from sessions.permissions import Role
from tests.house import STAFF
from tests.running import Device, Hall, RunningServer, Visitor

MODERATORS = ("ben", "mia", "noa", "eli", "ivy", "leo", "uma", "tom")
SPEAKERS = ("Ms. Ortiz", "Mr. Lee")
FAMILIES = 6
"""So many go on while the desk decides; the others have asked before."""
ASKS_EACH = 5
A_FAMILY_ACTS = 8
"""After every so many acts of the desk."""

DECIDES: Mapping[str, str] = {
    "question.approve": "approve",
    "question.decline": "decline",
    "question.hide": "hide",
    "question.restore": "restore",
    "question.hand_over": "hand_over",
    "question.merge": "merge",
    "question.unmerge": "unmerge",
    "question.edit_words": "edit_words",
    "question.answer": "answer",
    "question.reopen": "reopen",
    "lineup.add": "queue",
    "lineup.move": "move",
    "lineup.remove": "remove",
    "lineup.assign": "assign",
    "stage.bring": "bring",
    "stage.settle": "settle",
    "stage.skip": "skip",
    "stage.defer": "defer",
    "followup.plan": "follow_up",
    "followup.close": "follow_up",
}
"""Commands that carry the `rev` of what was seen, and the verb of the table that each of them is."""
SPEAKS = ("stage.bring", "stage.settle", "stage.skip", "stage.defer", "question.answer", "question.reopen")
"""Those of a speaker."""
BESIDE = (
    *("question.note", "question.tag", "question.flag", "question.see", "followup.attempt"),
    *("question.claim", "question.claim", "question.release", "participant.mute", "participant.unmute"),
)
"""What is laid beside a question, whatever has become of it."""
AT_ALL = ("input.pause", "input.resume", "input.resume", "input.slow", "input.hold")
LIKELY = {"question.approve": 5, "lineup.add": 5, "stage.bring": 2, "lineup.move": 2, "question.reopen": 2}
"""What is done more often than the others, so that there is a line and somebody on stage."""
OFFERED = {state: [c for c, verb in DECIDES.items() if (state, verb) in TRANSITIONS] for state in State}
"""What a screen offers for a question in a state."""


@dataclass(frozen=True)
class Act:
    """One command: by whom, on the card that their device showed, and the answer."""

    who: str
    audience: str
    command: str
    body: Mapping[str, Any]
    saw: Mapping[str, Any] | None
    answer: Mapping[str, Any]
    head: int = 0
    """All that their device had heard of when they sent it."""


@dataclass
class Race:
    hall: Hall
    dice: Random
    acts: list[Act] = field(default_factory=list)
    families: list[Mapping[str, Any]] = field(default_factory=list)
    """What families asked for and was accepted, as (command, question)."""
    told_to_wait: int = 0
    over: bool = False
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    numbers: itertools.count[int] = field(default_factory=itertools.count)


class Staff:
    """One of the staff before their device. Sends mostly over the socket, sometimes by HTTP, sometimes many at once."""

    def __init__(self, race: Race, name: str, device: Device, seed: float) -> None:
        self.race, self.name, self.device, self.dice = race, name, device, Random(seed)

    async def act(self, times: int) -> None:
        left = times
        while left > 0:
            several = 1 if self.dice.random() < 0.95 else min(left, self.dice.randint(2, 6))
            await asyncio.gather(*(self._once() for _ in range(several)))
            left -= several

    async def _once(self) -> None:
        """Chosen again where the budget was spent: that was no act."""
        while not await self._send(*self.choose()):
            pass
        if len(self.race.acts) % A_FAMILY_ACTS == 0:
            self.race.turns.release()

    def choose(self) -> tuple[str, dict[str, Any], dict[str, Any] | None]:
        """A command, its body, and the card it is about."""
        dice = self.dice
        if dice.random() < 0.03 and self.device.view["audience"] == "desk":
            command = dice.choice(AT_ALL)
            return command, BODY.get(command, _nothing)(self, {}), None
        if dice.random() < 0.05:
            stage = self.device.cards.get(self.device.session["stage"] or "")
            return "stage.next", {"question": stage["id"], "rev": stage["rev"]} if stage else {}, stage
        card = self.pick()
        if card is None:
            return "stage.next", {}, None
        command = self.command(card)
        body = {"question": card["id"]} | BODY.get(command, _nothing)(self, card)
        return command, body | ({"rev": card["rev"]} if command in DECIDES else {}), card

    def pick(self) -> dict[str, Any] | None:
        """Everybody likes the stage and the first questions best: there they meet."""
        cards = list(self.device.cards.values())
        staged = [c for c in cards if c["state"] in ("queued", "on_stage")]
        if staged and self.dice.random() < 0.15:
            return self.dice.choice(staged)
        return cards[int(len(cards) * self.dice.random() ** 2)] if cards else None

    def command(self, card: Mapping[str, Any]) -> str:
        dice, offered = self.dice, OFFERED[State(card["state"])]
        if self.device.view["audience"] == "speaker":
            return dice.choice([c for c in SPEAKS if c in offered] or SPEAKS)
        if dice.random() < 0.25 or not offered:
            return dice.choice(BESIDE)
        if dice.random() < 0.05:  # From a page that lay open too long, or a program.
            return dice.choice(list(DECIDES))
        return dice.choices(offered, [LIKELY.get(command, 1) for command in offered])[0]

    async def _send(self, command: str, body: dict[str, Any], saw: Mapping[str, Any] | None) -> bool:
        key = f"{self.name}-{next(self.race.numbers):08d}"
        whole, head = {"key": key, **body}, self.device.number
        again = self.dice.random() < 0.03  # The answer was long in coming, and it is sent again.
        answers = await asyncio.gather(*(self._by_some_road(command, whole) for _ in range(1 + again)))
        heard = [answer for answer in answers if answer.get("code") != "too_fast"]
        audience = self.device.view["audience"]
        self.race.acts += [Act(self.name, audience, command, whole, saw, answer, head) for answer in heard]
        if not heard:
            self.race.told_to_wait += 1
            await asyncio.sleep(answers[0]["retry_after"])
        return bool(heard)

    async def _by_some_road(self, command: str, whole: dict[str, Any]) -> dict[str, Any]:
        if self.dice.random() < 0.75:
            return await self.device.call_with(command, whole)
        answer: dict[str, Any] = (await self.device.visitor.send(command, **whole)).json()
        return answer


def _nothing(staff: Staff, card: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _words(what: str) -> Callable[[Staff, Mapping[str, Any]], dict[str, Any]]:
    return lambda staff, card: {"words": f"{what} {staff.name} {next(staff.race.numbers)}"}


def _behind(staff: Staff, card: Mapping[str, Any]) -> dict[str, Any]:
    others = [question for question in staff.device.session["lineup"] if question != card["id"]]
    return {"after": staff.dice.choice(["", *others])}


BODY: Mapping[str, Callable[[Staff, Mapping[str, Any]], dict[str, Any]]] = {
    "question.decline": lambda s, _: {"reason": s.dice.choice(REASONS), "say": f"Because {s.name} says so."},
    "question.hand_over": lambda s, _: {"to": s.dice.choice(SPEAKERS)},
    "question.merge": lambda s, c: {"into": s.dice.choice([q for q in s.device.cards if q != c["id"]])},
    "question.edit_words": _words("Tidied by"),
    "question.answer": lambda s, c: {**_words("Answered by")(s, c), "lang": s.dice.choice(("en", "es"))},
    "question.note": _words("Noted by"),
    "question.tag": lambda s, _: {"tag": s.dice.choice(("bus", "lunch")), "on": s.dice.random() < 0.7},
    "question.flag": lambda s, _: {"flag": "look", "on": s.dice.random() < 0.7},
    "question.claim": lambda s, _: {"take": s.dice.random() < 0.3},
    "lineup.move": _behind,
    "lineup.assign": lambda s, _: {"speaker": s.dice.choice(("", *SPEAKERS))},
    "followup.plan": lambda s, _: {"owner": s.dice.choice(SPEAKERS), "due": "2031-07-01"},
    "followup.attempt": lambda s, _: {"outcome": s.dice.choice(TRIES)},
    "followup.close": lambda s, _: {"outcome": s.dice.choice(OUTCOMES)},
    "input.slow": lambda s, _: {"seconds": s.dice.choice((0, 0, 5))},
    "input.hold": lambda s, _: {"on": s.dice.random() < 0.5},
}
"""What a command carries beside its key, question and rev."""


class Family:
    """A parent with a phone, and with questions of their own."""

    def __init__(self, race: Race, visitor: Visitor, seed: float) -> None:
        self.race, self.visitor, self.dice = race, visitor, Random(seed)
        self.device: Device | None = None
        self.own: list[str] = []

    async def ask(self) -> None:
        words = f"Will bus {next(self.race.numbers)} stop at Speedway?"
        answer = await self._send("question.ask", words=words, lang="en", private=self.dice.random() < 0.08)
        if answer["ok"]:
            self.own.append(answer["question"])

    async def act(self) -> None:
        assert self.device is not None
        while True:
            await self.race.turns.acquire()
            if self.race.over:
                return
            votable = [card["id"] for card in self.device.cards.values() if card["state"] in VOTABLE]
            what = self.dice.choices(("vote", "unvote", "edit", "withdraw", "ask"), (60, 15, 10, 4, 11))[0]
            if what in ("vote", "unvote") and votable:
                await self._send(f"question.{what}", question=self.dice.choice(votable))
            elif what == "edit" and self.own:
                await self._send("question.edit", question=self.dice.choice(self.own), words="In other words?")
            elif what == "withdraw" and self.own:
                await self._send("question.withdraw", question=self.dice.choice(self.own))
            elif what == "ask":
                await self.ask()

    async def _send(self, command: str, **body: Any) -> dict[str, Any]:
        """Refused or not: a family that is told to wait goes on with something else."""
        answer: dict[str, Any] = (await self.visitor.send(command, **body)).json()
        if answer["ok"]:
            self.race.families.append({"command": command, "question": answer["question"]})
        else:
            assert answer["code"] in ("not_now", "too_fast", "not_found", "not_allowed"), answer
            assert answer["say"]
        return answer


async def seat(hall: Hall) -> None:
    """Six more moderators than a house has."""
    async with hall.database.writing() as tx:
        for name in MODERATORS:
            if name not in STAFF:
                if await tx.db.get(Person, name) is None:
                    tx.db.add(Person(id=name, name=name.title(), made_at=tx.now))
                    await tx.db.flush()
                await people.grant(tx, name, Role.MODERATOR, hall.house.session_id)


async def run(hall: Hall, servers: Sequence[RunningServer], seed: int, actions: int, questions: int) -> Race:
    """So many acts of the staff over so many questions. Returns when everybody has had their last answer."""
    await seat(hall)
    race = Race(hall, Random(seed))
    at = itertools.cycle(servers)
    families = [
        Family(race, await hall.family(at=next(at)), race.dice.random()) for _ in range(-(-questions // ASKS_EACH))
    ]
    await asyncio.gather(*(family.ask() for family in families for _ in range(ASKS_EACH)))
    for family in families[:FAMILIES]:
        family.device = await hall.join(family.visitor)
    staff = []
    for name in MODERATORS:
        desk = await hall.join(await hall.staff(name, at=next(at)), "desk", "desk")
        staff.append(Staff(race, name, desk, race.dice.random()))
    speaker = await hall.join(await hall.staff("sam", at=next(at)), "speaker", "speak")
    staff.append(Staff(race, "sam", speaker, race.dice.random()))
    # And who only looks on, as people do in a browser.
    for server in servers:
        ana = await hall.staff("ana", at=server)
        await hall.join(ana, "desk", "desk", "html")
        await hall.join(ana, "public", "stage", "html")
        await hall.join(await hall.family(at=server, lang="es"), form="html")

    going_on = [asyncio.create_task(family.act()) for family in families[:FAMILIES]]
    share, rest = divmod(actions, len(MODERATORS))
    await asyncio.gather(
        *(one.act(share + (number < rest)) for number, one in enumerate(staff[:-1])),
        staff[-1].act(max(1, share // 4)),
    )
    race.over = True
    for _ in going_on:
        race.turns.release()
    await asyncio.gather(*going_on)
    return race
