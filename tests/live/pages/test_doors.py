"""Ways in: links that are good once, looked at without harm, and never written into a log."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import select, update

from sessions import people
from sessions.database import clock
from sessions.people import Invitation, Membership, Person
from sessions.permissions import Role
from tests.running import Hall, RunningServer, Visitor, inside, open_hall, shared_server

LINK = re.compile(r'href="([^"]+/(?:invite|receipt)/[^"]+)"')


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(shared_server()) as hall:
        yield hall


def link(page: str) -> str:
    """The one secret link on a page, without the host."""
    (found,) = set(LINK.findall(page))
    return str(urlsplit(found).path)


async def invited(hall: Hall, role: str = "moderator", name: str = "") -> str:
    """The path of a new invitation, made in the office."""
    ana = await hall.staff("ana")
    response = await ana.submit(f"/office/{hall.code}/invite", role=role, name=name)
    assert response.status_code == 200
    return link(response.text)


async def state(hall: Hall, path: str) -> str:
    async with hall.database.reading() as db:
        return (await people.find_invitation(db, path.rpartition("/")[2])).state(clock())


async def come_in(visitor: Visitor, path: str, **fields: str) -> str:
    """Use an invitation; the page where one lands."""
    response = await visitor.submit(path, **fields)
    assert response.status_code == 303, response.text
    return response.headers["location"]


async def test_looking_at_an_invitation_changes_nothing(hall: Hall) -> None:
    """Mail and chat programs open links to preview them."""
    path, visitor = await invited(hall), hall.visitor()
    for _ in range(3):
        response = await visitor.get(path)
        assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
        assert response.headers["referrer-policy"] == "same-origin"
        assert "Moderator" in response.text
        assert (await visitor.http.head(path)).status_code == 200
    assert await state(hall, path) == "open"
    assert visitor.cookie == ""
    assert (await visitor.get("desk")).status_code == 403


async def test_an_invitation_is_good_once(hall: Hall) -> None:
    path, kim, thief = await invited(hall), hall.visitor(), hall.visitor(lang="es")
    assert await come_in(kim, path, name="Kim") == f"/s/{hall.code}/desk"
    assert (await kim.get("desk")).status_code == 200
    for response in (await thief.submit(path, name="Thief"), await thief.get(path), await kim.get(path)):
        assert response.status_code == 410
    assert "f2f_staff" not in thief.http.cookies
    assert await state(hall, path) == "used"


async def test_of_two_who_come_at_once_one_gets_in(hall: Hall) -> None:
    path = await invited(hall)
    visitors = [hall.visitor() for _ in range(8)]
    answers = await asyncio.gather(*(v.submit(path, name=f"Guest {n}") for n, v in enumerate(visitors)))
    assert sorted(answer.status_code for answer in answers) == [303] + [410] * 7


async def test_an_invitation_that_was_taken_back(hall: Hall) -> None:
    path, ana, visitor = await invited(hall), await hall.staff("ana"), hall.visitor()
    async with hall.database.reading() as db:
        number = (await people.find_invitation(db, path.rpartition("/")[2])).id
    assert (await ana.submit(f"/office/{hall.code}/revoke", invitation=number)).status_code == 303
    assert await state(hall, path) == "revoked"
    for response in (await visitor.get(path), await visitor.submit(path, name="Kim")):
        assert response.status_code == 410
    # Taking back what is not there, or another session's, is refused; what was used stays used.
    used = await invited(hall)
    await come_in(visitor, used, name="Kim")
    async with open_hall(hall.server) as other:
        foreign = await other.staff("ana")
        async with hall.database.reading() as db:
            number = (await people.find_invitation(db, used.rpartition("/")[2])).id
        assert (await foreign.submit(f"/office/{other.code}/revoke", invitation=number)).status_code == 404
    assert (await ana.submit(f"/office/{hall.code}/revoke", invitation=number)).status_code == 303
    assert (await ana.submit(f"/office/{hall.code}/revoke", invitation="x")).status_code == 404
    assert await state(hall, used) == "used"


async def test_an_invitation_that_has_run_out(hall: Hall) -> None:
    path, visitor = await invited(hall), hall.visitor()
    async with hall.database.writing() as tx:
        found = await people.find_invitation(tx.db, path.rpartition("/")[2])
        assert found.expires_at - found.made_at == timedelta(days=14)
        await tx.db.execute(update(Invitation).where(Invitation.id == found.id).values(expires_at=tx.now))
    for response in (await visitor.get(path), await visitor.submit(path, name="Kim")):
        assert response.status_code == 410


async def test_a_link_that_leads_nowhere(hall: Hall) -> None:
    for path in ("/invite/nothing", "/invite/%00", f"/invite/{'x' * 3000}"):
        for response in (await hall.visitor().get(path), await hall.visitor().submit(path, name="Kim")):
            assert response.status_code == 410


async def test_colleagues_have_names(hall: Hall) -> None:
    path, kim = await invited(hall), hall.visitor()
    assert 'name="name"' in (await kim.get(path)).text
    for name in ("", "   ", "x" * 61, "K\u202eim", "\x07"):
        response = await kim.submit(path, name=name)
        assert response.status_code == 400
        assert '<p class="say" role="status"></p>' not in response.text, "it says why"
    assert await state(hall, path) == "open"
    await come_in(kim, path, name="  Kim \t Lee ")
    question = await (await hall.family()).ask()
    await kim.decide("question.approve", question)
    stale = await (await hall.staff("ben")).send("question.decline", question=question, rev=1, reason="twice")
    assert stale.json()["say"].startswith("Kim Lee approved this ")


async def test_an_invitation_with_a_name_asks_for_none(hall: Hall) -> None:
    path, kim = await invited(hall, name="Kim Lee"), hall.visitor()
    assert 'name="name"' not in (await kim.get(path)).text
    await come_in(kim, path)
    async with hall.database.reading() as db:
        names = await db.scalars(
            select(Person.name).join(Membership).where(Membership.session_id == hall.house.session_id)
        )
        assert "Kim Lee" in set(names)


async def test_who_is_signed_in_already_gains_the_role_and_stays_who_they_are(hall: Hall) -> None:
    sam = await hall.staff("sam")
    assert (await sam.get("desk")).status_code == 403
    path = await invited(hall, name="Somebody else")
    assert 'name="name"' not in (await sam.get(path)).text
    await come_in(sam, path)
    assert (await sam.get("desk")).status_code == 200
    async with hall.database.reading() as db:
        caller = await people.caller(db, "sam", hall.house.session_id)
    assert (caller.name, set(caller.roles)) == ("Sam", {Role.PARTICIPANT, Role.SPEAKER, Role.MODERATOR})


@pytest.mark.parametrize(
    ("role", "place"),
    [
        ("moderator", "/s/{code}/desk"),
        ("speaker", "/s/{code}/speak"),
        ("host", "/office/{code}"),
        ("captioner", "/s/{code}"),
        ("liaison", "/s/{code}/follow-ups"),
    ],
)
async def test_each_role_lands_where_its_work_is(hall: Hall, role: str, place: str) -> None:
    visitor = hall.visitor()
    location = await come_in(visitor, await invited(hall, role), name="Kim")
    assert location == place.format(code=hall.code)
    assert (await visitor.get(location)).status_code == 200


async def test_who_may_invite_and_as_what(hall: Hall) -> None:
    ana, ben = await hall.staff("ana"), await hall.staff("ben")
    for visitor, role, status in (
        (ben, "speaker", 403),
        (await hall.family(), "speaker", 403),
        (ana, "administrator", 403),
        (ana, "participant", 400),
        (ana, "king", 400),
        (ana, "", 400),
    ):
        response = await visitor.submit(f"/office/{hall.code}/invite", role=role)
        assert (response.status_code, LINK.findall(response.text)) == (status, [])
    async with hall.database.reading() as db:
        assert await people.invitations(db, hall.house.session_id) == []


async def test_a_link_is_shown_once_and_kept_as_a_hash(hall: Hall) -> None:
    path, ana = await invited(hall, name="Kim"), await hall.staff("ana")
    token = path.rpartition("/")[2]
    assert len(token) >= 43, "256 bits"
    page = (await ana.get(f"/office/{hall.code}")).text
    assert ("Kim" in page, token in page) == (True, False)
    async with hall.database.reading() as db:
        rows = [tuple(row) for row in await db.execute(select(Invitation.__table__))]
    assert token not in repr(rows)


async def test_another_device_of_ones_own(hall: Hall) -> None:
    ben, tablet = await hall.staff("ben"), hall.visitor()
    assert (await tablet.get("/device")).headers["location"] == "/sign-in"
    assert (await tablet.submit("/device")).headers["location"] == "/sign-in"
    assert LINK.findall((await ben.get("/device")).text) == [], "looking makes no link"
    page = await ben.submit("/device")
    path = link(page.text)
    assert page.headers["cache-control"] == "no-store"
    assert "<svg" in page.text
    assert (await tablet.get(path)).status_code == 200
    assert await come_in(tablet, path) == "/office"
    assert (await tablet.get("desk")).status_code == 200
    question = await (await hall.family()).ask()
    await tablet.decide("question.approve", question)
    stale = await (await hall.staff("mia")).send("question.decline", question=question, rev=1, reason="twice")
    assert stale.json()["say"].startswith("Ben approved this ")
    assert (await hall.visitor().submit(path)).status_code == 410
    late = link((await ben.submit("/device")).text)
    async with hall.database.writing() as tx:
        found = await people.find_invitation(tx.db, late.rpartition("/")[2])
        assert found.expires_at - found.made_at == timedelta(minutes=10)
        await tx.db.execute(update(Invitation).where(Invitation.id == found.id).values(expires_at=tx.now))
    assert (await hall.visitor().submit(late)).status_code == 410


async def test_signing_out_ends_the_sign_in_wherever_its_cookie_is(hall: Hall) -> None:
    ben = await hall.staff("ben")
    copied = hall.visitor(f2f_staff=ben.http.cookies["f2f_staff"])
    response = await ben.submit("/sign-out")
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert cookie_of(response)["f2f_staff"]["max-age"] == "0"
    for visitor in (ben, copied):
        assert (await visitor.get("desk")).status_code == 403
        assert (await visitor.get("/office")).headers["location"] == "/sign-in"
    assert (await ben.submit("/sign-out")).status_code == 303, "twice does no harm"
    assert (await ben.http.get("/sign-out")).status_code == 404, "a link cannot sign anybody out"


async def test_a_receipt_shows_ones_own_questions_on_another_phone(hall: Hall) -> None:
    """To read, in this session; who the other phone is stays: else a stranger's link would ask in their name."""
    rosa, phone, luz = await hall.family(), hall.visitor(), await hall.family()
    question = await rosa.ask("Is this mine?")
    path = link((await rosa.get("mine")).text)
    response = await phone.get(path)
    assert (response.status_code, phone.cookie) == (200, "")
    assert "Is this mine?" not in response.text, "looking shows nothing yet"
    for reader in (phone, luz):
        moved = await reader.submit(path)
        assert (moved.status_code, moved.headers["location"]) == (303, f"/s/{hall.code}/mine")
        page = (await reader.get("mine")).text
        assert ("Is this mine?" in page, "question.withdraw" in page) == (True, False)
        (shown,) = (await reader.mine())["questions"]
        assert (shown["id"], "may_edit" in shown, "may_withdraw" in shown) == (question, False, False)
        refused = await reader.send("question.withdraw", question=question)
        assert refused.json()["code"] in ("not_found", "not_allowed")
        assert await reader.ask("And mine?") in [q["id"] for q in (await reader.mine())["questions"]]
    assert [q["id"] for q in (await rosa.mine())["questions"]] == [question], "theirs are not hers"
    async with open_hall(hall.server) as other:
        elsewhere = other.visitor()
        for name in ("f2f_receipt", "f2f_participant"):
            elsewhere.http.cookies[name] = phone.http.cookies[name]
        assert (await elsewhere.mine())["questions"] == []


