"""The wire over plain HTTP: what is refused, in which words, and that a refusal leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import pytest

from live.rendering import catalogues
from sessions.events import State
from sessions.refusals import STATUS
from tests.running import KEYS, Hall, Visitor, open_hall, shared_server

ZALGO = "Will " + "t" + "\u0301\u0302\u0303\u0304" * 5 + "he bus stop?"

FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "empty": ("question.ask", {"words": "", "lang": "en"}, "bad"),
    "blank": ("question.ask", {"words": " \n\t ", "lang": "en"}, "bad"),
    "nothing to be seen": ("question.ask", {"words": "\u200b\u2060\u00ad", "lang": "en"}, "bad"),
    "too long by one": ("question.ask", {"words": "x" * 601, "lang": "en"}, "bad"),
    "10,000 characters": ("question.ask", {"words": "word " * 2000, "lang": "en"}, "bad"),
    "control characters": ("question.ask", {"words": "Will the\x07 bus\x1b[31m stop?", "lang": "en"}, "bad"),
    "a zero": ("question.ask", {"words": "Will the bus\x00 stop?", "lang": "en"}, "bad"),
    "zalgo": ("question.ask", {"words": ZALGO, "lang": "en"}, "bad"),
    "turned around": ("question.ask", {"words": "Will the \u202ebus\u202c stop?", "lang": "en"}, "bad"),
    "no language at all": ("question.ask", {"words": "Hello?", "lang": "the third one"}, "bad"),
    "a topic of nowhere": ("question.ask", {"words": "Hello?", "lang": "en", "topic": "Weather"}, "bad"),
    "a field too much": ("question.ask", {"words": "Hello?", "lang": "en", "state": "shown"}, "bad"),
    "a short key": ("question.ask", {"words": "Hello?", "lang": "en", "key": "short"}, "bad"),
    "a long key": ("question.ask", {"words": "Hello?", "lang": "en", "key": "k" * 65}, "bad"),
    "an unknown command": ("question.delete", {}, "not_found"),
    "a name that is no command": ("__class__", {}, "not_found"),
    "nothing is there": ("question.vote", {"question": "nothing"}, "not_found"),
    "not theirs to do": ("question.approve", {"question": "nothing", "rev": 1}, "not_allowed"),
    "not theirs to run": ("session.end", {}, "not_allowed"),
}
"""What a family might send: command, body, and the code of the refusal."""


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


def spanish(english: str) -> bool:
    """Whether a sentence is one of the Spanish catalogue's, or is at least not one of the English ones."""
    return english not in catalogues()["es"]._catalog  # type: ignore[attr-defined]


async def refused_as_json(visitor: Visitor, command: str, body: dict[str, Any], code: str) -> dict[str, Any]:
    response = await visitor.send(command, **body)
    told: dict[str, Any] = response.json()
    assert (response.status_code, told["ok"], told["code"]) == (STATUS[code], False, code), told
    assert response.headers["content-type"] == "application/json"
    assert len(told["say"]) > 10
    assert "{" not in told["say"], "every place in the sentence is filled"
    return told


@pytest.mark.parametrize("name", FAULTS)
async def test_faults_are_refused_in_words_and_change_nothing(hall: Hall, name: str) -> None:
    command, body, code = FAULTS[name]
    before, said = await hall.kept(), {}
    for lang in ("en", "es"):
        visitor = await hall.family(lang=lang)
        told = await refused_as_json(visitor, command, body, code)
        said[lang] = told["say"]
        # The same as a form: a page with the sentence, and what was typed is still there.
        fields = {key: str(value) for key, value in body.items()} | {"back": "families"}
        response = await (await hall.family(lang=lang)).press(command, **fields)
        page = unescape(response.text)
        if not name.endswith("key"):  # Another key than the page's own is no fault of a form.
            assert response.status_code == STATUS[code]
            assert told["say"] in page
            if body.get("words", "").strip() and command == "question.ask":
                assert body["words"].replace("\n", " ").strip()[:50] in page.replace("\n", " ")
        # And the same over a socket.
        device = await hall.join(await hall.family(lang=lang))
        answer = await device.call(command, **body)
        assert answer == told
    assert said["en"] != said["es"]
    assert spanish(said["es"])
    assert await hall.kept() == before


