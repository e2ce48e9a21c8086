"""Every key that `?` shows is pressed, and seen to do its work: nothing of it needs a mouse."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.browser.devices import LAPTOP, Demo, Desk, Hands
from tests.browser.families import ask
from tests.browser.test_asking import Desk as Helper
from tests.browser.test_asking import desk_of
from tests.browser.test_journey import begun

WORDS = [f"Is this the question of number {n}?" for n in range(1, 9)]

TOLD = {
    "shown": "approved",
    "declined": "declined",
    "private": "kept private",
    "merged": "joined with another one",
    "queued": "put in line",
    "answered": "answered in writing",
}


class Keyboard:
    """A moderator who never touches anything else; every key is noted as pressed."""

    def __init__(self, desk: Desk, helper: Helper) -> None:
        self.desk, self.page, self.helper = desk, desk.page, helper
        self.pressed: set[str] = set()

    async def press(self, *keys: str) -> None:
        for key in keys:
            self.pressed.add(key)
            await self.page.keyboard.press({"Esc": "Escape"}.get(key, key))

    async def write(self, words: str) -> None:
        await self.page.keyboard.type(words)

    @property
    def focus(self) -> Locator:
        return self.page.locator(":focus")

    async def until_open(self, number: int) -> None:
        await expect(self.desk.question.and_(self.page.locator(f'[data-number="{number}"]'))).to_have_count(1)

    async def number(self, *, but: int = 0) -> int:
        """The number of the open question, once all of it is there and it is another one than `but`."""
        found = self.page.locator(f'#question[data-number]:not([data-number="{but}"])')
        return int(await found.get_attribute("data-number") or 0)

    async def until_state(self, number: int, state: str) -> None:
        """As the server has it, so that everybody sees it."""
        row = self.page.locator(f'#question[data-number="{number}"][data-state="{state}"]')
        await expect(row).to_have_count(1)
        assert (await self.helper.card(f"number {number}?"))["state"] == state

    async def until_done(self, number: int, state: str) -> None:
        """Decided, and left behind: the next one is open."""
        await expect(self.page.locator("#toast")).to_contain_text(f"#{number} {TOLD[state]}")
        assert (await self.helper.card(f"number {number}?"))["state"] == state


@pytest_asyncio.fixture(loop_scope="session")
async def keyboard(demo: Demo, hands: Hands) -> AsyncIterator[Keyboard]:
    code = await begun(demo, "An evening by keyboard")
    await ask(demo.base, code, [("en", words) for words in WORDS])
    page = await hands.open(LAPTOP, demo.links["office"])
    await page.goto(f"{demo.base}/s/{code}/desk")
    await expect(page.locator("body")).to_have_attribute("data-script", "")
    async with desk_of(demo, code) as helper:
        yield Keyboard(Desk(page), helper)


async def through_the_list(by: Keyboard) -> None:
    await by.press("j")
    await by.until_open(1)
    await by.press("j")
    await by.until_open(2)
    await by.press("k")
    await by.until_open(1)
    await by.press("Enter")
    await expect(by.focus).to_have_attribute("data-words", "")
    await expect(by.focus).to_contain_text("number 1?")
    await by.press("Esc")
    await expect(by.desk.row("number 1?").locator("a.open")).to_be_focused()
    await by.press("/")
    await expect(by.page.locator("#search")).to_be_focused()
    await by.write("number 2?")
    await expect(by.desk.row("number 2?")).to_have_count(1)
    await expect(by.desk.row("number")).to_have_count(1)
    await by.press("Esc", "Esc")
    await expect(by.desk.row("number")).to_have_count(len(WORDS))
    await expect(by.page.locator("#search")).not_to_be_focused()
    await by.press("x")
    await expect(by.desk.row("number 1?").locator("[data-pick]")).to_be_checked()
    await expect(by.page.locator("#many")).to_contain_text("1 selected")
    await by.press("x")
    await expect(by.desk.row("number 1?").locator("[data-pick]")).not_to_be_checked()


async def approving_and_taking_back(by: Keyboard) -> None:
    await by.press("a")
    await by.until_done(1, "shown")
    await by.until_open(2)
    await by.press("u")
    await by.until_open(1)
    await by.until_state(1, "hidden")
    await by.press("r")
    await by.until_state(1, "held")


async def declining(by: Keyboard) -> None:
    await by.press("d")
    await expect(by.focus).to_have_attribute("data-digit", "1")
    await by.press("Esc")
    await expect(by.desk.question.locator("details[name=decide][open]")).to_have_count(0)
    await by.press("d")
    await by.page.keyboard.press("2")
    await by.until_done(1, "declined")
    assert (await by.helper.card("number 1?"))["reason"] == "already_answered"


async def handing_over(by: Keyboard) -> None:
    await by.until_open(2)
    await by.press("p")
    await expect(by.focus).to_have_attribute("name", "to")
    await by.write("Rosa at the front desk")
    await by.press("Enter")
    await by.until_done(2, "private")
    assert (await by.helper.card("number 2?"))["handed_to"] == "Rosa at the front desk"


async def joining(by: Keyboard) -> None:
    await by.until_open(3)
    # With the likely ones first, or to look for another.
    await by.press("m")
    if await by.focus.get_attribute("name") != "like":
        await expect(by.focus).to_have_text("Join with this one")
    else:
        await by.write("number 4?")
        await by.press("Enter")
        await by.page.keyboard.press("Tab")
    await by.desk.question.get_by_role("button", name="Join with this one").first.press("Enter")
    await by.until_done(3, "merged")


async def into_the_line(by: Keyboard) -> None:
    # What waits is approved and put in line with the same press.
    number = await by.number(but=3)
    await by.press("q")
    await expect(by.desk.in_line(f"number {number}?")).to_have_count(1)
    await by.until_done(number, "queued")
    await by.number(but=number)


async def about_the_question(by: Keyboard) -> None:
    number = await by.number()
    about = f"number {number}?"
    await by.press("n")
    await by.write("Ask the bus office first.")
    await by.page.keyboard.press("Tab")
    await by.press("Enter")
    await expect(by.desk.question.locator(".note")).to_contain_text("Ask the bus office first.")
    await by.press("t")
    await by.write("buses")
    await by.press("Enter")
    await expect(by.desk.question.locator('[data-label="tag"]')).to_contain_text("#buses")
    await by.press("Esc", "f")
    await expect(by.focus).to_have_attribute("name", "flag")
    flag = await by.focus.get_attribute("value")
    await by.press("Enter")
    await expect(by.desk.row(about).locator('[data-label="flag"], [data-label="danger"]')).to_have_count(1)
    assert (await by.helper.card(about))["flags"] == [flag]
    await by.press("e")
    await expect(by.focus).to_have_value(re.compile(about.replace("?", r"\?")))
    await by.page.keyboard.press("End")
    await by.write(" Thank you.")
    await by.page.keyboard.press("Tab")
    await by.press("Enter")
    await expect(by.desk.question.locator("[data-words]")).to_contain_text("Thank you.")


async def writing_an_answer(by: Keyboard) -> None:
    number = await by.number()
    rev = (await by.helper.card(f"number {number}?"))["rev"]
    await by.helper.do("question.approve", question=await by.desk.question.get_attribute("data-card"), rev=rev)
    await by.until_state(number, "shown")
    await by.press("w")
    await expect(by.focus).to_have_attribute("name", "words")
    await by.write("Yes, from Monday on.")
    for _ in range(2):  # Past the language of the answer.
        await by.page.keyboard.press("Tab")
    await by.press("Enter")
    await by.until_done(number, "answered")


async def the_keys_themselves(by: Keyboard) -> None:
    await by.press("?")
    await expect(by.page.locator("dialog#keys")).to_be_visible()
    await by.press("Esc")
    await expect(by.page.locator("dialog#keys")).to_be_hidden()


EVENING: tuple[Callable[[Keyboard], Awaitable[None]], ...] = (
    through_the_list,
    approving_and_taking_back,
    declining,
    handing_over,
    joining,
    into_the_line,
    about_the_question,
    writing_an_answer,
    the_keys_themselves,
)


async def test_every_key_that_is_shown_does_its_work(keyboard: Keyboard) -> None:
    for part in EVENING:
        await part(keyboard)
    shown = await keyboard.page.locator("dialog#keys kbd").all_text_contents()
    assert set(shown) == keyboard.pressed
