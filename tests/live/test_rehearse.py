"""A rehearsal against a real server, as an operator runs it."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

from click.testing import CliRunner

from live.cli import main
from live.pages.passes import read_link
from sessions.permissions import Caller, Role
from tests.running import SECRET, RunningServer, facetoface, open_hall, shared_server

OPERATOR = Caller("operator", frozenset({Role.ADMINISTRATOR}), "Operator")


def rehearse(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(facetoface("rehearse", *words), capture_output=True, text=True, check=False, timeout=200)


async def refused(*words: str) -> tuple[int, str]:
    """What becomes of a rehearsal that is none, within this process: a start takes longer than that. (code, error)"""
    result = await asyncio.to_thread(CliRunner().invoke, main, ["rehearse", *words])
    assert isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stderr


async def plan_at(server: RunningServer) -> str:
    """The link, as the operator of that server gets it."""
    told = {"database_url": server.database_url, "secret_key": SECRET, "public_url": server.base}
    environment = {f"FACETOFACE_{name.upper()}": value for name, value in told.items()}
    result = await asyncio.to_thread(CliRunner().invoke, main, ["session", "rehearsal"], env=environment)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


async def test_a_crowd_comes_and_all_is_well(tmp_path: Path) -> None:
    server = shared_server()
    async with open_hall(server) as hall:
        rosa = await hall.family()
        await rosa.ask("When is the real meeting?")
        before = await hall.kept()
        link = await plan_at(server)
        ran = rehearse(link, "--phones", "30", "--seconds", "5", "--json", str(tmp_path / "found.json"))
        found = json.loads((tmp_path / "found.json").read_text())
        # Another machine's load makes it slow, never wrong: what may be said is all but a loss.
        assert found["verdict"] in ("holds", "tight", "unknown"), ran.stdout + ran.stderr
        assert ran.returncode == 0
        assert found["says"][0] in ran.stdout
        assert {name: found[name] for name in ("phones", "joined", "losses", "dropped", "refused", "faults")} == {
            "phones": 30,
            "joined": 30,
            "losses": 0,
            "dropped": 0,
            "refused": 0,
            "faults": [],
        }
        assert found["changes"] >= 1
        assert found["deliveries"]["median"] > 0
        assert "30 of 30 joined" in ran.stdout
        assert await hall.kept() == before, "the real session heard nothing of it"
        assert "Rehearsal" not in (await rosa.get("/")).text, "it is over, and no family comes upon it"
        code, error = await refused(link, "--phones", "2", "--seconds", "5")
        assert (code, "has been held" in error) == (1, True), error


async def test_an_address_that_has_not_opted_in_is_left_alone() -> None:
    server = shared_server()
    async with open_hall(server) as hall:
        rosa = await hall.family()
        for link in (f"{server.base}/s/{hall.code}", f"{server.base}/s/{hall.code}/rehearsal"):
            code, error = await refused(link)
            assert (code, "facetoface session rehearsal" in error) == (1, True), error
        planned = read_link(await plan_at(server))
        assert planned
        # A pass for the one session does not open the other.
        code, error = await refused(str(planned._replace(code=hall.code)))
        assert (code, "knows of no such rehearsal" in error) == (1, True), error
        assert (await rosa.board(format="json"))["cards"] == []
        code, error = await refused(str(planned._replace(base="http://127.0.0.1:9")))
        assert (code, "cannot be reached" in error) == (1, True), error


async def test_it_is_bounded() -> None:
    for words in (["--phones", "5001"], ["--seconds", "601"]):
        code, error = await refused("http://127.0.0.1:9/s/QK7RTM/rehearsal#pass", *words)
        assert (code, "is not in the range" in error) == (2, True), error
