"""A rehearsal finds what a server loses."""

from __future__ import annotations

from typing import Any

import pytest

from live.pages.passes import plan_rehearsal
from live.rehearsal import Rehearsal
from live.settings import Settings
from sessions.permissions import Caller, Role
from tests.running import SECRET, open_hall, shared_server

OPERATOR = Caller("operator", frozenset({Role.ADMINISTRATOR}), "Operator")


async def test_what_got_lost_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Phones that are kept from hearing a change are counted, so that a verdict can be bad."""
    server = shared_server()
    settings = Settings(database_url=server.database_url, secret_key=SECRET, public_url=server.base)
    async with open_hall(server) as hall:
        link = await plan_rehearsal(hall.database, settings, OPERATOR)
        run = Rehearsal(link, 6, 5, lambda *_: None)
        joined = run._everybody

        async def two_go_deaf(*doing: Any) -> None:
            for phone in run.phones[:2]:
                monkeypatch.setattr(phone, "take", lambda *_, **__: None)
            await joined(*doing)

        monkeypatch.setattr(run, "_everybody", two_go_deaf)
        monkeypatch.setattr("live.rehearsal.REST", 0.5)
        found = await run.run()
    assert (found.joined, found.stale) == (6, 2)
    assert found.losses >= 2
