"""One journey for every client: the official ones live by docs/wire.md through whatever stands between.

`travel` takes a hall and a client, so that it can be taken to a balancer as well: give the client its address.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import socketio

from tests.running import PATIENCE, Hall, Visitor

ROOT = Path(__file__).parent.parent


class Client(ABC):
    """A device of an official client; what it heard is in `heard`, in order, as (event, payload)."""

    def __init__(self, base: str, visitor: Visitor, *, asks_deflate: bool) -> None:
        self.base, self.asks_deflate = base, asks_deflate
        self.headers = {"Cookie": visitor.cookie, "Origin": visitor.base}
        self.heard: list[tuple[str, Any]] = []
        self.news = asyncio.Event()
        self.calls = 0

    def hear(self, event: str, told: Any) -> None:
        self.heard.append((event, told))
        self.news.set()

    def all(self, event: str) -> list[Any]:
        return [told for name, told in self.heard if name == event]

    def after(self, number: int) -> list[tuple[str, Any]]:
        """What came after so many; the server's beat, and how many are here, may be told at any moment: left out."""
        return [one for one in self.heard[number:] if one[0] != "pulse" or one[1].keys() - {"head", "here"}]

    async def until(self, true: Callable[[], Any]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not true():
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            raise AssertionError(f"did not come true; heard {self.heard[-6:]}") from None

    @abstractmethod
    async def start(self) -> None: ...
    @abstractmethod
    async def connect(self, auth: dict[str, Any]) -> None: ...
    @abstractmethod
    async def disconnect(self) -> None: ...
    @abstractmethod
    async def cut(self) -> None: ...
    @abstractmethod
    async def send(self, number: int, name: str, body: dict[str, Any]) -> None: ...

    async def stop(self) -> None:
        await self.disconnect()

    async def call(self, name: str, **body: Any) -> int:
        """Send a command, and do not wait; its answer is among those heard."""
        self.calls += 1
        await self.send(self.calls, name, {"key": f"conformance-{self.calls:04}", **body})
        return self.calls

    async def answer(self, number: int) -> dict[str, Any]:
        await self.until(lambda: number in dict(self.all("ack")))
        found: dict[str, Any] = dict(self.all("ack"))[number]
        return found


class PythonClient(Client):
    async def start(self) -> None:
        self.auth: dict[str, Any] = {}
        self.client = socketio.AsyncClient(
            reconnection_delay=0.05,
            reconnection_delay_max=0.2,
            handle_sigint=False,
            websocket_extra_options={"compress": 15 if self.asks_deflate else 0},
        )
        for event in ("patch", "pulse", "notice"):
            self.client.on(event, lambda told, event=event: self.hear(event, told))
        self.client.on("connect", lambda: self.hear("connected", self.client.transport()))
        self.client.on("disconnect", lambda *_: self.hear("disconnected", None))
        self.client.on("connect_error", lambda refusal: self.hear("refused", refusal.get("data", refusal)))
        self.tasks: set[asyncio.Task[None]] = set()

    async def connect(self, auth: dict[str, Any]) -> None:
        self.auth = auth
        try:
            await self.client.connect(
                self.base,
                headers=lambda: dict(self.headers),
                auth=lambda: self.auth,
                transports=["websocket"],
                wait_timeout=PATIENCE,
            )
        except socketio.exceptions.ConnectionError:
            await self.client.disconnect()

    async def disconnect(self) -> None:
        await self.client.disconnect()

    async def cut(self) -> None:
        self.client.eio.ws.get_extra_info("socket").shutdown(2)

    async def send(self, number: int, name: str, body: dict[str, Any]) -> None:
        await self.client.emit(name, body, callback=lambda answer: self.hear("ack", [number, answer]))


class NodeClient(Client):
    async def start(self) -> None:
        here = ROOT / ".venv/node/node"
        options = {
            "transports": ["websocket"],
            "extraHeaders": self.headers,
            "perMessageDeflate": {"threshold": 0} if self.asks_deflate else False,
            "reconnectionDelay": 50,
            "reconnectionDelayMax": 200,
        }
        self.process = await asyncio.create_subprocess_exec(
            *(str(here) if here.exists() else shutil.which("node") or "node", str(ROOT / "tests/official.mjs")),
            *(str(ROOT / "static"), self.base, json.dumps(options)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 22,
        )
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout
        while line := await self.process.stdout.readline():
            told = json.loads(line)
            self.hear(told["event"], told["told"])

    async def tell(self, deed: str, given: Any = None) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps([deed, given]).encode() + b"\n")
        await self.process.stdin.drain()

    async def connect(self, auth: dict[str, Any]) -> None:
        await self.tell("connect", auth)

    async def disconnect(self) -> None:
        await self.tell("disconnect")

    async def cut(self) -> None:
        await self.tell("cut")

    async def send(self, number: int, name: str, body: dict[str, Any]) -> None:
        await self.tell("call", {"number": number, "name": name, "body": body})

    async def stop(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        await self.process.wait()
        await self.reading


CLIENTS: dict[str, type[Client]] = {"python": PythonClient, "node": NodeClient}


async def travel(hall: Hall, client: Client, at: Any = None) -> None:
    """Connect, be refused, ask, be answered in order, hear patches without a gap, go, and come back.

    `at` is where the others are, if not at the hall's own server.
    """
    ben, luz = await hall.staff("ben", at=at), await hall.family(at=at)
    board = {"code": hall.code, "format": "json"}
    await client.start()
    try:
        await client.connect({**board, "code": "NOPE22", "lang": "es"})
        await client.until(lambda: client.all("refused"))
        assert client.all("refused")[0]["code"] == "not_found"
        assert "código" in client.all("refused")[0]["say"], "in the caller's language"
        assert not client.all("patch") + client.all("pulse")
        await client.disconnect()

        await client.connect(board)
        await client.until(lambda: client.all("pulse"))
        assert client.all("connected") == ["websocket"]
        events = [event for event, _ in client.heard if event in ("patch", "pulse")]
        first, pulse = client.all("patch")[0], client.all("pulse")[0]
        assert (events[:2], first["from"]) == (["patch", "pulse"], 0)
        assert (pulse["head"], pulse["tallies"]) == (first["to"], {})

        asked = await client.answer(await client.call("question.ask", words="¿Habrá almuerzo? 🚌", lang="es"))
        assert asked["ok"] is True
        await client.until(lambda: client.all("notice") == [{"mine": True}])
        numbers = [
            await client.call("question.edit", question=asked["question"], words=f"¿Y número {n}?", lang="es")
            for n in range(6)
        ]
        await client.answer(numbers[-1])
        assert [number for number, _ in client.all("ack")][1:] == numbers, "answers in the order of the commands"
        refused = await client.answer(await client.call("question.approve", question=asked["question"], rev=1))
        assert (refused["ok"], refused["code"]) == (False, "not_allowed")

        for command in ("question.approve", "lineup.add", "stage.bring", "stage.skip", "lineup.remove"):
            await ben.decide(command, asked["question"])
        await luz.do("question.vote", question=asked["question"])
        wanted = (await hall.head()).public
        await client.until(lambda: client.all("patch")[-1]["to"] == wanted)
        await client.until(lambda: {asked["question"]: 1} in [pulse.get("tallies") for pulse in client.all("pulse")])
        async with asyncio.timeout(PATIENCE):
            while (now := await luz.board(format="json"))["to"] < wanted:
                continue  # Another server has not heard of it yet.
        steps = [(patch["from"], patch["to"]) for patch in client.all("patch")]
        assert all(before[1] == after[0] for before, after in itertools.pairwise(steps)), steps
        assert client.all("patch")[-1]["cards"] == now["cards"]
        assert now["cards"][0]["words"] == "¿Y número 5?"

        await client.disconnect()
        await client.until(lambda: client.all("disconnected"))
        await ben.decide("lineup.add", asked["question"])
        away = len(client.heard)
        since = {"since": now["to"], "epoch": now["epoch"]}
        await client.connect({**board, **since})
        await client.until(lambda: {"patch", "pulse"} <= {event for event, _ in client.after(away)})
        told = client.after(away)
        # A server that has not heard of it yet tells it after the welcome.
        assert [event for event, _ in told] == ["connected", "patch", "pulse"] or at
        assert [(p["from"], p["to"]) for event, p in told if event == "patch"] == [(now["to"], now["to"] + 1)]

        away = len(client.heard)

        def back() -> list[str]:
            """What is heard from the cut on; late news of what was decided before may still come ahead of it."""
            events = [event for event, _ in client.after(away)]
            return events[events.index("disconnected") :] if "disconnected" in events else []

        await client.cut()
        await client.until(lambda: {"patch", "pulse"} <= set(back()))
        assert back()[:4] == ["disconnected", "connected", "patch", "pulse"]
    finally:
        await client.stop()
