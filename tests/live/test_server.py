"""One server on one address: how it listens, what it writes, and how it stops."""

from __future__ import annotations

import asyncio
import resource
import socket
from pathlib import Path

import psutil

from live.server import MOST_FILES, UNREAD_SECONDS, listen
from tests.running import RunningServer, open_hall


def test_a_reader_that_stops_reading_is_not_kept_for_ever() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()) as client:
        listener.setblocking(True)
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == UNREAD_SECONDS * 1000
        assert client.getpeername() == listener.getsockname()


def test_it_listens_on_ipv6_too() -> None:
    with listen("::1", 0) as listener:
        assert listener.family == socket.AF_INET6


def test_a_server_takes_as_many_connections_as_it_may(tmp_path: Path) -> None:
    """Started with the thousand files of most shells, it would turn away the second thousand phones."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1024), hard))
    try:
        with RunningServer(f"sqlite+aiosqlite:///{tmp_path}/facetoface.db") as server:
            assert server._running is not None
            assert psutil.Process(server._running.pid).rlimit(psutil.RLIMIT_NOFILE)[0] == min(hard, MOST_FILES)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_it_stops_in_good_order_with_devices_connected(tmp_path: Path) -> None:
    """What is acked before is there after; who is connected is let go and comes back; nothing is written in panic."""
    with RunningServer(f"sqlite+aiosqlite:///{tmp_path}/facetoface.db") as server:
        async with open_hall(server) as hall:
            rosa = await hall.family()
            devices = [await hall.join(rosa), await hall.join(await hall.staff("ben"), "desk", "desk", "html")]
            question = await rosa.ask()
            assert await asyncio.to_thread(server.stop), "it went by itself, and before its time was over"
            written = server.written()
            assert "Traceback" not in written
            for device in devices:
                await device.until_gone()
            server.start()
            await asyncio.gather(*(device.until_hears(welcomes=2) for device in devices))
            await hall.agree()
            assert question in devices[1].cards


async def test_a_forwarded_address_is_believed_only_from_a_proxy_that_is_trusted(tmp_path: Path) -> None:
    """Without the setting the header is ignored: nobody can make us believe that plain http is https."""
    with RunningServer(f"sqlite+aiosqlite:///{tmp_path}/facetoface.db") as server:
        async with open_hall(server) as hall:
            forwarded = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "Host": "elsewhere.example"}
            page = await hall.visitor().http.get(f"/s/{hall.code}", headers=forwarded)
            assert page.status_code == 200
            assert "Secure" not in page.headers["set-cookie"]
            assert "elsewhere.example" not in page.text
        assert "203.0.113.7" not in server.written()
