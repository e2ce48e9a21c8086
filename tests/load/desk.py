"""The desk with 5,000 questions, in Chromium: what a moderator waits for. Run by `make bench`, or by itself."""

from __future__ import annotations

import asyncio
import itertools
import random
import secrets
import statistics
import sys
import tempfile
import time
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
from tests.load.bench import HOST, SECRET, server

QUESTIONS, WAITING, PRESSES = 5_000, 2_000, 60
SAMPLES = Path(__file__).parents[1] / "samples"

DRAWN = "() => document.body.dataset.script === ''"
PRESS = """([key, presses]) => new Promise((done) => {
  const times = [];
  const open = () => document.querySelector('#question')?.dataset.card;
  const press = () => {
    const before = open(), began = performance.now();
    const look = new MutationObserver(() => {
      if (open() === before || !open()) return;
      look.disconnect();
      // The next frame is when it is seen.
      requestAnimationFrame(() => requestAnimationFrame(() => {
        times.push(performance.now() - began);
        if (times.length < presses) setTimeout(press, 50); else done(times);
      }));
    });
    look.observe(document.querySelector('#panel'), { childList: true, subtree: true, attributes: true });
    document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  };
  press();
})"""
"""Presses a key so often; milliseconds until another question stands in the panel and is painted."""


def asked() -> list[tuple[str, str]]:
    """(language, words) of every question: varied ones, so that lists and searches are like those of an evening."""
    dice, found = random.Random(5), []
    for lang in ("en", "es"):
        for half in ("a", "b"):
            for line in (SAMPLES / f"pairs.{lang}.{half}.tsv").read_text(encoding="utf-8").splitlines():
                found += [(lang, words) for words in line.split("\t")[1:]]
    return [(lang, f"{words} ({n})") for n, (lang, words) in enumerate(dice.choices(found, k=QUESTIONS))]


async def fill(url: str, code: str) -> None:
    settings = Settings(database_url=url, secret_key=SECRET)
    database = Database(url, settings.cipher())
    # An hour between any two commands: budgets are not what is measured.
    throttle = Throttle(itertools.count(0.0, 3600.0).__next__)
    commands = Commands(database, throttle, lambda _: None, SECRET.encode())
    async with database.reading() as db:
        session: Session = await find_session(db, code)

    async def run(caller: Caller, name: str, **body: Any) -> dict[str, Any]:
        return await commands.run(caller, session.id, name, {"key": secrets.token_urlsafe(12), **body})

    questions = asked()
    ids: list[str] = []
    for start in range(0, QUESTIONS, 500):
        part = questions[start : start + 500]
        told = await asyncio.gather(
            *(run(Caller(people.make_id()), "question.ask", words=words, lang=lang) for lang, words in part)
        )
        ids += [answer["question"] for answer in told]
    async with database.reading() as db:
        rev = (await find_session(db, code)).seq
    for n, question in enumerate(ids[WAITING:]):
        done = await run(HOST, "question.approve", question=question, rev=rev)
        if n % 3 == 0:
            await run(HOST, "question.answer", question=question, rev=done["rev"], words="Yes.", lang="en")
    await commands.batches.finish()
    await database.dispose()


async def presses(page: Page, key: str) -> list[float]:
    found: list[float] = await page.evaluate(PRESS, [key, PRESSES])
    return found


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/desk.db"
        async with server(url) as (address, code, token), async_playwright() as tools:
            await fill(url, code)
            browser = await tools.chromium.launch(executable_path="/usr/bin/chromium", chromium_sandbox=False)
            page = await browser.new_page(viewport={"width": 1440, "height": 900})
            await page.context.add_cookies([{"name": "f2f_staff", "value": token, "url": address}])
            began = time.perf_counter()
            await page.goto(f"{address}/s/{code}/desk")
            paint = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            await page.wait_for_function(DRAWN)
            drawn = time.perf_counter() - began
            await page.keyboard.press("j")
            await page.wait_for_selector("#question")
            await page.wait_for_timeout(500)
            moves = await presses(page, "j")
            await browser.close()
    print(f"The desk with {QUESTIONS:,} questions, {WAITING:,} of them waiting, in Chromium")
    print(f"  first paint          {paint:8.0f} ms (goal ≤ 1,500)")
    print(f"  every question there {drawn * 1e3:8.0f} ms")
    median, p99 = statistics.median(moves), sorted(moves)[int(len(moves) * 0.99)]
    print(f"  a key → the next one {median:8.0f} ms median {p99:8.0f} ms p99 (goal ≤ 100)")


if __name__ == "__main__":
    asyncio.run(main())