async def test_a_receipt_that_was_tampered_with(hall: Hall) -> None:
    rosa, luz = await hall.family(), await hall.family()
    await rosa.ask("Is this mine?")
    path = link((await rosa.get("mine")).text)
    for bad in (path[:-1], f"{path}x", "/receipt/nothing", "/receipt/WyJyb3NhIl0.x", "/receipt/%F0%9F%92%A5"):
        for answer in (await luz.get(bad), await luz.submit(bad)):
            assert answer.status_code == 404
    luz.http.cookies["f2f_receipt"] = f"{path.rpartition('/')[2]}x"
    assert (await luz.mine())["questions"] == []
    assert LINK.findall((await (await hall.staff("ben")).get("mine")).text) == [], "staff have a sign-in"
    # A participant's cookie is no receipt, and a receipt is no cookie.
    assert (await luz.get(f"/receipt/{rosa.http.cookies['f2f_participant']}")).status_code == 404
    forged = hall.visitor(f2f_participant=path.rpartition("/")[2])
    assert (await forged.send("question.ask", words="Hm?", lang="en")).status_code == 401


async def test_a_shared_computer_forgets_who_was_there(hall: Hall) -> None:
    rosa, kept = await hall.family(), hall.visitor()
    question = await rosa.ask("Is this mine?")
    await kept.submit(link((await rosa.get("mine")).text))
    response = await rosa.submit("/forget")
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert {name: flags["max-age"] for name, flags in cookie_of(response).items()} == {
        "f2f_participant": "0",
        "f2f_receipt": "0",
    }
    assert "Is this mine?" not in (await rosa.get("mine")).text
    assert (await rosa.mine())["questions"] == []
    await kept.get("mine")
    assert [q["id"] for q in (await kept.mine())["questions"]] == [question], "the link still leads to them"
    assert (await rosa.http.get("/forget")).status_code == 404, "no link makes anybody forget"


