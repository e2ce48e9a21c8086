"""A rehearsal: a crowd that joins, asks, votes and reads against a running server, within bounds, in its own session.

It is written in Python and promises no milliseconds: whether it will hold on Tuesday is what it can tell.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any

from live.pages.passes import Link
from live.phone import SILENT, Phone, Site
from live.verdict import Findings

MOST_PHONES, MOST_SECONDS = 5_000, 600
MOST_ASKS = 300
"""Within the budgets that any session has: nothing is loosened for a rehearsal."""
AT_ONCE, JOIN_SECONDS = 100, 300
"""Phones that are on their way in at the same time; and when those that have not set out by then stay at home."""
CHANGE_EVERY = 2.0
REST = 10.0
"""Seconds that phones have at the end to show what a newcomer is shown."""
MARK = "Rehearsal, change {number}: does the late bus stop at the library?"
ASKS = "Rehearsal, question {number}: will bus {bus} stop at the corner of {street} Street?"
STREETS = ("Speedway", "Broadway", "Grant", "Pima", "Valencia", "Irvington")

Progress = Callable[[str, int, int], None]
"""(what: joined, asked, voted or changed; how many; of how many)"""


class NotAllowed(Exception):
    """The address has not opted in; the text says so."""


class Rehearsal:
    """One run. `progress` is told of every step."""

    def __init__(self, link: Link, phones: int, seconds: float, progress: Progress) -> None:
        self.link, self.wanted, self.seconds, self.progress = link, phones, seconds, progress
        self.site = Site(link.base, link.code)
        self.found = Findings(phones)
        self.phones: list[Phone] = []
        self.host = Phone(self.site, self._at_the_desk, audience="desk")
        self.changed_at: dict[int, float] = {}
        self.hearing: dict[int, set[Phone]] = {}
        self.shown: dict[str, int] = {}
        self.asked: set[str] = set()
        self.voted: set[tuple[int, str]] = set()
        self.news: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
        self.dice = random.Random()  # noqa: S311 (who asks when)

    async def run(self) -> Findings:
        """Raises NotAllowed before anything is done, and OSError if the server cannot be reached."""
        self.host.token = await self._opt_in()
        watch = asyncio.create_task(self._watch_ourselves())
        try:
            await self.host.join()
            for command in ("session.schedule", "session.open_doors"):
                if not (answer := await self.host.call(command)).get("ok"):
                    raise NotAllowed(answer["say"])
            await self._fill_in()
            await self._everybody(self._asking(), self._voting(), self._changing(), self._deciding())
            await self._compare()
        finally:
            watch.cancel()
            await self._go_home()
        return self.found

    async def _opt_in(self) -> str:
        """The host's token, which only a server that knows of the rehearsal gives."""
        answer = await self.site.get(
            f"/s/{self.link.code}/rehearsal", Authorization=f"Bearer {self.link.proof}", Accept="application/json"
        )
        try:
            told = answer.json() if answer.status_code in (200, 409) else {}
        except ValueError:
            told = {}
        if answer.status_code == 409 and told.get("say"):
            raise NotAllowed(told["say"])
        if answer.status_code != 200 or told.get("code") != self.link.code or not isinstance(told.get("token"), str):
            raise NotAllowed("This server knows of no such rehearsal. On it, run: facetoface session rehearsal")
        return str(told["token"])

    async def _fill_in(self) -> None:
        """Everybody comes."""
        gate, began = asyncio.Semaphore(AT_ONCE), time.perf_counter()

        async def come(phone: Phone) -> None:
            async with gate:
                started = time.perf_counter()
                if started > began + JOIN_SECONDS:
                    return
                try:
                    await phone.open_page()
                    await phone.join()
                except SILENT as error:
                    self._fault(error)
                    await phone.leave()
                    return
                self.found.waits.append(time.perf_counter() - started)
                self.found.joined += 1
                self.phones.append(phone)
                self.progress("joined", self.found.joined, self.wanted)

        await asyncio.gather(*(come(Phone(self.site, self._on_a_phone)) for _ in range(self.wanted)))
        self.found.joining = time.perf_counter() - began
        if not self.phones:
            raise OSError("; ".join(self.found.faults) or "nobody could join")

    async def _everybody(self, *doing: Coroutine[Any, Any, None]) -> None:
        """All of it for as long as was asked for, and the last answers after it."""
        tasks = [asyncio.create_task(one) for one in doing]
        *asking, deciding = tasks
        try:
            await asyncio.gather(*asking)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(deciding, return_exceptions=True)

    async def _asking(self) -> None:
        count = min(MOST_ASKS, max(1, self.wanted // 10))
        askers = self.dice.sample(self.phones, min(count, len(self.phones)))
        await self._spread(len(askers), "asked", lambda number: self._ask(askers[number], number))

    async def _ask(self, phone: Phone, number: int) -> None:
        words = ASKS.format(number=number + 1, bus=self.dice.randrange(1, 200), street=self.dice.choice(STREETS))
        if answer := await self._say(phone, self.found.acks, "question.ask", words=words, lang="en"):
            self.asked.add(answer["question"])

    async def _voting(self) -> None:
        voters = list(self.phones)
        self.dice.shuffle(voters)
        await self._spread(len(voters), "voted", lambda number: self._vote(voters[number]))

    async def _vote(self, phone: Phone) -> None:
        if not self.shown:
            return
        question = self.dice.choice(list(self.shown))
        if await self._say(phone, self.found.votes, "question.vote", question=question):
            self.voted.add((id(phone), question))

    async def _spread(self, count: int, what: str, do: Callable[[int], Coroutine[Any, Any, None]]) -> None:
        """So many, evenly over the time that there is."""
        began, tasks = time.perf_counter(), []
        for number in range(count):
            await asyncio.sleep(max(0.0, began + self.seconds * number / count - time.perf_counter()))
            tasks.append(asyncio.create_task(do(number)))
            self.progress(what, number + 1, count)
        await asyncio.gather(*tasks)

    async def _say(self, phone: Phone, times: list[float], command: str, **body: Any) -> dict[str, Any] | None:
        """The answer, if it is a yes."""
        began = time.perf_counter()
        try:
            answer = await phone.call(command, **body)
        except SILENT as error:
            self.found.unanswered += 1
            self._fault(error)
            return None
        times.append(time.perf_counter() - began)
        if answer.get("ok"):
            return answer
        if answer.get("code") != "not_now" or command != "question.vote":  # One's own question counts already.
            self.found.refused += 1
            self._fault(answer.get("say", "refused"))
        return None

    async def _deciding(self) -> None:
        """The moderator shows every question as it comes."""
        while True:
            question, rev = await self.news.get()
            if answer := await self._say(self.host, [], "question.approve", question=question, rev=rev):
                self.shown[question] = answer["rev"]

    async def _changing(self) -> None:
        """Now and then the words of a question change, and we look when each phone has them."""
        ends = time.perf_counter() + self.seconds
        while time.perf_counter() < ends - CHANGE_EVERY:
            await asyncio.sleep(CHANGE_EVERY)
            if not self.shown:
                continue
            question = next(iter(self.shown))
            number = len(self.changed_at) + 1
            self.changed_at[number] = time.perf_counter()
            self.hearing[number] = {phone for phone in self.phones if not phone.lost}
            words, rev = MARK.format(number=number), self.shown[question]
            answer = await self._say(self.host, [], "question.edit_words", question=question, rev=rev, words=words)
            if answer is None:
                del self.hearing[number]
                continue
            self.shown[question] = answer["rev"]
            self.found.changes += 1
            self.progress("changed", self.found.changes, int(self.seconds / CHANGE_EVERY))

    def _on_a_phone(self, phone: Phone, patch: dict[str, Any], at: float) -> None:
        for card in patch["cards"]:
            if (words := card.get("words") or "").startswith("Rehearsal, change "):
                number = int(words[18 : words.index(":")])
                waiting = self.hearing.get(number)
                if waiting and phone in waiting:
                    waiting.discard(phone)
                    self.found.deliveries.append(at - self.changed_at[number])

    def _at_the_desk(self, _phone: Phone, patch: dict[str, Any], _at: float) -> None:
        for card in patch["cards"]:
            if card.get("place") == "waiting":
                self.news.put_nowait((card["id"], card["rev"]))

    async def _compare(self) -> None:
        """At the end every phone shows what a newcomer is shown, and everything that was confirmed is there."""
        ends = time.perf_counter() + REST
        while True:
            board = await self.site.board(audience="public")
            now = board["to"], {card["id"]: card["rev"] for card in board["cards"] if not card.get("gone")}
            here = [phone for phone in self.phones if not phone.lost]
            self.found.stale = sum((phone.number, phone.revs) != now for phone in here)
            if not self.found.stale or time.perf_counter() > ends:
                break
            await asyncio.sleep(0.5)
        self.found.dropped = len(self.phones) - len(here)
        self.found.unheard = sum(
            not phone.lost and phone.number < board["to"] for missing in self.hearing.values() for phone in missing
        )
        self.found.fell = sum(phone.fell for phone in self.phones)
        self.found.caught_up = sum(phone.missed for phone in self.phones)
        self.found.vanished = len(self.asked - set(self.host.revs))
        self.found.miscounted = abs(sum(board["tallies"].values()) - len(self.voted))
        for phone in self.phones:
            if phone.lost:
                self._fault(phone.lost)

    async def _watch_ourselves(self) -> None:
        """How late our own loop is: what we see late may have come in time."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.05)
            self.found.lag.append(time.perf_counter() - began - 0.05)

    async def _go_home(self) -> None:
        """The session is over, so that no family comes upon it."""
        try:
            if self.host.socket and not self.host.lost:  # Also where it was never opened: refused, and still a draft.
                await self.host.call("session.cancel")
        except SILENT as error:
            self._fault(error)
        for phone in [self.host, *self.phones]:
            await phone.leave()
        await self.site.transport.aclose()

    def _fault(self, error: object) -> None:
        text = str(error) or type(error).__name__
        if text not in self.found.faults and len(self.found.faults) < 10:
            self.found.faults.append(text)
