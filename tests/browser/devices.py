"""What people hold in their hands: real Chromium on a demo server, and a line to it that can be cut."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from tests.running import PATIENCE, facetoface
from tests.servers import Server, free_port

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
expect.set_options(timeout=PATIENCE * 1000)
LAN_NAME = "lan.test"
"""A name that Chromium is told to find on this machine: to it, plain http from another machine, with all that lacks."""

PHONE = {"viewport": {"width": 412, "height": 915}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
SMALL_PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
LAPTOP = {"viewport": {"width": 1440, "height": 900}}
TABLET = {"viewport": {"width": 1180, "height": 820}, "has_touch": True}
PROJECTOR = {"viewport": {"width": 1920, "height": 1080}}


class Demo(Server):
    """`facetoface demo` on a folder of its own, also reachable through a line that tests can cut."""

    name = "demo"

    def __init__(self) -> None:
        super().__init__()
        self.line_port = free_port()

    @property
    def base(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def links(self) -> dict[str, str]:
        links: dict[str, str] = json.loads((self.folder / "links.json").read_text())
        return links

    @property
    def code(self) -> str:
        return self.links["code"]

    def command(self) -> Sequence[str]:
        also = f"http://localhost:{self.line_port},http://{LAN_NAME}:{self.port}"
        words = ["demo", "--port", str(self.port), "--data", str(self.folder / "data")]
        words += ["--links", str(self.folder / "links.json")]
        return ["setpriv", "--pdeathsig", "KILL", "--", *facetoface(*words, public_url=also)]

    def visitor(self) -> httpx.AsyncClient:
        """Somebody without a browser."""
        return httpx.AsyncClient(
            base_url=self.base, headers={"Origin": self.base}, timeout=PATIENCE, follow_redirects=True
        )

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.base}/readyz", timeout=10).status_code == 200
        except httpx.HTTPError:
            return False


class Line:
    """A TCP line to a server that can be cut, or slow: Chromium's own "offline" leaves open sockets open."""

    def __init__(self, to: int, port: int) -> None:
        self.to, self.port = to, port
        self.is_cut = False
        self.arrives = asyncio.Event()
        """While it is not set, the server hears all, and nothing that it says arrives."""
        self.arrives.set()
        self.writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Line:
        self.listener = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self.listener.close()

    def cut(self) -> None:
        self.is_cut = True
        for writer in self.writers:
            writer.transport.abort()

    def mend(self) -> None:
        self.is_cut = False

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to)
        self.writers |= {writer, far_writer}
        try:
            await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer, self.arrives))
        finally:
            self.writers -= {writer, far_writer}


async def _pour(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, arrives: asyncio.Event | None = None
) -> None:
    try:
        while said := await reader.read(65_536):
            if arrives:
                await arrives.wait()
            writer.write(said)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


class Hands:
    """Opens devices, and remembers what went wrong on any of them."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.contexts: list[BrowserContext] = []
        self.faults: list[str] = []
        self.expected: tuple[str, ...] = ()
        """What Chromium may write by itself when a test cuts the line or asks for what is refused."""
        self.asked: set[str] = set()
        """Origins that any page sent a request to."""

    async def device(self, kind: dict[str, Any], *, lang: str = "en", **more: Any) -> BrowserContext:
        context = await self.browser.new_context(locale=lang, **kind, **more)
        context.set_default_timeout(PATIENCE * 1000)
        context.on("page", self._listen)
        self.contexts.append(context)
        return context

    def _listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", lambda said: self._hear(page, said.type, said.text))
        page.on("request", lambda request: self.asked.add("/".join(request.url.split("/")[:3])))

    def _hear(self, page: Page, kind: str, text: str) -> None:
        if kind == "error" and not any(part in text for part in self.expected):
            self.faults.append(f"{page.url}: {text}")

    async def leave(self) -> None:
        for context in self.contexts:
            await context.close()

    async def open(self, kind: dict[str, Any], address: str, **more: Any) -> Page:
        page = await (await self.device(kind, **more)).new_page()
        await page.goto(address)
        return page


class Desk:
    """The desk's page under the hands of a moderator, on any device, with or without a script."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.question = page.locator("#question")
        self.decide = self.question.locator("[data-decide]")
        self.line = page.locator("#lineup > [data-card]")

    def row(self, words: str) -> Locator:
        """Of the list that is chosen."""
        return self.page.locator("#list > [data-card]", has_text=words)

    def in_line(self, words: str) -> Locator:
        return self.page.locator("#lineup > [data-card]", has_text=words)

    async def show(self, tab: str) -> None:
        """Another list, or the line-up on a phone, where the way there leads out of the open question."""
        back = self.question.locator("a[data-close]")
        if await back.is_visible():
            await back.click()
        await self.page.locator(f'a[data-tab="{tab}"]').click()
        if tab != "line":
            await expect(self.page.locator("body")).to_have_attribute("data-list", tab)

    async def open(self, words: str) -> str:
        """The question of a row, all of it; answers its id."""
        link = self.row(words).locator("a.open")
        question = str(await link.get_attribute("data-open"))
        await link.click()
        await self.until_open(question)
        return question

    async def until_open(self, question: str) -> None:
        await expect(self.page.locator(f'#question[data-card="{question}"]:not([data-glance])')).to_have_count(1)

    async def press(self, name: str) -> None:
        """A decision on the open question, once its buttons have settled."""
        button = self.decide.get_by_role("button", name=name, exact=True)
        await expect(button).to_be_visible()
        await expect(self.page.locator("#panel[data-settling]")).to_have_count(0)
        await button.click()


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            chromium_sandbox=False,
            timeout=4 * PATIENCE * 1000,
            args=["--disable-background-networking", f"--host-resolver-rules=MAP {LAN_NAME} 127.0.0.1"],
        )
        try:
            yield browser
        finally:
            await browser.close()


def packed(body: bytes) -> int:
    return len(gzip.compress(body, 9))
