"""The demo: a session that is live now, the same at every start, whose staff links open as often as wanted."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from live import demo
from live.settings import Settings
from sessions import log
from sessions import session as sessions
from sessions.board import Board, apply
from sessions.database import Database
from sessions.events import SessionState, State
from tests.running import AppInside, Visitor, inside


def settings(folder: Path) -> Settings:
    return Settings(database_url=f"sqlite+aiosqlite:///{folder}/facetoface.db")


async def board(folder: Path, code: str) -> Board:
    database = Database(settings(folder).database_url)
    async with database.reading() as db:
        session = await sessions.find(db, code)
        entries = await log.since(db, session.id)
        _, faults = await log.verify(db, session.id)
    await database.dispose()
    assert list(faults) == []
    return apply(Board(), entries)


async def test_it_is_live_with_questions_in_every_place(tmp_path: Path) -> None:
    code = await demo.prepare(settings(tmp_path))
    live = await board(tmp_path, code)
    states = [question.state for question in live.questions.values()]
    assert live.state is SessionState.LIVE
    assert (states.count(State.HELD), states.count(State.SHOWN), states.count(State.QUEUED)) == (2, 3, 2)
    assert {question.lang for question in live.questions.values()} == {"en", "es"}
    assert [q.words for q in live.questions.values()] == [words for _, _, words in demo.ASKED]
    assert {q.topic for q in live.questions.values()} <= set(demo.TOPICS)


async def test_starting_again_goes_on_with_the_same(tmp_path: Path) -> None:
    code = await demo.prepare(settings(tmp_path))
    before = await board(tmp_path, code)
    links = demo.links(settings(tmp_path), code)
    assert await demo.prepare(settings(tmp_path)) == code
    assert await board(tmp_path, code) == before
    assert demo.links(settings(tmp_path), code) == links
    assert sorted(links) == ["archive", "code", "desk", "families", "office", "presenter", "stage"]
    assert demo.is_demo(tmp_path) is True
    assert demo.is_demo(tmp_path / "other") is False
    # Another folder has another session and other links.
    other = tmp_path / "other"
    elsewhere = demo.links(settings(other), await demo.prepare(settings(other)))
    assert {name for name in links if links[name] == elsewhere[name]} == {"archive"}


async def test_its_links_lead_in_as_often_as_they_are_opened(tmp_path: Path) -> None:
    told = settings(tmp_path)
    code = await demo.prepare(told)
    links = {name: urlsplit(address).path for name, address in demo.links(told, code).items()}
    async with inside(told.database_url, secret_key="") as app:
        names = []
        for _ in range(2):
            for name, place in (("desk", f"/s/{code}/desk"), ("presenter", f"/s/{code}/speak"), ("office", "/office")):
                visitor = Visitor(app.base, code, transport=app.transport)
                opened = await visitor.get(links[name])
                assert (opened.status_code, opened.headers["location"]) == (303, place)
                assert opened.headers["cache-control"] == "no-store"
                assert (await visitor.get(place)).status_code == 200
                names.append((await visitor.get(links[name])).status_code)
                await visitor.http.aclose()
        assert names == [303] * 6
        nobody = Visitor(app.base, code, transport=app.transport)
        for name in ("families", "stage", "archive"):
            assert (await nobody.get(links[name])).status_code == 200
        page = (await nobody.get("/archive")).text
        assert "Back to school" in page
        await two_moderators(app, code, links["desk"])
        await nobody.http.aclose()


async def two_moderators(app: AppInside, code: str, link: str) -> None:
    """Several people come in by one link, and are told apart."""
    visitors = [Visitor(app.base, code, transport=app.transport) for _ in range(2)]
    for visitor in visitors:
        await visitor.get(link)
    (question, *_) = [c["id"] for c in (await visitors[0].board(audience="desk"))["cards"] if c["place"] == "waiting"]
    await visitors[0].decide("question.approve", question)
    stale = await visitors[1].send("question.approve", question=question, rev=1)
    said = stale.json()["say"]
    assert (said.startswith("Moderator "), " approved this " in said) == (True, True)
    own = await visitors[1].decide("question.hide", question)
    assert own["ok"] is True
    third = (await visitors[0].send("question.hide", question=question, rev=1)).json()["say"]
    assert third.partition(" hid ")[0] != said.partition(" approved ")[0]
    for visitor in visitors:
        await visitor.http.aclose()


async def test_it_never_ends_by_itself(tmp_path: Path) -> None:
    code = await demo.prepare(settings(tmp_path))
    database = Database(settings(tmp_path).database_url)
    async with database.reading() as db:
        assert (await sessions.find(db, code)).endless is True
    await database.dispose()