async def test_a_script_tag_is_taken_as_words_and_shown_as_words(hall: Hall) -> None:
    attack = """<script>alert("x")</script><img src=x onerror='alert(1)'>&amp;{{ 7*7 }}"""
    rosa, ben = await hall.family(), await hall.staff("ben")
    device = await hall.join(rosa, "public", "families", "html")
    question = await rosa.ask(attack, name="<b>Rosa</b>")
    await ben.decide("question.approve", question)
    await hall.agree()
    (card,) = (await rosa.board(format="json"))["cards"]
    assert (card["words"], card["name"]) == (attack, "<b>Rosa</b>"), "a program gets the words as they are"
    pages = [device.cards[question]["html"]]
    for visitor, path in ((rosa, ""), (rosa, "mine"), (rosa, "stage"), (ben, "desk")):
        pages.append((await visitor.get(path, list="shown")).text)
    for page in pages:
        assert "&lt;script&gt;alert(" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b>Rosa" not in page
        assert "49" not in page.partition("alert(1)")[2][:60]


async def test_words_are_kept_as_they_were_typed(hall: Hall) -> None:
    """In NFC with plain line ends, and never cut: 600 characters as a reader counts them."""
    rosa = await hall.family()
    family = "👩‍👩‍👧‍👦"
    typed = {
        "e\u0301l  dijo:\r\n«¿cuándo?»": "él  dijo:\n«¿cuándo?»",
        "  متى تصل الحافلة؟  ": "متى تصل الحافلة؟",
        family * 600: family * 600,
        "x" * 600: "x" * 600,
    }
    for words in typed:
        await rosa.ask(words)
    assert [q["words"] for q in (await rosa.mine())["questions"]] == list(typed.values())[::-1], "the latest first"


CONTENT = [
    (b'{"key": "12345678", "words": "Hello?", ', "application/json"),
    (b"[]", "application/json"),
    (b'"words"', "application/json"),
    (b"null", "application/json"),
    (b"", "application/json"),
    (b"\xff\xfe\x00", "application/json"),
    (b'{"words": "\xed\xa0\x80", "lang": "en", "key": "12345678"}', "application/json"),
    (rb'{"words": "\ud800", "lang": "en", "key": "12345678"}', "application/json"),
    (b'{"key": "12345678", "words": "Hello?", "lang": "en"}', "text/plain"),
    (b'{"key": "12345678", "words": "Hello?", "lang": "en"}', ""),
    (b"<words>Hello?</words>", "text/xml"),
    (b"--x\r\nnothing", "multipart/form-data"),
    (b"--x\r\nnothing", "multipart/form-data; boundary=x"),
    (b"[" * 50_000, "application/json"),
]


@pytest.mark.parametrize(("content", "kind"), CONTENT, ids=range(len(CONTENT)))
async def test_a_body_that_cannot_be_read_is_refused(hall: Hall, content: bytes, kind: str) -> None:
    for lang in ("en", "es"):
        rosa = await hall.family(lang=lang)
        before = await hall.kept()
        response = await rosa.http.post(
            f"/s/{hall.code}/do/question.ask",
            content=content,
            headers={"Accept": "application/json"} | ({"Content-Type": kind} if kind else {}),
        )
        assert response.status_code == 400, response.text
        if response.headers["content-type"] == "application/json":
            assert (response.json()["code"], bool(response.json()["say"])) == ("bad", True)
        else:
            assert 'role="status"' in response.text
        assert await hall.kept() == before


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
async def test_a_huge_body_is_refused_before_it_is_held(hall: Hall, kind: str) -> None:
    rosa, before = await hall.family(), await hall.kept()
    content = json.dumps({"key": next(KEYS), "lang": "en", "words": "x" * 300_000}).encode()
    if kind != "application/json":
        content = b"lang=en&words=" + b"x" * 300_000
    response = await rosa.http.post(
        f"/s/{hall.code}/do/question.ask",
        content=content,
        headers={"Content-Type": kind, "Accept": "application/json"},
    )
    assert response.status_code == 400
    assert response.json() == {
        "ok": False,
        "code": "bad",
        "say": "This is too much at once. Please shorten it.",
    }
    assert await hall.kept() == before


