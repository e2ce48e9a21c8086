"""What somebody is told before a question is sent: those like it, and what everyone could read in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx
import pytest

from live import texts
from live.pages.drafts import CONCERNS, MOST_SIMILAR, concerns, to_offer
from live.rendering import catalogues
from live.throttle import BUDGETS
from moderation.decisions import FLAGS
from moderation.screening import OURS
from sessions.session import Session
from tests.running import KEYS, Hall, RunningServer, Visitor, open_hall, shared_server

PHONE = "Please call me at 520-555-0142 about the bus"
OFFERED = "data-keep data-offered>"
"""How the form is marked while it has something to decide."""
LIBRARY = "Will the late bus stop at the library on Speedway?"


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


async def send(visitor: Visitor, **body: Any) -> httpx.Response:
    return await visitor.http.post(f"/s/{visitor.code}/draft", json=body)


async def told(visitor: Visitor, words: str, **more: Any) -> dict[str, Any]:
    response = await send(visitor, words=words, **more)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_there_is_a_sentence_for_every_concern() -> None:
    assert set(CONCERNS) <= set(FLAGS)
    for catalogue in catalogues().values():
        assert tuple(texts.concern_sentences(catalogue.gettext)) == CONCERNS


def test_concerns_are_in_an_order_of_their_own() -> None:
    assert concerns("Will the bus stop at Speedway?") == ()
    assert concerns(f"{PHONE} or at rosa@example.org") == ("phone", "email")
    assert concerns("See www.example.org for THE WHOLE LONG STORY OF IT") == (), "nothing that needs staff alone"


@pytest.mark.parametrize(
    ("raw", "muted", "input_is", "state", "offered"),
    [
        ({}, False, "open", "live", ("phone",)),
        ({"sure": "false"}, False, "open", "live", ("phone",)),
        ({"sure": "true"}, False, "open", "live", ()),
        ({"private": "true"}, False, "open", "live", ()),
        ({}, True, "open", "live", ()),
        ({}, False, "paused", "live", ()),
        ({}, False, "open", "ended", ()),
    ],
)
def test_who_is_offered_to_ask_only_the_staff(
    raw: dict[str, Any], muted: bool, input_is: str, state: str, offered: tuple[str, ...]
) -> None:
    raw = {"words": PHONE} | raw
    assert to_offer(Session(state=state, input=input_is), raw, is_muted=muted) == offered
    assert "sure" not in raw, "no field of the command"


@pytest.mark.parametrize("lang", sorted(catalogues()))
async def test_a_draft_is_told_what_everyone_could_read_in_it(hall: Hall, lang: str) -> None:
    rosa, before = await hall.family(lang=lang), await hall.kept()
    sentence = texts.concern_sentences(catalogues()[lang].gettext)["phone"]
    assert await told(rosa, PHONE) == {
        "similar": [],
        "flags": [{"flag": "phone", "say": sentence}],
        "private": True,
    }
    assert await told(rosa, "Will it rain?", lang="es") == {"similar": [], "flags": [], "private": False}
    assert await hall.kept() == before


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"words": ', "application/json"),
        (b"[]", "application/json"),
        (b'{"words": 7}', "application/json"),
        (b'{"words": "Hello?", "lang": "the third one"}', "application/json"),
        (b'{"words": "Hello?", "session": 1}', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 50_000, "application/json"),
        (b'{"words": "Hello?"}', "text/plain"),
        (b"words=Hello", "application/x-www-form-urlencoded"),
    ],
    ids=range(9),
)
async def test_what_is_no_draft_is_refused_in_words(hall: Hall, content: bytes, kind: str) -> None:
    rosa = await hall.family()
    headers = {"Content-Type": kind, "Accept": "application/json"}
    response = await rosa.http.post(f"/s/{hall.code}/draft", content=content, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "bad")


async def test_drafts_are_looked_at_for_participants_and_not_without_end(hall: Hall) -> None:
    assert (await send(hall.visitor(), words="Who am I?")).status_code == 401
    rosa, luz = await hall.family(), await hall.family()
    burst = BUDGETS["draft"].burst
    # All at once: one more comes back every two seconds.
    answers = await asyncio.gather(*(send(rosa, words=f"Draft number {n}") for n in range(burst + 10)))
    refused = [answer for answer in answers if answer.status_code != 200]
    assert 0 < len(refused) <= 10
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(429, "too_fast")}
    seen = next(n for n, answer in enumerate(answers) if answer.status_code == 200)
    for _ in range(3):
        await told(rosa, f"Draft number {seen}")
    await told(luz, "Others go on")
    await rosa.ask("It can be asked all the same?")


async def test_nothing_of_a_draft_is_written_anywhere(tmp_path: Any) -> None:
    with RunningServer(f"sqlite+aiosqlite:///{tmp_path}/quiet.db") as server:
        async with open_hall(server) as hall:
            rosa = await hall.family()
            await told(rosa, "Zwetschgen at 520-555-0142")
            await send(rosa, words="Zwetschgen", lang="no such one")
        assert "wetschgen" not in server.written()
    for file in tmp_path.iterdir():
        assert b"wetschgen" not in file.read_bytes()


# Without a script.


@pytest.mark.parametrize("lang", sorted(catalogues()))
async def test_a_form_is_answered_with_the_offer_and_the_words(hall: Hall, lang: str) -> None:
    rosa, before = await hall.family(lang=lang), await hall.kept()
    typed = {"words": PHONE, "name": "Rosa", "topic": "Buses", "contact": "rosa@example.org", "times": "After six"}
    response = await rosa.press("question.ask", key=next(KEYS), back="families", **typed)
    page = unescape(response.text)
    assert response.status_code == 200
    assert PHONE in page
    for kept in ('value="Rosa"', "<option selected>Buses</option>", 'value="rosa@example.org"', 'value="After six"'):
        assert kept in page
    assert texts.concern_sentences(catalogues()[lang].gettext)["phone"] in page
    assert OFFERED in page
    assert '<button name="sure" value="true">' in page
    assert await hall.kept() == before, "it is not sent yet"
    for choice, state in ({"sure": "true"}, "held"), ({"private": "true"}, "private"):
        sent = await rosa.press("question.ask", key=next(KEYS), **typed, **choice)
        assert sent.status_code == 303
        assert (await rosa.mine())["questions"][0]["state"] == state


async def test_nobody_is_offered_what_they_chose_or_cannot_have(hall: Hall) -> None:
    rosa, ben = await hall.family(), await hall.staff("ben")
    told = await rosa.send("question.ask", words=PHONE, lang="en", sure=True)
    assert told.status_code == 400, "`sure` is the form's alone"
    await ben.do("input.pause")
    paused = await rosa.press("question.ask", words=PHONE)
    assert (paused.status_code, OFFERED in paused.text) == (409, False)
    await ben.do("input.resume")
    question = await rosa.ask()
    await ben.do("participant.mute", question=question)
    muted = await rosa.press("question.ask", words=PHONE)
    assert (muted.status_code, OFFERED in muted.text) == (403, False)


async def test_danger_shows_where_help_is_and_blocks_nothing(hall: Hall) -> None:
    rosa, words = await hall.family(), "My uncle says he will kill me tonight"
    assert [flag["flag"] for flag in (await told(rosa, words))["flags"]] == ["danger"]
    page = (await rosa.press("question.ask", words=words)).text
    assert 'data-offer-help><p class="help">' in page
    assert '<a href="tel:911">911</a>' in page
    assert '<a href="tel:988">988</a>' in page
    assert (await rosa.press("question.ask", words=words, sure="true")).status_code == 303
    own = (await rosa.get()).text
    assert own.count('<p class="help">') == 3, "on the card; the other two wait in the sheet"


def test_a_districts_own_words_are_a_concern() -> None:
    own = OURS | {"fudge"}
    assert (concerns("Oh fudge?"), concerns("Oh fudge?", own)) == ((), ("profanity",))
    raw = {"words": "Oh fudge?"}
    asked = Session(state="live", input="open")
    assert to_offer(asked, raw, is_muted=False, profanity=own) == ("profanity",)


# Questions like it.


async def test_similar_questions_are_looked_for_in_the_language_of_the_words(hall: Hall) -> None:
    rosa, luz, ben = await hall.family(), await hall.family(), await hall.staff("ben")
    spanish = "¿El camión de la tarde va a parar en la biblioteca?"
    shown = await rosa.ask(spanish, lang="en")
    await ben.decide("question.approve", shown)
    (html,) = (await told(luz, "el camion de la tarde va a parar en la biblioteca", lang="en"))["similar"]
    assert f'data-similar="{shown}"' in html
    assert (await rosa.mine())["questions"][0]["lang"] == "es"


async def test_similar_questions_are_those_that_everyone_can_see(hall: Hall) -> None:
    rosa, luz, ben = await hall.family(), await hall.family(), await hall.staff("ben")
    shown = await rosa.ask(LIBRARY)
    held, private = await rosa.ask(f"{LIBRARY} Please?"), await rosa.ask(f"{LIBRARY} Really?", private=True)
    other = await luz.ask("Are school lunches free next year?")
    for question in (shown, other):
        await ben.decide("question.approve", question)
    (html,) = (await told(luz, "Does the late bus stop at the library on Speedway", lang="en"))["similar"]
    assert f'data-similar="{shown}"' in html
    assert f'data-similar-vote="{shown}"' in html
    assert 'aria-pressed="false"' in html
    assert not {held, private} & set(html.split('"'))
    await luz.do("question.vote", question=shown)
    (html,) = (await told(luz, "Does the late bus stop at the library in Speedway?"))["similar"]
    assert 'aria-pressed="true"' in html
    assert "<b data-tally>1</b>" in html
    (html,) = (await told(rosa, "Does the late bus stop at the library on Speedway", lang="en"))["similar"]
    assert "You asked this already" in html
    assert "data-similar-vote" not in html
    await ben.decide("question.answer", shown, words="Yes, from Monday on.", lang="en")
    (html,) = (await told(luz, "So does the late bus stop at the library on Speedway?"))["similar"]
    assert "Yes, from Monday on." in html
    assert "data-similar-vote" not in html
    await ben.decide("question.hide", shown)
    assert (await told(luz, "And does the late bus stop at the library on Speedway?"))["similar"] == []


async def test_never_more_than_a_few_and_every_word_escaped(hall: Hall) -> None:
    ben = await hall.staff("ben")
    for number in range(MOST_SIMILAR + 2):
        question = await (await hall.family()).ask(
            f"Will the <b>late bus</b> stop at the library on Speedway {number}?"
        )
        await ben.decide("question.approve", question)
    rosa = await hall.family()
    similar = (await told(rosa, "Will the late bus stop at the library on Speedway"))["similar"]
    assert len(similar) == MOST_SIMILAR
    assert all("&lt;b&gt;late" in html and "<b>late" not in html for html in similar)
