"""An export against the log: what it says, the head that it prints, and who signed that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from click.testing import CliRunner
from sqlalchemy import delete

from live.cli import main
from live.pages import proof
from live.pages.exports import FORMS
from live.settings import Settings
from sessions.signing import SignatureRow, Signer
from tests.house import House
from tests.moderation.test_redaction import planted
from tests.running import SECRET, AppInside, Hall, inside
from tests.sessions.test_captions import take_in
from tests.sessions.test_proof import bodies, forge

SEED = "5e" * 32
KEY = Signer(bytes.fromhex(SEED)).key
NAMES = (*FORMS, "en.vtt")


@pytest.fixture
async def hall(migrated_url: str) -> AsyncIterator[Hall]:
    """A published session, with captions and a question of which something was taken out already."""
    async with AsyncExitStack() as stack:
        server: AppInside = await stack.enter_async_context(inside(migrated_url, signing_key=SEED))
        database = server.open_database()
        stack.push_async_callback(database.dispose)
        database.signer = server.settings.signer()
        house = await House.build(database)
        hall = Hall(server, database, house)
        stack.push_async_callback(hall.close)
        await planted(house)
        await house.do(house.ana, "session.end")
        await take_in(house)
        await house.do(house.ana, "session.publish")
        yield hall


async def exports(hall: Hall) -> dict[str, bytes]:
    nobody = hall.visitor(lang="es")
    return {name: (await nobody.get(f"/archive/{hall.code}.{name}")).content for name in NAMES}


async def checked(hall: Hall, body: bytes, *trusted: str) -> proof.Told:
    settings = hall.server.settings
    assert isinstance(settings, Settings)
    async with hall.database.reading() as db:
        return await proof.check(db, body, settings, trusted or [KEY])


async def test_every_form_is_what_the_log_says_also_after_words_were_taken_out(hall: Hall) -> None:
    files = await exports(hall)
    seq = (await hall.house.session()).seq
    holds = [
        f"the head that it prints, of entry {seq}, was signed with the trusted key",
        f"the head that it prints is that of entry {seq} of the log",
        f"every word of it is what the log said at entry {seq}",
    ]
    assert {name: await checked(hall, body) for name, body in files.items()} == dict.fromkeys(files, (holds, []))
    question = next(iter((await hall.house.board()).questions))
    await hall.house.do(hall.house.ben, "words.redact", question=question, reason="child", phrase="sit")
    await hall.house.do(hall.house.ben, "words.redact", question=question, reason="law")
    await hall.house.do(hall.house.ben, "caption.redact", lang="en", cue=1, reason="person")
    await hall.house.do(hall.house.ben, "caption.redact", lang="en", cue=1, reason="person", speaker=True)
    assert {name: await checked(hall, body) for name, body in files.items()} == dict.fromkeys(files, (holds, []))
    later = await exports(hall)
    assert {name: (await checked(hall, body)).faults for name, body in later.items()} == {name: [] for name in files}
    await hall.house.verified()


async def test_a_file_that_was_changed_is_found(hall: Hall) -> None:
    files = await exports(hall)
    seq = (await hall.house.session()).seq
    for name, body in files.items():
        changed = body.replace(b"evening", b"morning") if name == "en.vtt" else body.replace(b"answerzebra", b"never")
        assert changed != body
        assert (await checked(hall, changed)).faults[0] == f"it does not say what the log said at entry {seq}"
    json = files["json"].replace(b"answerzebra", b"never")
    assert (await checked(hall, json)).faults[1:] == ["it.questions[1].answers[1].words differs"]
    session = await hall.house.session()
    other = files["json"].replace(session.hash.encode(), b"0" * 64)
    assert "the head that it prints is not in the log: one of them was changed" in (await checked(hall, other)).faults
    assert (await checked(hall, files["json"], "00" * 32)).faults == [
        f"the head that it prints, of entry {seq}, was signed with a key that is not trusted ({KEY})"
    ]
    assert (await checked(hall, b"Nothing")).faults == [
        "this is no export of an archive: no address or no head is in it"
    ]


async def test_an_end_that_was_cut_shows_against_an_export(hall: Hall) -> None:
    files, seq = await exports(hall), (await hall.house.session()).seq
    async with hall.database.writing() as tx:
        rows = await bodies(tx.db, hall.house.session_id)
        await tx.db.execute(delete(SignatureRow).where(SignatureRow.seq > seq - 1))
        await forge(tx.db, hall.house.session_id, rows[: seq - 1])
    for body in files.values():
        found = await checked(hall, body)
        assert found.holds == [f"the head that it prints, of entry {seq}, was signed with the trusted key"]
        assert found.faults == [f"the log does not have that head: it was cut, or changed, since it ended at {seq}"]


async def test_the_command_says_it(hall: Hall, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    import asyncio

    file = tmp_path / "archive.json"
    file.write_bytes((await exports(hall))["json"])
    for name, value in {
        "DATABASE_URL": hall.server.database_url,
        "SECRET_KEY": SECRET,
        "SIGNING_KEY": SEED,
    }.items():
        monkeypatch.setenv(f"FACETOFACE_{name}", value)

    async def run(*words: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, main, ["verify", *words])
        return result.exit_code, result.output

    assert await run("--key") == (0, f"{KEY}\n")
    code, said = await run("--archive", str(file))
    assert (code, "every word of it" in said) == (0, True)
    code, said = await run()
    assert (code, "signed up to entry" in said, "taken out and sealed: " in said) == (0, True, True)
    assert "--archive" in said
    file.write_bytes(file.read_bytes().replace(b"answerzebra", b"never"))
    code, said = await run("--archive", str(file))
    assert (code, "NOT SOUND: it does not say what the log said" in said) == (1, True)