async def test_what_is_too_long_for_a_field_is_refused_in_words(hall: Hall) -> None:
    rosa = await hall.family()
    told = await refused_as_json(rosa, "question.ask", {"words": "x" * 200_000, "lang": "en"}, "bad")
    assert "600" in told["say"]
    told = await refused_as_json(rosa, "question.ask", {"words": "Hello?", "lang": "en", "name": "x" * 61}, "bad")
    assert told["say"] == "That is longer than the 60 characters there is room for. Please shorten it."


ELSEWHERE = "https://elsewhere.example"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Origin": ELSEWHERE}, "not_allowed"),
        ({"Origin": "null"}, "not_allowed"),
        ({"Origin": ""}, "not_allowed"),
        ({}, "not_allowed"),
        ({"Referer": f"{ELSEWHERE}/s/page"}, "not_allowed"),
        ({"Referer": "nonsense"}, "not_allowed"),
        ({"Origin": ELSEWHERE, "Referer": "HERE/s/page"}, "not_allowed"),
        ({"Origin": "HERE.elsewhere.example"}, "not_allowed"),
        ({"Origin": "HERE"}, None),
        ({"Referer": "HERE/s/page"}, None),
    ],
)
async def test_only_pages_of_ours_may_send(hall: Hall, headers: dict[str, str], code: str | None) -> None:
    rosa = await hall.family()
    rosa.http.headers.pop("Origin")
    sent = {name: value.replace("HERE", rosa.base) for name, value in headers.items()}
    before = await hall.kept()
    for lang in ("en", "es"):
        response = await rosa.http.post(
            f"/s/{hall.code}/do/question.ask",
            json={"key": next(KEYS), "words": "Hello?", "lang": "en"},
            headers=sent | {"Accept-Language": lang},
        )
        if code is None:
            assert response.status_code == 200
            continue
        told = response.json()
        assert (response.status_code, told["code"]) == (STATUS[code], code)
        assert spanish(told["say"]) is (lang == "es")
        form = await rosa.http.post(f"/s/{hall.code}/do/question.ask", data={"words": "Hello?"}, headers=sent)
        assert form.status_code == STATUS[code]
        for path in ("/sign-out", "/device", f"/office/{hall.code}/invite", "/invite/x", "/receipt/x"):
            assert (await rosa.http.post(path, headers=sent)).status_code == 403
    assert (await hall.kept() == before) is (code is not None)


async def test_a_program_with_a_bearer_token_has_no_page(hall: Hall) -> None:
    rosa = await hall.family()
    program = hall.visitor()
    program.http.headers.pop("Origin")
    program.http.headers["Authorization"] = f"Bearer {rosa.http.cookies['f2f_participant']}"
    question = await program.ask()
    assert [q["id"] for q in (await rosa.mine())["questions"]] == [question]
    program.http.headers["Authorization"] = f"bearer {(await hall.staff('ben')).http.cookies['f2f_staff']}"
    await program.decide("question.approve", question)
    program.http.headers["Authorization"] = "Bearer nobody"
    assert (await program.send("question.ask", words="Hello?", lang="en")).status_code == 401


async def test_a_bearer_token_is_no_way_around_the_origin_for_cookies(hall: Hall) -> None:
    """A page of another site cannot borrow the cookies of ours by adding a token of its own."""
    rosa = await hall.family()
    rosa.http.headers.pop("Origin")
    response = await rosa.http.post(
        f"/s/{hall.code}/do/question.ask",
        json={"key": next(KEYS), "words": "Hello?", "lang": "en"},
        headers={"Origin": ELSEWHERE, "Authorization": "Basic abc"},
    )
    assert response.status_code in (401, 403)


