"""Contacts: sealed, apart, and for those who call families back."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet, InvalidToken

from moderation import contacts
from moderation.contacts import Reach
from sessions.database import Database
from sessions.refusals import Refusal
from tests.house import CIPHER, House, check


async def reaches(house: House, cipher: Fernet = CIPHER) -> dict[str, Reach]:
    async with house.database.reading() as db:
        return await contacts.reaches(db, cipher, house.staff["lia"], house.session_id)


async def test_a_contact_is_read_with_its_key_alone(house: House) -> None:
    question = await house.ask(contact=" Rosa:  520-555-0100 ")
    await house.ask()
    assert await reaches(house) == {question: Reach("Rosa: 520-555-0100", None)}
    with pytest.raises(InvalidToken):
        await reaches(house, Fernet(Fernet.generate_key()))
    await check(house)


async def test_times_to_be_called_at_are_sealed_like_the_contact(house: House) -> None:
    """Alone they reach nobody, so without a contact they are not kept."""
    question = await house.ask(contact="520-555-0100", times=" after  five ")
    await house.ask(times="never")
    assert await reaches(house) == {question: Reach("520-555-0100", "after five")}
    assert not any("five" in repr(row) for rows in (await house.rows()).values() for row in rows)
    await check(house)


async def test_the_same_contact_is_sealed_anew_each_time(small_house: House) -> None:
    for _ in range(2):
        await small_house.ask(contact="520-555-0100")
    sealed = [row[2] for row in (await small_house.rows())["contacts"]]
    assert len(set(sealed)) == 2


async def test_contacts_of_one_session_are_not_those_of_another(small_house: House) -> None:
    await small_house.ask(contact="520-555-0100")
    assert await reaches(await House.build(small_house.database)) == {}


async def test_a_contact_goes_with_its_question(house: House) -> None:
    """Withdrawn by the family, it is in no row any more; others of theirs stay."""
    gone, kept = [await house.ask(f"Number {n}?", contact="520-555-0100") for n in range(2)]
    other = await House.build(house.database)
    elsewhere = await other.ask(contact="520-555-0100")
    await house.do(house.rosa, "question.withdraw", question=gone)
    assert await reaches(house) == {kept: Reach("520-555-0100", None)}
    assert sorted(row[0] for row in (await house.rows())["contacts"]) == sorted([kept, elsewhere])
    await check(house)


async def test_without_a_key_no_contact_is_kept_in_the_open(sqlite_copy: str) -> None:
    database = Database(sqlite_copy)
    house = await House.build(database)
    async with database.writing() as tx:
        await tx.lock(house.session_id)
        with pytest.raises(RuntimeError, match="sealed"):
            contacts.keep(tx, "q1", "520-555-0100")
    refusal = await house.refused(house.rosa, "question.ask", words="Why?", lang="en", contact="520-555-0100")
    assert refusal.code == "not_saved"
    await house.ask()
    with pytest.raises(Refusal):
        async with database.reading() as db:
            await contacts.reaches(db, CIPHER, house.rosa, house.session_id)
    await database.dispose()
