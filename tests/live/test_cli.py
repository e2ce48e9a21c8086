"""The `facetoface` command, as an operator types it."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.running import PATIENCE, facetoface
from tests.servers import free_port
from tests.typed import done, refused

SPEAKABLE = re.compile(r"^[ABCDEFGHJKMNPQRTUVWXYZ2346789]{6}$")


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