def cookie_of(response: httpx.Response) -> dict[str, dict[str, str]]:
    """The cookies that a response sets: name -> flags."""
    found: dict[str, dict[str, str]] = {}
    for header in response.headers.get_list("set-cookie"):
        cookie: SimpleCookie = SimpleCookie(header)
        found |= {name: {k: str(v) for k, v in morsel.items() if v} for name, morsel in cookie.items()}
    return found


async def test_cookies_on_plain_http(hall: Hall) -> None:
    families = await hall.visitor().get()
    year = str(365 * 24 * 3600)
    flags = {"path": "/", "samesite": "lax", "httponly": "True"}
    assert cookie_of(families) == {"f2f_participant": {"max-age": year} | flags}
    staff = await hall.visitor().submit(await invited(hall), name="Kim")
    assert cookie_of(staff) == {"f2f_staff": {"max-age": str(60 * 24 * 3600)} | flags}
    chosen = await hall.visitor().get(lang="es")
    assert cookie_of(chosen)["f2f_lang"] == {"max-age": year} | flags
    out = await (await hall.staff("ben")).submit("/sign-out")
    assert cookie_of(out)["f2f_staff"] | {"expires": ""} == flags | {"max-age": "0", "expires": ""}


async def test_cookies_on_https(sqlite_copy: str) -> None:
    async with inside(sqlite_copy, public_url="https://ask.example.org") as app, open_hall(app) as hall:
        response = await hall.visitor().get()
        flags = {"path": "/", "samesite": "lax", "httponly": "True", "secure": "True"}
        assert cookie_of(response) == {"__Host-f2f_participant": {"max-age": str(365 * 24 * 3600)} | flags}
        assert response.headers["strict-transport-security"] == "max-age=31536000"
        async with hall.database.writing() as tx:
            token = await people.sign_in(tx, "ana")
        ana = hall.visitor()
        ana.http.cookies["__Host-f2f_staff"] = token
        path = (await ana.submit(f"/office/{hall.code}/invite", role="moderator", name="Kim")).text
        assert "https://ask.example.org/invite/" in path
        kim = hall.visitor()
        signed = await kim.submit(link(path))
        assert cookie_of(signed) == {"__Host-f2f_staff": {"max-age": str(60 * 24 * 3600)} | flags}
        assert (await kim.get("desk")).status_code == 200
        # A cookie that a plain page, or a neighbouring host, could have set is none of ours.
        assert (await hall.visitor(f2f_staff=token).get("desk")).status_code == 403