@pytest.mark.parametrize("lang", ["en", "es"])
async def test_who_has_no_cookie_is_told_what_to_do(hall: Hall, lang: str) -> None:
    nobody, before = hall.visitor(lang=lang), await hall.kept()
    told = await refused_as_json(nobody, "question.ask", {"words": "Hello?", "lang": "en"}, "no_identity")
    assert spanish(told["say"]) is (lang == "es")
    form = await nobody.press("question.ask", words="My typed words?", lang="en")
    assert form.status_code == 401
    assert "My typed words?" in form.text, "what was typed is not lost"
    assert (await nobody.get("mine", format="json")).status_code == 401
    assert (await nobody.get("board")).status_code == 200, "reading needs nobody"
    assert await hall.kept() == before


async def test_a_wrong_code_is_told_wherever_it_is_typed(hall: Hall) -> None:
    for lang in ("en", "es"):
        rosa = await hall.family(lang=lang)
        rosa.code = "NOPE22"
        told = await refused_as_json(rosa, "question.ask", {"words": "Hello?", "lang": "en"}, "not_found")
        assert spanish(told["say"]) is (lang == "es")
        for path in ("", "mine", "desk", "speak", "stage", "board", "/archive/NOPE22"):
            response = await rosa.get(path)
            assert (response.status_code, told["say"] in unescape(response.text)) == (404, True), path
        home = await rosa.get("/", code="nope-22")
        assert (home.status_code, told["say"] in unescape(home.text)) == (404, True)
        assert "nope-22" in home.text


async def test_a_session_that_is_over_says_so(hall: Hall) -> None:
    rosa, ben, ana = await hall.family(), await hall.staff("ben"), await hall.staff("ana")
    question = await rosa.ask()
    await ben.decide("question.approve", question)
    await ana.do("session.end")
    before = await hall.kept()
    luz = await hall.family(lang="es")
    for command, body in (
        ("question.ask", {"words": "Too late?", "lang": "en"}),
        ("question.vote", {"question": question}),
    ):
        told = await refused_as_json(await hall.family(), command, body, "not_now")
        assert told["say"] == "This session has ended. The answers stay here to read."
        assert spanish((await refused_as_json(luz, command, body, "not_now"))["say"])
    form = await luz.press("question.ask", words="¿Muy tarde?", lang="es")
    assert (form.status_code, "¿Muy tarde?" in form.text) == (409, True)
    assert await hall.kept() == before


async def test_input_that_is_paused_keeps_what_was_typed(hall: Hall) -> None:
    rosa, ben = await hall.family(), await hall.staff("ben")
    await ben.do("input.pause")
    before = await hall.kept()
    await refused_as_json(rosa, "question.ask", {"words": "Now?", "lang": "en"}, "not_now")
    form = await rosa.press("question.ask", words="My words stay?", lang="en", name="Rosa", topic="Buses")
    assert form.status_code == 409
    assert "My words stay?" in form.text
    assert 'value="Rosa"' in form.text
    assert "<option selected>Buses</option>" in form.text
    assert await hall.kept() == before


async def test_a_second_vote_counts_once(hall: Hall) -> None:
    rosa, luz, ben = await hall.family(), await hall.family(lang="es"), await hall.staff("ben")
    question = await rosa.ask()
    await ben.decide("question.approve", question)
    await luz.do("question.vote", question=question)
    before = await hall.kept()
    told = await refused_as_json(luz, "question.vote", {"question": question}, "not_now")
    assert spanish(told["say"])
    own = await refused_as_json(rosa, "question.vote", {"question": question}, "not_now")
    assert own["say"] == "This is your own question: it counts already."
    assert (await rosa.board())["tallies"] == {question: 1}
    assert (await luz.mine())["votes"] == [question]
    assert await hall.kept() == before


