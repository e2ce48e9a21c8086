"""Kept keys: what was asked under them cannot be guessed from them."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from sqlalchemy.exc import IntegrityError

from sessions import keys
from tests.house import House

ASKED = {"words": "Why?", "lang": "en", "contact": "520-555-0100"}


def test_a_digest_stands_for_the_command_and_its_body() -> None:
    digest = keys.digest(b"secret", "question.ask", ASKED)
    assert len(digest) == 64
    assert keys.digest(b"secret", "question.ask", dict(reversed(ASKED.items()))) == digest
    others = [
        keys.digest(b"secret", "question.edit", ASKED),
        keys.digest(b"secret", "question.ask", {**ASKED, "lang": "es"}),
        keys.digest(b"secret", "question.ask", {**ASKED, "contact": None}),
        keys.digest(b"another", "question.ask", ASKED),
    ]
    assert len({digest, *others}) == 5


def test_who_holds_a_copy_of_the_database_cannot_guess_what_was_asked() -> None:
    plain = hashlib.sha256(msgspec.json.encode(["question.ask", ASKED], order="deterministic")).hexdigest()
    assert keys.digest(b"secret", "question.ask", ASKED) != plain


async def test_keys_are_found_by_person_and_session(house: House) -> None:
    other = await House.build(house.database)
    async with house.database.writing() as tx:
        await tx.lock(house.session_id)
        keys.keep(tx, "rosa", "key-00000", "d" * 64, {"ok": True, "head": 3})
        keys.keep(tx, "luis", "key-00000", "e" * 64, {"ok": True, "head": 4})
        keys.keep(tx, "rosa", "key-11111", "f" * 64, {"ok": True, "head": 5})
    async with house.database.writing() as tx:
        await tx.lock(house.session_id)
        used = [("rosa", "key-00000"), ("luis", "key-11111"), ("ines", "key-00000")]
        assert await keys.find(tx, used) == {("rosa", "key-00000"): ("d" * 64, {"ok": True, "head": 3})}
        assert await keys.find(tx, []) == {}
    async with house.database.writing() as tx:
        await tx.lock(other.session_id)
        assert await keys.find(tx, used) == {}


async def test_a_key_is_kept_once(house: House) -> None:
    with pytest.raises(IntegrityError):
        async with house.database.writing() as tx:
            await tx.lock(house.session_id)
            for digest in ("d" * 64, "e" * 64):
                keys.keep(tx, "rosa", "key-00000", digest, {"ok": True})
