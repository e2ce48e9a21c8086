"""The page of what was found: for anybody, without a script, and with nothing that is not published."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from html import unescape

import pytest

from live.index import Index
from live.pages.search import address
from live.shelf import Shelf
from tests.running import Hall, Visitor, open_hall, shared_server, until_is


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


def made_up() -> str:
    """A word that no other session on the shared server has."""
    return "zq" + "".join(secrets.choice("aeioubdfglmnr") for _ in range(12))


async def found(visitor: Visitor, **query: str) -> list[tuple[str, str]]:
    """(where it leads, what is shown of it) of every hit."""
    page = (await visitor.get("/archive/search", **query)).text
    hits = re.findall(r'<a class="hit" href="([^"]+)">.*?<q[^>]*>(.*?)</q>', page, re.S)
    return [(unescape(href), unescape(words)) for href, words in hits]


async def publish(hall: Hall) -> None:
    ana = await hall.staff("ana")
    await ana.do("session.end")
    await ana.do("session.publish")
    await Index(Shelf(hall.database)).catch_up()


async def test_what_is_published_is_found_and_what_is_not_never_is(hall: Hall) -> None:
    word, rosa, ben = made_up(), await hall.family(), await hall.staff("ben")
    shown, held, hidden = [await rosa.ask(f"<i>{word}</i> & number {n}?") for n in range(3)]
    for question in (shown, hidden):
        await ben.decide("question.approve", question)
    await ben.decide("question.hide", hidden)
    await ben.decide("question.answer", shown, words=f"Yes, {word}.", lang="es")
    nobody = hall.visitor()
    await Index(Shelf(hall.database)).catch_up()
    assert await found(nobody, q=word) == []
    await publish(hall)
    ((href, words),) = await found(nobody, q=word)
    assert (href, words) == (f"/archive/{hall.code}?q={shown}", f"Yes, <mark>{word}</mark>.")
    ((_, words),) = await found(nobody, q=f"number {word}", kind="question")
    assert words == f"<i><mark>{word}</mark></i> & <mark>number</mark> 0?", "told once, as text"
    page = (await nobody.get("/archive/search", q=word)).text
    assert ("&lt;i&gt;" in (await nobody.get("/archive/search", q=word, kind="question")).text, held in page) == (
        True,
        False,
    )
    assert await found(nobody, q=word, **{"in": "fr"}) == []
    assert len(await found(nobody, q=word, session=hall.code)) == 1
    await (await hall.staff("ana")).do("session.withdraw")
    assert await found(nobody, q=word) == []
    refused = await nobody.get("/archive/search", q=word, session=hall.code)
    assert (refused.status_code, "no session with this code" in refused.text) == (404, True)


async def test_what_cannot_be_searched_for_is_said_and_kept_in_the_field(hall: Hall) -> None:
    nobody = hall.visitor()
    for query, say in (
        ({"q": '"late <b>'}, "quotation mark"),
        ({"q": "?!"}, "no word in this"),
        ({"q": "x" * 400}, "too long"),
        ({"q": "bus", "since": "soon"}, "year, month and day"),
    ):
        page = await nobody.get("/archive/search", **query)
        assert (page.status_code, say in page.text, "<b>" in page.text) == (400, True, False), query
    assert "&#34;late &lt;b&gt;" in (await nobody.get("/archive/search", q='"late <b>')).text
    empty = await nobody.get("/archive/search")
    assert (empty.status_code, "can be found here" in empty.text) == (200, True)
    nothing = await nobody.get("/archive/search", q=made_up())
    assert (nothing.status_code, "Nothing was found" in nothing.text) == (200, True)
    odd = await nobody.get("/archive/search", q="bus", page="-1", kind="x", topic="'|", **{"in": '" OR "'})
    assert odd.status_code == 200


async def test_the_page_is_in_the_readers_language_and_the_field_is_on_the_archive(hall: Hall) -> None:
    await publish(hall)
    spanish = hall.visitor(lang="es")
    assert "Buscar" in (await spanish.get("/archive/search")).text
    assert 'action="/archive/search"' in (await spanish.get("/archive")).text
    page = (await spanish.get(f"/archive/{hall.code}")).text
    assert f'name="session" value="{hall.code}"' in page


def test_a_hit_leads_to_its_place_whatever_page_that_is_on() -> None:
    assert [address("BUS", anchor) for anchor in ("main", "q-a1", "c-zh-Hant-12")] == [
        "/archive/BUS",
        "/archive/BUS?q=a1",
        "/archive/BUS?captions=zh-Hant&cue=12",
    ]


async def test_a_running_server_finds_what_was_published_by_itself(hall: Hall) -> None:
    word, rosa, ben, ana = made_up(), await hall.family(), await hall.staff("ben"), await hall.staff("ana")
    await ben.decide("question.approve", await rosa.ask(f"And {word}?"))
    await ana.do("session.end")
    await ana.do("session.publish")
    nobody = hall.visitor()

    async def times() -> int:
        return len(await found(nobody, q=word))

    await until_is(times, 1)
