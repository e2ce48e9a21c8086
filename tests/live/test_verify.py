"""Logs that are sound, and logs that were changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.typed import done, refused, run


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
