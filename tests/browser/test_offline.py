"""Weak links, reloads in mid-sentence, no script at all: nothing typed is ever lost."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import expect

from tests.browser.devices import PHONE, Demo, Desk, Hands, Line
from tests.browser.test_journey import ask, card


@pytest_asyncio.fixture(loop_scope="session")
async def line(demo: Demo, hands: Hands) -> AsyncIterator[Line]:
    hands.expected = ("ERR_", "WebSocket connection")  # Chromium writes each attempt without signal to its console.
    async with Line(demo.port, demo.line_port) as line:
        yield line


async def test_a_question_asked_without_signal_is_sent_once(demo: Demo, hands: Hands, line: Line) -> None:
    words = "Is there still a bus after the evening class?"
    phone = await hands.open(PHONE, f"http://localhost:{line.port}/s/{demo.code}")
    desk = Desk(await hands.open(PHONE, demo.links["desk"]))
    await phone.get_by_text("Ask a question…").click()
    await phone.get_by_role("textbox", name="Your question", exact=True).fill("Is there still a bus")
    line.cut()
    await phone.get_by_role("textbox", name="Your question", exact=True).fill(words)
    await phone.get_by_role("button", name="Ask", exact=True).click()
    await expect(phone.get_by_text("Kept on this phone", exact=True)).to_be_visible()
    line.mend()
    await phone.evaluate("dispatchEvent(new Event('online'))")
    await expect(card(phone, "mine", words)).to_contain_text("Being looked at")
    await expect(phone.get_by_text("Kept on this phone", exact=True)).to_have_count(0)
    await desk.page.reload()
    await expect(desk.row(words)).to_have_count(1)


async def test_what_happened_meanwhile_is_there_when_the_signal_is_back(demo: Demo, hands: Hands, line: Line) -> None:
    phone = await hands.open(PHONE, f"http://localhost:{line.port}/s/{demo.code}")
    asker = await hands.open(PHONE, demo.links["families"])
    desk = Desk(await hands.open(PHONE, demo.links["desk"]))
    await expect(card(phone, "questions", "coats")).to_be_visible()
    line.cut()
    await ask(asker, "What happens when it rains?")
    await desk.page.reload()
    await desk.open("What happens when it rains?")
    await desk.press("Approve")
    await expect(desk.row("What happens when it rains?")).to_have_count(0)
    line.mend()
    await phone.evaluate("dispatchEvent(new Event('online'))")
    await phone.locator("[data-new]").click()
    await expect(card(phone, "questions", "What happens when it rains?")).to_be_visible()


async def test_a_reload_in_mid_sentence_keeps_the_draft(demo: Demo, hands: Hands) -> None:
    phone = await hands.open(PHONE, demo.links["families"])
    await phone.get_by_text("Ask a question…").click()
    await phone.get_by_role("textbox", name="Your question", exact=True).press_sequentially("I was just about to")
    await phone.reload()
    await phone.locator("[data-ask] summary").click()
    await expect(phone.get_by_role("textbox", name="Your question", exact=True)).to_have_value("I was just about to")


async def test_everything_goes_without_a_script(demo: Demo, hands: Hands) -> None:
    words = "Can my mother come along? <script>alert(1)</script>"
    hands.expected = ("400",)
    phone = await hands.open(PHONE, demo.links["families"], java_script_enabled=False)
    desk = Desk(await hands.open(PHONE, demo.links["desk"], java_script_enabled=False))
    await ask(phone, " ")
    await expect(phone.get_by_text("There are no words here yet.")).to_be_visible()
    await phone.get_by_role("textbox", name="Your question", exact=True).fill(words)
    await phone.get_by_role("button", name="Ask", exact=True).click()
    await expect(card(phone, "mine", "Can my mother")).to_contain_text("Being looked at")
    await desk.page.reload()
    await desk.open("Can my mother")
    async with desk.page.expect_navigation():
        await desk.press("Approve")
    await phone.reload()
    await expect(card(phone, "questions", words)).to_be_visible()
    coats = card(phone, "questions", "coats")
    await coats.get_by_role("button", name="I want to know this too").click()
    await expect(card(phone, "questions", "coats").locator("[data-tally]")).to_have_text("4")
