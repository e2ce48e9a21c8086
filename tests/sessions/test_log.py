"""The truth: whoever changes it is found out."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import select, text, update

from sessions import log
from sessions.database import Database
from sessions.events import State, encode
from sessions.log import NO_HASH, Head, LogRow, StreamRow
from sessions.permissions import Caller
from sessions.refusals import Refusal
from sessions.words import Words
from tests.house import House, check


async def history(house: House) -> str:
    """A session at seq 6: planned, scheduled, started, asked, approved, asked."""
    question = await house.asked(State.SHOWN, "Will there be lunch?")
    await house.ask("Will there be supper?")
    return question


async def faults(house: House) -> list[str]:
    async with house.database.reading() as db:
        return list((await log.verify(db, house.session_id))[1])


async def tamper(house: House, *statements: str) -> None:
    """Change the database behind our back."""
    async with house.database.writing() as tx:
        for statement in statements:
            await tx.db.execute(text(statement.format(session=house.session_id)))


HEAD = "the session's head says 6: its end was cut, replaced or extended"
STREAM = "the public stream does not hold exactly the public events in their order"
TAMPERINGS: dict[str, tuple[list[str], list[str]]] = {
    "nothing": ([], []),
    "an event was edited": (
        ["UPDATE log SET body = replace(body, '\"rosa\"', '\"luis\"') WHERE seq = 4"],
        ["event 4 (question.asked) does not fit its hash: it or one before it was changed"],
    ),
    "an event got another hash": (
        [f"UPDATE log SET hash = '{'0' * 64}' WHERE seq = 4"],
        [
            "event 4 (question.asked) does not fit its hash: it or one before it was changed",
            "event 5 (question.approved) does not fit its hash: it or one before it was changed",
        ],
    ),
    "an event was taken out": (
        ["DELETE FROM streams WHERE log_seq = 5", "DELETE FROM log WHERE seq = 5"],
        [
            "number 5 is missing: the next event is 6",
            "event 6 (question.asked) does not fit its hash: it or one before it was changed",
            STREAM,
        ],
    ),
    "the first event was taken out": (
        ["DELETE FROM streams WHERE log_seq = 1", "DELETE FROM log WHERE seq = 1"],
        [
            "number 1 is missing: the next event is 2",
            "event 2 (session.scheduled) does not fit its hash: it or one before it was changed",
            STREAM,
        ],
    ),
    "the end was cut": (["DELETE FROM log WHERE seq = 6"], [f"the log ends at 5, {HEAD}"]),
    "the end was cut and the number with it": (
        ["DELETE FROM log WHERE seq = 6", "UPDATE sessions SET seq = 5 WHERE id = {session}"],
        ["the log ends at 5, the session's head says 5: its end was cut, replaced or extended"],
    ),
    "two events changed places": (
        [
            "UPDATE log SET seq = 40 WHERE seq = 6",
            "UPDATE log SET seq = 6 WHERE seq = 2",
            "UPDATE log SET seq = 2 WHERE seq = 40",
        ],
        [
            "event 2 (question.asked) does not fit its hash: it or one before it was changed",
            "event 3 (session.started) does not fit its hash: it or one before it was changed",
            "event 6 (session.scheduled) does not fit its hash: it or one before it was changed",
        ],
    ),
    "an event cannot be read": (
        ["UPDATE log SET body = '{{}}' WHERE seq = 6"],
        ["event 6 (question.asked) does not fit its hash: it or one before it was changed", "event 6 cannot be read"],
    ),
    "a place in the stream is missing": (["DELETE FROM streams WHERE seq = 4"], [STREAM]),
    "a place in the stream is another's": (["UPDATE streams SET log_seq = 4 WHERE seq = 4"], [STREAM]),
    "the public number was moved": (["UPDATE sessions SET public_seq = 9 WHERE id = {session}"], [STREAM]),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
async def test_what_was_done_behind_our_back_is_found(sqlite: Database, tampering: str) -> None:
    house = await House.build(sqlite)
    await history(house)
    statements, expected = TAMPERINGS[tampering]
    if "changed places" in tampering:
        statements = ["PRAGMA defer_foreign_keys=ON", *statements]
    await tamper(house, *statements)
    found = await faults(house)
    if "cannot be read" in tampering:
        # The words that it named cannot be missed any more; all that is known is said.
        found = found[:2]
    if "changed places" in tampering:
        expected = expected[:1] + found[1:]
        assert STREAM in found
        assert len(found) > 2
    assert found == expected


@pytest.mark.parametrize("seq", range(1, 7))
async def test_an_edit_of_any_event_is_found(house: House, seq: int) -> None:
    await history(house)
    await tamper(house, f"UPDATE log SET body = replace(body, '2', '3') WHERE seq = {seq}")
    assert any(f"event {seq} " in fault and "does not fit its hash" in fault for fault in await faults(house))


async def test_words_that_were_changed_are_found(house: House) -> None:
    await history(house)
    async with house.database.writing() as tx:
        first, second = (await tx.db.scalars(select(Words).order_by(Words.digest))).all()
        first.text = "Will there be nothing?"
        second.salt = b"another salt 16b"
        names = sorted(w.digest[:12] for w in (first, second))
    assert sorted(await faults(house)) == [f"words {name} are not those that were recorded" for name in names]


async def test_words_that_are_missing_are_found(house: House) -> None:
    await history(house)
    async with house.database.writing() as tx:
        words = (await tx.db.scalars(select(Words).order_by(Words.digest))).first()
        assert words is not None
        await tx.db.delete(words)
    assert await faults(house) == [f"words {words.digest[:12]} are missing"]


async def test_words_that_are_gone_without_a_trace_are_found(house: House) -> None:
    await history(house)
    async with house.database.writing() as tx:
        gone = sorted(await tx.db.scalars(select(Words.digest)))
        for words in await tx.db.scalars(select(Words)):
            words.text = None
    untold = "are gone, and the log does not say who took them out"
    assert await faults(house) == [f"words {name[:12]} {untold}" for name in gone]
    assert [list(e.words.values()) for e in await house.entries()] == [[], [], [], [None], [], [None]]


async def test_the_head_says_where_the_log_ends(house: House) -> None:
    await history(house)
    last = (await house.entries())[-1]
    async with house.database.reading() as db:
        chain = (await db.execute(select(LogRow.hash, LogRow.body).order_by(LogRow.seq))).all()
        head = await log.head(db, house.session_id)
    assert head == Head(seq=6, public=4, hash=chain[-1].hash, votes=0, epoch=1)
    assert (last.seq, last.public, last.is_public) == (6, 4, False)
    before = NO_HASH
    for row in chain:
        before = hashlib.sha256(bytes.fromhex(before) + row.body.encode()).hexdigest()
        assert before == row.hash


async def test_since_gives_what_follows_with_its_numbers(house: House) -> None:
    await history(house)
    entries = await house.entries()
    assert [(e.seq, e.public, e.is_public) for e in entries] == [
        (1, 1, True),
        (2, 2, True),
        (3, 3, True),
        (4, 3, False),
        (5, 4, True),
        (6, 4, False),
    ]
    async with house.database.reading() as db:
        for before in range(7):
            public = entries[before - 1].public if before else 0
            assert await log.since(db, house.session_id, before, public) == entries[before:]


async def test_sessions_have_logs_of_their_own(house: House) -> None:
    await history(house)
    other = await House.build(house.database, live=False)
    assert [e.seq for e in await other.entries()] == [1]
    await check(house)
    await check(other)
    await tamper(other, "UPDATE log SET hash = 'f' WHERE session_id = {session}")
    assert await faults(house) == []
    assert await faults(other) != []


async def test_what_is_rolled_back_takes_no_number(house: House) -> None:
    await history(house)
    before = await house.rows()
    with pytest.raises(ZeroDivisionError):
        async with house.database.writing() as tx:
            await tx.lock(house.session_id)
            for entry in await house.entries():
                log.record(tx, entry.event)
            await tx.flush()
            raise ZeroDivisionError
    assert await house.rows() == before
    await check(house)


async def test_recording_needs_the_lock(house: House) -> None:
    entries = await house.entries()
    async with house.database.writing() as tx:
        with pytest.raises(RuntimeError, match="lock the session first"):
            log.record(tx, entries[0].event)
        with pytest.raises(Refusal):
            await tx.lock(999)


async def test_the_log_keeps_the_canonical_bytes(house: House) -> None:
    await history(house)
    entries = await house.entries()
    async with house.database.reading() as db:
        bodies = list(await db.scalars(select(LogRow.body).order_by(LogRow.seq)))
        places = [(s, at) for s, at in await db.execute(select(StreamRow.seq, StreamRow.log_seq))]
    assert bodies == [encode(entry.event).decode() for entry in entries]
    assert sorted(places) == [(1, 1), (2, 2), (3, 3), (4, 5)]
    assert "Will there be" not in "".join(bodies)


async def test_no_words_of_a_desk_stand_in_the_log(house: House) -> None:
    """Tidied words, tags, owners, how calls went and ended: the log has their digests, and verifies without them."""
    secret = "zebrafinch"
    other = await house.ask(f"Another {secret}?", Caller("luis"))
    question = await house.ask(f"Where is the {secret}?", name=secret, contact=secret, times=secret)
    await house.decide("question.edit_words", question, words=f"Where is that {secret}?")
    await house.do(house.ben, "question.note", question=question, words=secret)
    await house.do(house.ben, "question.tag", question=question, tag=secret)
    await house.do(house.ben, "question.tag", question=question, tag=secret, on=False)
    await house.decide("followup.plan", question, owner=secret)
    await house.do(house.ben, "followup.attempt", question=question, outcome="reached", words=secret)
    await house.decide("followup.close", question, outcome="answered", words=secret)
    await house.decide("question.merge", question, into=other)
    await house.decide("question.decline", other, reason="twice", say=secret)
    await house.do(house.ana, "session.end")
    async with house.database.reading() as db:
        bodies = "".join(await db.scalars(select(LogRow.body)))
    assert secret not in bodies
    assert secret in repr(await house.entries())
    for one in (question, other):
        await house.do(house.ben, "words.redact", question=one, reason="person")
    assert secret not in repr(await house.rows())
    assert await faults(house) == []
    await check(house)


async def test_every_event_of_a_desk_is_found_when_it_is_changed(small_house: House) -> None:
    house = small_house
    one, two = await house.asked(State.SHOWN), await house.asked(State.SHOWN)
    await house.decide("question.merge", one, into=two)
    await house.do(house.ben, "question.flag", question=two, flag="danger")
    await house.do(house.ben, "question.see", question=two)
    await house.do(house.ben, "participant.mute", question=two)
    await house.do(house.ben, "input.slow", seconds=30)
    await house.decide("question.unmerge", one)
    for entry in await house.entries():
        seq, name = entry.seq, entry.event.__struct_config__.tag
        body = encode(entry.event).decode()
        for kept, found in ((body.replace('"by":"', '"by":"x'), True), (body, False)):
            async with house.database.writing() as tx:
                await tx.db.execute(
                    update(LogRow).where(LogRow.session_id == house.session_id, LogRow.seq == seq).values(body=kept)
                )
            fault = f"event {seq} ({name}) does not fit its hash: it or one before it was changed"
            assert (fault in await faults(house)) is found
    await check(house)
