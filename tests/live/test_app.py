"""What holds for every request: headers, limits, addresses that lead nowhere, and faults of our own."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from live.feed import Channel
from live.rendering import DIST
from sessions.question import Audience
from tests.running import Hall, inside, open_hall, shared_server, until
from tests.servers import RedisServer

PATHS = ("/", "/archive", "/sign-in", "/livez", "/readyz", "/metrics", "/nowhere", "/static/nothing.js", "/office")


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


async def test_every_answer_carries_the_headers(hall: Hall) -> None:
    visitor = await hall.family()
    answers = [await visitor.get(path) for path in PATHS]
    answers += [await visitor.get(), await visitor.get("board"), await visitor.get("desk")]
    answers += [await visitor.send("question.ask", words="", lang="en"), await visitor.send("nothing")]
    answers.append(await visitor.http.post(f"/s/{hall.code}/do/question.ask", headers={"Origin": "https://x.example"}))
    for answer in answers:
        told = {name: answer.headers[name] for name in answer.headers if name in EXPECTED}
        assert told == EXPECTED, answer.url
        policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert re.fullmatch(r"'self' 'sha256-[A-Za-z0-9+/=]+'", policy["style-src"])
        assert policy["connect-src"] == f"'self' {visitor.base.replace('http', 'ws')}"
        assert policy["frame-ancestors"] == "'none'"
        assert "server" not in answer.headers
        assert "strict-transport-security" not in answer.headers, "this is plain http"


EXPECTED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


async def test_pages_need_no_inline_script_or_style_and_no_other_host(hall: Hall) -> None:
    rosa, ben = await hall.family(), await hall.staff("ben")
    await ben.decide("question.approve", await rosa.ask())
    for visitor, path in ((rosa, ""), (rosa, "mine"), (rosa, "stage"), (ben, "desk"), (ben, "speak"), (rosa, "/")):
        page = (await visitor.get(path)).text
        inline = [tag for tag in re.findall(r"<script[^>]*>", page) if "src=" not in tag]
        blocks = ["texts", "desk"] if path == "desk" else ["texts"]
        assert sorted(inline) == sorted(f'<script type="application/json" id="{block}">' for block in blocks)
        for block in blocks:
            assert json.loads(re.findall(rf'id="{block}">(.*?)</script>', page, re.S)[0])
        assert re.findall(r'<[^>]+ style="', page) == []
        assert re.findall(r"<[^>]+ on[a-z]+=", page) == []
        assert re.findall(r'(?:src|href|action)="(?!/|#|\?|tel:\d+"|http://127\.0\.0\.1)([^"]*)"', page) == []


async def test_addresses_that_lead_nowhere(hall: Hall) -> None:
    for lang, sentence in (("en", "There is nothing at this address."), ("es", "No hay nada en esta dirección")):
        visitor = await hall.family(lang=lang)
        for path in ("/nowhere", f"/s/{hall.code}/nowhere", "/s", "/static/", "/.git/config", "/s/../etc/passwd"):
            page = await visitor.get(path)
            assert page.status_code == 404, path
            assert sentence in page.text or path.startswith("/static"), path
        as_json = await visitor.http.get("/nowhere", headers={"Accept": "application/json"})
        assert (as_json.status_code, as_json.json()["code"]) == (404, "not_found")
        assert sentence in as_json.json()["say"]
    assert (await visitor.http.delete(f"/s/{hall.code}")).status_code in (403, 404, 405)
    assert (await visitor.http.get(f"/s/{hall.code}/do/question.ask")).status_code == 404


async def test_built_files_are_served_for_ever_and_nothing_else_is(hall: Hall) -> None:
    visitor = await hall.family()
    manifest = json.loads((DIST / "manifest.json").read_text())
    for name in manifest.values():
        answer = await visitor.get(f"/static/{name}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-encoding"] in ("br", "gzip")
    for path in ("/static/../live/settings.py", "/static/%2e%2e/live/settings.py", "/static//etc/passwd"):
        assert (await visitor.get(path)).status_code == 404


async def test_a_fault_of_ours_is_a_sentence_and_not_a_traceback(sqlite_copy: str) -> None:
    """With the database's tables gone, the strangest of faults."""
    async with inside(sqlite_copy, public_url="http://ask.example.org") as app, open_hall(app) as hall:
        rosa = await hall.family(lang="es")
        async with hall.database.writing() as tx:
            await tx.db.execute(text("ALTER TABLE sessions RENAME TO gone"))
        while (await rosa.get()).status_code == 200:  # What was read a tenth of a second ago is still told.
            pass
        for path in ("", "/", "/archive", "board"):
            page = await rosa.get(path)
            assert page.status_code == 503
            assert "Traceback" not in page.text
            assert "sqlalchemy" not in page.text.lower()
            assert page.headers["x-content-type-options"] == "nosniff"
        told = (await rosa.send("question.ask", words="¿Y ahora?", lang="es")).json()
        assert (told["code"], "bad" in told["say"]) == ("not_saved", False)
        form = await rosa.press("question.ask", words="¿Y ahora?", lang="es")
        assert (form.status_code, "¿Y ahora?" in form.text) == (503, True)
        async with hall.database.writing() as tx:
            await tx.db.execute(text("ALTER TABLE gone RENAME TO sessions"))
        assert (await rosa.get()).status_code == 200


@pytest.mark.parametrize("chunks", [1, 40])
async def test_a_body_is_limited_however_it_comes(hall: Hall, chunks: int) -> None:
    """Also without a length, in chunks: nobody makes the server hold a heap of bytes."""
    rosa = await hall.family()

    async def body() -> AsyncIterator[bytes]:
        for _ in range(chunks):
            yield b"x" * (400_000 // chunks)

    for path in (f"/s/{hall.code}/do/question.ask", "/office/new", f"/office/{hall.code}/invite"):
        answer = await rosa.http.post(
            path,
            content=body(),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        )
        assert answer.status_code in (303, 400, 403), (path, answer.text)
    assert (await rosa.get()).status_code == 200


@pytest.mark.xdist_group("two servers")
async def test_what_one_server_commits_another_one_reads_when_it_hears_of_it(
    sqlite_copy: str, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without ever looking by itself."""
    monkeypatch.setattr("live.app.LOOK_EVERY", 3600)
    told = {"database_url": sqlite_copy, "redis_url": redis_server.url}
    async with inside(**told) as one, inside(**told) as two:
        houses = [one.app.state.house, two.app.state.house]
        await until(lambda: not any(house.nudges.is_deaf for house in houses))
        async with open_hall(one) as hall:
            feed = await houses[1].broadcast.find(hall.code)
            houses[1].broadcast.enter(feed, Channel(feed.session_id, Audience.DESK, "desk", "json", ""))
            question = await (await hall.family()).ask()
            await until(lambda: question in feed.board.questions)
            ben = await hall.staff("ben")
            await ben.decide("question.approve", question)
            await (await hall.family()).do("question.vote", question=question)
            await until(lambda: feed.tallies == {question: 1})
