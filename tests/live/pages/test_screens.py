"""The screens as pages: what is on them, for whom, in which language, and readable without a script."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape

import pytest

from live.pages.screens import TOP
from sessions.audiences import SCREENS
from tests.running import Hall, open_hall, shared_server

ON_PAGE = re.compile(r'<li id="q-([^"]+)"')


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


def lists(page: str) -> dict[str, list[str]]:
    """The questions of a page by the place in which they stand."""
    found = {}
    for name, inside in re.findall(r'<ol[^>]*data-place="(\w+)"[^>]*>(.*?)</ol>', page, re.S):
        found[name] = ON_PAGE.findall(inside)
    return found


async def test_home_leads_in_by_code_however_it_is_typed(hall: Hall) -> None:
    visitor, code = hall.visitor(), hall.code
    for typed in (code, code.lower(), f" {code[:3]}-{code[3:]} ", f"{code[:2]} {code[2:4]} {code[4:]}"):
        response = await visitor.get("/", code=typed)
        assert (response.status_code, response.headers["location"]) == (303, f"/s/{code}")
    assert code in (await visitor.get("/")).text, "it is live now"
    assert (await visitor.get("/", code="")).status_code == 200
    for typed in ("NOPE22", "x" * 5000, "<script>", "%00"):
        response = await visitor.get("/", code=typed)
        assert response.status_code == 404
        assert "<script>alert" not in response.text
    assert (await visitor.get(f"/s/{code.lower()}")).status_code == 200


async def test_what_is_coming_is_announced_and_what_is_over_is_in_the_archive(hall: Hall) -> None:
    async with open_hall(hall.server, live=False, title="Next Tuesday") as other:
        ana, visitor = await other.staff("ana"), hall.visitor()
        assert "Next Tuesday" not in (await visitor.get("/")).text
        await ana.do("session.schedule")
        assert "Next Tuesday" in (await visitor.get("/")).text
        await ana.do("session.start")
        for command in ("session.end", "session.publish"):
            await ana.do(command)
        assert f"/archive/{other.code}" in (await visitor.get("/archive")).text


async def test_the_first_page_is_short_and_says_how_much_more_there_is(hall: Hall) -> None:
    ben = await hall.join(await hall.staff("ben"), "desk", "desk")
    asked = []
    for _ in range(5):
        family = await hall.family()
        for number in range(5):
            asked.append(await family.ask(f"Number {number}?"))
    await ben.until(lambda: len(ben.cards) == 25)
    for question in asked[:23]:
        answer = await ben.call("question.approve", question=question, rev=ben.cards[question]["rev"])
        assert answer["ok"] is True
    visitor = await hall.family()
    for question, votes in ((asked[3], 2), (asked[7], 1)):
        for _ in range(votes):
            await (await hall.family()).do("question.vote", question=question)
    page = (await visitor.get()).text
    assert lists(page)["questions"] == asked[22:2:-1], "the newest twenty"
    assert "Show 3 more" in page
    assert lists((await visitor.get(all=1)).text)["questions"] == asked[22::-1]
    most = lists((await visitor.get(sort="most")).text)["questions"]
    assert most[:3] == [asked[3], asked[7], asked[22]]
    assert lists((await visitor.get(sort="nonsense")).text)["questions"] == asked[22:2:-1]
    stage = (await visitor.get("stage")).text
    assert lists(stage)["asked"][:2] == [asked[3], asked[7]]
    assert len(lists(stage)["asked"]) == TOP
    assert "<svg" in stage
    assert hall.code in stage


async def test_a_page_stands_where_its_board_stands(hall: Hall) -> None:
    """Scripts go on from the number on the page; what the page shows is what the board says."""
    rosa, ben, sam = await hall.family(), await hall.staff("ben"), await hall.staff("sam")
    _, shown, queued, staged, answered = [await rosa.ask(f"Number {n}?") for n in range(5)]
    for question in (shown, queued, staged, answered):
        await ben.decide("question.approve", question)
    for question in (answered, staged, queued):
        await ben.decide("lineup.add", question)
    await sam.do("stage.next")
    seen = {c["id"]: c["rev"] for c in (await sam.board(audience="speaker", format="json"))["cards"]}
    await sam.do("stage.next", question=answered, rev=seen[answered])
    for screen, (audience, _) in SCREENS.items():
        visitor = ben if audience == "desk" else sam if audience == "speaker" else rosa
        page = (await visitor.get("" if screen == "families" else screen)).text
        board = await visitor.board(audience=audience, screen=screen, format="html")
        body = re.search(r"<body ([^>]*)>", page)
        assert body is not None
        told = dict(re.findall(r'data-(\w+)="([^"]*)"', body[1]))
        expected = {
            "screen": screen,
            "audience": str(audience),
            "code": hall.code,
            "epoch": "1",
            "seq": str(board["to"]),
            "state": "live",
            "input": "open",
        }
        assert told | expected == told
        if screen == "desk":  # It lists one at a time, and its script draws them.
            continue
        places: dict[str, set[str]] = {}
        for card in board["cards"]:
            places.setdefault(card["place"], set()).add(card["id"])
        found = {place: set(ids) for place, ids in lists(page).items() if ids}
        assert found == places, screen


async def test_staff_pages_are_for_staff(hall: Hall) -> None:
    for person, desk, speak in (("ben", 200, 200), ("sam", 403, 200), ("lia", 200, 403), ("cai", 403, 403)):
        visitor = await hall.staff(person)
        assert [(await visitor.get(page)).status_code for page in ("desk", "speak")] == [desk, speak], person
    rosa = await hall.family(lang="es")
    for page in ("desk", "speak", "follow-ups"):
        response = await rosa.get(page)
        assert response.status_code == 403
        assert "invitación" in response.text


async def test_a_page_makes_a_participant_once(hall: Hall) -> None:
    visitor = hall.visitor()
    assert "set-cookie" in (await visitor.get()).headers
    for page in ("", "mine", "stage"):
        assert "f2f_participant" not in (await visitor.get(page)).headers.get("set-cookie", "")
    whose, _, signature = visitor.http.cookies["f2f_participant"].rpartition(".")
    # Not its last letters: of those not every bit counts.
    forged = ("B" if signature[0] == "A" else "A") + signature[1:]
    tampered = hall.visitor(f2f_participant=f"{whose}.{forged}")
    assert "f2f_participant" in (await tampered.get()).headers["set-cookie"]


async def test_the_language_is_the_readers(hall: Hall) -> None:
    """As asked for in the address, and then remembered; else as the browser prefers; else English."""

    async def lang(**headers: str) -> str | None:
        page = await hall.visitor().http.get(f"/s/{hall.code}", headers=headers)
        assert page.headers["content-language"] in page.text[:200]
        return page.headers["content-language"]

    wishes = {
        "es-MX,es;q=0.9,en;q=0.8": "es",
        "en-US,en": "en",
        "so,es;q=0.5": "es",
        "zh-Hant": "en",
        "": "en",
        "*": "en",
        ";;;,,q=": "en",
        "x" * 5000: "en",
        "es_MX": "es",
    }
    for wish, expected in wishes.items():
        assert await lang(**{"Accept-Language": wish}) == expected, wish
    visitor = hall.visitor()
    chosen = await visitor.get(lang="es")
    assert '<html lang="es" dir="ltr"' in chosen.text
    assert '<html lang="es"' in (await visitor.get()).text, "it is remembered"
    assert '<html lang="en"' in (await visitor.get(lang="en")).text
    assert '<html lang="en"' in (await visitor.get(lang="tlh")).text


async def test_every_page_is_fresh_and_varies_with_its_reader(hall: Hall) -> None:
    visitor = await hall.family()
    for path in ("/", f"/s/{hall.code}", f"/s/{hall.code}/stage", "/archive", "/sign-in", "/nowhere"):
        headers = (await visitor.get(path)).headers
        assert headers["cache-control"] == "no-store"
        assert headers["vary"].removesuffix(", Accept-Encoding") == "Cookie, Accept-Language"


async def test_the_archive_tells_what_the_public_board_says_at_the_end(hall: Hall) -> None:
    rosa, ben, ana = await hall.family(), await hall.staff("ben"), await hall.staff("ana")
    stage, written, open_one, hidden, held = [await rosa.ask(f"Question number {n}?") for n in range(5)]
    for question in (stage, written, open_one, hidden):
        await ben.decide("question.approve", question)
    await (await hall.family()).do("question.vote", question=stage)
    await ben.decide("lineup.add", stage)
    await ben.decide("stage.bring", stage)
    await ben.decide("question.answer", written, words="In writing.", lang="en")
    await ben.decide("question.hide", hidden)
    waiting = (await rosa.get(f"/archive/{hall.code}")).text
    assert "Question number" not in waiting
    await ana.do("session.end")
    await ana.do("session.publish")
    page = unescape((await hall.visitor().get(f"/archive/{hall.code}")).text)
    for number, told in enumerate((True, True, True, False, False)):
        assert (f"Question number {number}?" in page) is told
    assert "In writing." in page
    assert held not in page
    head = await hall.head()
    assert (str(head.seq) in page, head.hash[:8] in page) == (True, True)
    # What is added or taken down afterwards shows as well.
    await ben.decide("question.hide", written)
    assert "In writing." not in (await hall.visitor().get(f"/archive/{hall.code}")).text


async def test_speakers_read_for_whom_a_question_is_and_can_put_it_off() -> None:
    async with open_hall(shared_server(), schools=("Cholla High",), speakers=("Dr. Lee",)) as hall:
        rosa, ben, sam = await hall.family(), await hall.staff("ben"), await hall.staff("sam")
        question = await rosa.ask(school="Cholla High")
        for command, more in (("question.approve", {}), ("lineup.add", {}), ("lineup.assign", {"speaker": "Dr. Lee"})):
            await ben.decide(command, question, **more)
        assert "<strong>For Dr. Lee</strong> · A parent · <bdi>Cholla High</bdi>" in (await sam.get("speak")).text
        await ben.decide("stage.bring", question)
        page = (await sam.get("speak")).text
        deferred = re.search(r'data-command="stage.defer".*?name="rev" value="(\d+)"', page)
        assert deferred is not None
        sent = await sam.press("stage.defer", question=question, rev=deferred[1], back="speak")
        assert sent.status_code == 303
        assert [q["state"] for q in (await rosa.mine())["questions"]] == ["shown"]
