"""Who is calling: what was signed by us, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from itsdangerous import URLSafeSerializer
from sqlalchemy import update
from starlette.requests import cookie_parser
from starlette.responses import Response

from live.identity import RECEIPT_DAYS, YEAR, Identity, Tokens
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
    person = people.make_id()
    known.welcome(response, person)
    cookie = response.headers["set-cookie"]
    token = known.token(person)
    assert cookie == f"f2f_participant={token}; HttpOnly; Max-Age={YEAR}; Path=/; SameSite=lax"
    tokens = known.tokens({"cookie": cookie.partition(";")[0]})
    assert tokens == Tokens(token, None)
    assert await called(known, small_house, tokens) == Caller(person)


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
    "a receipt": lambda known, other: known.receipt("rosa", "ABC234"),
    "a receipt of nothing but an id": lambda known, other: str(known.receipts.dumps("rosa")),
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


def cookie_of(response: Response) -> tuple[str, str]:
    """The one cookie of a response: its name and value, and all that is told of it."""
    (cookie,) = response.headers.getlist("set-cookie")
    pair, _, rest = cookie.partition("; ")
    return pair, rest


async def test_a_receipt_lets_a_device_read_and_is_nobody(small_house: House) -> None:
    """It is no identity: whoever has the link sees the questions and can neither ask nor vote in that name."""
    known, code = identity(small_house), small_house.code
    token = known.receipt("rosa", code)
    assert known.read_receipt(token) == ("rosa", code)
    response = Response()
    known.show_receipt(response, token)
    pair, rest = cookie_of(response)
    assert pair == f"f2f_receipt={token}"
    assert rest == f"HttpOnly; Max-Age={RECEIPT_DAYS * 86400}; Path=/; SameSite=lax"
    assert known.receipt_of(cookie_parser(pair), code) == "rosa"
    tokens = known.tokens({"cookie": pair})
    assert tokens == Tokens(None, None)
    for shown in (tokens, Tokens(token, None), Tokens(None, token), known.tokens({"authorization": f"Bearer {token}"})):
        assert await called(known, small_house, shown) == "no_identity"
    # Beside who they are: it takes nothing of that away, and adds nothing to it.
    both = known.tokens({"cookie": f"{pair}; f2f_participant={known.token('luis')}"})
    assert await called(known, small_house, both) == Caller("luis")


async def test_a_receipt_is_of_one_session(small_house: House) -> None:
    known = identity(small_house)
    cookies = {known.receipt_cookie: known.receipt("rosa", "ABC234")}
    assert known.receipt_of(cookies, "ABC234") == "rosa"
    for other in ("XYZ789", "abc234", "ABC23", ""):
        assert known.receipt_of(cookies, other) is None
    assert known.receipt_of({}, "ABC234") is None
    assert known.receipt_of({"f2f_participant": cookies["f2f_receipt"]}, "ABC234") is None


async def test_a_receipt_runs_out(small_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    known = identity(small_house)
    token, made = known.receipt("rosa", "ABC234"), int(time.time())
    cookies = {known.receipt_cookie: token}
    for later, readable in ((0, True), (RECEIPT_DAYS * 86400 - 5, True), (RECEIPT_DAYS * 86400 + 5, False)):
        monkeypatch.setattr(time, "time", lambda later=later: float(made + later))
        assert (known.read_receipt(token) == ("rosa", "ABC234")) is readable
        assert known.receipt_of(cookies, "ABC234") == ("rosa" if readable else None)


FORGED_RECEIPTS: dict[str, Callable[[Identity, Identity], str]] = {
    "nothing": lambda known, other: "",
    "another secret": lambda known, other: other.receipt("rosa", "ABC234"),
    "a participant's token": lambda known, other: known.token("rosa"),
    "a participant's token of a list": lambda known, other: str(known.participants.dumps(["rosa", "ABC234"])),
    "one that never runs out": lambda known, other: str(
        URLSafeSerializer(SECRET, salt="receipt").dumps(["rosa", "ABC234"])
    ),
    "a cut signature": lambda known, other: known.receipt("rosa", "ABC234")[:-1],
    "another time": lambda known, other: ".".join(
        [known.receipt("rosa", "ABC234").split(".")[0], "zzzzzz", known.receipt("rosa", "ABC234").split(".")[2]]
    ),
    "a text": lambda known, other: str(known.receipts.dumps("rosa")),
    "two letters": lambda known, other: str(known.receipts.dumps([["r"], "ABC234"])),
    "three": lambda known, other: str(known.receipts.dumps(["rosa", "ABC234", "host"])),
    "a number": lambda known, other: str(known.receipts.dumps(7)),
    "no code": lambda known, other: str(known.receipts.dumps(["rosa", None])),
    "half a character": lambda known, other: "\ud800",
    "not ASCII": lambda known, other: "ñ.ñ.ñ",
    "a zero byte": lambda known, other: "\x00",
    "very long": lambda known, other: "x." * 100_000,
}


@pytest.mark.parametrize("forgery", FORGED_RECEIPTS)
async def test_a_receipt_that_we_did_not_make_shows_nothing(small_house: House, forgery: str) -> None:
    known = identity(small_house)
    token = FORGED_RECEIPTS[forgery](known, identity(small_house, secret_key="another secret that is long enough"))
    assert known.read_receipt(token) is None
    assert known.receipt_of({known.receipt_cookie: token}, "ABC234") is None


@pytest.mark.parametrize("url", ["http://ask.example.org", "https://ask.example.org"])
async def test_a_shared_computer_forgets_who_asked(small_house: House, url: str) -> None:
    known = identity(small_house, public_url=url)
    response = Response()
    known.forget(response)
    prefix, secure = ("__Host-", "; Secure") if url.startswith("https") else ("", "")
    assert response.headers.getlist("set-cookie") == [
        f'{prefix}{name}=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax{secure}'
        for name in ("f2f_participant", "f2f_receipt")
    ]
    cleared = Response()
    known.show_receipt(cleared, known.receipt("rosa", "ABC234"))
    assert cookie_of(cleared)[0].startswith(f"{prefix}f2f_receipt=")
    assert cookie_of(cleared)[1].endswith(f"; Path=/; SameSite=lax{secure}")
    # A device that keeps the emptied cookie is nobody all the same.
    assert await called(known, small_house, known.tokens({"cookie": f'{prefix}f2f_participant=""'})) == "no_identity"


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
