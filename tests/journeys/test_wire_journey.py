"""Whole journeys on a real server: nothing unapproved is ever told, and everything works without a script."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape

import pytest

from live.pages.exports import FORMS
from tests.running import Device, Hall, Visitor, open_hall, shared_server, spoken

PLANTED = {
    "held": "Zwetschgendatschi",
    "edited": "Quittengelee",
    "hidden": "Pflaumenmus",
    "once on stage": "Mirabellenkuchen",
    "declined": "Kirschenmichel",
    "declined say": "Apfelstrudel",
    "private": "Birnbaumholz",
    "private name": "Stachelbeere",
    "handed over": "Johannisbeere",
    "handed to": "Heidelbeerfrau",
    "withdrawn": "Brombeerhecke",
    "note": "Himbeergeist",
    "contact": "Preiselbeere",
    "answer alone": "Holunderbluete",
}
"""Words that occur nowhere else, planted where not everybody may see them."""
PUBLIC_PAGES = (
    "",
    "?sort=most",
    "?all=1",
    "?lang=es",
    "stage",
    "mine",
    "follow-ups",
    "log",
    "close",
    "/archive",
    "/",
    "/archive/CODE",
    *(f"/archive/CODE.{form}" for form in FORMS),
    "/archive/search?q=what+about&session=CODE",
    "/archive/feed.atom",
    "/coming.ics",
)
BRIEFLY_PUBLIC = {"hidden", "once on stage"}
"""Shown for a while and then taken down: who was there has read them, and nobody who comes later does."""


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


async def everything_told(
    visitor: Visitor, audience: str, screens: tuple[str, ...], pages: tuple[str, ...], every: int = 1
) -> str:
    """All that can be read by plain HTTP: pages, and the board from every number on (or every so many)."""
    told = []
    for page in pages:
        path = page.replace("CODE", visitor.code)
        told.append((await visitor.http.get(path if path[:1] == "/" else f"/s/{visitor.code}/{path}")).text)
    head = (await visitor.board(audience=audience, format="json"))["to"]
    for screen in screens:
        for form in ("json", "html"):
            for since in range(0, head + 2, every):
                query = {"audience": audience, "screen": screen, "format": form, "since": since, "epoch": 1}
                told.append(spoken(await visitor.board(**query)))
    return "\n".join(map(unescape, told))


def found(text: str, *but: str) -> list[str]:
    return [name for name, word in PLANTED.items() if word in text and name not in but]


async def plant(hall: Hall, rosa: Visitor, ben: Visitor) -> None:
    """Questions of Rosa's in every state that not everybody may see."""

    more = await hall.family()  # One person's budget is five questions at once.
    await rosa.ask(f"What about {PLANTED['held']}?")
    edited = await rosa.ask("To be edited?")
    await rosa.do("question.edit", question=edited, words=f"Now it says {PLANTED['edited']}?", lang="en")
    alone = {"private": True, "contact": PLANTED["contact"], "name": PLANTED["private name"]}
    private = await rosa.ask(f"What about {PLANTED['private']}?", **alone)
    await ben.decide("question.answer", private, words=f"For you alone: {PLANTED['answer alone']}.", lang="en")
    withdrawn = await rosa.ask(f"What about {PLANTED['withdrawn']}?")
    await rosa.do("question.withdraw", question=withdrawn)
    declined = await rosa.ask(f"What about {PLANTED['declined']}?")
    await ben.decide("question.decline", declined, reason="personal", say=f"Because of {PLANTED['declined say']}.")
    handed = await more.ask(f"What about {PLANTED['handed over']}?")
    await ben.decide("question.hand_over", handed, to=PLANTED["handed to"])
    shown = await more.ask("What about buses?", contact=PLANTED["contact"])
    await ben.decide("question.approve", shown)
    await ben.do("question.note", question=shown, words=f"Remember the {PLANTED['note']}.")
    hidden = await more.ask(f"What about {PLANTED['hidden']}?")
    staged = await more.ask(f"What about {PLANTED['once on stage']}?")
    for question in (hidden, staged):
        await ben.decide("question.approve", question)
        await ben.decide("lineup.add", question)
    await ben.decide("stage.bring", staged)
    for question in (hidden, staged):
        await ben.decide("question.hide", question)


async def listeners(hall: Hall, luz: Visitor, sam: Visitor) -> list[Device]:
    return [
        await hall.join(visitor, audience, screen, form)
        for visitor, audience, screen in (
            (luz, "public", "families"),
            (luz, "public", "stage"),
            (sam, "speaker", "speak"),
            (sam, "public", "families"),
        )
        for form in ("json", "html")
    ]


