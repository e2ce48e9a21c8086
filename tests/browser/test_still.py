"""What comes by itself moves nothing that somebody is about to press, and no press does what was not seen."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.devices import LAPTOP, PHONE, Demo, Desk, Hands, Line
from tests.browser.families import ask
from tests.browser.test_asking import desk_of
from tests.browser.test_journey import begun
from tests.running import PATIENCE

DANGER = ("en", "He says he will bring a gun to school tomorrow")
PARTS = r"""() => [...document.querySelectorAll('a, button, summary, input, select, textarea')]
  .filter((one) => !one.closest('#urgent, #list') && one.checkVisibility())
  .map((one) => {
    const { x, y } = one.getBoundingClientRect();
    return [one.textContent.trim().slice(0, 20).replace(/\d+/, ''), x, y];
  })"""
"""Everything that can be pressed, with its place; but for the list, whose rows have an order of their own."""
PRESS_AT_ONCE = """() => new MutationObserver((_, look) => {
  look.disconnect();
  const press = new MouseEvent('click', { detail: 1, bubbles: true, cancelable: true });
  document.querySelector('.when-paused button').dispatchEvent(press);
  window.pressed = true;
}).observe(document.body, { attributeFilter: ['data-input'] })"""

WHAT_COMES = """([name, selector]) => {
  const spot = document.querySelector(selector);
  const look = new MutationObserver(() => {
    const { left, top, width, height } = spot.getBoundingClientRect();
    if (!height) return;
    look.disconnect();
    const at = [left + width / 2, top + height / 2];
    const behind = document.elementFromPoint(...at)?.closest('#list > [data-card]');
    window.come = { ...window.come, [name]: { at, behind: behind?.dataset.card } };
  });
  look.observe(spot, { attributes: true, childList: true });
}"""
"""Where it comes, and which row a press would reach there at that moment."""


async def opened(demo: Demo, hands: Hands, code: str, kind: dict[str, Any], lang: str = "en") -> Desk:
    page = await hands.open(kind, demo.links["office"], lang=lang)
    await page.goto(f"{demo.base}/s/{code}/desk")
    await expect(page.locator("body")).to_have_attribute("data-script", "")
    return Desk(page)


@pytest.mark.parametrize("lang", ["en", "es"])
async def test_what_may_be_danger_is_told_at_the_top_and_nothing_moves(demo: Demo, hands: Hands, lang: str) -> None:
    code = await begun(demo, "An evening with a worry")
    await ask(demo.base, code, [("en", f"Who opens door {n}?") for n in range(3)])
    desks = [await opened(demo, hands, code, kind, lang) for kind in (LAPTOP, PHONE)]
    for n, desk in enumerate(desks):  # Not the same one: a claim that comes is another story.
        await desk.open(f"door {n}?")
    desks.append(await opened(demo, hands, code, PHONE, lang))
    before = [await desk.page.evaluate(PARTS) for desk in desks]
    await ask(demo.base, code, [DANGER])
    for desk, was in zip(desks, before, strict=True):
        strip = desk.page.locator("#urgent")
        await expect(strip).to_be_visible()
        assert await desk.page.evaluate(PARTS) == was
        box, bar = await strip.bounding_box(), await desk.page.locator(".bar").bounding_box()
        assert box and bar and box["height"] >= 44 and bar["y"] <= box["y"] and bar["height"] >= box["height"]
        assert await strip.evaluate("strip => strip.scrollHeight <= strip.clientHeight"), "all of it can be read"
        await strip.click()
        await expect(desk.question).to_contain_text("bring a gun")


async def test_the_line_stays_where_it_is_whatever_is_on_stage(demo: Demo, hands: Hands) -> None:
    code = await begun(demo, "An evening on stage")
    await ask(demo.base, code, [("en", f"Who opens door {n}? {'And why? ' * n * 9}") for n in range(3)])
    async with desk_of(demo, code) as helper:
        for n in range(3):
            await helper.decide("question.approve", f"door {n}?")
            await helper.decide("lineup.add", f"door {n}?")
        desk = await opened(demo, hands, code, LAPTOP)
        head = desk.page.get_by_role("heading", name="Line-up")
        before = await head.bounding_box()
        for n in range(3):
            await (helper.decide("stage.next", f"door {n - 1}?") if n else helper.do("stage.next"))
            await expect(desk.page.locator(".onstage")).to_contain_text(f"door {n}?")
            assert await head.bounding_box() == before
        await helper.decide("stage.settle", "door 2?")
        await expect(desk.page.get_by_text("Nothing is on stage.")).to_be_visible()
        assert await head.bounding_box() == before


async def test_a_press_that_was_meant_for_what_stood_there_before_does_nothing(demo: Demo, hands: Hands) -> None:
    """Two press "Pause all input" at the same moment: it stays paused."""
    code = await begun(demo, "An evening in a hurry")
    desk = await opened(demo, hands, code, LAPTOP)
    async with desk_of(demo, code) as helper:
        # The press reaches the page in the very moment in which it has heard of the other.
        await desk.page.evaluate(PRESS_AT_ONCE)
        await helper.do("input.pause")
        await desk.page.wait_for_function("() => window.pressed")
        await expect(desk.page.locator(".input[data-settling]")).to_have_count(0)
        assert (await helper.board())["session"]["input"] == "paused"
        await desk.page.get_by_role("button", name="Input is paused: open it again").click()
        await expect(desk.page.get_by_role("button", name="Pause all input")).to_be_visible()


async def test_what_is_refused_moves_nothing_under_a_resting_pointer(demo: Demo, hands: Hands) -> None:
    """The answer comes when the hand is in the list again, and what colleagues decided meanwhile stays to be seen."""
    code = await begun(demo, "An evening with a slow line")
    await ask(demo.base, code, [("en", f"Who opens door {n}?") for n in range(5)])
    hands.expected = ("ERR_", "WebSocket connection")  # What Chromium writes when the line goes, at the end.
    colleague = await opened(demo, hands, code, LAPTOP)
    page = await hands.open(LAPTOP, demo.links["office"])
    async with Line(demo.port, demo.line_port) as line, desk_of(demo, code) as helper:
        await page.goto(f"http://localhost:{line.port}/s/{code}/desk")
        desk = Desk(page)
        await desk.open("door 1?")
        await desk.row("door 4?").hover()
        line.arrives.clear()
        for n in range(2):
            await helper.decide("question.approve", f"door {n}?")
        await expect(colleague.row("door")).to_have_count(3)
        await page.keyboard.press("a")
        await expect(desk.row("door 1?")).to_have_count(0)
        before = await desk.row("door 4?").bounding_box()
        line.arrives.set()
        await expect(page.get_by_text("#2: ")).to_be_visible()
        await expect(desk.row("door 0?")).to_have_attribute("data-left", "")
        assert await desk.row("door 4?").bounding_box() == before
        # Looked at no more, it goes.
        await desk.question.click()
        await expect(desk.row("door 0?")).to_have_count(0)


async def test_what_is_told_over_the_list_takes_no_press_that_was_meant_for_a_row(demo: Demo, hands: Hands) -> None:
    code = await begun(demo, "An evening with much to tell")
    await ask(demo.base, code, [("en", f"Who opens door {n}?") for n in range(12)])
    hands.expected = ("ERR_", "WebSocket connection")  # What Chromium writes when the line goes, at the end.
    page = await hands.open(LAPTOP, demo.links["office"])
    async with Line(demo.port, demo.line_port) as line, desk_of(demo, code) as helper:
        await page.goto(f"http://localhost:{line.port}/s/{code}/desk")
        desk = Desk(page)
        second = await desk.open("door 1?")
        await desk.open("door 0?")
        told = {"done": "#toast", "refused": ".news [data-say]"}
        for name, selector in told.items():
            await page.evaluate(WHAT_COMES, [name, selector])
        line.arrives.clear()
        await helper.decide("question.approve", "door 0?")
        await page.keyboard.press("a")
        await desk.until_open(second)
        await page.keyboard.press("a")
        await expect(desk.row("door 1?")).to_have_count(0)
        line.arrives.set()
        await page.wait_for_function("() => window.come?.done && window.come.refused")
        come = await page.evaluate("come")
        rows = await page.locator("#list > [data-card]").evaluate_all("rows => rows.map((row) => row.dataset.card)")
        assert {one["behind"] for one in come.values()} <= set(rows)
        # Once it has been seen, it is what it looks like.
        await page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished))")
        for name, selector in told.items():
            seen = "([at, selector]) => document.elementFromPoint(...at).closest(selector) !== null"
            assert await page.evaluate(seen, [come[name]["at"], selector]), name
        await page.locator("#toast").get_by_role("button", name="Undo").click()
        await expect(desk.question).to_contain_text("door 1?")


async def test_whose_question_it_is_now_is_told_once_the_button_is_up_again(demo: Demo, hands: Hands) -> None:
    """A colleague takes over while one presses: the press is one on the button that was seen."""
    code = await begun(demo, "An evening with a quick colleague")
    await ask(demo.base, code, [("en", "Who opens door 0?")])
    hands.expected = ("ERR_", "WebSocket connection")  # What Chromium writes when the line goes, at the end.
    colleague = await opened(demo, hands, code, LAPTOP)
    page = await hands.open(LAPTOP, demo.links["office"])
    heard = asyncio.Event()

    def hear(said: str | bytes) -> None:
        if '"claims"' in str(said):
            heard.set()

    page.on("websocket", lambda socket: socket.on("framereceived", hear))
    async with Line(demo.port, demo.line_port) as line, desk_of(demo, code) as helper:
        await page.goto(f"http://localhost:{line.port}/s/{code}/desk")
        desk = Desk(page)
        question = await desk.open("door 0?")
        told = colleague.row("door 0?").locator("[data-fill=claim]")
        await expect(told).to_contain_text("is on this one")
        before = await told.inner_text()
        approve = desk.decide.get_by_role("button", name="Approve", exact=True)
        await approve.hover()
        line.arrives.clear()
        heard.clear()
        await helper.do("question.claim", question=question, take=True)
        await expect(told).not_to_have_text(before)
        await expect(told).to_contain_text("is on this one")
        await page.mouse.down()
        line.arrives.set()
        await asyncio.wait_for(heard.wait(), PATIENCE)
        await expect(approve).to_be_visible()
        sign = desk.question.locator("[data-claimed]")
        assert not await sign.is_visible()
        await page.mouse.up()
        await expect(page.locator("#toast")).to_contain_text("#1 approved")
        assert (await helper.card("door 0?"))["state"] == "shown"
