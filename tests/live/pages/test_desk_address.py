"""Addresses of the desk: which list, what of it, and where one goes on."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape

import pytest

from live.pages.desk_address import FIRST
from sessions.permissions import Caller
from tests.live.pages.test_desk import page, rows
from tests.running import Hall, open_hall, shared_server


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server(), schools=("Ochoa", "Gale"), speakers=("Transportation",)) as hall:
        yield hall


async def test_filters_are_a_form_and_keep_what_they_offer(hall: Hall) -> None:
    house, ben = hall.house, await hall.staff("ben")
    bus = await house.ask("Will the bus stop?", topic="Buses", school="Ochoa", name="Rosa")
    food = await house.ask("¿Hay almuerzo?", Caller("luis"), lang="es", topic="Lunch")
    staff = await house.ask("Only for you.", Caller("eva"), private=True)
    await house.do(house.ben, "question.tag", question=food, tag="free lunch")
    await house.do(house.ben, "question.flag", question=bus, flag="look")
    for query, found in (
        ({}, [bus, food, staff]),
        ({"language": "es"}, [food]),
        ({"topic": "-"}, [staff]),
        ({"school": "Ochoa"}, [bus]),
        ({"flag": "*"}, [bus]),
        ({"flag": "private"}, [staff]),
        ({"tag": "free lunch"}, [food]),
        ({"whose": "mine"}, []),
        ({"whose": "free"}, [bus, food, staff]),
        ({"q": "rosa"}, [bus]),
        ({"q": "#2"}, [food]),
        ({"language": "en", "q": "only"}, [staff]),
    ):
        assert rows(await page(ben, **query)) == found, query
    html = await page(ben, language="es")
    assert '<option value="es" selected>Spanish · 1</option>' in html
    assert "1 of 3" in html
    assert f"open={food}" in html
    assert "language=es" in re.findall(rf'data-open="{food}" href="([^"]+)"', html)[0], "the way back keeps them"
    assert 'data-empty="found">' in await page(ben, q="elephants")
    assert 'data-empty="shown">' in await page(ben, list="shown")


async def test_a_flood_comes_in_pages_with_its_own_ways_through(hall: Hall) -> None:
    house, ben = hall.house, await hall.staff("ben")
    asked = [await house.ask(f"Number {n}?", Caller(f"asker{n}")) for n in range(FIRST + 2)]
    html = await page(ben)
    assert rows(html) == asked[:FIRST]
    assert "2 more" in html
    assert rows(await page(ben, **{"from": FIRST})) == asked[FIRST:]
    assert rows(await page(ben, open=asked[-1])) == asked[FIRST:], "the page on which the open one stands"
    assert f'data-step="1" href="/s/{hall.code}/desk?list=waiting&amp;open={asked[5]}"' in await page(
        ben, open=asked[4]
    )


async def test_a_form_goes_on_with_the_next_one_or_stays(hall: Hall) -> None:
    house, ben = hall.house, await hall.staff("ben")
    question = await house.ask()
    rev = await house.rev(question)
    noted = await ben.press("question.note", question=question, words="Hm.", back="desk.open")
    assert noted.headers["location"] == f"/s/{hall.code}/desk?open={question}#q-{question}"
    approved = await ben.press("question.approve", question=question, rev=rev, back="desk.next")
    assert approved.headers["location"] == f"/s/{hall.code}/desk?open=next#q-{question}"
    stale = await ben.press("question.decline", question=question, rev=rev, reason="twice", back="desk.next")
    assert stale.status_code == 409
    assert f"/s/{hall.code}/desk?open={question}" in stale.text


async def test_a_form_keeps_the_list_and_its_filters(hall: Hall) -> None:
    house, ben, mia = hall.house, await hall.staff("ben"), await hall.staff("mia")
    first = await house.ask("Will bus {code} & the other one stop?")
    others = [await house.ask(f"And bus {{code}} & {n}?", Caller(f"asker{n}")) for n in range(3)]
    await house.ask("¿Hay almuerzo?", Caller("luis"), lang="es")
    html = await page(ben, language="en", q="{code} &", open=first)
    (form,) = re.findall(r'(<form[^>]* data-command="question.approve".*?</form>)', html)
    fields = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)}
    gone_on = await ben.press("question.approve", **fields)
    address = gone_on.headers["location"].partition("#")[0]
    assert address == f"/s/{hall.code}/desk?open=next&list=waiting&language=en&q=%7Bcode%7D+%26"
    following = (await ben.http.get(address)).text
    assert rows(following) == others
    assert f'id="question" data-card="{others[0]}"' in following
    stale = await ben.press("question.decline", **fields | {"reason": "twice"})
    assert f"desk?open={first}&amp;list=waiting&amp;language=en&amp;q=%7Bcode%7D+%26" in stale.text

    # A colleague is on the next one: the one after it is opened.
    device = await hall.join(mia, "desk", "desk")
    assert (await device.call("question.claim", question=others[0]))["ok"] is True
    assert f'id="question" data-card="{others[1]}"' in (await ben.http.get(address)).text
    # In another list one goes on there; where none is left, none is open.
    shown = await page(ben, list="shown", open="next")
    assert f'id="question" data-card="{first}"' in shown and 'data-view="question"' in shown
    assert 'data-view="list"' in await page(ben, list="done", open="next")


@pytest.mark.parametrize(
    "back", ["//evil.test/?q=1", "desk?open=x&from=9&next=//evil.test", "families?q=bus", "desk?%"]
)
async def test_the_way_back_leads_nowhere_else(hall: Hall, back: str) -> None:
    question, ben = await hall.house.ask(), await hall.staff("ben")
    told = await ben.press("question.note", question=question, words="Hm.", back=back)
    home = f"/s/{hall.code}/desk" if back.startswith("desk") else f"/s/{hall.code}"
    assert (told.status_code, told.headers["location"]) == (303, f"{home}#q-{question}")