async def test_nothing_unapproved_shows_to_anybody_anywhere(hall: Hall) -> None:
    rosa, luz = await hall.family(), await hall.family()
    ben, sam, ana = await hall.staff("ben"), await hall.staff("sam"), await hall.staff("ana")
    early = await listeners(hall, luz, sam)
    await plant(hall, rosa, ben)
    late = await listeners(hall, luz, sam)
    await hall.agree()
    for device in early:
        heard = unescape(spoken(device.heard))
        assert "What about buses?" in heard or device.view["audience"] == "speaker"
        assert found(heard, *BRIEFLY_PUBLIC) == [], device.view
    for device in late:
        assert found(unescape(spoken(device.heard))) == [], device.view

    nobody = hall.visitor()
    for state in ("live", "ended", "published"):
        if state != "live":
            await ana.do("session.end" if state == "ended" else "session.publish")
        every = 1 if state == "live" else 7
        for visitor in (nobody, luz):
            told = await everything_told(visitor, "public", ("families", "stage"), PUBLIC_PAGES, every)
            assert found(told) == []
            every = 7
        told = await everything_told(sam, "speaker", ("speak",), (*PUBLIC_PAGES, "speak"), every)
        assert found(told) == []
        # Neither may somebody else's sign-in read what is only the asker's.
        assert found(spoken(await luz.mine()) + (await luz.get("mine", format="html")).text) == []
    archive = (await nobody.get(f"/archive/{hall.code}")).text
    assert "What about buses?" in archive

    # The asker has her own, with what became of it; the desk has all but the contacts; the liaisons have those.
    own = spoken(await rosa.mine()) + (await rosa.get("mine")).text + (await rosa.get("mine", format="html")).text
    hers = {"held", "edited", "declined", "declined say", "private", "private name", "withdrawn", "answer alone"}
    assert set(found(unescape(own))) == hers
    desk = await everything_told(ben, "desk", ("desk",), ("desk",), 7)
    assert set(found(desk)) == set(PLANTED) - {"contact", "withdrawn"}, "she was told that nobody sees it then"
    for person in ("ana", "ada", "lia"):
        told = await everything_told(await hall.staff(person), "desk", ("desk",), ("desk", f"/office/{hall.code}"), 7)
        assert "contact" not in found(told)
    # How to reach a family is on the one page of those who call them back.
    for person in ("ana", "ben"):
        for page in ("follow-ups", "log", "log?format=csv", "log?format=json", "close"):
            answer = await (await hall.staff(person)).http.get(f"/s/{hall.code}/{page}")
            assert (answer.status_code, {"contact", "withdrawn"} & set(found(answer.text))) == (200, set()), page
    for person in ("sam", "cai"):
        for page in ("follow-ups", "log", "close"):
            refused = await (await hall.staff(person)).get(page)
            assert (refused.status_code, found(refused.text)) == (403, [])
    for person in ("lia", "ada"):
        assert "contact" in found((await (await hall.staff(person)).get("follow-ups")).text)
    # And the log of the server has no word of it.
    assert found(shared_server().written()) == []


async def test_a_refusal_tells_nothing_either(hall: Hall) -> None:
    """A speaker's stale command on a question that was hidden meanwhile brings no card of it."""
    rosa, ben, sam = await hall.family(), await hall.staff("ben"), await hall.staff("sam")
    question = await rosa.ask(f"What about {PLANTED['hidden']}?")
    for command in ("question.approve", "lineup.add"):
        await ben.decide(command, question)
    rev = (await hall.head()).seq
    await ben.decide("question.hide", question)
    told = await sam.send("stage.bring", question=question, rev=rev)
    assert (told.json()["ok"], found(told.text)) == (False, [])
    device = await hall.join(sam, "speaker", "speak")
    assert found(spoken(await device.call("stage.bring", question=question, rev=rev))) == []
    form = await sam.press("stage.bring", question=question, rev=rev, back="speak")
    assert found(form.text) == []


FORM = re.compile(r'<form[^>]*action="(?P<action>[^"]+)"[^>]*>(?P<inside>.*?)</form>', re.S)
HIDDEN = re.compile(r'<input type="hidden" name="(?P<name>[^"]+)" value="(?P<value>[^"]*)"')


async def press(visitor: Visitor, page: str, command: str, near: str = "", **typed: str) -> str:
    """What a thumb does: find the form of the command on the page, fill it in, press; the page that comes then."""
    for form in FORM.finditer(page):
        action, inside = unescape(form["action"]), form["inside"]
        fields = {h["name"]: unescape(h["value"]) for h in HIDDEN.finditer(inside)}
        if action.endswith(f"/{command}") and (not near or fields.get("question") == near):
            response = await visitor.submit(action, **fields | typed)
            assert response.status_code == 303, response.text[-2000:]
            return (await visitor.get(response.headers["location"])).text
    raise AssertionError(f"no form for {command} on the page")