async def test_a_stale_rev_is_answered_with_who_did_what_and_the_card_as_it_is(hall: Hall) -> None:
    rosa = await hall.family()
    ben, mia = await hall.staff("ben"), await hall.staff("mia", lang="es")
    question = await rosa.ask()
    rev = (await hall.head()).seq
    await ben.do("question.approve", question=question, rev=rev)
    before = await hall.kept()
    (card,) = (await mia.board(audience="desk", format="json"))["cards"]
    told = await refused_as_json(
        mia, "question.decline", {"question": question, "rev": rev, "reason": "twice"}, "stale"
    )
    assert told["card"] == card
    assert (told["card"]["state"], told["card"]["rev"]) == (State.SHOWN, rev + 1)
    assert told["say"].startswith("Ben ")
    assert spanish(told["say"])
    device = await hall.join(mia, "desk", "desk")
    again = await device.call("question.decline", question=question, rev=rev, reason="twice")
    assert again | {"say": ""} == told | {"say": ""}
    form = await mia.press("question.decline", question=question, rev=rev, reason="twice", back="desk")
    assert form.status_code == 409
    assert f"/s/{hall.code}/desk" in form.text
    ahead = await mia.send("question.decline", question=question, rev=rev + 7, reason="twice")
    assert (ahead.status_code, ahead.json()["code"]) == (400, "bad")
    assert await hall.kept() == before


async def test_a_question_of_another_session_is_not_here(hall: Hall) -> None:
    async with open_hall(hall.server) as other:
        question = await (await other.family()).ask("From next door?")
        elsewhere = await other.staff("ben")
        await elsewhere.decide("question.approve", question)
        before = await other.kept(), await hall.kept()
        rosa, ben = await hall.family(lang="es"), await hall.staff("ben")
        told = await refused_as_json(rosa, "question.vote", {"question": question}, "not_found")
        assert spanish(told["say"])
        for command in ("question.withdraw", "question.unvote"):
            await refused_as_json(rosa, command, {"question": question}, "not_found")
        await refused_as_json(ben, "question.hide", {"question": question, "rev": 1}, "not_found")
        await refused_as_json(ben, "question.note", {"question": question, "words": "Hm."}, "not_found")
        assert (await other.kept(), await hall.kept()) == before


async def test_who_may_not_see_a_question_cannot_find_out_that_it_is_there(hall: Hall) -> None:
    rosa, luz, sam = await hall.family(), await hall.family(), await hall.staff("sam")
    held = await rosa.ask("Is this held?")
    answers = [
        await refused_as_json(luz, "question.vote", {"question": question}, "not_found")
        for question in (held, "nothing-here")
    ]
    assert answers[0] == answers[1]
    hidden = [
        await refused_as_json(
            sam, "question.answer", {"question": question, "rev": 1, "words": "Yes.", "lang": "en"}, "not_found"
        )
        for question in (held, "nothing-here")
    ]
    assert hidden[0] == hidden[1]


async def test_too_much_at_once_waits_and_loses_nothing(hall: Hall) -> None:
    rosa, luz = await hall.family(lang="es"), await hall.family()
    for number in range(5):
        await rosa.ask(f"Number {number}?")
    before = await hall.kept()
    told = await refused_as_json(rosa, "question.ask", {"words": "One more?", "lang": "en"}, "too_fast")
    assert 0 < told["retry_after"] <= 21
    assert str(told["retry_after"]) in told["say"]
    assert spanish(told["say"])
    form = await rosa.press("question.ask", words="Still here?", lang="es")
    assert (form.status_code, "Still here?" in form.text) == (429, True)
    assert await hall.kept() == before
    await luz.ask("Others are not slowed down?")


# Keys.


async def test_twenty_times_the_same_key_is_one_question_with_one_answer(hall: Hall) -> None:
    rosa = await hall.family()
    device = await hall.join(rosa)
    body = {"key": next(KEYS), "words": "Only once?", "lang": "en"}
    http = [rosa.send("question.ask", **body) for _ in range(10)]
    socket = [device.call("question.ask", **body) for _ in range(10)]
    told = [r.json() for r in await asyncio.gather(*http)] + list(await asyncio.gather(*socket))
    assert told == [told[0]] * 20
    assert [q["words"] for q in (await rosa.mine())["questions"]] == ["Only once?"]


async def test_the_same_key_with_other_words_is_never_a_lost_question(hall: Hall) -> None:
    rosa, key = await hall.family(), next(KEYS)
    first = await rosa.ask("First?", key=key)
    told = await refused_as_json(rosa, "question.ask", {"key": key, "words": "Second?", "lang": "en"}, "key_reused")
    assert told["say"]
    for _ in range(2):  # The page was left open, gone back to, and its button pressed twice.
        form = await rosa.press("question.ask", key=key, words="From the form?", lang="en")
        assert form.status_code == 303
    own = (await rosa.mine())["questions"]
    assert [(q["words"], q["id"] == first) for q in own] == [("From the form?", False), ("First?", True)]


