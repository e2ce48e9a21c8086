"""Who is calling: what was signed by us, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update
from starlette.responses import Response

from live.identity import YEAR, Identity, Tokens
from live.settings import Settings
from sessions import people
from sessions.people import SIGN_IN_DAYS, SignIn
from sessions.permissions import Caller, Role
from sessions.refusals import Refusal
from tests.house import House

SECRET = "a secret for the tests, long enough"


def identity(house: House, **settings: str) -> Identity:
    told = {"database_url": "sqlite+aiosqlite:////nowhere/x.db", "secret_key": SECRET} | settings
    return Identity(Settings(**told), house.database)  # type: ignore[arg-type]


async def sign_in(house: House, person: str) -> str:
    async with house.database.writing() as tx:
        return await people.sign_in(tx, person)


async def called(known: Identity, house: House, tokens: Tokens) -> Caller | str:
    try:
        return await known.caller(tokens, house.session_id)
    except Refusal as refusal:
        return refusal.code


async def test_a_device_becomes_a_participant(small_house: House) -> None:
    known = identity(small_house)
    response = Response()
    person = known.welcome(response)
    assert len(person) == 32
    cookie = response.headers["set-cookie"]
    token = known.token(person)
    assert cookie == f"f2f_participant={token}; HttpOnly; Max-Age={YEAR}; Path=/; SameSite=lax"
    tokens = known.tokens({"cookie": cookie.partition(";")[0]})
    assert tokens == Tokens(token, None)
    assert await called(known, small_house, tokens) == Caller(person)
    assert known.welcome(Response(), "rosa") == "rosa"


async def test_over_https_cookies_are_bound_to_the_host(small_house: House) -> None:
    known = identity(small_house, public_url="https://ask.example.org")
    response = Response()
    known.welcome(response, "rosa")
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-f2f_participant=")
    assert cookie.endswith("; HttpOnly; Max-Age=31536000; Path=/; SameSite=lax; Secure")


async def test_staff_are_known_by_their_sign_in(small_house: House) -> None:
    known = identity(small_house)
    token = await sign_in(small_house, "ben")
    response = Response()
    known.sign_in(response, token)
    cookie = response.headers["set-cookie"]
    assert cookie == f"f2f_staff={token}; HttpOnly; Max-Age={SIGN_IN_DAYS * 86400}; Path=/; SameSite=lax"
    tokens = known.tokens({"cookie": cookie.partition(";")[0]})
    assert await called(known, small_house, tokens) == small_house.ben
    ended = Response()
    known.sign_out(ended)
    assert ended.headers["set-cookie"] == 'f2f_staff=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax'


async def test_a_sign_in_comes_before_the_participant_cookie(small_house: House) -> None:
    known = identity(small_house)
    token = await sign_in(small_house, "ben")
    header = {"cookie": f"f2f_participant={known.token('rosa')}; f2f_staff={token}"}
    assert await called(known, small_house, known.tokens(header)) == small_house.ben
    async with small_house.database.writing() as tx:
        await people.sign_out(tx, token)
    assert await called(known, small_house, known.tokens(header)) == Caller("rosa")


async def test_a_bearer_token_is_of_either_kind(small_house: House) -> None:
    known = identity(small_house)
    staff, family = await sign_in(small_house, "ben"), known.token("rosa")
    for header in ("Bearer {}", "bearer {} "):
        for token, caller in ((staff, small_house.ben), (family, Caller("rosa"))):
            tokens = known.tokens({"authorization": header.format(token), "cookie": "f2f_participant=x"})
            assert await called(known, small_house, tokens) == caller
    assert await called(known, small_house, known.tokens({}, bearer=staff)) == small_house.ben
    assert await called(known, small_house, known.tokens({"authorization": f"Basic {staff}"})) == "no_identity"


FORGED: dict[str, Callable[[Identity, Identity], str]] = {
    "nothing": lambda known, other: "",
    "a bare id": lambda known, other: "rosa",
    "another secret": lambda known, other: other.token("rosa"),
    "a changed id": lambda known, other: known.token("rosa").replace("InJvc2Ei", "ImFuYSI"),
    "a cut signature": lambda known, other: known.token("rosa")[:-1],
    "a receipt": lambda known, other: str(known.receipts.dumps("rosa")),
    "a list": lambda known, other: str(known.participants.dumps(["rosa"])),
    "half a character": lambda known, other: "\ud800",
    "not ASCII": lambda known, other: "ñ.ñ",
    "very long": lambda known, other: "x" * 100_000,
}


@pytest.mark.parametrize("forgery", FORGED)
async def test_what_we_did_not_sign_is_nobody(small_house: House, forgery: str) -> None:
    known = identity(small_house)
    token = FORGED[forgery](known, identity(small_house, secret_key="another secret that is long enough"))
    assert known.participant(token) is None
    assert await called(known, small_house, Tokens(token, None)) == "no_identity"
    assert known.participant(known.token("rosa")) == "rosa"


@pytest.mark.parametrize("token", ["x", "\x00", "\ud800", "x" * 10_000], ids=ascii)
async def test_an_unknown_sign_in_is_nobody(house: House, token: str) -> None:
    assert await called(identity(house), house, Tokens(None, token)) == "no_identity"


async def test_a_sign_in_that_ran_out_is_nobody(small_house: House) -> None:
    known = identity(small_house)
    token = await sign_in(small_house, "ben")
    async with small_house.database.writing() as tx:
        await tx.db.execute(update(SignIn).values(expires_at=tx.now - timedelta(seconds=1)))
    assert await called(known, small_house, Tokens(None, token)) == "no_identity"


@pytest.mark.parametrize(
    "foreign", ['consent={"a":1}', "a b=c", "=x", "name", 'x="unclosed', "é=1", "$Version=1", "a[0]=1", "x=1,2"]
)
async def test_cookies_of_other_sites_do_not_hide_ours(small_house: House, foreign: str) -> None:
    """A district's other sites set cookies for the whole domain, and not all of them by the book."""
    known = identity(small_house)
    ours = f"f2f_participant={known.token('rosa')}"
    for header in (f"{foreign}; {ours}", f"{ours}; {foreign}"):
        assert await called(known, small_house, known.tokens({"cookie": header})) == Caller("rosa")


async def test_roles_are_those_of_this_moment_and_this_session(small_house: House) -> None:
    known = identity(small_house)
    token = await sign_in(small_house, "ben")
    other = await House.build(small_house.database, live=False)
    async with small_house.database.writing() as tx:
        held = {p.id: m.id for m, p in await people.members(tx.db, other.session_id)}
        await people.remove(tx, other.session_id, held["ben"])
    assert await called(known, small_house, Tokens(None, token)) == small_house.ben
    assert await called(known, other, Tokens(None, token)) == Caller("ben", name="Ben")
    shown = Tokens(None, token)
    assert await known.refresh(other.ben, shown, other.session_id) == Caller("ben", name="Ben")
    assert await known.refresh(Caller("rosa"), shown, other.session_id) == Caller("rosa")
    now = await known.refresh(small_house.ben, shown, small_house.session_id)
    assert now.roles == {Role.PARTICIPANT, Role.MODERATOR}