async def test_the_whole_journey_without_a_script(hall: Hall) -> None:
    """Join by code, ask, be approved, queued, brought, settled, answered in writing, voted for, and be archived."""
    rosa, luz = hall.visitor(), hall.visitor(lang="es")
    ben, sam, ana = await hall.staff("ben"), await hall.staff("sam"), await hall.staff("ana")

    home = await rosa.get("/", code=f" {hall.code[:3].lower()} {hall.code[3:].lower()} ")
    assert (home.status_code, home.headers["location"]) == (303, f"/s/{hall.code}")
    families = (await rosa.get(home.headers["location"])).text
    asked = await press(rosa, families, "question.ask", words="Does the bus stop at Speedway?", name="Rosa")
    assert "Being looked at" in asked
    assert "Does the bus stop at Speedway?" in asked
    page = (await luz.get()).text
    assert "Speedway" not in page
    await press(luz, page, "question.ask", words="¿Hay almuerzo?")

    desk = (await ben.get("desk", open="next")).text
    bus, lunch = [unescape(i) for i in re.findall(r'<li class="row" id="q-([^"]+)"', desk)]
    assert desk.index("Speedway") < desk.index("almuerzo"), "the first to ask waits at the top"
    desk = await press(ben, desk, "question.approve", bus)
    await press(ben, desk, "question.approve", lunch)  # It came by itself.
    assert "Speedway" in (await luz.get()).text

    voted = await press(luz, (await luz.get()).text, "question.vote", bus)
    assert 'aria-pressed="true"' in voted
    assert (await rosa.board())["tallies"] == {bus: 1}
    voted = await press(luz, voted, "question.unvote", bus)
    assert (await rosa.board())["tallies"] == {bus: 0}
    await press(luz, voted, "question.vote", bus)

    for question in (bus, lunch):
        desk = await press(ben, (await ben.get("desk", open=question)).text, "lineup.add", question)
    await press(ben, desk, "lineup.move", lunch, after="")
    speak = (await sam.get("speak")).text
    assert speak.index("almuerzo") < speak.index("Speedway"), "what was moved to the front is next"
    assert "In line" in (await rosa.get()).text
    speak = await press(sam, speak, "stage.bring", bus)
    stage = (await luz.get("stage")).text
    assert stage.index("Speedway") > 0
    assert "On stage now" in (await rosa.get("mine")).text
    speak = await press(sam, speak, "stage.next", bus)
    assert "Answered on stage" in (await rosa.get()).text
    desk = (await ben.get("desk")).text
    await press(ben, desk, "stage.skip", lunch)
    desk = (await ben.get("desk", open=lunch)).text
    await press(ben, desk, "question.answer", lunch, words="Sí, para todos.", lang="es")
    assert "Sí, para todos." in (await luz.get("mine")).text
    assert "Sí, para todos." in (await rosa.get()).text

    declined = await press(rosa, (await rosa.get()).text, "question.ask", words="And my own case?", key="another-key")
    assert "And my own case?" in declined
    desk = (await ben.get("desk", open="next")).text
    await press(ben, desk, "question.decline", reason="personal", say="Please call the Family Center.")
    own = unescape((await rosa.get("mine")).text)
    assert "Please call the Family Center." in own
    assert "Not taken up: about one person or family" in own

    office = (await ana.get(f"/office/{hall.code}")).text
    office = await press(ana, office, "session.end")
    assert (await luz.get(f"/archive/{hall.code}")).text.count("Speedway") == 0, "not before it is published"
    review = (await ana.get(f"/office/{hall.code}/review")).text
    assert f'href="/office/{hall.code}/review"' in office
    await press(ana, review, "session.publish")
    archive = unescape((await hall.visitor().get(f"/archive/{hall.code}")).text)
    for words in ("Does the bus stop at Speedway?", "¿Hay almuerzo?", "Sí, para todos."):
        assert words in archive
    assert "And my own case?" not in archive
    head = await hall.head()
    assert head.hash[:12] in archive
    assert hall.code in (await hall.visitor().get("/archive")).text
    await hall.house.verified()


async def test_the_same_pages_in_spanish(hall: Hall) -> None:
    """What a person types is theirs; all other words of a page are in the language they chose."""
    rosa = hall.visitor(lang="es")
    page = await press(rosa, (await rosa.get()).text, "question.ask", words="Does the bus stop at Speedway?")
    assert '<html lang="es"' in page
    assert "Does the bus stop at Speedway?" in page
    for english in ("Being looked at", "Your questions", "Ask a question", "Newest", "Earlier sessions"):
        assert english not in page, english
