"""The `facetoface` command, as an operator types it."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from live.cli import main
from tests.running import PATIENCE, SECRET, facetoface
from tests.servers import free_port

SPEAKABLE = re.compile(r"^[ABCDEFGHJKMNPQRTUVWXYZ2346789]{6}$")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of an operator's, with the settings for it."""
    monkeypatch.setenv("FACETOFACE_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/facetoface.db")
    monkeypatch.setenv("FACETOFACE_PUBLIC_URL", "https://ask.example.org")
    for name in ("REDIS_URL", "SECRET_KEY", "HOST", "PORT"):
        monkeypatch.delenv(f"FACETOFACE_{name}", raising=False)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def done(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def refused(*words: str) -> str:
    """What a command that cannot be done says: one line, and no traceback."""
    result = run(*words)
    assert result.exit_code != 0
    assert isinstance(result.exception, SystemExit), result.exception
    return result.output.strip()


def test_a_session_is_planned(folder: Path) -> None:
    code = done("session", "new", "Bus routes", "--starts", "2031-07-01T18:00", "--zone", "America/New_York")
    assert SPEAKABLE.match(code)
    draft = done("session", "new", "Without a time")
    with sqlite3.connect(folder / "facetoface.db") as db:
        rows = db.execute("SELECT code, title, state, starts_at FROM sessions ORDER BY id").fetchall()
    assert rows == [
        (code, "Bus routes", "scheduled", "2031-07-01 22:00:00.000000"),
        (draft, "Without a time", "draft", None),
    ]
    assert "no time zone" in refused("session", "new", "Elsewhere", "--zone", "Mars/Olympus")
    assert "There are no words here yet." in refused("session", "new", "  ")
    assert "Invalid value" in refused("session", "new", "Elsewhen", "--starts", "tomorrow")


def test_an_invitation_is_made(folder: Path) -> None:
    code = done("session", "new", "Bus routes")
    for role in ("moderator", "speaker", "host", "captioner"):
        link = done("invite", code.lower(), "--role", role)
        assert re.fullmatch(r"https://ask\.example\.org/invite/[A-Za-z0-9_-]{43}", link)
    assert done("invite", "--role", "administrator", "--name", "Ada").startswith("https://ask.example.org/invite/")
    with sqlite3.connect(folder / "facetoface.db") as db:
        rows = db.execute("SELECT role, session_id, name, standing FROM invitations ORDER BY id").fetchall()
    assert rows == [
        ("moderator", 1, "", 0),
        ("speaker", 1, "", 0),
        ("host", 1, "", 0),
        ("captioner", 1, "", 0),
        ("administrator", None, "Ada", 0),
    ]
    for role in ("moderator", "speaker", "host", "captioner"):
        assert "Which session?" in refused("invite", "--role", role)
    assert "There is no session with this code." in refused("invite", "NOPE22", "--role", "moderator")
    assert "participant" in refused("invite", code, "--role", "participant")
    assert "--role" in refused("invite", code)


def test_a_log_is_verified_and_a_change_to_it_is_found(folder: Path) -> None:
    code, other = done("session", "new", "Bus routes", "--starts", "2031-07-01T18:00"), done("session", "new", "Other")
    lines = [line for line in done("verify").splitlines() if "  " in line.strip()]
    assert [line.split()[0] for line in lines] == [code, other]
    assert all(line.endswith("  sound") for line in lines)
    assert lines[0].split()[1:3] == ["2", "events"]
    with sqlite3.connect(folder / "facetoface.db") as db:
        db.execute("UPDATE log SET body = replace(body, 'Bus routes', 'Bus r0utes') WHERE session_id = 1")
    result = run("verify")
    assert result.exit_code == 1
    assert f"{code}  2 events" in result.output
    assert "NOT SOUND" in result.output.splitlines()[0]
    assert "event 1 (session.planned) does not fit its hash" in result.output
    assert done("verify", other).splitlines()[0].endswith("  sound"), "the others are"
    assert run("verify", code).exit_code == 1
    assert "There is no session with this code." in refused("verify", "NOPE22")


def test_a_log_whose_end_was_cut_is_not_sound(folder: Path) -> None:
    done("session", "new", "Bus routes", "--starts", "2031-07-01T18:00")
    with sqlite3.connect(folder / "facetoface.db") as db:
        db.execute("DELETE FROM streams WHERE log_seq = 2")
        db.execute("DELETE FROM log WHERE seq = 2")
    result = run("verify")
    assert (result.exit_code, "NOT SOUND" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PUBLIC_URL", "*", "without *"),
        ("PUBLIC_URL", "https://*.example.org", "without *"),
        ("PUBLIC_URL", "ask.example.org", "full addresses"),
        ("SECRET_KEY", "short", "at least 32 characters"),
        ("DATABASE_URL", "postgresql+asyncpg://x@localhost/x", "SECRET_KEY must be set"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL is one of"),
        ("PORT", "seventy", "port"),
        ("TICK", "-1", "tick"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"FACETOFACE_{name}", value)
    for command in (["run"], ["verify"]):
        told = refused(*command)
        assert told.startswith("Error: The settings cannot be used.")
        assert said in told
        assert SECRET not in told


def test_a_port_that_is_taken(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused("run", "--port", str(port))
        assert said.startswith(f"Error: Cannot listen on 127.0.0.1:{port}: ")
        assert refused("demo", "--port", str(port), "--data", str(folder / "demo")).startswith("Error: Cannot listen")


def test_a_demo_is_not_put_among_real_sessions(folder: Path) -> None:
    done("session", "new", "Real")
    said = refused("demo", "--port", str(free_port()), "--data", str(folder))
    assert said == f"Error: {folder} holds real sessions. Choose another folder for the demo."


def test_the_version_and_the_help(folder: Path) -> None:
    assert re.match(r"facetoface, version \d+\.\d+\.\d+", done("--version")) or "version" in done("--version")
    told = done("--help")
    for command in ("run", "demo", "session", "invite", "verify", "restored"):
        assert command in told


class Demo:
    """`facetoface demo` as a process, until it answers."""

    def __init__(self, folder: Path, port: int) -> None:
        self.links_file, self.port = folder.with_suffix(".json"), port
        words = ("demo", "--port", str(port), "--data", str(folder), "--links", str(self.links_file))
        self.process = subprocess.Popen(facetoface(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def __enter__(self) -> Demo:
        import time

        deadline = time.monotonic() + 90
        while self.process.poll() is None:
            try:
                if httpx.get(f"http://localhost:{self.port}/readyz", timeout=10, verify=False).status_code == 200:
                    return self
            except httpx.HTTPError:
                pass
            assert time.monotonic() < deadline
            time.sleep(0.05)
        raise AssertionError(self.process.communicate()[0])

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.said = self.process.communicate(timeout=PATIENCE)[0]


@pytest.fixture
def demo_folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "demo"


def test_the_demo_prints_its_links_and_goes_on_with_the_same_session(demo_folder: Path) -> None:
    port = free_port()
    with Demo(demo_folder, port) as first:
        links = json.loads(first.links_file.read_text())
        for name in ("families", "stage", "archive"):
            assert httpx.get(links[name], timeout=PATIENCE, verify=False).status_code == 200
        for name in ("desk", "presenter", "office"):
            assert httpx.get(links[name], timeout=PATIENCE, verify=False).status_code == 303
    assert sorted(links) == ["archive", "code", "desk", "families", "office", "presenter", "stage"]
    assert links["families"] == f"http://localhost:{port}/s/{links['code']}"
    for name in ("families", "desk", "presenter", "stage", "archive", "office"):
        assert links[name] in first.said
    assert "▄" in first.said or "█" in first.said, "a QR code to point a phone at"
    assert "Traceback" not in first.said
    with Demo(demo_folder, port) as second:
        assert json.loads(second.links_file.read_text()) == links
        assert httpx.get(links["families"], timeout=PATIENCE, verify=False).status_code == 200

    # No real server is run on links that anyone may use again.
    ran = subprocess.run(
        facetoface("run", database_url=f"sqlite+aiosqlite:///{demo_folder}/facetoface.db", port=port),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr == (
        f"Error: {demo_folder} belongs to a demo, whose staff links anyone may use again. "
        "Set FACETOFACE_DATABASE_URL to another folder.\n"
    )
