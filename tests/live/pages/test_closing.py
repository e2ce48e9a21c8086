"""The closing page: what is open, how the rest ended, and the steps that are left, by plain forms."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from html.parser import HTMLParser

import pytest

from tests.running import Hall, Visitor, open_hall, shared_server


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


class Seen(HTMLParser):
    """What a reader sees of a page: headings, rows of tables, and the forms there are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.forms: list[str] = []
        self.links: list[str] = []
        self.cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self.cell = True
        elif tag == "form" and told.get("method") == "post":
            self.forms.append((told.get("action") or "").rpartition("/")[2])
        elif tag == "a":
            self.links.append(told.get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.cell = False

    def handle_data(self, data: str) -> None:
        if self.cell:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())


async def page(visitor: Visitor) -> tuple[Seen, str]:
    response = await visitor.get("close")
    assert response.status_code == 200
    return Seen(response.text), re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.text)))


async def row_in_office(visitor: Visitor) -> str:
    """Of this session alone: other tests' sessions on the same server are listed too."""
    listed = (await visitor.get("/office")).text
    row = re.search(rf"<li>(?:(?!</li>).)*{visitor.code}(?:(?!</li>).)*</li>", listed, re.S)
    assert row
    return row[0]


async def test_from_the_last_question_to_complete(hall: Hall) -> None:
    ana, rosa = await hall.staff("ana"), await hall.family()
    held, shown, declined = [await rosa.ask(f"Number {n}?") for n in (1, 2, 3)]
    private = await rosa.ask("Number 4?", private=True)
    await ana.decide("question.approve", shown)
    await ana.decide("question.decline", declined, reason="twice")

    seen, told = await page(ana)
    assert "3 questions have no outcome yet." in told
    assert "After the end, what is left can be carried over" in told
    assert seen.forms == ["session.end"]
    found = [row for row in seen.rows if row[0].startswith("#")]
    assert found == [
        ["#1", "Number 1?", "Being looked at", "Decide it"],
        ["#4", "Number 4?", "Being looked at", "Decide it"],
        ["#2", "Number 2?", "Shown to everyone", "Decide it"],
    ]
    assert [row for row in seen.rows if row[-1].isdigit()] == [
        ["Declined, with a reason", "1"],
        ["Still open", "3"],
        ["All questions", "4"],
    ]
    desk = f"/s/{hall.code}/desk"
    assert {f"{desk}?list=waiting&open={q}" for q in (held, private)} | {f"{desk}?list=shown&open={shown}"} <= {
        *seen.links
    }
    for link in (f"{desk}?list=waiting&open={held}", f"/s/{hall.code}/log", f"/s/{hall.code}/follow-ups"):
        assert (await ana.get(link)).status_code == 200

    ended = await ana.press("session.end", back="close")
    assert (ended.status_code, ended.headers["location"]) == (303, f"/s/{hall.code}/close")
    seen, told = await page(ana)
    assert seen.forms == ["session.carry_over"]
    assert "Possible when 3 questions more have their outcome." in told
    early = await ana.press("session.complete", back="close")
    assert early.status_code == 409
    assert "Questions without an outcome yet: 3." in early.text
    assert f'href="/s/{hall.code}/close"' in early.text

    await ana.decide("followup.plan", private, owner="Mr. Paz")
    assert "2 questions are followed up by nobody yet." in (await page(ana))[1]
    carried = await ana.press("session.carry_over", back="close", owner="Ms. Ortiz", due="2031-07-08")
    assert carried.headers["location"] == f"/s/{hall.code}/close"
    seen, told = await page(ana)
    assert [row[2:] for row in seen.rows if row[0].startswith("#")] == [
        ["Followed up · Ms. Ortiz", "To the follow-up"],
        ["Followed up · Ms. Ortiz", "To the follow-up"],
        ["Followed up · Mr. Paz", "To the follow-up"],
    ]
    assert (seen.forms, f"/office/{hall.code}/review" in seen.links) == ([], True)

    for question in (held, shown, private):
        await ana.decide("followup.close", question, outcome="answered")
    seen, told = await page(ana)
    assert "Nothing. Every question has its outcome." in told
    assert seen.forms == ["session.complete"]
    assert [row for row in seen.rows if row[-1].isdigit()] == [
        ["Followed up after the session", "3"],
        ["Declined, with a reason", "1"],
        ["All questions", "4"],
    ]
    assert ">Complete</span>" not in await row_in_office(ana)
    done = await ana.press("session.complete", back="close")
    assert done.headers["location"] == f"/s/{hall.code}/close"
    seen, told = await page(ana)
    assert "Complete since" in told
    assert seen.forms == []
    assert ">Complete</span>" in await row_in_office(ana)
    await ana.press("session.publish", back="close")
    seen, told = await page(ana)
    assert (seen.forms, f"/archive/{hall.code}" in seen.links) == ([], True)

    # Reopened, it is not complete any more.
    await ana.decide("question.restore", declined)
    seen, told = await page(ana)
    assert "Complete since" not in told
    assert "1 question has no outcome yet." in told
    assert seen.forms == ["session.carry_over"]


async def test_each_sees_the_steps_that_are_theirs(hall: Hall) -> None:
    await (await hall.family()).ask()
    offered = {}
    for person in ("ana", "ben", "lia", "ada"):
        seen, _ = await page(await hall.staff(person))
        offered[person] = (seen.forms, any("open=" in link for link in seen.links))
    assert offered == {
        "ana": (["session.end"], True),
        "ben": ([], True),
        "lia": ([], False),
        "ada": (["session.end"], True),
    }
    await (await hall.staff("ana")).do("session.end")
    assert (await page(await hall.staff("ben")))[0].forms == ["session.carry_over"]
    assert (await page(await hall.staff("lia")))[0].forms == []
    for visitor in (await hall.staff("sam"), await hall.staff("cai"), await hall.family(), hall.visitor()):
        assert (await visitor.get("close")).status_code == 403


async def test_a_session_without_questions_and_one_that_has_not_begun(hall: Hall) -> None:
    ana = await hall.staff("ana")
    assert "Nothing. No question was asked." in (await page(ana))[1]
    await ana.do("session.end")
    assert (await page(ana))[0].forms == ["session.complete"]
    async with open_hall(hall.server, live=False) as draft:
        seen, told = await page(await draft.staff("ana"))
        assert seen.forms == []
        assert told.count("Possible after the end of the session.") == 2


async def test_the_office_leads_here_when_something_is_open(hall: Hall) -> None:
    ana, office = await hall.staff("ana"), f"/office/{hall.code}"
    first = (await ana.get(office)).text
    assert f'href="/s/{hall.code}/close">Closing' in first
    assert "See what is open" not in first
    end = r'data-command="session.end"[^>]*><input type="hidden" name="back" value="(\w+)">'
    assert re.findall(end, first) == ["office"]
    await (await hall.family()).ask()
    then = (await ana.get(office)).text
    assert f'1 question has no outcome yet. <a href="/s/{hall.code}/close">See what is open' in then
    assert re.findall(end, then) == ["close"]


async def test_in_spanish_and_with_words_that_attack(hall: Hall) -> None:
    attack = "<script>alert(1)</script>\"'><b>{{7*7}}"
    await (await hall.family()).ask(attack)
    response = await (await hall.staff("ana", lang="es")).get("close")
    assert '<html lang="es"' in response.text
    assert "<script>alert" not in response.text
    assert attack in unescape(response.text)
