"""One demo server and one browser for each worker, and hands for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.devices import Demo, Hands, chromium

HERE = Path(__file__).parent
ONE_LOOP = pytest.mark.asyncio(loop_scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser belongs to the loop that started it: these tests share one, as no others do.

    Starting Chromium and its driver anew took a second of each test.
    """
    for item in items:
        if HERE in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(ONE_LOOP, append=False)


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """Its session stays live: a test that ends it takes a `demo_of_its_own`, one that fills it plans another."""
    with Demo() as server:
        yield server


@pytest.fixture
def demo_of_its_own() -> Iterator[Demo]:
    with Demo() as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def hands(browser: Browser) -> AsyncIterator[Hands]:
    """At the end, no page may have complained."""
    hands = Hands(browser)
    yield hands
    await hands.leave()
    assert hands.faults == []
