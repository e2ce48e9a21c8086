"""Words that were taken out are in nothing that any server says: every output is searched for them."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial

import httpx
import pytest
from sqlalchemy import text

from live.pages.exports import FORMS
from moderation.redaction import MARK
from sessions.captions import Line
from sessions.events import State
from tests.house import House
from tests.moderation.test_redaction import KINDS, planted
from tests.running import Hall, Visitor, inside, open_hall, shared_server
from tests.sessions.test_captions import take_in

SPOKEN = [Line(0, 2_000, "Speakerzebra", "Captionzebra said it."), Line(2_000, 4_000, None, "And more.")]
PLANTED = [*KINDS.values(), "Juan", "Speakerzebra", "Captionzebra"]
SEED = "5e" * 32


@pytest.fixture
async def halls(migrated_url: str) -> AsyncIterator[list[Hall]]:
    """Two servers on one database, and a session that both serve."""
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(inside(migrated_url, signing_key=SEED)) for _ in range(2)]
        database = servers[0].open_database()
        stack.push_async_callback(database.dispose)
        house = await House.build(database)
        halls = [Hall(server, database, house) for server in servers]
        for hall in halls:
            stack.push_async_callback(hall.close)
        yield halls


Ask = Callable[[], Awaitable[httpx.Response]]


async def places(hall: Hall, rosa: Visitor, question: str) -> dict[str, list[Ask]]:
    """Where a server says something of a session, and how it is asked for it there."""
    ben, ana, lia, nobody = *[await hall.staff(name) for name in ("ben", "ana", "lia")], hall.visitor()
    code, asks = hall.code, dict[str, list[Ask]]()
    pages = {
        rosa: ("", "mine", "/", "mine?format=json", "mine?format=html"),
        nobody: (
            *("", "stage", "/", "/archive", f"/archive/{code}", f"/archive/{code}?all=1", f"/archive/{code}?by=topic"),
            *("/archive/feed.atom", "/sitemap.xml", "/coming.ics", f"/archive/{code}.en.vtt"),
            *(f"/archive/{code}.{name}" for name in FORMS),
            *(f"/archive/search?q={word}" for word in ("sit", "yes", "said", *PLANTED)),
        ),
        ben: (
            *("desk", f"desk?open={question}", f"desk/{question}", "speak", "log", "close", "follow-ups"),
            *("log?format=csv", "log?format=json", "desk?list=done", f"redact?question={question}"),
            *(f"/office/{code}/captions", f"/s/{code}/redact?lang=en&cue=1"),
        ),
        ana: (f"/office/{code}", f"/office/{code}/review", "/office/follow-ups", f"/archive/{code}?preview=1"),
        lia: ("follow-ups", "/office/follow-ups?list=closed"),
    }
    for visitor, paths in pages.items():
        for path in paths:
            address = path if path[:1] == "/" else f"/s/{code}/{path}".rstrip("/")
            asks.setdefault(path, []).append(partial(visitor.http.get, address))
    for audience, visitor in (("public", nobody), ("speaker", ben), ("desk", ben)):
        for form in ("html", "json"):
            for since in (0, 5):
                about = {"audience": audience, "format": form, "since": since, "epoch": 1}
                asks[f"{audience} {form} {since}"] = [partial(visitor.get, "board", **about)]
    draft = {"words": "May Juan sit in front?", "lang": "en"}
    asks["draft"] = [partial(rosa.http.post, f"/s/{code}/draft", json=draft)]
    return asks


async def outputs(hall: Hall, rosa: Visitor, question: str) -> dict[str, str]:
    """All that a server says of a session, by where it says it."""
    return {name: await answer(asks) for name, asks in (await places(hall, rosa, question)).items()}


async def answer(asks: Sequence[Ask]) -> str:
    return "".join([html.unescape((await ask()).text) for ask in asks])


def where(told: dict[str, str], word: str) -> list[str]:
    """Not where the page only says again what was looked for."""
    return [name for name, said in told.items() if word in said and f"q={word}" not in name]


async def index(hall: Hall) -> str:
    async with hall.database.reading() as db:
        tables = ["search_rows", "search_words"]
        return repr([(await db.execute(text(f"SELECT * FROM {name}"))).all() for name in tables])


async def test_no_output_of_any_server_has_them(halls: list[Hall]) -> None:
    here, there = halls
    house = here.house
    question = await planted(house)
    await house.do(house.ana, "session.end")
    await take_in(house, lines=SPOKEN)
    await house.do(house.ana, "session.publish")
    rosa = await here.family()
    indexes = [server.app.state.house.index for server in (here.server, there.server)]  # type: ignore[union-attr]
    await indexes[0].catch_up()
    before = await outputs(there, rosa, question)
    assert [word for word in PLANTED if not where(before, word) and word != "Juan"] == []
    found = await index(here)
    assert [word for word in ("answerzebra", "Captionzebra") if word not in found] == []
    assert "answerzebra" in before["/archive/search?q=yes"]

    ben = await here.staff("ben")
    await ben.do("words.redact", question=question, reason="child")
    await ben.do("caption.redact", lang="en", cue=1, reason="person")
    await ben.do("caption.redact", lang="en", cue=1, reason="person", speaker=True)
    await indexes[1].catch_up()
    for hall in halls:
        after = await outputs(hall, rosa, question)
        assert {word: where(after, word) for word in PLANTED if where(after, word)} == {}
        marked = [path for path, said in after.items() if "Words were taken out here on" in said]
        for path in ("", f"/archive/{hall.code}", *(f"/archive/{hall.code}.{name}" for name in ("html", "md"))):
            assert path in marked
        assert "they told of a child" in after[f"/archive/{hall.code}"]
        assert MARK in after[f"/archive/{hall.code}.en.vtt"]
        assert all("signature" in said or name != "json" for name, said in after.items())
    found = (await index(here)).casefold()
    assert [word for word in PLANTED if word.casefold() in found] == []
    await house.verified()


async def test_devices_are_told_at_once_whatever_they_watch() -> None:
    async with open_hall(shared_server()) as hall:
        question = await hall.house.asked(State.SHOWN, "Is Juanzebra late?")
        await hall.house.do(hall.house.ben, "question.note", question=question, words="Notezebra")
        ben, family = await hall.staff("ben"), await hall.family()
        devices = [await hall.join(family), await hall.join(ben, "desk", "desk"), await hall.join(family, form="html")]
        devices += [await hall.join(family, "public", "stage", "html"), await hall.join(ben, "desk", "desk", "html")]
        await ben.do("words.redact", question=question, reason="child")
        for device in devices:
            await device.until(lambda d=device: "zebra" not in repr(d.cards))  # type: ignore[misc]
        await hall.agree()


async def test_a_form_shows_what_will_be_left_before_it_is_done() -> None:
    async with open_hall(shared_server()) as hall:
        question = await hall.house.asked(State.SHOWN, "Is Juan late?")
        ben, sam = await hall.staff("ben"), await hall.staff("sam")
        address = f"/s/{hall.code}/redact"
        page = await ben.get(address, question=question)
        assert (page.status_code, "Is Juan late?" in page.text) == (200, True)
        assert (await sam.get(address, question=question)).status_code == 403
        assert (await ben.get(address, question="nothing")).status_code == 404
        typed = {"question": question, "choice": "words:", "phrase": "juan", "reason": "child"}
        wrong = await ben.submit(address, **typed | {"phrase": "Pedro"})
        assert (wrong.status_code, "do not stand there" in wrong.text) == (400, True)
        look = await ben.submit(address, **typed)
        assert (look.status_code, f"Is {MARK} late?" in look.text) == (200, True)
        assert (await hall.house.board()).questions[question].words == "Is Juan late?"
        body = {"question": question, "part": "words", "phrase": "juan", "reason": "child", "back": "desk.open"}
        done = await ben.press("words.redact", **body, key="one-key-for-it")
        assert (done.status_code, done.headers["location"]) == (
            303,
            f"/s/{hall.code}/desk?open={question}#q-{question}",
        )
        assert (await hall.house.board()).questions[question].words == f"Is {MARK} late?"
        panel = (await ben.get(f"desk?open={question}")).text
        assert "Ben took words out" in panel


async def test_the_key_is_there_to_read(halls: list[Hall]) -> None:
    answer = await halls[0].visitor().get("/archive/key")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.text.startswith("ed25519 ")
    assert "BEGIN PUBLIC KEY" in answer.text
