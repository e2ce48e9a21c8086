"""deploy/haproxy.cfg as it is shipped: HAProxy finds servers by one name, as Docker tells it, and asks how they are."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import httpx
import pytest

from live.sockets import PING_INTERVAL, PING_TIMEOUT
from tests.running import PATIENCE, until_is
from tests.servers import HAPROXY_CFG, Haproxy, free_port
from tests.test_compose import DOOR


class Names(asyncio.DatagramProtocol):
    """A DNS that knows the addresses of `app`, as Docker's does."""

    def __init__(self) -> None:
        self.addresses: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, asked: bytes, sender: tuple[str, int]) -> None:
        end = asked.index(b"\0", 12) + 5
        is_a = asked[end - 4 : end - 2] == b"\0\1" and asked[12:17] == b"\3app\0"
        found = [b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(one) for one in self.addresses if is_a]
        head = asked[:2] + b"\x81\x80" + struct.pack(">HHHH", 1, len(found), 0, 0)
        self.transport.sendto(head + asked[12:end] + b"".join(found), sender)


class Answering:
    """Something at an address that says who it is, and how it is."""

    def __init__(self, address: str) -> None:
        self.address, self.ready, self.alive = address, True, True
        self.heard: list[str] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = asked.split()[1]
        fine = {"/readyz": self.ready, "/livez": self.alive}.get(path, True)
        if path not in ("/readyz", "/livez"):
            self.heard.append(asked)
        said = self.address.encode()
        head = f"HTTP/1.1 {200 if fine else 503} X\r\nContent-Length: {len(said)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + said)
        writer.close()


class AsShipped(Haproxy):
    """By name, with no line changed but the port, which may be somebody else's on this machine."""

    def __init__(self, port: int, resolver: int) -> None:
        super().__init__()
        self.behind, self.resolver = port, resolver

    def configuration(self) -> str:
        return HAPROXY_CFG.read_text("utf-8").replace("app:8000", f"app:{self.behind}")

    def command(self) -> Sequence[str]:
        *leash, program, db, f, written = super().command()
        return [*leash, f"RESOLVER=127.0.0.1:{self.resolver}", program, db, f, written]

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=10):
                return True
        except OSError:
            return False

    def up(self, backend: str) -> set[str]:
        """The addresses it sends phones to, by what it wrote: who answers six requests may do so by chance, while
        another is only just coming, or has not left yet."""
        addresses = dict(re.findall(rf"{backend}/(\S+) changed its IP from \S+ to (\S+)", self.written()))
        return {addresses[name] for name, word in self.said(backend).items() if word == "UP"}


@asynccontextmanager
async def topology() -> AsyncIterator[tuple[AsShipped, Names, list[Answering]]]:
    port, loop = free_port(), asyncio.get_running_loop()
    servers = [Answering(f"127.0.0.{n}") for n in (2, 3)]
    listening = [await asyncio.start_server(one.answer, one.address, port) for one in servers]
    transport, names = await loop.create_datagram_endpoint(Names, ("127.0.0.1", 0))
    door = AsShipped(port, transport.get_extra_info("sockname")[1])
    try:
        door.start()
        yield door, names, servers
    finally:
        door.close()
        transport.close()
        for one in listening:
            one.close()


async def test_servers_come_and_go_by_name() -> None:
    async with topology() as (door, names, (one, two)), httpx.AsyncClient(base_url=door.base, timeout=PATIENCE) as http:

        async def whoever(count: int = 6) -> set[str]:
            answers = [await http.get("/s/QK7RTM", headers={"X-Forwarded-For": "203.0.113.7"}) for _ in range(count)]
            return {answer.text for answer in answers if answer.status_code == 200}

        async def known() -> tuple[set[str], set[str], set[str]]:
            return door.up("ready"), door.up("alive"), await whoever()

        async def until_answered_by(*wanted: Answering) -> None:
            named = [server for server in (one, two) if server.address in names.addresses]
            ready = {server.address for server in named if server.ready}
            alive = {server.address for server in named if server.alive}
            await until_is(known, (ready, alive, {server.address for server in wanted}))

        async def is_healthy() -> bool:
            """As docker-compose.yml has it asked."""
            asked = [word.replace("8000", str(door.port)) for word in DOOR["healthcheck"]["test"][1:]]
            return await (await asyncio.create_subprocess_exec(*asked)).wait() == 0

        assert not await is_healthy()
        away = await http.get("/s/QK7RTM")
        assert (away.status_code, away.headers["retry-after"]) == (503, "5")
        assert "We will be back in a moment." in away.text
        assert "Volvemos en un momento." in away.text

        names.addresses = [one.address, two.address]
        await until_answered_by(one, two)
        # Whoever the phone says it is, comes first; the one that HAProxy saw, comes last, and is what counts.
        assert re.findall(r"x-forwarded-for: (\S+)", one.heard[-1], re.IGNORECASE) == ["203.0.113.7", "127.0.0.1"]
        assert (await http.get("/metrics")).status_code == 404
        assert await is_healthy()

        one.ready = False
        await until_answered_by(two)
        two.ready = False
        # Nobody is ready, as without a database: the servers themselves say so, in words.
        await until_answered_by(one, two)
        one.alive = False
        await until_answered_by(two)
        two.ready = one.ready = one.alive = True
        await until_answered_by(one, two)
        names.addresses = [one.address]
        await until_answered_by(one)
        # A resolver that says nothing for a while takes nobody away.
        names.transport.close()
        await asyncio.sleep(0)
        assert await known() == ({one.address}, {one.address}, {one.address})


def test_nothing_ties_a_phone_to_a_server_and_no_open_socket_is_cut() -> None:
    told = HAPROXY_CFG.read_text("utf-8")
    words = [line.split()[0] for line in told.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert not {"cookie", "stick", "stick-table", "appsession"} & set(words)
    assert not re.search(r"balance (source|uri|hdr)", told)
    tunnel = re.findall(r"^ *timeout tunnel (\d+)h$", told, re.MULTILINE)
    assert int(tunnel[0]) * 3600 > PING_INTERVAL + PING_TIMEOUT


@pytest.mark.parametrize("environment", [{}, {"LISTEN": "127.0.0.1:8080", "RESOLVER": "10.0.0.2:53"}])
def test_haproxy_takes_the_file_as_it_is(environment: dict[str, str]) -> None:
    told = [f"{name}={value}" for name, value in environment.items()]
    program = ["env", "PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/bin", *told, "haproxy", "-c", "-f", str(HAPROXY_CFG)]
    checked = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