async def test_a_key_is_one_persons_and_one_sessions(hall: Hall) -> None:
    rosa, luz, key = await hall.family(), await hall.family(), next(KEYS)
    first, second = await rosa.ask("Mine?", key=key), await luz.ask("Mine too?", key=key)
    assert first != second


async def test_a_refusal_is_not_kept_under_its_key(hall: Hall) -> None:
    rosa, ben, key = await hall.family(), await hall.staff("ben"), next(KEYS)
    await ben.do("input.pause")
    await refused_as_json(rosa, "question.ask", {"key": key, "words": "Now?", "lang": "en"}, "not_now")
    await ben.do("input.resume")
    await rosa.ask("Now?", key=key)


# Forms.


async def test_a_form_ends_on_the_page_it_came_from(hall: Hall) -> None:
    rosa, ben, ana = await hall.family(), await hall.staff("ben"), await hall.staff("ana")
    asked = await rosa.press("question.ask", words="By form?", lang="en", key=next(KEYS), back="families")
    assert (asked.status_code, asked.headers["location"]) == (303, f"/s/{hall.code}#your-questions")
    (question,) = [q["id"] for q in (await rosa.mine())["questions"]]
    rev = (await hall.head()).seq
    places = {
        "desk": f"/s/{hall.code}/desk",
        "speak": f"/s/{hall.code}/speak",
        "stage": f"/s/{hall.code}/stage",
        "mine": f"/s/{hall.code}/mine",
        "families": f"/s/{hall.code}",
        "https://elsewhere.example": f"/s/{hall.code}",
    }
    for back, address in places.items():
        answer = await ben.press("question.note", question=question, words="Hm.", back=back)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{address}#q-{question}")
    approved = await ben.press("question.approve", question=question, rev=rev)
    assert approved.status_code == 303
    ended = await ana.press("session.end", back="office")
    assert (ended.status_code, ended.headers["location"]) == (303, f"/office/{hall.code}")


async def test_a_form_sends_texts_where_json_sends_numbers_and_switches(hall: Hall) -> None:
    rosa = await hall.family()
    answer = await rosa.press("question.ask", words="Only for staff?", lang="en", private="true", name="", topic="")
    assert answer.status_code == 303
    (own,) = (await rosa.mine())["questions"]
    assert own["private"] is True
    assert "name" not in own
    told = await refused_as_json(rosa, "question.ask", {"words": "Hm?", "lang": "en", "private": "true"}, "bad")
    assert "private" in told["say"]


async def test_a_form_may_be_sent_with_a_file_that_is_ignored_or_refused(hall: Hall) -> None:
    rosa, before = await hall.family(), await hall.kept()
    response = await rosa.http.post(
        f"/s/{hall.code}/do/question.ask", data={"words": "Hm?", "lang": "en"}, files={"picture": b"\x89PNG"}
    )
    assert response.status_code == 400
    assert await hall.kept() == before


# Reading.


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"audience": "desk"}, 403),
        ({"audience": "speaker"}, 403),
        ({"audience": "everyone"}, 400),
        ({"audience": "public", "screen": "desk"}, 400),
        ({"screen": "desk"}, 400),
        ({"screen": "nowhere"}, 400),
        ({"format": "xml"}, 400),
        ({"since": "-1"}, 200),
        ({"since": "9" * 40}, 200),
        ({"since": "١٢"}, 200),
        ({"epoch": "x"}, 200),
        ({}, 200),
    ],
)
async def test_a_board_is_given_to_who_may_see_it(hall: Hall, query: dict[str, str], status: int) -> None:
    for lang in ("en", "es"):
        rosa = await hall.family(lang=lang)
        response = await rosa.get("board", **query)
        assert response.status_code == status
        if status == 200:
            assert response.json() == await rosa.board(since=0)
        else:
            as_json = await rosa.http.get(f"/s/{hall.code}/board", params=query, headers={"Accept": "application/json"})
            assert as_json.json()["ok"] is False
            assert STATUS[as_json.json()["code"]] == status
            assert spanish(as_json.json()["say"]) is (lang == "es")


