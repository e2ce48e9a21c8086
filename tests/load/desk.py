"""The desk with 5,000 questions, in Chromium: what a moderator waits for. Run by `make bench`, or by itself."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterable
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))

from live.commands import Commands
from live.settings import Settings
from live.throttle import Throttle
from sessions import people
from sessions.database import Database
from sessions.permissions import Caller
from sessions.session import Session
from sessions.session import find as find_session
from tests.browser.families import flood, questions
from tests.load.scene import HOST, server
from tests.running import SECRET

QUESTIONS, WAITING = 5_000, 2_000
LOADS, PRESSES = 5, 60
RATE, LONGEST = 10.0, 120
"""New questions a second while keys are pressed, for so many seconds at most."""
KEYS = {"j": "j → the next question", "k": "k → the one before", "a": "a → approved, the next"}
PAUSE_MS = 150
"""Between two presses: faster than anybody reads, and slow enough for what is fetched ahead."""

DRAWN = "() => document.body.dataset.script === ''"
COME = """() => ['waiting', 'shown', 'done'].map((list) => document.querySelector(`[data-count=${list}]`))
  .reduce((sum, count) => sum + Number(count.textContent), 0)"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
WATCH = """() => {
  const times = (window.keypresses = []);
  const open = () => document.querySelector('#question')?.dataset.card;
  addEventListener('keydown', ({ timeStamp }) => {
    const before = open();
    // The task after the frame: by then it has been laid out and painted.
    const look = () => requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => (open() === before ? look() : times.push(performance.now() - timeStamp));
      after.port2.postMessage(null);
    });
    look();
  }, true);
}"""
"""Notes milliseconds from a press, as the browser's clock has it, until another question has been painted."""


async def fill(url: str, code: str) -> None:
    settings = Settings(database_url=url, secret_key=SECRET)
    database = Database(url, settings.cipher())
    # An hour between any two commands: budgets are not what is measured.
    throttle = Throttle(itertools.count(0.0, 3600.0).__next__)
    commands = Commands(database, throttle, lambda _: None, SECRET.encode())
    async with database.reading() as db:
        session: Session = await find_session(db, code)

    async def run(caller: Caller, name: str, **body: Any) -> str:
        answer = await commands.run(caller, session.id, name, {"key": secrets.token_urlsafe(12), **body})
        return str(answer["question"])

    async def together(works: Iterable[Awaitable[str]]) -> list[str]:
        """In few transactions."""
        found, left = [], iter(works)
        while part := list(itertools.islice(left, 500)):
            found += await asyncio.gather(*part)
        return found

    async def head() -> int:
        async with database.reading() as db:
            return (await find_session(db, code)).seq

    ids = await together(
        run(Caller(people.make_id()), "question.ask", words=words, lang=lang) for lang, words in questions(QUESTIONS)
    )
    rev, done = await head(), ids[WAITING:]
    await together(run(HOST, "question.approve", question=question, rev=rev) for question in done)
    rev = await head()
    words = "Yes, from the first day on."
    await together(
        run(HOST, "question.answer", question=question, rev=rev, words=words, lang="en") for question in done[::3]
    )
    await commands.batches.finish()
    await database.dispose()


async def first_loads(page: Page, address: str) -> tuple[list[float], list[float]]:
    """Milliseconds until the page is painted, and until every question is there."""
    painted, there = [], []
    for _ in range(LOADS):
        began = time.perf_counter()
        await page.goto(address)
        await page.wait_for_function(DRAWN)
        there.append((time.perf_counter() - began) * 1e3)
        painted.append(await page.evaluate(PAINTED))
    return painted, there


async def presses(page: Page, key: str) -> list[float]:
    """Milliseconds from each press of a key to the next question."""
    for n in range(PRESSES):
        await page.keyboard.press(key)
        await page.wait_for_function("n => keypresses.length === n", arg=n + 1, timeout=5_000)
        await page.wait_for_timeout(PAUSE_MS)
    found: list[float] = await page.evaluate("keypresses.splice(0)")
    return found


def tell(title: str, times: list[float], goal: str) -> None:
    print(
        f"  {title:<28}{statistics.median(times):6.0f} ms median {max(times):6.0f} ms worst  (goal {goal})", flush=True
    )


async def measure(address: str, code: str, token: str) -> None:
    async with async_playwright() as tools:
        browser = await tools.chromium.launch(executable_path="/usr/bin/chromium", chromium_sandbox=False)
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        await page.context.add_cookies([{"name": "f2f_staff", "value": token, "url": address}])
        print(f"The desk with {QUESTIONS:,} questions, {WAITING:,} of them waiting, in Chromium", flush=True)
        painted, there = await first_loads(page, f"{address}/s/{code}/desk")
        tell("first paint", painted, "≤ 1,500")
        tell("every question there", there, "none")
        await page.keyboard.press("j")
        await page.wait_for_selector("#question:not([data-glance])")
        await page.evaluate(WATCH)
        asking = asyncio.create_task(flood(address, code, questions(int(RATE * LONGEST), seed=6), RATE))
        for key, title in KEYS.items():
            tell(title, await presses(page, key), "≤ 100")
        print(f"  meanwhile, at {RATE:.0f} a second     {await page.evaluate(COME) - QUESTIONS:6.0f} more came")
        asking.cancel()
        await browser.close()


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/desk.db"
        async with server(url) as (address, code, token):
            await fill(url, code)
            await measure(address, code, token)


if __name__ == "__main__":
    asyncio.run(main())
