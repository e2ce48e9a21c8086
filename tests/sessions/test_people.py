"""People of the staff, and the invitations by which they come in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from sessions import people
from sessions.database import Database, clock
from sessions.people import DEVICE_MINUTES, INVITATION_DAYS, SIGN_IN_DAYS, Invitation, Membership, Person, SignIn
from sessions.permissions import Caller, Role
from sessions.refusals import Refusal
from sessions.session import Session
from tests.house import House

DAY = timedelta(days=1)


async def invite(house: House, role: Role = Role.MODERATOR, name: str = "", **more: str) -> str:
    async with house.database.writing() as tx:
        session = await tx.db.get(Session, house.session_id)
        return (await people.invite(tx, "ana", role, session, name, **more))[1]


async def accept(database: Database, token: str, name: str = "", person: str | None = None) -> str:
    async with database.writing() as tx:
        return await people.accept(tx, token, name, person)


async def refused(database: Database, token: str, name: str = "Olga") -> str:
    with pytest.raises(Refusal) as refusal:
        await accept(database, token, name)
    return f"{refusal.value.code}: {refusal.value.say(str)}"


async def who(database: Database, sign_in: str, session_id: int | None) -> Caller:
    async with database.reading() as db:
        person = await people.signed_in(db, sign_in, clock())
        assert person is not None
        return await people.caller(db, person, session_id)


async def shift(database: Database, model: type[Invitation] | type[SignIn], by: timedelta) -> None:
    """As if so much time had gone by."""
    async with database.writing() as tx:
        rows: Iterable[Invitation | SignIn] = await tx.db.scalars(select(model))
        for row in rows:
            row.expires_at -= by


async def test_an_invitation_is_used_once(house: House) -> None:
    token = await invite(house)
    caller = await who(house.database, await accept(house.database, token, " Olga  Ruiz "), house.session_id)
    assert caller[1:] == (frozenset({Role.PARTICIPANT, Role.MODERATOR}), "Olga Ruiz")
    assert await refused(house.database, token) == (
        "not_now: This invitation was used already. Please ask for a new one."
    )
    other = await House.build(house.database)
    async with house.database.reading() as db:
        assert await people.caller(db, caller.person, other.session_id) == Caller(caller.person, name="Olga Ruiz")
        assert await people.sessions_of(db, caller.person) == {house.session_id}
        assert await db.scalar(select(func.count()).select_from(Person).where(Person.name == "Olga Ruiz")) == 1


async def test_two_at_once_with_one_invitation(migrated_url: str) -> None:
    """Two servers, one link: one comes in, the other is told."""
    servers = [Database(migrated_url) for _ in range(2)]
    house = await House.build(servers[0])
    for _ in range(8):
        token = await invite(house)
        outcomes = await asyncio.gather(
            *(accept(server, token, name) for server, name in zip(servers, ("Olga", "Omar"), strict=True)),
            return_exceptions=True,
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Refusal", "str"]
    async with servers[0].reading() as db:
        assert await db.scalar(select(func.count()).select_from(SignIn)) == 8
    for server in servers:
        await server.dispose()


async def test_an_invitation_runs_out(house: House) -> None:
    token = await invite(house)
    await shift(house.database, Invitation, INVITATION_DAYS * DAY - timedelta(minutes=1))
    async with house.database.reading() as db:
        assert (await people.find_invitation(db, token)).state(clock()) == "open"
    await shift(house.database, Invitation, timedelta(minutes=1))
    assert await refused(house.database, token) == "not_now: This invitation has run out. Please ask for a new one."


async def test_an_invitation_is_taken_back(house: House) -> None:
    token, used = await invite(house), await invite(house)
    await accept(house.database, used, "Olga")
    other = await House.build(house.database)
    async with house.database.writing() as tx:
        ids = [i.id for i in await people.invitations(tx.db, house.session_id)]
        for number in ids:
            await people.revoke(tx, house.session_id, number)
            with pytest.raises(Refusal) as refusal:
                await people.revoke(tx, other.session_id, number)
            assert refusal.value.code == "not_found"
    assert await refused(house.database, token) == (
        "not_now: This invitation was taken back. Please ask for a new one."
    )
    async with house.database.reading() as db:
        states = {i.token_hash: i.state(clock()) for i in await people.invitations(db, house.session_id)}
    assert states == {people.hashed(token): "revoked", people.hashed(used): "used"}


@pytest.mark.parametrize("token", ["", "nothing", "x" * 10_000, "\x00", "' OR 1=1"])
async def test_an_unknown_invitation_is_refused(house: House, token: str) -> None:
    assert await refused(house.database, token) == (
        "not_found: This invitation is not known here. Please ask for a new one."
    )


async def test_tokens_are_nowhere_in_the_database(house: House) -> None:
    tokens = [await invite(house), await invite(house, name="Olga")]
    tokens += [await accept(house.database, token, "Olga") for token in tokens]
    async with house.database.writing() as tx:
        tokens.append(await people.invite_device(tx, "ben"))
    kept = repr(await house.rows())
    for token in tokens:
        assert token not in kept
        assert people.hashed(token) in kept
        assert len(token) >= 22  # 128 bits in base64


async def test_who_is_signed_in_gains_the_role_and_stays_who_they_are(house: House) -> None:
    token = await invite(house, Role.SPEAKER, "Somebody else")
    caller = await who(house.database, await accept(house.database, token, "", "ben"), house.session_id)
    assert caller == Caller("ben", frozenset({Role.PARTICIPANT, Role.MODERATOR, Role.SPEAKER}), "Ben")


async def test_holding_a_role_already_is_no_fault(house: House) -> None:
    for _ in range(2):
        await accept(house.database, await invite(house), "", "ben")
    async with house.database.reading() as db:
        held = list(await db.scalars(select(Membership.role).where(Membership.person_id == "ben")))
    assert held == ["moderator"]


async def test_a_name_is_asked_for_once(house: House) -> None:
    token = await invite(house)
    assert await refused(house.database, token, "  ") == (
        "bad: Please tell us your name, so that your colleagues know who you are."
    )
    named = await invite(house, name="Olga Ruiz")
    caller = await who(house.database, await accept(house.database, named), house.session_id)
    assert caller.name == "Olga Ruiz"
    assert (await who(house.database, await accept(house.database, token, "Omar"), house.session_id)).name == "Omar"


@pytest.mark.parametrize(
    "letter", ["\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "x\u0323\u0301\u0302"]
)
async def test_a_name_as_long_as_a_reader_counts_it(house: House, letter: str) -> None:
    """60 characters may be many more code points, on every database."""
    name = letter * 60
    token = await invite(house, name=name)
    assert (await who(house.database, await accept(house.database, token), house.session_id)).name == name


async def test_another_device_of_the_same_person(house: House) -> None:
    async with house.database.writing() as tx:
        token = await people.invite_device(tx, "ben")
    before = await people_of(house)
    sign_in = await accept(house.database, token, "Not Ben", "mia")
    assert await who(house.database, sign_in, house.session_id) == house.ben
    assert await people_of(house) == before
    assert await refused(house.database, token) == (
        "not_now: This invitation was used already. Please ask for a new one."
    )
    async with house.database.writing() as tx:
        late = await people.invite_device(tx, "ben")
    await shift(house.database, Invitation, timedelta(minutes=DEVICE_MINUTES))
    assert await refused(house.database, late) == "not_now: This invitation has run out. Please ask for a new one."


async def people_of(house: House) -> tuple[list[object], list[object]]:
    rows = await house.rows()
    return list(rows["people"]), list(rows["memberships"])


async def test_a_standing_invitation_is_used_as_often_as_wanted(house: House) -> None:
    token = await invite(house, Role.MODERATOR, "Moderator", token="demo-moderator-token")
    assert token == "demo-moderator-token"
    names = [(await who(house.database, await accept(house.database, token), house.session_id)).name for _ in range(3)]
    assert names == ["Moderator", "Moderator 2", "Moderator 3"]


async def test_families_are_not_invited(house: House) -> None:
    with pytest.raises(Refusal) as refusal:
        await invite(house, Role.PARTICIPANT)
    assert refusal.value.code == "bad"


async def test_a_sign_in_ends(house: House) -> None:
    async with house.database.writing() as tx:
        one, two = [await people.sign_in(tx, "ben") for _ in range(2)]
        await people.sign_out(tx, one)
    now = clock()
    async with house.database.reading() as db:
        assert await people.signed_in(db, one, now) is None
        assert await people.signed_in(db, two, now) == "ben"
        assert await people.signed_in(db, two, now + SIGN_IN_DAYS * DAY - timedelta(minutes=1)) == "ben"
        assert await people.signed_in(db, two, now + SIGN_IN_DAYS * DAY + timedelta(minutes=1)) is None
        for wrong in ("", two[:-1], people.hashed(two)):
            assert await people.signed_in(db, wrong, now) is None


async def test_a_role_in_the_whole_district(house: House) -> None:
    other = await House.build(house.database, live=False)
    async with house.database.writing() as tx:
        token = (await people.invite(tx, "ana", Role.ADMINISTRATOR, None, "Dora"))[1]
    sign_in = await accept(house.database, token)
    for where in (house.session_id, other.session_id, None):
        caller = await who(house.database, sign_in, where)
        assert caller.roles == {Role.PARTICIPANT, Role.ADMINISTRATOR}
    async with house.database.reading() as db:
        assert await people.sessions_of(db, caller.person) == {None}


async def test_a_role_that_was_taken_away_is_gone_at_once(house: House) -> None:
    other = await House.build(house.database, live=False)
    async with house.database.writing() as tx:
        held = {p.id: m for m, p in await people.members(tx.db, house.session_id)}
        assert set(held) == set(house.staff)
        with pytest.raises(Refusal) as refusal:
            await people.remove(tx, other.session_id, held["ben"].id)
        assert refusal.value.code == "not_found"
        assert await people.remove(tx, house.session_id, held["ben"].id) == "ben"
        with pytest.raises(Refusal):
            await people.remove(tx, house.session_id, 999_999)
    async with house.database.reading() as db:
        assert await people.caller(db, "ben", house.session_id) == Caller("ben", name="Ben")
        assert (await people.caller(db, "ben", other.session_id)).roles == {Role.PARTICIPANT, Role.MODERATOR}


async def test_links_of_who_was_removed_open_nothing_any_more(house: House) -> None:
    """Their own, in this session, that nobody used: not a colleague's, and not those of elsewhere."""
    other = await House.build(house.database)

    async def invited(by: str, where: House) -> str:
        async with house.database.writing() as tx:
            session = await tx.db.get(Session, where.session_id)
            return (await people.invite(tx, by, Role.MODERATOR, session))[1]

    bens, used, anas, elsewhere = (
        await invited("ben", house),
        await invited("ben", house),
        await invited("ana", house),
        await invited("ben", other),
    )
    async with house.database.writing() as tx:
        device = await people.invite_device(tx, "ben")
    olga = await accept(house.database, used, "Olga")
    async with house.database.writing() as tx:
        held = {p.id: m.id for m, p in await people.members(tx.db, house.session_id)}
        with pytest.raises(Refusal):
            await people.remove(tx, other.session_id, held["ben"])
    async with house.database.reading() as db:
        assert {i.state(clock()) for i in await people.invitations(db, house.session_id)} == {"open", "used"}
    async with house.database.writing() as tx:
        await people.remove(tx, house.session_id, held["ben"])

    assert await refused(house.database, bens) == "not_now: This invitation was taken back. Please ask for a new one."
    assert await refused(house.database, used) == "not_now: This invitation was used already. Please ask for a new one."
    # Whom they brought in while they might stays; who they are elsewhere stays too.
    assert (await who(house.database, olga, house.session_id)).roles == {Role.PARTICIPANT, Role.MODERATOR}
    for token, where in ((anas, house), (elsewhere, other)):
        caller = await who(house.database, await accept(house.database, token, "Omar"), where.session_id)
        assert caller.roles == {Role.PARTICIPANT, Role.MODERATOR}
    signed_in = await accept(house.database, device)
    assert (await who(house.database, signed_in, house.session_id)).roles == {Role.PARTICIPANT}


async def test_who_is_not_known_is_a_participant(house: House) -> None:
    async with house.database.reading() as db:
        assert await people.caller(db, "rosa", house.session_id) == Caller("rosa")
