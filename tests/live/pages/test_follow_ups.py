"""Follow-ups by plain forms: what is owed, to whom, by when; contacts for liaisons alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from live.pages import follow_ups
from live.pages.follow_ups import LISTS, PAGE, pieces
from live.pages.forms import BACKS
from sessions import people
from sessions.events import State
from sessions.permissions import Role
from tests.running import Hall, Visitor, inside, open_hall, shared_server

ZONE = ZoneInfo("America/Phoenix")
ITEM = re.compile(r'<li class="card owed" id="q-([^"]+)">(.*?)\n</li>', re.S)


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


@pytest.fixture
async def alone(sqlite_url: str) -> AsyncIterator[Hall]:
    """On a server that has no other sessions."""
    async with inside(sqlite_url) as server, open_hall(server) as hall:
        yield hall


def items(page: str) -> dict[str, str]:
    """Each follow-up on the page by its question: what is read, without the words of its forms."""
    found = {}
    for question, within in ITEM.findall(page):
        text = re.sub(r"<form.*?</form>", "", within, flags=re.S)
        found[question] = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text))).strip()
    return found


def forms(page: str, question: str) -> dict[str, dict[str, str]]:
    """The forms of one follow-up by their command: what they send if nothing is typed."""
    within = next(within for one, within in ITEM.findall(page) if one == question)
    found = {}
    for command, form in re.findall(r'<form[^>]*/do/([\w.]+)"[^>]*>(.*?)</form>', within, re.S):
        fields = re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', form)
        found[command] = {name: unescape(value) for name, value in fields}
    return found


def counts(page: str) -> dict[str, str]:
    return {
        unescape(words): count for words, count in re.findall(r"(?:page\"|list=\w+\")>([\w ]+?) <b>(\d+)</b>", page)
    }


def day(days: int) -> str:
    return (datetime.now(ZONE) + timedelta(days=days)).date().isoformat()


async def shown(visitor: Visitor, **query: Any) -> dict[str, str]:
    response = await visitor.get("follow-ups", **query)
    assert response.status_code == 200
    return items(response.text)


async def test_a_call_from_plan_to_close_without_a_script(hall: Hall) -> None:
    rosa, lia = await hall.family(), await hall.staff("lia")
    more = {"contact": "Rosa: (520) 555-0100", "times": "after five", "private": True, "name": "Rosa"}
    question = await rosa.ask("Who can translate for my mother?", **more)
    page = (await lia.get("follow-ups")).text
    assert counts(page) == {"Open": "1", "Mine": "0", "Overdue": "0", "Closed": "0"}
    told = items(page)[question]
    for words in ("Asked only for staff", "Who can translate for my mother?", "#1 · Rosa · English", "Nobody yet"):
        assert words in told
    assert "Rosa: (520) 555-0100 best: after five" in told
    assert '<a class="reach" href="tel:5205550100">(520) 555-0100</a>' in page
    assert set(forms(page, question)) == {"followup.plan"}, "an answer in writing is not the liaisons' to give"

    plan = forms(page, question)["followup.plan"]
    assert (plan["owner"], plan["due"]) == ("Lia", "")
    planned = await lia.press("followup.plan", **plan | {"due": day(2)})
    assert planned.status_code == 303
    assert planned.headers["location"] == f"/s/{hall.code}/follow-ups?list=open#q-{question}"
    page = (await lia.get("follow-ups", list="mine")).text
    assert counts(page) == {"Open": "1", "Mine": "1", "Overdue": "0", "Closed": "0"}
    now = forms(page, question)
    assert set(now) == {"followup.plan", "followup.attempt", "followup.close"}
    assert "rev" not in now["followup.attempt"]

    attempt = now["followup.attempt"] | {"outcome": "no_answer", "words": "A machine answered."}
    for _ in range(2):  # Pressed twice, it counts once.
        tried = await lia.press("followup.attempt", **attempt)
        assert tried.headers["location"] == f"/s/{hall.code}/follow-ups?list=mine#q-{question}"
    told = (await shown(lia))[question]
    assert told.count("nobody answered · Lia ,") == 1
    assert "A machine answered." in told

    closed = await lia.press("followup.close", **now["followup.close"] | {"outcome": "answered", "words": "We spoke."})
    assert closed.status_code == 303
    page = (await lia.get("follow-ups", list="closed")).text
    assert counts(page) == {"Open": "0", "Mine": "0", "Overdue": "0", "Closed": "1"}
    assert "How it ended: the family has its answer · Lia ," in items(page)[question]
    assert "We spoke." in items(page)[question]
    assert set(forms(page, question)) == {"followup.plan"}, "it can be opened again"
    assert "Open it again" in page
    assert await shown(lia) == {}
    assert "Nothing is owed to a family here." in (await lia.get("follow-ups")).text


async def test_contacts_are_for_liaisons(alone: Hall) -> None:
    hall = alone
    rosa = await hall.family()
    question = await rosa.ask("About buses?", contact="Preiselbeere 520-555-0100", times="Holunder")
    for person, sees in (("ben", False), ("ana", False), ("lia", True), ("ada", True)):
        for path in ("follow-ups", "/office/follow-ups"):
            page = (await (await hall.staff(person)).get(path)).text
            assert question in items(page)
            assert [word in page for word in ("Preiselbeere", "Holunder", "555-0100", "tel:")] == [sees] * 4
            assert ("A way to reach them was left; liaisons can see it." in page) is not sees
    for visitor in (await hall.staff("sam"), await hall.staff("cai"), rosa, hall.visitor()):
        assert (await visitor.get("follow-ups")).status_code == 403
    await rosa.do("question.withdraw", question=question)
    assert await shown(await hall.staff("lia")) == {}


async def test_what_is_owed_after_the_end(hall: Hall) -> None:
    """Open questions come with the end; promised answers and calls at once; the rest never."""
    rosa, ana = await hall.family(), await hall.staff("ana")
    house = hall.house
    open_one, answered = await rosa.ask("Number 1?"), await house.asked(State.ANSWERED)
    handed, promised = await house.asked(State.PRIVATE), await house.asked(State.ON_STAGE)
    await house.decide("stage.defer", promised)
    assert set(await shown(ana)) == {handed, promised}
    assert "With a person: Ms. Ortiz" in (await shown(ana))[handed]
    await ana.do("session.end")
    assert set(await shown(ana)) == {handed, promised, open_one}
    page = (await ana.get("follow-ups")).text
    assert f'href="/s/{hall.code}/desk?open={open_one}"' in page, "what is held is decided at the desk"
    assert set(forms(page, open_one)) == {"followup.plan"}
    assert "question.answer" in forms(page, promised)
    answer = forms(page, promised)["question.answer"] | {"words": "From Monday.", "lang": "en"}
    pressed = await ana.press("question.answer", **answer)
    assert pressed.headers["location"] == f"/s/{hall.code}/follow-ups?list=open#q-{promised}"
    assert set(await shown(ana)) == {handed, open_one}
    assert "From Monday." in (await shown(ana, list="closed"))[promised]
    assert answered not in await shown(ana, list="closed")


async def test_overdue_is_told_in_words_and_comes_first(hall: Hall) -> None:
    rosa, lia = await hall.family(), await hall.staff("lia")
    asked = [await rosa.ask(f"Number {n}?") for n in range(5)]
    for question, due in zip(asked, (day(1), None, day(-1), day(0), day(-3)), strict=True):
        await lia.decide("followup.plan", question, owner="Ms. Ortiz", due=due)
    told = await shown(lia)
    assert list(told) == [asked[n] for n in (4, 2, 3, 0, 1)]
    assert [
        next((words for words in ("3 days overdue", "Overdue since yesterday", "Due today") if words in text), None)
        for text in told.values()
    ] == ["3 days overdue", "Overdue since yesterday", "Due today", None, None]
    assert list(await shown(lia, list="overdue")) == [asked[4], asked[2]]
    in_spanish = await shown(await hall.staff("lia", lang="es"))
    assert list(in_spanish) == list(told)


async def test_lists_and_languages(hall: Hall) -> None:
    rosa, lia, ben = await hall.family(), await hall.staff("lia"), await hall.staff("ben")
    one, two, three = [await rosa.ask(f"Number {n}?", lang=lang) for n, lang in ((1, "en"), (2, "es"), (3, "zh-Hant"))]
    for question, owner in ((one, "lia"), (two, "Ben"), (three, "Ms. Ortiz")):
        await lia.decide("followup.plan", question, owner=owner)
    assert set(await shown(lia, list="mine")) == {one}, "whatever the case"
    assert set(await shown(ben, list="mine")) == {two}
    assert set(await shown(lia, **{"in": "es"})) == {two}
    assert "Chinese (Traditional)" in (await shown(lia, **{"in": "zh-Hant"}))[three]
    assert set(await shown(lia, list="mine", **{"in": "es"})) == set()
    assert set(await shown(lia, list="nonsense", **{"in": ""})) == {one, two, three}
    page = (await lia.get("follow-ups", list="mine", **{"in": "en"})).text
    assert f'href="/s/{hall.code}/follow-ups?list=overdue&amp;in=en"' in page
    assert '<option value="es">Spanish</option>' in page
    for name in LISTS:
        assert (await lia.get("follow-ups", list=name)).status_code == 200


async def test_a_refused_form_says_why_and_keeps_the_words(hall: Hall) -> None:
    rosa, lia, ben = await hall.family(), await hall.staff("lia"), await hall.staff("ben")
    question = await rosa.ask(contact="520-555-0100")
    await lia.decide("followup.plan", question, owner="Lia")
    stale = forms((await lia.get("follow-ups", list="mine")).text, question)["followup.close"]
    await ben.decide("followup.plan", question, owner="Mr. Paz")
    response = await lia.press("followup.close", **stale | {"outcome": "answered", "words": "We spoke at length."})
    assert response.status_code == 409
    assert "Ben changed the follow-up of this" in response.text
    assert "We spoke at length." in response.text
    assert f'href="/s/{hall.code}/follow-ups?list=mine"' in response.text


async def test_a_long_list_comes_in_pages(hall: Hall) -> None:
    lia = await hall.staff("lia")
    for _ in range(PAGE + 3):
        await hall.house.asked(State.PRIVATE)
    first, second = await shown(lia), await shown(lia, page=2)
    assert (len(first), len(second), len(first | second)) == (PAGE, 3, PAGE + 3)
    assert await shown(lia, page=99) == second
    assert await shown(lia, page="x") == first
    assert f'href="/s/{hall.code}/follow-ups?list=open&amp;page=2"' in (await lia.get("follow-ups")).text


async def test_over_all_sessions_that_one_may_see(alone: Hall) -> None:
    hall = alone
    async with open_hall(hall.server, title="Lunches") as other:
        here = await hall.house.asked(State.PRIVATE, words="About buses?")
        there = await other.house.asked(State.PRIVATE, words="About lunches?")
        lia, ada = await hall.staff("lia"), await district_wide(hall)
        both = items((await lia.get("/office/follow-ups")).text)
        assert {here, there} == set(both), "of the staff in both"
        assert "Lunches" in both[there]
        page = (await ada.get("/office/follow-ups")).text
        assert {here, there} == set(items(page))
        assert f'action="/s/{other.code}/do/followup.plan"' in page
        fields = forms(page, there)["followup.plan"]
        assert fields["owner"] == "Eva"
        pressed = await ada.submit(f"/s/{other.code}/do/followup.plan", **fields | {"due": day(-1)})
        assert pressed.headers["location"] == f"/office/follow-ups?list=open#q-{there}"
        assert next(iter(items((await ada.get("/office/follow-ups")).text))) == there, "overdue comes first"
        assert set(items((await ada.get("/office/follow-ups", list="mine")).text)) == {there}

        await other.house.decide("followup.close", there, outcome="answered")
        await other.house.do(other.house.ana, "session.end")
        await other.house.do(other.house.ana, "session.complete")
        assert there not in items((await ada.get("/office/follow-ups")).text)
        assert there in items((await ada.get("/office/follow-ups", list="closed")).text)
    assert (await hall.family()).http.cookies
    nobody = await hall.visitor().get("/office/follow-ups")
    assert (nobody.status_code, nobody.headers["location"]) == (303, "/sign-in")


async def test_who_is_of_one_session_sees_no_other(alone: Hall) -> None:
    hall = alone
    question = await hall.house.asked(State.PRIVATE)
    async with open_hall(hall.server) as other:
        invited = await other.staff("ana")
        link = re.search(r"/invite/[\w-]+", (await invited.submit(f"/office/{other.code}/invite", role="liaison")).text)
        assert link
        kim = hall.visitor()
        assert (await kim.submit(link[0], name="Kim")).status_code == 303
        theirs = await other.house.asked(State.PRIVATE)
        assert set(items((await kim.get("/office/follow-ups")).text)) == {theirs}
        assert (await kim.get(f"/s/{hall.code}/follow-ups")).status_code == 403
        sam = items((await (await hall.staff("sam")).get("/office/follow-ups")).text)
        assert question not in sam


async def district_wide(hall: Hall) -> Visitor:
    """A liaison of the whole district."""
    async with hall.database.writing() as tx:
        _, token = await people.invite(tx, "operator", Role.LIAISON, None, "Eva")
    visitor = hall.visitor()
    assert (await visitor.submit(f"/invite/{token}")).status_code == 303
    return visitor


async def test_words_that_attack_stay_words(hall: Hall) -> None:
    attack = "<script>alert(1)</script>\"'>{{7*7}}"
    rosa, lia = await hall.family(), await hall.staff("lia")
    question = await rosa.ask(attack, name=attack, contact=f"x@y.org{attack}", times=attack)
    await lia.decide("followup.plan", question, owner=attack)
    await lia.do("followup.attempt", question=question, outcome="wrote", words=attack)
    page = (await lia.get("follow-ups")).text
    assert "<script>alert" not in page
    assert items(page)[question].count(attack) == 6


def test_what_can_be_pressed_in_a_contact() -> None:
    phone, mail = "tel:5205550100", "mailto:rosa.m@example.org"
    expected: dict[str, list[tuple[str, str | None]]] = {
        "520-555-0100": [("520-555-0100", phone)],
        "(520) 555 0100": [("(520) 555 0100", phone)],
        "520.555.0100": [("520.555.0100", phone)],
        "+1 520 555 0100": [("+1 520 555 0100", "tel:+15205550100")],
        "555-0100": [("555-0100", "tel:5550100")],
        "Rosa: 520-555-0100, evenings": [("Rosa: ", None), ("520-555-0100", phone), (", evenings", None)],
        "rosa.m@example.org": [("rosa.m@example.org", mail)],
        "Mail rosa.m@example.org or 520-555-0100": [
            ("Mail ", None),
            ("rosa.m@example.org", mail),
            (" or ", None),
            ("520-555-0100", phone),
        ],
        "a+b?c@example.org": [("a+b?c@example.org", "mailto:a%2Bb%3Fc@example.org")],
        "the front desk": [("the front desk", None)],
        "Room 12": [("Room 12", None)],
        "12345": [("12345", None)],
        "1234 5678 9012 3456 7890": [("1234 5678 9012 3456 7890", None)],
        "javascript:alert(1)": [("javascript:alert(1)", None)],
        "@rosa": [("@rosa", None)],
        "٥٢٠٥٥٥٠١٠٠": [("٥٢٠٥٥٥٠١٠٠", None)],
        "": [],
    }
    assert {contact: pieces(contact) for contact in expected} == expected
    assert all("".join(text for text, _ in pieces(contact)) == contact for contact in expected)


def test_forms_lead_back_to_each_list() -> None:
    assert set(follow_ups.BACKS) == {f"{back}.{name}" for back in ("follow_ups", "all_follow_ups") for name in LISTS}
    assert all(BACKS[back].format(code="QK7RTM", question="") for back in follow_ups.BACKS)
