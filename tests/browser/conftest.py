"""A demo server for each module, and hands for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.browser.devices import Demo, Hands, chromium


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as server:
        yield server


@pytest.fixture
async def hands() -> AsyncIterator[Hands]:
    """At the end, no page may have complained."""
    async with chromium() as hands:
        yield hands
        assert hands.faults == []
