"""What the sheet does while somebody writes and before it sends; and what a family is told afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.devices import PHONE, SMALL_PHONE, Demo, Hands
from tests.browser.test_journey import ask, begun, card
from tests.browser.test_pages import found
from tests.running import KEYS, PATIENCE

PHONE_NUMBER = "Please call me at 520-555-0142 about the bus"


class Desk:
    """A moderator without a screen."""

    def __init__(self, http: httpx.AsyncClient, code: str) -> None:
        self.http, self.code = http, code

    async def do(self, command: str, **body: Any) -> None:
        answer = (await self.http.post(f"/s/{self.code}/do/{command}", json={"key": next(KEYS), **body})).json()
        assert answer["ok"], answer

    async def board(self) -> dict[str, Any]:
        told: dict[str, Any] = (await self.http.get(f"/s/{self.code}/board?audience=desk&format=json")).json()
        return told

    async def card(self, words: str) -> dict[str, Any]:
        about: dict[str, Any] = next(one for one in (await self.board())["cards"] if words in (one["words"] or ""))
        return about

    async def decide(self, command: str, about: str, /, **more: Any) -> str:
        now = await self.card(about)
        await self.do(command, question=now["id"], rev=now["rev"], **more)
        return str(now["id"])


@asynccontextmanager
async def desk_of(demo: Demo, code: str) -> AsyncIterator[Desk]:
    async with demo.visitor() as http:
        await http.get(demo.links["office"])
        yield Desk(http, code)


async def places(page: Page, *selectors: str) -> list[Any]:
    return [await page.locator(selector).bounding_box() for selector in selectors]


async def write(page: Page, words: str) -> None:
    await page.locator("[data-ask] summary").click()
    await page.get_by_role("textbox", name="Your question", exact=True).press_sequentially(words)


async def ask_seen(page: Page, words: str) -> None:
    """Asks what the server has looked at meanwhile: nobody waits for longer than a second and a half for that."""
    await write(page, words)
    await expect(page.locator("[data-similar-care]")).to_contain_text("telephone number")
    await page.get_by_role("button", name="Ask", exact=True).click()


async def test_questions_like_it_are_there_to_vote_for_and_nothing_moves(demo: Demo, hands: Hands) -> None:
    phone = await hands.open(PHONE, demo.links["families"])
    still = ("#words", "#name", "#topic", "[data-ask-go]")
    await write(phone, "Will there be")
    before = await places(phone, *still)
    await phone.locator("#words").press_sequentially(" late buses for students who stay for tutoring")
    await expect(phone.get_by_text("Is it one of these?").first).to_be_visible()
    like = phone.locator("[data-similar]", has_text="late buses for students")
    await expect(like).to_contain_text("In line")
    assert await places(phone, *still) == before
    await expect(phone.locator("#words")).to_be_focused()
    assert await found(phone) == []
    tally = card(phone, "questions", "late buses").locator("[data-tally]")
    votes = int(await tally.text_content() or 0)
    await phone.wait_for_timeout(500)  # A press right after they came is taken for one that was meant for the field.
    await like.get_by_role("button", name="I want to know this too").click()
    await expect(phone.get_by_text("That counts.")).to_be_visible()
    assert await places(phone, *still) == before
    await phone.locator("[data-similar-counted]").get_by_role("button", name="Close").click()
    await expect(tally).to_have_text(str(votes + 1))
    await expect(card(phone, "questions", "late buses").get_by_role("button")).to_have_attribute("aria-pressed", "true")
    # The words stay, for whoever wants to go on all the same.
    await expect(phone.get_by_text("Go on with your question…")).to_be_visible()
    await phone.reload()
    await phone.locator("[data-ask] summary").click()
    await expect(phone.locator("#words")).to_have_value("Will there be late buses for students who stay for tutoring")


@pytest.mark.parametrize(
    ("choice", "state"),
    [("Ask only the staff", "Only staff can see it."), ("Ask it as it is", "A person reads it first")],
)
async def test_a_telephone_number_is_not_sent_before_its_writer_has_chosen(
    demo: Demo, hands: Hands, choice: str, state: str
) -> None:
    phone = await hands.open(SMALL_PHONE, demo.links["families"])
    words = f"{PHONE_NUMBER}: {choice}?"
    await ask_seen(phone, words)
    await expect(phone.get_by_text("It looks as if there is a telephone number in it.").last).to_be_visible()
    await expect(phone.get_by_label("How can we reach you?")).to_be_visible()
    await expect(phone.get_by_role("button", name="Ask", exact=True)).to_have_count(0)
    assert await found(phone) == []
    await phone.wait_for_timeout(500)  # As long as a second press of the same finger is not heard.
    await phone.get_by_role("button", name=choice).click()
    await expect(card(phone, "mine", words)).to_contain_text(state)
    await expect(phone.locator("dialog[open]")).to_have_count(0)
    await phone.reload()
    await expect(card(phone, "mine", words)).to_have_count(1)


async def test_other_words_are_asked_as_ever_after_an_offer(demo: Demo, hands: Hands) -> None:
    phone = await hands.open(PHONE, demo.links["families"])
    await ask_seen(phone, PHONE_NUMBER)
    await expect(phone.get_by_role("button", name="Ask it as it is")).to_be_visible()
    await phone.locator("#words").fill("Whom do I call about the bus?")
    await expect(phone.get_by_role("button", name="Ask it as it is")).to_have_count(0)
    await phone.get_by_role("button", name="Ask", exact=True).click()
    await expect(card(phone, "mine", "Whom do I call")).to_contain_text("Being looked at")


async def test_asking_needs_none_of_it(demo: Demo, hands: Hands) -> None:
    """Where the part that helps does not load, or nobody answers it, the question goes as ever."""
    hands.expected = ("ERR_FAILED", "503")
    phone = await (await hands.device(PHONE)).new_page()
    await phone.route("**/suggest-*.js", lambda route: route.abort())
    await phone.goto(demo.links["families"])
    await ask(phone, f"{PHONE_NUMBER}, without the part that helps")
    await expect(card(phone, "mine", "without the part that helps")).to_contain_text("Being looked at")
    other = await (await hands.device(PHONE)).new_page()
    await other.route("**/draft", lambda route: route.fulfill(status=503, body="{}"))
    await other.goto(demo.links["families"])
    await ask(other, f"{PHONE_NUMBER}, without an answer")
    await expect(card(other, "mine", "without an answer")).to_contain_text("Being looked at")


async def test_what_was_written_before_its_part_of_the_page_came_is_looked_at_too(demo: Demo, hands: Hands) -> None:
    phone = await hands.open(PHONE, demo.links["families"])
    asked_for, written = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked_for.set()
        await written.wait()
        await route.continue_()

    await phone.route("**/suggest-*.js", hold)
    await write(phone, PHONE_NUMBER)
    await asyncio.wait_for(asked_for.wait(), PATIENCE)
    written.set()
    await expect(phone.locator("[data-similar-care]")).to_contain_text("telephone number")


async def test_without_a_script_the_page_offers_the_same(demo: Demo, hands: Hands) -> None:
    phone = await hands.open(PHONE, demo.links["families"], java_script_enabled=False)
    await ask(phone, PHONE_NUMBER)
    await expect(phone.get_by_text("It looks as if there is a telephone number in it.")).to_be_visible()
    await expect(phone.get_by_role("textbox", name="Your question", exact=True)).to_have_value(PHONE_NUMBER)
    await phone.get_by_label("How can we reach you?").fill("520-555-0142, after six")
    await phone.get_by_role("button", name="Ask only the staff").click()
    await expect(card(phone, "mine", PHONE_NUMBER)).to_contain_text("Only staff can see it.")


async def test_who_asks_too_soon_is_told_how_long_to_wait_and_keeps_the_words(demo: Demo, hands: Hands) -> None:
    code = await begun(demo, "A slow evening")
    phone = await hands.open(PHONE, f"{demo.base}/s/{code}")
    async with desk_of(demo, code) as desk:
        await desk.do("input.slow", seconds=300)
        await expect(phone.get_by_text("everyone may ask one question every 5 minutes")).to_be_visible()
        await ask(phone, "Is this the first one?")
        await expect(card(phone, "mine", "the first one")).to_contain_text("Being looked at")
        await ask(phone, "Is this the second one?")
        await expect(phone.locator("dialog").get_by_text("Please wait")).to_be_visible()
        await expect(phone.locator("#words")).to_have_value("Is this the second one?")
        await expect(phone.locator("[data-kept]")).to_have_count(0)
        await desk.do("input.slow", seconds=0)
        await expect(phone.locator("[data-slow]")).to_be_hidden()
        await phone.get_by_role("button", name="Ask", exact=True).click()
        await expect(card(phone, "mine", "the second one")).to_contain_text("Being looked at")


async def test_who_is_muted_is_told_at_once_and_asks_only_the_staff(demo: Demo, hands: Hands) -> None:
    code = await begun(demo, "An evening with a quarrel")
    phone = await hands.open(PHONE, f"{demo.base}/s/{code}")
    await ask(phone, "Why is everything so bad?")
    await expect(card(phone, "mine", "so bad")).to_contain_text("Being looked at")
    async with desk_of(demo, code) as desk:
        asked = (await desk.card("so bad"))["id"]
        await desk.do("participant.mute", question=asked)
        await expect(phone.get_by_text("You can still ask only the staff")).to_be_visible()
        await phone.get_by_text("Ask a question…").click()
        await expect(phone.get_by_label("Only for staff")).to_be_checked()
        await phone.get_by_role("textbox", name="Your question", exact=True).fill("May I come and talk?")
        await phone.get_by_role("button", name="Ask only the staff").click()
        await expect(card(phone, "mine", "come and talk")).to_contain_text("Only staff can see it.")
        await desk.do("participant.unmute", question=asked)
        await expect(phone.get_by_text("You can still ask only the staff")).to_be_hidden()


async def test_a_joined_question_leads_to_the_one_that_lives(demo: Demo, hands: Hands) -> None:
    code = await begun(demo, "An evening of joining")
    asker = await hands.open(PHONE, f"{demo.base}/s/{code}")
    first = await hands.open(PHONE, f"{demo.base}/s/{code}")
    reader = await hands.open(SMALL_PHONE, f"{demo.base}/s/{code}")
    await ask(first, "Will the late bus stop at the library?")
    await ask(asker, "Is there a bus to the library?")
    async with desk_of(demo, code) as desk:
        living = await desk.decide("question.approve", "late bus stop")
        await desk.decide("question.approve", "Is there a bus")
        await reader.reload()
        await expect(card(reader, "questions", "Is there a bus")).to_be_visible()
        await desk.decide("question.merge", "Is there a bus", into=living)
        await expect(card(reader, "questions", "Is there a bus")).to_have_count(0)
        await expect(card(reader, "questions", "late bus stop")).to_have_attribute(
            "data-joined", "Joined with a question that you were reading"
        )
        await expect(card(asker, "mine", "Is there a bus")).to_contain_text("Will the late bus stop at the library?")
        # One's own counts with it: it is not offered to vote for.
        both = card(asker, "questions", "late bus stop")
        await expect(both.get_by_role("button")).to_have_count(0)
        await expect(both.locator("[data-tally]")).to_have_text("1")
        await desk.decide("question.answer", "late bus stop", words="Yes, from Monday on.", lang="en")
        await expect(card(asker, "mine", "Is there a bus")).to_contain_text("Yes, from Monday on.")
