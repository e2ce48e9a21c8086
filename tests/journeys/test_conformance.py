"""The official clients, in JavaScript and Python, take the same journey, whether they ask for deflate or not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conformance import CLIENTS, travel
from tests.running import Hall, open_hall, shared_server


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


@pytest.mark.parametrize("asks_deflate", [False, True])
@pytest.mark.parametrize("kind", CLIENTS)
async def test_an_official_client_lives_by_the_wire(hall: Hall, kind: str, asks_deflate: bool) -> None:
    await travel(hall, CLIENTS[kind](hall.server.base, await hall.family(), asks_deflate=asks_deflate))
