"""The session and its join code."""

from __future__ import annotations

import pytest

from sessions.database import Database
from sessions.events import SessionState as S
from sessions.refusals import Refusal
from sessions.session import CODE_ALPHABET, CODE_LENGTH, find, in_states, make_code, tidy_code
from tests.house import House


def test_a_code_can_be_read_aloud() -> None:
    codes = {make_code() for _ in range(200)}
    assert len(codes) > 190
    assert all(len(code) == CODE_LENGTH and set(code) <= set(CODE_ALPHABET) for code in codes)
    assert not set("ILOS015") & set(CODE_ALPHABET)


@pytest.mark.parametrize(
    ("typed", "code"),
    [("abc-234", "ABC234"), (" a b c 2 3 4 ", "ABC234"), ("ABC234", "ABC234"), ("", ""), ("x" * 99, "X" * 12)],
)
def test_a_code_as_people_type_it(typed: str, code: str) -> None:
    assert tidy_code(typed) == code


async def test_a_session_is_found_by_its_code(house: House) -> None:
    async with house.database.reading() as db:
        for typed in (house.code, house.code.lower(), f" {house.code[:3]}-{house.code[3:]} "):
            assert (await find(db, typed)).id == house.session_id
        for wrong in ("", "NOPE", "NO'PE", house.code[:-1]):
            with pytest.raises(Refusal) as refused:
                await find(db, wrong)
            assert refused.value.code == "not_found"


async def test_sessions_by_state_the_next_to_start_first(database: Database) -> None:
    live, draft = await House.build(database), await House.build(database, live=False)
    later = await House.build(database)
    async with database.reading() as db:
        assert [s.code for s in await in_states(db, S.LIVE)] == [live.code, later.code]
        assert [s.code for s in await in_states(db, S.DRAFT)] == [draft.code]
        assert list(await in_states(db, S.ENDED)) == []
