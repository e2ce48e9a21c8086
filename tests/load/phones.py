"""The crowd written in C (tests/load/crowd/), compiled on the spot: one written in Python cannot see 90 ms."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

HERE = Path(__file__).parent
FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]
WORD = (1 << 64) - 1
CROWD_SECONDS = 600


def compiled(*names: str) -> Path:
    """The program made of these files of tests/load, from the last time if they are the same."""
    sources = [path for name in names for path in sorted(HERE.glob(name))]
    mark = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    program = Path(tempfile.gettempdir()) / f"facetoface-load-{os.getuid()}-{mark}"
    if not program.exists():
        made = program.with_suffix(f".{os.getpid()}")
        code = [str(path) for path in sources if path.suffix == ".c"]
        try:
            subprocess.run(["cc", *FLAGS, "-o", str(made), *code], check=True)
        except FileNotFoundError:
            raise SystemExit("The bench needs a C compiler: on Debian, apt-get install gcc libc6-dev") from None
        made.replace(program)
    return program


def pinned(core: int | None) -> list[str]:
    """What to put before a command so that it stays on one core, where the machine has two."""
    return ["taskset", "-c", str(core)] if core is not None and (os.cpu_count() or 1) > core else []


class Crowd:
    """Devices of one server, told what to do by lines such as `join group=public n=1000`; see crowd/main.c."""

    def __init__(self, base: str, code: str = "", cookies: Iterable[str] = (), *, core: int | None = 1) -> None:
        self.base, self.code, self.cookies, self.core = base, code, cookies, core
        self.folder = tempfile.TemporaryDirectory(prefix="facetoface-crowd-")
        self.process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        parts, cookies = urlsplit(self.base), Path(self.folder.name) / "cookies"
        cookies.write_text("".join(f"{cookie}\n" for cookie in self.cookies))
        self.process = await asyncio.create_subprocess_exec(
            *pinned(self.core),
            str(compiled("crowd/*.h", "crowd/*.c")),
            *(str(parts.hostname).replace("localhost", "127.0.0.1"), str(parts.port), self.base),
            *(self.code or "-", str(cookies), str(CROWD_SECONDS)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 24,
        )
        await self._answer()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        self.folder.cleanup()

    async def _answer(self) -> dict[str, Any]:
        assert self.process and self.process.stdout
        line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError("the crowd ended")
        told: dict[str, Any] = json.loads(line)
        if "error" in told:
            raise RuntimeError(told["error"])
        return told

    async def do(self, command: str, *, body: Any = None, **words: Any) -> dict[str, Any]:
        """One command and its answer; `body` is sent as JSON."""
        assert self.process and self.process.stdin
        line = " ".join([command, *(f"{name}={value}" for name, value in words.items())])
        if body is not None:
            line += f" body={json.dumps(body, separators=(',', ':'))}"
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()
        return await self._answer()

    async def seed(self, group: str, board: Mapping[str, Any]) -> None:
        """All devices of the group have fetched this board already."""
        path = Path(self.folder.name) / f"seed-{group}"
        lines = [f"{board['epoch']} {board['to']}", *(f"{card['id']} {card['rev']}" for card in present(board))]
        path.write_text("\n".join(lines) + "\n")
        await self.do("seed", group=group, file=path)

    async def differing(self, group: str, board: Mapping[str, Any]) -> list[str]:
        """What the devices of the group show that a newcomer is not shown; nothing if all is well."""
        told = await self.do("check", group=group)
        right = {
            "hash": hashed({card["id"]: card["rev"] for card in present(board)}),
            "tallies": hashed(board["tallies"]),
            "number": board["to"],
        }
        wrong = [f"{kind} is not {right}" for kind in told["boards"] if {**kind, **right} != kind]
        return wrong + ([f"{told['others']} more"] if told["others"] else [])


def present(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [card for card in board["cards"] if not card.get("gone")]


def hashed(numbers: Mapping[str, int]) -> str:
    """Does not depend on the order; the same as in crowd/told.c. What is 0 is not there."""
    return f"{sum(_mixed(key, number) for key, number in numbers.items() if number) & WORD:016x}"


def _mixed(key: str, number: int) -> int:
    found = 0xCBF29CE484222325
    for byte in key.encode() + number.to_bytes(4, "little"):
        found = (found ^ byte) * 0x100000001B3 & WORD
    found = (found ^ found >> 30) * 0xBF58476D1CE4E5B9 & WORD
    found = (found ^ found >> 27) * 0x94D049BB133111EB & WORD
    return found ^ found >> 31
