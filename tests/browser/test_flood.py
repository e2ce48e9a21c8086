"""Three moderators, one of them on a phone, work through a hall that does not stop asking: nothing moves under a hand.

`make flood` is the long one: 400 questions at 10 a second.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from playwright.async_api import Page, TimeoutError, expect

from tests.browser.devices import LAPTOP, PHONE, Demo, Hands
from tests.browser.families import flood, questions
from tests.browser.test_asking import desk_of
from tests.browser.test_journey import begun

NUMBER = int(os.environ.get("FLOOD", "60"))
RATE = 10.0
PATIENCE = 15_000
READING = 0.5
"""Seconds that a question takes at least; a second press within them is taken for half of a double one."""

STANDS = """() => {
  const question = document.querySelector('#question:not([data-glance])');
  return {
    open: document.querySelector('#question')?.dataset.card ?? '',
    waiting: Number(document.querySelector('[data-count="waiting"]').textContent),
    ready: question?.dataset.state === 'held' && !question.matches('[data-held], [data-settling] *'),
  };
}"""
OPEN = "id => document.querySelector('#question')?.dataset.card === id"
LEFT = """id => {
  const question = document.querySelector('#question');
  return question?.dataset.card !== id || question.matches('[data-held], [data-settling] *')
    || question.dataset.state !== 'held';
}"""
IN_SIGHT = """([selector, chance]) => {
  const found = [...document.querySelectorAll(selector)].flatMap((element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const at = [left + width / 2, top + height / 2];
    const seen = document.elementFromPoint(...at);
    const card = element.closest('[data-card]').dataset.card;
    return seen && (element.contains(seen) || seen.contains(element)) ? [{ at, card }] : [];
  });
  return found[Math.floor(chance * found.length)] ?? null;
}"""
"""Where one of these can be pressed, and of which question it is."""
FREE = "#list > [data-card]:not([data-left], [data-claim='other']) a.open"
APPROVE = "[data-decide] > form[data-command='question.approve'] > .main"
"""What stands there is read before it is pressed: a colleague may have approved it, and then that puts it in line."""
DECLINE, REASON = "[data-decide] summary[data-key=d]", "[data-digit='1']"


class Moderator:
    """One who takes what waits, and decides it; how they press is what makes the difference."""

    def __init__(self, page: Page, seed: int) -> None:
        self.page, self.dice = page, random.Random(seed)
        self.worked = 0

    async def stands(self) -> dict[str, Any]:
        told: dict[str, Any] = await self.page.evaluate(STANDS)
        return told

    async def press(self, selector: str) -> str | None:
        """Aims at one of them and presses where it was seen; answers of which question it was, if there is any."""
        if spot := await self.page.evaluate(IN_SIGHT, [selector, self.dice.random()]):
            await self.press_at(*spot["at"])
        return spot and str(spot["card"])

    async def press_at(self, x: float, y: float) -> None:
        """With the mouse, or with a thumb; by keys nothing is aimed at."""

    async def choose(self) -> None:
        """A question that is free, from the list."""
        if aimed := await self.press(FREE):
            with suppress(TimeoutError):
                await self.page.wait_for_function(OPEN, arg=aimed, timeout=1_000)

    async def decide(self, question: str) -> None:
        for selector in (APPROVE,) if self.dice.random() < 0.7 else (DECLINE, REASON):
            if await self.press(selector) != question:
                return

    async def work(self, is_over: Callable[[], Awaitable[bool]]) -> None:
        while True:
            now = await self.stands()
            if now["ready"]:
                await self.decide(now["open"])
                # Left for the next one; else a colleague was there first, and the press was held back.
                with suppress(TimeoutError):
                    await self.page.wait_for_function(LEFT, arg=now["open"], timeout=1_000)
                    self.worked += 1
                await asyncio.sleep(READING)
            elif now["waiting"]:
                await self.choose()
            elif await is_over():
                return
            await asyncio.sleep(0.02)


class ByMouse(Moderator):
    async def press(self, selector: str) -> str | None:
        # Looks where the pointer is by then, as people do.
        if spot := await self.page.evaluate(IN_SIGHT, [selector, 0.5]):
            await self.page.mouse.move(*spot["at"], steps=3)
        return await super().press(selector)

    async def choose(self) -> None:
        """What is aimed at, is opened, whatever comes meanwhile."""
        if aimed := await self.press(FREE):
            await self.page.wait_for_function(OPEN, arg=aimed, timeout=PATIENCE)

    async def press_at(self, x: float, y: float) -> None:
        await self.page.mouse.move(x, y, steps=3)
        await self.page.mouse.click(x, y, delay=30)


class ByThumb(Moderator):
    async def press_at(self, x: float, y: float) -> None:
        await self.page.touchscreen.tap(x, y)

    async def choose(self) -> None:
        if await self.page.get_attribute("body", "data-view") == "question":
            await self.page.locator("#question a[data-close]").tap()
        await super().choose()


class ByKeys(Moderator):
    """The pointer rests on the list meanwhile."""

    async def choose(self) -> None:
        before = (await self.stands())["open"]
        await self.page.keyboard.press("j")
        after = await self.stands()
        if after["open"] == before:
            await self.page.keyboard.press("k")

    async def decide(self, question: str) -> None:
        for key in ("a",) if self.dice.random() < 0.7 else ("d", "1"):
            await self.page.keyboard.press(key)


TEAM: tuple[tuple[dict[str, Any], type[Moderator]], ...] = ((LAPTOP, ByMouse), (LAPTOP, ByKeys), (PHONE, ByThumb))


@pytest.mark.timeout(240 + NUMBER)
async def test_a_team_in_a_flood(demo: Demo, hands: Hands) -> None:
    code = await begun(demo, "An evening that overflows")
    team: list[Moderator] = []
    for seed, (kind, hand) in enumerate(TEAM):
        context = await hands.device(kind)
        await context.add_init_script(path="tests/browser/watch.js")
        page = await context.new_page()
        await page.goto(demo.links["office"])
        await page.goto(f"{demo.base}/s/{code}/desk")
        await expect(page.locator("body")).to_have_attribute("data-script", "")
        await page.evaluate("watch()")
        team.append(hand(page, seed))
    await team[1].page.mouse.move(200, 400)
    asking = asyncio.create_task(flood(demo.base, code, questions(NUMBER), RATE))
    async with desk_of(demo, code) as desk:

        async def is_over() -> bool:
            """A page may not have heard of the last one yet."""
            return asking.done() and all(card["state"] != "held" for card in (await desk.board())["cards"])

        await asyncio.gather(*(moderator.work(is_over) for moderator in team))
        board = await desk.board()
    asked = await asking
    assert sorted(card["id"] for card in board["cards"]) == sorted(asked)
    assert {card["state"] for card in board["cards"]} == {"shown", "declined"}

    for moderator in team:
        watched = await moderator.page.evaluate("({ ...watched, jumps })")
        assert watched["jumps"] == []
        assert watched["frames"] > NUMBER and watched["patches"] > NUMBER / 8, watched
        assert moderator.worked > 0  # How many, depends on how busy the machine is.

    fresh = await hands.open(
        LAPTOP, f"{demo.base}/s/{code}/desk", storage_state=await team[0].page.context.storage_state()
    )
    for moderator in team:
        await expect(moderator.page.locator('a [data-count="waiting"]')).to_have_text("0")
    for tab in ("shown", "done"):
        told = [await rows(page, tab) for page in (fresh, *(moderator.page for moderator in team))]
        assert told[1:] == [told[0][: len(one)] for one in told[1:]]


async def rows(page: Page, tab: str) -> list[str]:
    """The first rows of a list, as far as a phone shows it."""
    if await page.get_attribute("body", "data-view") == "question" and await page.locator("[data-close]").is_visible():
        await page.locator("#question a[data-close]").click()
    await page.locator(f'a[data-tab="{tab}"]').click()
    found: list[str] = await page.locator("#list > [data-card]").evaluate_all(
        "rows => rows.map(row => row.dataset.card)"
    )
    return found[:8]
