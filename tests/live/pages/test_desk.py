"""The desk as a page and as panels: whole without a script, for those who may, and with nothing that is not theirs."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from html import unescape

import pytest

from moderation.decisions import FLAGS, REASONS
from moderation.states import TRANSITIONS
from sessions.events import State
from sessions.permissions import Caller
from tests.house import WAYS
from tests.running import Hall, Visitor, open_hall, shared_server, until_is

ROW = re.compile(r'<li class="row" id="q-([^"]+)"')
COMMAND = re.compile(r'action="/s/\w+/do/([\w.]+)"')


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server(), schools=("Ochoa", "Gale"), speakers=("Transportation",)) as hall:
        yield hall


async def page(visitor: Visitor, **query: object) -> str:
    response = await visitor.get("desk", **query)
    assert response.status_code == 200
    return response.text


async def panel(visitor: Visitor, question: str, **query: object) -> str:
    response = await visitor.get(f"desk/{question}", **query)
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    told = response.json()
    assert told["id"] == question
    html: str = told["html"]
    assert f'data-rev="{told["rev"]}"' in html
    return html


def rows(html: str) -> list[str]:
    """The questions of the list, in its order."""
    return ROW.findall(html.partition('<ol id="list"')[2].partition("</ol>\n<p")[0])


def embedded(html: str, name: str = "desk") -> dict[str, object]:
    (found,) = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', html, re.S)
    told: dict[str, object] = json.loads(found)
    return told


async def test_the_list_and_the_open_question_are_on_the_page(hall: Hall) -> None:
    house, ben = hall.house, await hall.staff("ben")
    waiting = [await house.ask(f"Number {n}?", Caller(f"asker{n}")) for n in range(3)]
    shown = await house.asked(State.SHOWN, "Everyone sees this?")
    declined = await house.asked(State.DECLINED, "Who won?")
    html = await page(ben)
    assert rows(html) == waiting
    assert 'id="question"' not in html
    assert "Choose a question from the list." in html
    for name, number in (("waiting", 3), ("shown", 1), ("done", 1), ("lineup", 0)):
        assert f'<b data-count="{name}">{number}</b>' in html
    assert rows(await page(ben, list="shown")) == [shown]
    assert rows(await page(ben, list="done")) == [declined]
    opened = await page(ben, open=waiting[1])
    assert opened.count('<article id="question"') == 1
    assert f'id="question" data-card="{waiting[1]}"' in opened
    assert 'data-view="question"' in opened
    assert rows(opened) == waiting
    assert rows(await page(ben, open=declined)) == [declined], "its own list comes with it"
    assert f'id="question" data-card="{waiting[0]}"' in await page(ben, open="next")
    for nonsense in ({"open": "nobody"}, {"list": "x", "view": "y", "sort": "z", "whose": "w", "from": "-1"}):
        assert rows(await page(ben, **nonsense)) == waiting


async def test_what_may_reveal_danger_is_first_and_at_the_top_of_the_page(hall: Hall) -> None:
    house, ben = hall.house, await hall.staff("ben")
    first = await house.ask("First?")
    assert 'href="#" data-open="" hidden' in await page(ben)
    urgent = await house.ask("Somebody waits for us at the stop.", Caller("luis"))
    await house.do(house.ben, "question.flag", question=urgent, flag="danger")
    html = await page(ben)
    assert rows(html) == [urgent, first]
    assert f'data-open="{urgent}"><strong data-urgent-one>' in html
    assert "Nobody at the desk has opened it yet" in await panel(ben, urgent)
    seen = await ben.press("question.see", question=urgent, back="desk.open")
    assert seen.headers["location"] == f"/s/{hall.code}/desk?open={urgent}#q-{urgent}"
    assert ": Ben opened it" in await panel(ben, urgent)


@pytest.mark.parametrize("state", WAYS)
async def test_a_panel_offers_what_its_state_allows(hall: Hall, state: State) -> None:
    house, ben = hall.house, await hall.staff("ben")
    question = await house.asked(state)
    html = await panel(ben, question)
    verbs = {
        "approve": "question.approve",
        "decline": "question.decline",
        "hide": "question.hide",
        "restore": "question.restore",
        "hand_over": "question.hand_over",
        "answer": "question.answer",
        "reopen": "question.reopen",
        "edit_words": "question.edit_words",
        "unmerge": "question.unmerge",
        "queue": "lineup.add",
        "remove": "lineup.remove",
        "assign": "lineup.assign",
        "bring": "stage.bring",
        "settle": "stage.settle",
        "skip": "stage.skip",
        "defer": "stage.defer",
    }
    allowed = {command for verb, command in verbs.items() if (state, verb) in TRANSITIONS}
    offered = set(COMMAND.findall(html))
    assert offered & set(verbs.values()) == allowed
    beside = {"question.note", "question.tag", "question.flag", "participant.mute"}
    assert offered & beside == (set() if state is State.WITHDRAWN else beside)
    assert html.count('class="main"') >= (0 if state is State.WITHDRAWN else 1)
    keys = re.findall(r'data-key="(.)"', html)
    assert len(keys) == len(set(keys)), "no key means two things"


async def clear_stage(hall: Hall) -> None:
    if on_stage := (await hall.house.board()).on_stage():
        await hall.house.decide("stage.settle", on_stage.id)


TYPED = {"words": "Some words", "say": "", "to": "Ms. Ortiz", "tag": "heat", "lang": "es", "speaker": ""}


@pytest.mark.parametrize("state", WAYS)
async def test_what_a_panel_offers_is_taken(hall: Hall, state: State) -> None:
    """Each of its forms, sent as it stands there: what it carries is what the command wants."""
    house, ben = hall.house, await hall.staff("ben")
    names = set(COMMAND.findall(await panel(ben, await house.asked(state, "Which forms?"))))
    for name in names:
        await clear_stage(hall)
        question = await house.asked(
            state, f"Is {name} taken?", by=Caller(name) if state is not State.WITHDRAWN else None
        )
        if name == "stage.bring":
            await clear_stage(hall)
        html = await panel(ben, question)
        (form, *_) = re.findall(rf'do/{re.escape(name)}" [^>]*>(.*?)</form>', html, re.S)
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
        fields |= dict(re.findall(r'<button[^>]* name="(\w+)" value="([^"]*)"', form)[:1])
        names_typed = re.findall(r'<(?:textarea|input|select) id="[^"]+"[^>]* name="(\w+)"', form)
        answer = await ben.press(name, **fields, **{field: TYPED[field] for field in names_typed})
        assert answer.status_code == 303, (name, fields)


async def test_only_those_who_decide_are_offered_to(hall: Hall) -> None:
    house = hall.house
    question = await house.ask("Is there a bus?")
    lia, sam, rosa = await hall.staff("lia"), await hall.staff("sam"), await hall.family()
    html = await page(lia, open=question) + await panel(lia, question)
    assert "Is there a bus?" in html
    assert set(COMMAND.findall(html)) == set()
    for visitor in (sam, rosa):
        for path in ("desk", f"desk/{question}"):
            response = await visitor.get(path)
            assert response.status_code == 403
            assert "Is there a bus?" not in response.text
    refused = (await rosa.get(f"desk/{question}")).json()
    assert (refused["ok"], refused["code"]) == (False, "not_allowed")
    missing = await (await hall.staff("ben")).get("desk/nothing-here")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


async def test_what_was_taken_back_is_on_no_page(hall: Hall) -> None:
    house, ben = hall.house, await hall.staff("ben")
    question = await house.ask("Forget these words please", name="Rosalinda")
    await house.decide("question.edit_words", question, words="Forget tidied words")
    await house.do(house.rosa, "question.withdraw", question=question)
    html = await page(ben, list="done", open=question) + await panel(ben, question)
    assert "The asker took it back." in html
    for words in ("Forget", "Rosalinda"):
        assert words not in html
    for words in ("forget", "rosalinda"):
        assert rows(await page(ben, list="done", q=words)) == []


async def test_nothing_that_is_typed_becomes_part_of_the_page(hall: Hall) -> None:
    house, ben = hall.house, await hall.staff("ben")
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\" ' {{ 7*191919 }} &"
    question = await house.ask(evil, name='"><b>Rosa')
    await house.decide("question.edit_words", question, words=f"tidy {evil}")
    await house.do(house.ben, "question.note", question=question, words=evil)
    await house.do(house.ben, "question.tag", question=question, tag="<i>tag</i>")
    html = await page(ben, open=question, q=evil, language='"><x>', like=evil) + await page(ben, open=question)
    html += await panel(ben, question, like=evil)
    for raw in ("<script>alert", "<img src=x", "<i>tag", "<b>Rosa", "<x>", "1343433"):
        assert raw not in html.replace(str(hall.code), "")
    assert evil in unescape(html)
    assert embedded(await page(ben, open=question, q=evil))["filters"] == {
        "language": "",
        "topic": "",
        "school": "",
        "flag": "",
        "tag": "",
        "whose": "",
        "text": evil,
    }


async def test_a_panel_tells_what_is_known_of_its_question(hall: Hall) -> None:
    house, ben = hall.house, await hall.staff("ben")
    living = await house.asked(State.SHOWN, "Is there a late bus on Friday?")
    other = await house.ask("A late bus?", Caller("luis"), name="Luis")
    await house.decide("question.merge", other, into=living)
    await house.do(Caller("eva"), "question.vote", question=living)
    await house.decide("question.edit_words", living, words="Is there a late bus?", lang="en")
    await house.decide("lineup.assign", living, speaker="Transportation")
    await house.do(house.mia, "question.note", question=living, words="Ask the depot.")
    await house.do(house.ben, "participant.mute", question=living)
    html = await panel(ben, living)
    for told in (
        "Is there a late bus on Friday?",
        "1 question is joined with it",
        "A late bus?",
        "Take apart",
        "Ask the depot.",
        "Mia",
        "<option selected>Transportation</option>",
        "This asker is muted",
        f"/s/{hall.code}/log?number=1",
    ):
        assert told in html
    merged = await panel(ben, other)
    assert f'data-open="{living}">#1</a>' in merged
    found = await panel(ben, await house.ask("Buses?", Caller("eva")), like="late friday")
    assert f'data-twin="{living}"' in found
    assert "No question has all of these words." in await panel(
        ben, await house.ask("Trains?", Caller("ivo")), like="elephants"
    )


async def test_two_questions_alike_are_proposed_to_join(hall: Hall) -> None:
    house, ben = hall.house, await hall.staff("ben")
    device = await hall.join(ben, "desk", "desk")
    first = await house.ask("Will the bus stop at Speedway and Campbell in winter?")
    second = await house.ask("Will the bus stop at Speedway and Campbell in the winter?", Caller("luis"))
    await device.until(lambda: second in device.cards)

    async def is_proposed() -> bool:
        return "Is it one of these?" in await panel(ben, second)

    await until_is(is_proposed, True)
    assert f'data-twin="{first}"' in await panel(ben, second)


async def test_a_colleague_on_a_question_is_told_on_the_page(hall: Hall) -> None:
    house, ben, mia = hall.house, await hall.staff("ben"), await hall.staff("mia")
    question = await house.ask()
    device = await hall.join(mia, "desk", "desk")
    assert (await device.call("question.claim", question=question))["ok"] is True
    html = await page(ben)
    assert 'data-claim="other"' in html
    assert "Mia is on this one" in html
    assert "Mia is on this one" in await panel(ben, question)
    assert 'data-claim="me"' in await page(mia)
    assert rows(await page(mia, whose="mine")) == [question]
    assert rows(await page(ben, whose="free")) == []


async def test_the_line_and_the_balance(hall: Hall) -> None:
    house, ben = hall.house, await hall.staff("ben")
    line = [await house.asked(State.QUEUED, f"In line {n}?", by=Caller(f"in{n}"), topic="Buses") for n in range(3)]
    await house.ask("¿Y la comida?", Caller("luis"), lang="es", topic="Lunch")
    await house.decide("lineup.assign", line[0], speaker="Transportation")
    html = await page(ben)
    assert re.findall(r'<li class="inline-row" id="line-([^"]+)"', html) == line
    assert "Transportation" in html
    balance = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.partition('id="balance"')[2].partition("</section>")[0]))
    assert "Languages Waiting In line Answered English 0 3 0 Spanish 1 0 0" in balance
    assert "Topics Waiting In line Answered Buses 0 3 0 Lunch 1 0 0" in balance
    assert (await ben.press("stage.next", back="desk")).status_code == 303
    assert f'<article class="onstage" data-card="{line[0]}"' in await page(ben)


async def test_input_says_how_it_stands(hall: Hall) -> None:
    house, ben = hall.house, await hall.staff("ben")
    assert 'data-input="open" data-slow="0" data-hold="false"' in await page(ben)
    await house.do(house.ben, "input.pause")
    await house.do(house.ben, "input.slow", seconds=60)
    html = await page(ben)
    assert 'data-input="paused" data-slow="60" data-hold="false"' in html
    assert 'name="seconds" value="60" aria-pressed="true"' in html
    assert "Hold everything" not in html, "everything waits already"
    async with open_hall(hall.server, review=False) as other:
        assert "Hold everything" in await page(await other.staff("ben"))


async def test_the_script_is_told_what_it_needs(hall: Hall) -> None:
    house, ben = hall.house, await hall.staff("ben")
    question = await house.ask("¿Hay un autobús?", lang="es")
    html = await page(ben, open=question, language="es")
    told = embedded(html)
    assert (told["list"], told["open"], told["may_decide"], told["sort"]) == ("waiting", question, True, "newest")
    assert [reason["code"] for reason in told["reasons"]] == list(REASONS)  # type: ignore[attr-defined]
    assert set(told["flags"]) == set(FLAGS)  # type: ignore[call-overload]
    assert set(told["states"]) == set(State)  # type: ignore[call-overload]
    assert told["languages"] == {"en": "English", "es": "Spanish"}
    assert {"pick", "undo", "left", "state_live"} <= set(embedded(html, "texts"))
    for template in ("row", "stage-card", "line-row", "balance-row"):
        assert html.count(f'<template id="{template}">') == 1
    (row,) = re.findall(r'<template id="row">(.*?)</template>', html, re.S)
    parts = {"words", "number", "name", "topic", "lang", "asked", "votes", "labels", "claim", "left"}
    assert set(re.findall(r'data-fill="(\w+)"', row)) == parts
    spanish = await page(await hall.staff("mia", lang="es"))
    assert embedded(spanish)["languages"] == {"en": "Inglés", "es": "Español"}
