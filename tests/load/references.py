"""What the figures are compared with, in the same run: the same bytes, sent by others to as many devices."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.load.phones import HERE, Crowd, compiled, pinned
from tests.load.scene import CROWD_CORE, PUBLIC, SERVER_CORE
from tests.servers import free_port

LOOP, STOCK, NODE = "a C loop that only sends", "python-socketio as installed", "Node's socket.io as installed"
PATIENCE = 30.0


def node() -> str:
    found = HERE.parents[1] / ".venv/node/node"
    return str(found) if found.exists() else shutil.which("node") or "node"


def framed(frame: str) -> bytes:
    """The event as it travels: one WebSocket frame with one Engine.IO packet."""
    text = b"42" + frame.encode()
    head = bytes([0x81, len(text)]) if len(text) < 126 else bytes([0x81, 126]) + len(text).to_bytes(2, "big")
    return head + text


class Reference:
    """One of them, with its crowd."""

    def __init__(self, name: str, frame: str, folder: Path) -> None:
        self.name, self.port = name, free_port()
        self.path = folder / "frame"
        # Those that speak the protocol encode the patch themselves, as they would.
        self.path.write_bytes(framed(frame) if name == LOOP else frame.encode())
        self.crowd = Crowd(f"http://127.0.0.1:{self.port}", core=CROWD_CORE)
        self.process: subprocess.Popen[bytes] | None = None

    def sleep(self, *, wake: bool = False) -> None:
        """Stand still while it is not its turn: the pings of thirty thousand idle connections cost as well."""
        if self.process:
            self.process.send_signal(signal.SIGCONT if wake else signal.SIGSTOP)

    def command(self) -> Sequence[str]:
        given = [str(self.port), str(self.path)]
        if self.name == LOOP:
            return [str(compiled("sendloop.c")), *given]
        if self.name == STOCK:
            return [sys.executable, str(HERE / "stock.py"), *given]
        return [node(), str(HERE / "stock.mjs"), *given]

    async def answers(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.1)

    async def join(self, phones: int) -> float:
        """How many joined each second."""
        await self.crowd.do("group", name=PUBLIC, loose=1, plain=int(self.name == LOOP))
        told = await self.crowd.do("join", group=PUBLIC, n=phones, seconds=90)
        if told["joined"] != phones:
            raise RuntimeError(f"{self.name}: {told}")
        return float(told["per_second"])

    async def round(self) -> float:
        """Seconds until the last has it; first the pings that it owes."""
        self.sleep(wake=True)
        await asyncio.sleep(0.3 if self.name == LOOP else 1.5)
        told = await self.crowd.do("call", group=PUBLIC, event="go", watch=PUBLIC, seconds=60)
        if told["heard"] != told["wanted"]:
            raise RuntimeError(f"{self.name}: {told}")
        await asyncio.sleep(0.2)
        self.sleep()
        return float(told["last_s"])


@asynccontextmanager
async def running(name: str, frame: str) -> AsyncIterator[Reference]:
    with tempfile.TemporaryDirectory(prefix="facetoface-reference-") as folder:
        reference = Reference(name, frame, Path(folder))
        process = reference.process = subprocess.Popen([*pinned(SERVER_CORE), *reference.command()])
        try:
            await reference.answers()
            async with reference.crowd:
                yield reference
        finally:
            process.kill()
            process.wait()