async def test_only_what_everybody_may_see_is_kept_by_a_browser(hall: Hall) -> None:
    """A desk on a shared computer leaves nothing behind; that it may be asked for is looked at each time."""
    ben = await hall.staff("ben")
    desk, public = await ben.get("board", audience="desk"), await ben.get("board")
    assert [one.headers["cache-control"] for one in (desk, public)] == ["no-store", "private, no-cache"]
    held = {"If-None-Match": desk.headers["etag"]}
    rosa = await hall.family()
    told = await rosa.http.get(f"/s/{hall.code}/board", params={"audience": "desk"}, headers=held)
    assert told.status_code == 403


async def test_mine_is_the_callers_own_and_nobody_elses(hall: Hall) -> None:
    rosa, luz, ben = await hall.family(), await hall.family(), await hall.staff("ben")
    first, second = await rosa.ask("Mine?"), await rosa.ask("Mine too?", private=True)
    other = await luz.ask("Not yours?")
    for question in (first, other):
        await ben.decide("question.approve", question)
    await rosa.do("question.vote", question=other)
    told = await rosa.mine()
    assert told["votes"] == [other]
    assert [(q["id"], q["state"], q["place"]) for q in told["questions"]] == [
        (second, "private", "mine"),
        (first, "shown", "mine"),
    ]
    html = (await rosa.get("mine", format="html")).json()
    assert [(c["id"], c["rev"], c["place"], c["order"]) for c in html["cards"]] == [
        (q["id"], q["rev"], "mine", q["order"]) for q in told["questions"]
    ]
    assert all(c["html"].startswith(f'<li id="mine-{c["id"]}"') for c in html["cards"])
    assert (await luz.mine())["questions"][0]["id"] == other
    assert (await ben.mine()) == {"questions": [], "votes": [], "muted": False}


async def test_who_is_muted_is_told_and_can_still_ask_only_the_staff(hall: Hall) -> None:
    rosa, ben = await hall.family(), await hall.staff("ben")
    device = await hall.join(rosa)
    question = await rosa.ask()
    for command, muted in (("participant.mute", True), ("participant.unmute", False)):
        before = len(device.notices)
        await ben.do(command, question=question)
        await device.until(lambda before=before: len(device.notices) > before)  # type: ignore[misc]
        assert (await rosa.mine())["muted"] is muted
        assert (await rosa.get("mine", format="html")).json()["muted"] is muted
        for path in ("", "mine"):
            page = (await rosa.get(path)).text
            assert ('<p class="notice" data-muted>' in page) is muted
        assert ('name="private" value="true" checked' in (await rosa.get()).text) is muted
        if muted:
            told = await refused_as_json(rosa, "question.ask", {"words": "To everyone?", "lang": "en"}, "not_allowed")
            form = await rosa.press("question.ask", words="To everyone?")
            assert (form.status_code, told["say"] in unescape(form.text), "To everyone?" in form.text) == (
                403,
                True,
                True,
            )
            await rosa.ask("Only for staff?", private=True)
    await rosa.ask("To everyone again?")


async def test_where_input_is_slow_everybody_is_told_how_often(hall: Hall) -> None:
    rosa, luz, ben = await hall.family(), await hall.family(), await hall.staff("ben")
    device = await hall.join(rosa)
    assert "data-slow hidden" in (await rosa.get()).text
    await rosa.ask()
    await ben.do("input.slow", seconds=120)
    await device.until(lambda: device.session.get("slow") == 120)
    assert "everyone may ask one question every 2 minutes." in (await rosa.get()).text
    told = await refused_as_json(rosa, "question.ask", {"words": "At once?", "lang": "en"}, "too_fast")
    assert 100 < told["retry_after"] <= 120
    form = await rosa.press("question.ask", words="At once?", school="", topic="")
    assert (form.status_code, "At once?" in form.text, "Please wait" in form.text) == (429, True, True)
    await luz.ask("Others ask their first?")