@pytest.mark.parametrize("level", ["DEBUG"])
async def test_no_secret_and_no_words_are_in_the_log(tmp_path: Path, level: str) -> None:
    with RunningServer(f"sqlite+aiosqlite:///{tmp_path}/facetoface.db", log_level=level) as server:
        async with open_hall(server) as hall:
            rosa, ben, kim = await hall.family(), await hall.staff("ben"), hall.visitor()
            words = ["Zwetschgendatschi?", "Quittengelee.", "Preiselbeere", "Holunder"]
            invitation = await invited(hall)
            await kim.get(invitation)
            await come_in(kim, invitation, name=words[3])
            await kim.get(invitation)
            device = link((await ben.submit("/device")).text)
            await hall.visitor().get(device)
            phone = await hall.join(rosa, "public", "families", "html")
            desk = await hall.join(kim, "desk", "desk")
            question = (await phone.call("question.ask", words=words[0], lang="en", contact=words[2]))["question"]
            await rosa.press("question.ask", words=words[0], name=words[3])
            await rosa.send("question.ask", words=words[0] + "\x07", lang="en")
            await desk.call("question.note", question=question, words=words[1])
            receipt = link((await rosa.get("mine")).text)
            await hall.visitor().get(receipt)
            await hall.visitor().submit(receipt)
            await hall.visitor().get("/invite/not-a-token")
            await hall.agree()
            secrets = [path.rpartition("/")[2] for path in (invitation, device, receipt)]
            secrets += [cookie for v in (rosa, ben, kim) for cookie in (c.value for c in v.http.cookies.jar) if cookie]
        server.stop()
        written = server.written()
        assert len(written) > 100, "there is a log at all"
        assert [told for told in [*secrets, *words] if told in written] == []
