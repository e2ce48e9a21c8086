"""The line-up in the hand: dragged by mouse and by finger, moved by buttons and keys, while colleagues are at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.browser.devices import LAPTOP, PHONE, Demo, Desk, Hands
from tests.browser.families import ask
from tests.browser.test_asking import Desk as Helper
from tests.browser.test_asking import desk_of
from tests.browser.test_journey import begun
from tests.running import until_is

NAMES = ("one", "two", "three", "four")


class Line:
    """A session with four questions in line, and desks that show it."""

    def __init__(self, demo: Demo, hands: Hands, code: str, helper: Helper) -> None:
        self.demo, self.hands, self.code, self.helper = demo, hands, code, helper

    async def open(self, kind: dict[str, Any]) -> Desk:
        context = await self.hands.device(kind)
        await context.add_init_script(path="tests/browser/watch.js")
        page = await context.new_page()
        await page.goto(self.demo.links["office"])
        await page.goto(f"{self.demo.base}/s/{self.code}/desk?view=line")
        await expect(page.locator("body")).to_have_attribute("data-script", "")
        await page.evaluate("watch()")
        return Desk(page)

    async def stands(self, *desks: Desk, order: Sequence[str]) -> None:
        """On every desk, and on the server."""
        for desk in desks:
            await expect(desk.line.locator(".words")).to_have_text([f"Who opens door {name}?" for name in order])
            await expect(desk.line.locator(".place")).to_have_text([str(n + 1) for n in range(len(order))])
        # A move shows at once, before the server has heard of it.
        await until_is(self.told, [f"Who opens door {name}?" for name in order])

    async def told(self) -> list[str]:
        """The line as the server has it."""
        board = await self.helper.board()
        words = {card["id"]: card["words"] for card in board["cards"]}
        return [words[question] for question in board["session"]["lineup"]]


@pytest_asyncio.fixture(loop_scope="session")
async def line(demo: Demo, hands: Hands) -> AsyncIterator[Line]:
    code = await begun(demo, "An evening in line")
    await ask(demo.base, code, [("en", f"Who opens door {name}?") for name in NAMES])
    async with desk_of(demo, code) as helper:
        for name in NAMES:
            await helper.decide("question.approve", f"door {name}?")
            await helper.decide("lineup.add", f"door {name}?")
        yield Line(demo, hands, code, helper)


async def middle(spot: Locator) -> tuple[float, float]:
    box = await spot.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def places(desk: Desk, *names: str) -> list[Any]:
    return [await desk.in_line(f"door {name}?").bounding_box() for name in names]


def grip(desk: Desk, name: str) -> Locator:
    return desk.in_line(f"door {name}?").locator("[data-drag]")


async def test_by_mouse_with_a_colleague_at_it(line: Line) -> None:
    mine, colleague = await line.open(LAPTOP), await line.open(LAPTOP)
    mouse, still = mine.page.mouse, ("one", "two", "four")
    await mouse.move(*await middle(grip(mine, "three")))
    await mouse.down()
    before = await places(mine, *still)
    x, y = await middle(mine.in_line("door one?"))
    await mouse.move(x, y - 10, steps=6)
    await expect(mine.in_line("door one?")).to_have_attribute("data-drop", "before")
    # A colleague takes the last one out: while something is in the hand, nothing else moves.
    await line.helper.decide("lineup.remove", "door four?")
    await expect(colleague.line).to_have_count(3)
    assert await places(mine, *still) == before
    await mouse.up()
    await mouse.move(700, 300)
    await line.stands(mine, colleague, order=("three", "one", "two"))

    # Let go with Esc, it is where it was.
    await mouse.move(*await middle(grip(mine, "two")))
    await mouse.down()
    await mouse.move(*await middle(mine.in_line("door three?")), steps=6)
    await mine.page.keyboard.press("Escape")
    await mouse.up()
    await mouse.move(700, 300)
    await line.stands(mine, colleague, order=("three", "one", "two"))


async def test_by_finger(line: Line) -> None:
    phone = await line.open(PHONE)
    touch = await phone.page.context.new_cdp_session(phone.page)

    async def finger(kind: str, *at: tuple[float, float]) -> None:
        points = [{"x": x, "y": y} for x, y in at]
        await touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    (x, y), (_, to) = await middle(grip(phone, "one")), await middle(phone.in_line("door three?"))
    await finger("touchStart", (x, y))
    for step in range(1, 6):
        await finger("touchMove", (x, y + (to + 12 - y) * step / 5))
    await expect(phone.in_line("door three?")).to_have_attribute("data-drop", "after")
    await finger("touchEnd")
    await line.stands(phone, order=("two", "three", "one", "four"))


async def test_by_buttons_and_by_keys(line: Line) -> None:
    desk, colleague = await line.open(LAPTOP), await line.open(LAPTOP)
    first = desk.in_line("door one?")
    later = first.get_by_role("button", name="Later")
    await later.focus()
    await desk.page.keyboard.press("Enter")
    await line.stands(desk, colleague, order=("two", "one", "three", "four"))
    await expect(later).to_be_focused()
    await desk.page.keyboard.press("Enter")
    await desk.page.keyboard.press("Enter")
    await line.stands(desk, colleague, order=("two", "three", "four", "one"))
    # The last has no way down: the handle goes on, and arrows move it.
    await expect(grip(desk, "one")).to_be_focused()
    for _ in range(3):
        await desk.page.keyboard.press("ArrowUp")
    await line.stands(desk, colleague, order=("one", "two", "three", "four"))
    await expect(grip(desk, "one")).to_be_focused()
    await desk.in_line("door two?").get_by_role("button", name="Out of the line").press("Enter")
    await line.stands(desk, colleague, order=("one", "three", "four"))
    assert await jumps(colleague.page) == []


async def jumps(page: Page) -> list[str]:
    """What changed under a hand, or took the focus, by itself."""
    found: list[str] = await page.evaluate("jumps")
    return found
