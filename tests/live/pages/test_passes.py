"""What opts in to a rehearsal, and that nothing else does."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from live.pages.passes import TITLE, Link, plan_rehearsal, read_link
from live.settings import Settings
from sessions.permissions import Caller, Role
from sessions.session import Session
from tests.running import SECRET, open_hall, shared_server

OPERATOR = Caller("operator", frozenset({Role.ADMINISTRATOR}), "Operator")


@pytest.mark.parametrize(
    "text",
    [
        "https://ask.example.org/s/QK7RTM",
        "https://ask.example.org/s/QK7RTM/rehearsal",
        "https://ask.example.org/s/QK7RTM/desk#pass",
        "ftp://ask.example.org/s/QK7RTM/rehearsal#pass",
        "/s/QK7RTM/rehearsal#pass",
        "QK7RTM",
        "",
    ],
)
def test_no_other_address_is_a_link_of_a_rehearsal(text: str) -> None:
    assert read_link(text) is None


def test_a_link_is_read_as_it_was_printed() -> None:
    link = Link("https://ask.example.org:8443", "QK7RTM", "WyJR.x-y_z")
    assert read_link(str(link)) == link
    assert str(link) == "https://ask.example.org:8443/s/QK7RTM/rehearsal#WyJR.x-y_z"


async def test_only_the_pass_of_this_very_rehearsal_opens_it() -> None:
    server = shared_server()
    settings = Settings(database_url=server.database_url, secret_key=SECRET, public_url=server.base)
    forger = settings.model_copy(update={"secret_key": "another key, which somebody else has made up"})
    async with open_hall(server) as hall:
        link = await plan_rehearsal(hall.database, settings, OPERATOR)
        other = await plan_rehearsal(hall.database, settings, OPERATOR)
        forged = await plan_rehearsal(hall.database, forger, OPERATOR)
        visitor = await hall.family()

        async def ask(code: str, proof: str) -> tuple[int, bool]:
            headers = {b"Authorization": f"Bearer {proof}".encode(), b"Accept": b"application/json"}
            answer = await visitor.http.get(f"/s/{code}/rehearsal", headers=headers)
            return answer.status_code, "token" in answer.json()

        assert await ask(link.code, link.proof) == (200, True)
        for code, proof in [
            (link.code, other.proof),
            (forged.code, forged.proof),
            (hall.code, link.proof),  # A real session, of which nobody planned a rehearsal.
            (hall.code, "x"),
            (link.code, "ünknown"),
            (link.code, link.proof[:-1]),
            (link.code, visitor.http.cookies["f2f_participant"]),
        ]:
            assert await ask(code, proof) == (404, False), (code, proof)


async def test_a_rehearsal_has_a_host_who_can_do_nothing_elsewhere() -> None:
    server = shared_server()
    settings = Settings(database_url=server.database_url, secret_key=SECRET, public_url=server.base)
    async with open_hall(server) as hall:
        link = await plan_rehearsal(hall.database, settings, OPERATOR)
        async with hall.database.reading() as db:
            planned = await db.scalar(select(Session).where(Session.code == link.code))
        assert planned
        assert (planned.title, planned.state) == (TITLE, "draft")
        visitor = await hall.family()
        assert (await visitor.get(f"/s/{link.code}")).status_code == 404, "no family hears of it"
        token = (
            await visitor.http.get(f"/s/{link.code}/rehearsal", headers={"Authorization": f"Bearer {link.proof}"})
        ).json()["token"]
        as_host = {"Authorization": f"Bearer {token}"}
        for code, command, status in [
            (hall.code, "input.pause", 403),
            (link.code, "session.schedule", 200),
            (link.code, "session.cancel", 200),
        ]:
            body = {"key": command.replace(".", "-")}
            answer = await visitor.http.post(f"/s/{code}/do/{command}", json=body, headers=as_host)
            assert answer.status_code == status, answer.text
        held = await visitor.http.get(f"/s/{link.code}/rehearsal", headers={"Authorization": f"Bearer {link.proof}"})
        assert held.status_code == 409
