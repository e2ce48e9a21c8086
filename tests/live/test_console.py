"""What every command needs, and how it says that it has it not."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.running import SECRET
from tests.typed import refused


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PUBLIC_URL", "*", "without *"),
        ("PUBLIC_URL", "https://*.example.org", "without *"),
        ("PUBLIC_URL", "ask.example.org", "full addresses"),
        ("TRUSTED_PROXIES", "*", "must name your proxies, such as 127.0.0.1, not everybody"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "not '10.0.0.1/8'"),
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
