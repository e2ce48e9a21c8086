"""What a server knows of a session moves in whole steps, whatever is committed or asked while the log is read."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from live.feed import Feed, read
from sessions.events import State
from sessions.permissions import Caller
from sessions.question import Audience
from sessions.session import Session
from tests.house import House


async def now(house: House) -> Feed:
    feed = Feed(house.session_id)
    async with house.database.reading() as db:
        feed.take(await read(db, feed))
    return feed


async def test_what_is_made_while_the_log_is_read_goes_with_the_old_board(house: House) -> None:
    """Else whoever comes next would be given the board of before, until something moves again."""
    question = await house.asked(State.SHOWN)
    feed = await now(house)
    await house.do(Caller("luis"), "question.vote", question=question)
    async with house.database.reading() as db:
        found = await read(db, feed)
    assert feed.all_tallies(Audience.PUBLIC) == {}, "nothing moves before it is taken"
    feed.take(found)
    assert (feed.all_tallies(Audience.PUBLIC), feed.moved_tallies) == ({question: 1}, {question})


async def test_a_feed_stands_where_its_seal_does(house: House) -> None:
    """Somebody commits after the head was read, as PostgreSQL lets them: that is for the next reading."""
    await house.ask()
    before = await now(house)
    await house.ask("Is there lunch?")
    earlier = {"seq": before.board.seq, "public_seq": before.board.public, "hash": before.hash}
    feed = Feed(house.session_id)
    async with AsyncSession(house.database.writer) as db:  # Never committed.
        await db.execute(update(Session).where(Session.id == house.session_id).values(**earlier))
        feed.take(await read(db, feed))
    assert (feed.board, feed.hash) == (before.board, before.hash)
    async with house.database.reading() as db:
        feed.take(await read(db, feed))
    after = await now(house)
    assert (feed.board, feed.hash) == (after.board, after.hash)
    assert feed.noticed == {house.rosa.person}


async def test_a_backup_put_back_starts_over(house: House) -> None:
    question = await house.asked(State.SHOWN)
    await house.do(Caller("luis"), "question.vote", question=question)
    feed = await now(house)
    async with house.database.writing() as tx:
        await tx.lock(house.session_id)
        tx.session.epoch += 1
    async with house.database.reading() as db:
        found = await read(db, feed)
    feed.take(found)
    assert (found.starts_over, found.acts, feed.epoch, feed.tallies) == (True, {}, 2, {question: 1})
    assert feed.board == (await now(house)).board
    assert (feed.noticed, feed.moved_tallies) == (set(), set()), "devices load afresh, and are told nothing of it"
