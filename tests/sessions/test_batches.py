"""One commit for many, and each answered alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from sessions import batches
from sessions.batches import MOST, Batches
from sessions.database import Database, Transaction
from sessions.refusals import Refusal
from sessions.session import Session
from tests.house import House
from tests.running import until
from tests.servers import PostgresServer

PATIENT = 100


class Tally:
    """Works are numbers: each adds itself to the session's votes; what it does with some is told by them.

    From PATIENT on they can wait for company.
    """

    def __init__(self, database: Database) -> None:
        self.sizes: list[int] = []
        self.commits: list[tuple[int, int]] = []
        self.batches: Batches[int, int] = Batches(database, self.perform, self.committed, lambda work: work >= PATIENT)

    async def perform(self, tx: Transaction, works: Sequence[int]) -> list[int | Refusal]:
        self.sizes.append(len(works))
        answers: list[int | Refusal] = []
        for work in works:
            if work == 13:
                answers.append(Refusal("not_now", "Not thirteen."))
                continue
            tx.session.votes += work
            if work == 0:
                raise ZeroDivisionError
            answers.append(tx.session.votes)
        return answers

    def committed(self, session_id: int, tx: Transaction) -> None:
        self.commits.append((session_id, tx.session.votes))

    async def of(self, house: House) -> int:
        return (await house.session()).votes


async def test_what_waits_together_shares_a_commit(house: House) -> None:
    tally = Tally(house.database)
    answers = await asyncio.gather(*(tally.batches.submit(house.session_id, n) for n in (1, 2, 3)))
    assert answers == [1, 3, 6]
    assert (tally.sizes, tally.commits) == ([3], [(house.session_id, 6)])
    assert await tally.of(house) == 6


async def test_the_answer_comes_after_the_commit(house: House) -> None:
    tally = Tally(house.database)
    await tally.batches.submit(house.session_id, 5)
    # Read through another connection: it is there for everybody by now.
    other = Database(house.database.url.render_as_string(hide_password=False))
    async with other.reading() as db:
        assert await db.scalar(select(Session.votes).where(Session.id == house.session_id)) == 5
    await other.dispose()


async def test_a_refusal_is_for_one_alone(house: House) -> None:
    tally = Tally(house.database)
    answers = await asyncio.gather(
        *(tally.batches.submit(house.session_id, n) for n in (1, 13, 2)), return_exceptions=True
    )
    assert [answers[0], answers[2]] == [1, 3]
    assert isinstance(answers[1], Refusal)
    assert answers[1].code == "not_now"
    assert tally.sizes == [3]


async def test_an_error_is_for_one_alone_and_leaves_no_trace(house: House) -> None:
    tally = Tally(house.database)
    answers = await asyncio.gather(
        *(tally.batches.submit(house.session_id, n) for n in (1, 0, 2)), return_exceptions=True
    )
    assert [answers[0], answers[2]] == [1, 3]
    assert isinstance(answers[1], Refusal)
    assert (answers[1].code, answers[1].say(str)) == (
        "not_saved",
        "This could not be saved just now. Nothing is lost; please try again.",
    )
    assert (tally.sizes, tally.commits) == ([3, 1, 1, 1], [(house.session_id, 1), (house.session_id, 3)])
    assert await tally.of(house) == 3


async def test_a_batch_is_of_one_session(house: House) -> None:
    other = await House.build(house.database)
    tally = Tally(house.database)
    works = [(house, 1), (other, 10), (house, 2), (other, 20)]
    answers = await asyncio.gather(*(tally.batches.submit(where.session_id, n) for where, n in works))
    assert answers == [1, 10, 3, 30]
    assert tally.sizes == [2, 2]
    assert (await tally.of(house), await tally.of(other)) == (3, 30)


async def test_a_batch_has_a_measure(house: House) -> None:
    tally = Tally(house.database)
    answers = await asyncio.gather(*(tally.batches.submit(house.session_id, 1) for _ in range(MOST + 1)))
    assert answers == list(range(1, MOST + 2))
    assert tally.sizes == [MOST, 1]


async def test_who_goes_away_takes_nobody_along(house: House) -> None:
    tally = Tally(house.database)
    works = [asyncio.create_task(tally.batches.submit(house.session_id, n)) for n in (1, 2, 3)]
    await asyncio.sleep(0)
    works[0].cancel()
    gone, *answers = await asyncio.gather(*works, return_exceptions=True)
    assert isinstance(gone, asyncio.CancelledError)
    assert answers == [3, 6]
    assert await tally.of(house) == 6


async def test_who_can_wait_is_gathered_after_the_first(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    tally, asked = Tally(house.database), [100, 101, 102]
    assert await tally.batches.submit(house.session_id, asked[0]) == 100, "the first goes at once"
    answers = await asyncio.gather(*(tally.batches.submit(house.session_id, n) for n in asked[1:]))
    assert answers == [201, 303]
    await until(lambda: not tally.batches.waiting)
    monkeypatch.setattr(batches, "COMPANY", 60)
    assert await tally.batches.submit(house.session_id, 103) == 406, "and so does the first after a while"
    assert tally.sizes == [1, 2, 1]
    await tally.batches.finish()


@pytest.mark.parametrize("comes", ["who cannot wait", "the end"])
async def test_who_waits_for_company_goes_with_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch, comes: str
) -> None:
    monkeypatch.setattr(batches, "COMPANY", 60)
    tally = Tally(house.database)
    await tally.batches.submit(house.session_id, 100)
    works = [asyncio.create_task(tally.batches.submit(house.session_id, n)) for n in (101, 102)]
    await until(lambda: tally.batches.gathering == 2)
    assert not tally.batches.is_busy
    assert tally.sizes == [1]
    if comes == "the end":
        await tally.batches.finish()
        assert tally.sizes == [1, 2]
    else:
        works.append(asyncio.create_task(tally.batches.submit(house.session_id, 1)))
        await asyncio.sleep(0)
        assert tally.batches.is_busy
        assert await works[-1] == 304
        assert tally.sizes == [1, 3]
    assert await asyncio.gather(*works[:2]) == [201, 303]
    await tally.batches.finish()
    assert (tally.batches.gathering, tally.batches.is_busy) == (0, False)


async def test_finish_waits_for_what_is_under_way(house: House) -> None:
    tally = Tally(house.database)
    work = asyncio.create_task(tally.batches.submit(house.session_id, 4))
    await asyncio.sleep(0)
    await tally.batches.finish()
    assert await tally.of(house) == 4
    assert await work == 4
    assert tally.batches.waiting == {}
    await tally.batches.finish()


async def test_a_session_that_is_not_there_is_refused(house: House) -> None:
    tally = Tally(house.database)
    with pytest.raises(Refusal) as refused:
        await tally.batches.submit(999, 1)
    assert refused.value.code == "not_found"
    assert tally.commits == []
    assert await tally.batches.submit(house.session_id, 1) == 1


async def test_a_database_that_is_away_is_told_and_got_over(sqlite: Database) -> None:
    house = await House.build(sqlite)
    tally = Tally(sqlite)
    async with sqlite.writing() as tx:
        await tx.db.execute(text("ALTER TABLE sessions RENAME TO away"))
    with pytest.raises(Refusal) as refused:
        await tally.batches.submit(house.session_id, 1)
    assert refused.value.code == "not_saved"
    async with sqlite.writing() as tx:
        await tx.db.execute(text("ALTER TABLE away RENAME TO sessions"))
    assert await tally.batches.submit(house.session_id, 1) == 1


async def test_a_database_that_says_nothing_is_told_and_got_over(
    postgres: PostgresServer, postgres_emptied: str
) -> None:
    """What could not be saved is not tried once more for each of them: a thousand would wait a thousand times."""
    database = Database(postgres_emptied, patience=2.0)
    house = await House.build(Database(postgres_emptied))
    tally = Tally(database)
    assert await tally.batches.submit(house.session_id, 1) == 1
    postgres.freeze()
    try:
        with capture_logs() as written:
            answers = await asyncio.gather(
                *(tally.batches.submit(house.session_id, 1) for _ in range(100)), return_exceptions=True
            )
    finally:
        postgres.thaw()
    assert [a.code for a in answers if isinstance(a, Refusal)] == ["not_saved"] * 100
    assert [(line["event"], line["works"]) for line in written] == [("batch failed", 100)]
    await tally.batches.finish()
    assert await tally.batches.submit(house.session_id, 1) == 2
    await house.database.dispose()
    await database.dispose()


async def test_nobody_waits_for_longer_than_a_device_does(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was too slow is done all the same: whoever sends it again under its key hears so."""
    house = await House.build(sqlite)
    tally, go_on = Tally(sqlite), asyncio.Event()
    perform = tally.batches.perform

    async def slowly(tx: Transaction, works: Sequence[int]) -> list[int | Refusal]:
        await go_on.wait()
        return await perform(tx, works)

    tally.batches.perform = slowly
    monkeypatch.setattr(batches, "PATIENCE", 0.05)
    with pytest.raises(Refusal) as refused:
        await tally.batches.submit(house.session_id, 5)
    assert refused.value.code == "not_saved"
    go_on.set()
    await tally.batches.finish()
    assert await tally.of(house) == 5
