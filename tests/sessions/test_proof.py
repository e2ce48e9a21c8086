"""A thousand ways to meddle with a log, each of which must be found; and what only a head kept elsewhere shows."""

from __future__ import annotations

import random
from collections import Counter
from typing import NamedTuple

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from sessions import log, tracks
from sessions.audiences import touches
from sessions.database import Database
from sessions.events import CaptionEvent, State, decode
from sessions.log import NO_HASH, LogRow, StreamRow, link
from sessions.proof import Proof, prove
from sessions.question import Audience
from sessions.seals import Sealed
from sessions.session import Session
from sessions.signing import SignatureRow, Signed, Signer, is_sound, statement
from sessions.words import Words
from tests.house import CIPHER, House
from tests.sessions.test_captions import take_in

SEED, EDITS = 20_310_701, 1_000
SIGNER, OTHER = Signer(bytes(range(32))), Signer(bytes(32))


async def proved(house: House, *trusted: str) -> Proof:
    async with house.database.reading() as db:
        return await prove(db, await house.session(), CIPHER, trusted or [SIGNER.key])


async def published(database: Database, *, signer: Signer | None = SIGNER, redacted: bool = True) -> House:
    """A session with captions, published, and some of it taken out."""
    database.signer = signer
    house = await House.build(database)
    for state in (State.HELD, State.ANSWERED, State.DECLINED, State.WITHDRAWN):
        await house.asked(state, f"Is Juan {state}?", name="Rosa")
    await house.do(house.ana, "session.end")
    await take_in(house)
    await house.do(house.ana, "session.publish")
    late = next(iter((await house.board()).questions))
    await house.decide("question.decline", late, reason="off_topic")
    if redacted:
        for question in list((await house.board()).questions)[:2]:
            await house.do(house.ben, "words.redact", question=question, reason="child", phrase="Juan", say="A name.")
        await house.do(house.ben, "caption.redact", lang="en", cue=1, reason="person")
    return house


class Row(NamedTuple):
    event: str
    body: str


async def bodies(db: AsyncSession, session_id: int) -> list[Row]:
    query = select(LogRow.event, LogRow.body).where(LogRow.session_id == session_id).order_by(LogRow.seq)
    return [Row(event, body) for event, body in await db.execute(query)]


async def forge(db: AsyncSession, session_id: int, rows: list[Row]) -> None:
    """Write another log, as whoever knows all of this code would: numbers, chain, streams and head all fit."""
    await db.execute(delete(StreamRow).where(StreamRow.session_id == session_id))
    await db.execute(delete(LogRow).where(LogRow.session_id == session_id))
    before, places, told = NO_HASH, Counter[str](), []
    for seq, (name, body) in enumerate(rows, 1):
        before = link(before, body.encode())
        told.append({"session_id": session_id, "seq": seq, "event": name, "body": body, "hash": before})
    await db.execute(insert(LogRow), told)
    for seq, (_, body) in enumerate(rows, 1):
        event = decode(body)
        streams = ["public"] if touches(event, Audience.PUBLIC) else []
        for stream in streams + ([tracks.stream(event.lang)] if isinstance(event, CaptionEvent) else []):
            places[stream] += 1
            place = {"session_id": session_id, "stream": stream, "seq": places[stream], "log_seq": seq}
            await db.execute(insert(StreamRow).values(place))
    head = {"seq": len(rows), "hash": before, "public_seq": places["public"]}
    await db.execute(update(Session).where(Session.id == session_id).values(head))


def other_author(row: Row) -> Row:
    return Row(row.event, row.body.replace('"by":"', '"by":"x', 1))


async def meddle(db: AsyncSession, session_id: int, chance: random.Random) -> str:
    """Do one thing to the records that must be found; answers what it was."""
    rows = await bodies(db, session_id)
    n = chance.randrange(len(rows))
    here = (LogRow.session_id == session_id, LogRow.seq == n + 1)
    kind = chance.choice(KINDS)
    match kind:
        case "edit":
            body = rows[n].body
            at = chance.randrange(len(body))
            changed = body[:at] + chance.choice([c for c in "abcXYZ019 {}" if c != body[at]]) + body[at + 1 :]
            await db.execute(update(LogRow).where(*here).values(body=changed))
        case "hash":
            await db.execute(update(LogRow).where(*here).values(hash=f"{chance.getrandbits(256):064x}"))
        case "delete":
            await db.execute(delete(StreamRow).where(StreamRow.session_id == session_id, StreamRow.log_seq == n + 1))
            await db.execute(delete(LogRow).where(*here))
        case "swap":
            other = chance.choice([m for m in range(len(rows)) if rows[m] != rows[n]])
            for one, row in ((n, rows[other]), (other, rows[n])):
                same = (LogRow.session_id == session_id, LogRow.seq == one + 1)
                await db.execute(update(LogRow).where(*same).values(event=row.event, body=row.body))
        case "forged edit":
            await forge(db, session_id, [*rows[:n], other_author(rows[n]), *rows[n + 1 :]])
        case "forged delete":
            await forge(db, session_id, [*rows[:n], *rows[n + 1 :]])
        case "forged swap":
            other = chance.choice([m for m in range(len(rows)) if rows[m] != rows[n]])
            mixed = list(rows)
            mixed[n], mixed[other] = rows[other], rows[n]
            await forge(db, session_id, mixed)
        case "forged insertion":
            await forge(db, session_id, [*rows[:n], other_author(rows[n]), *rows[n:]])
        case "forged end":
            await forge(db, session_id, [*rows, other_author(rows[n])])
        case "cut":
            await forge(db, session_id, rows[: chance.randrange(1, len(rows))])
        case "stream":
            places = (await db.execute(select(StreamRow.stream, StreamRow.seq))).all()
            stream, seq = chance.choice(places)
            this = (StreamRow.session_id == session_id, StreamRow.stream == stream, StreamRow.seq == seq)
            if chance.random() < 0.5:
                await db.execute(delete(StreamRow).where(*this))
            else:
                await db.execute(update(StreamRow).where(*this).values(log_seq=StreamRow.log_seq % len(rows) + 1))
        case "words":
            kept = chance.choice((await db.execute(select(Words.digest, Words.text))).all())
            another = chance.choice(["Something else.", None if kept.text else "Put back."])
            await db.execute(update(Words).where(Words.digest == kept.digest).values(text=another))
        case "signature":
            seq = chance.choice((await db.scalars(select(SignatureRow.seq))).all())
            column = chance.choice(["hash", "key", "signature"])
            wrong = f"{chance.getrandbits(512):0128x}"[: 128 if column == "signature" else 64]
            await db.execute(update(SignatureRow).where(SignatureRow.seq == seq).values({column: wrong}))
        case "seal":
            digest = chance.choice((await db.scalars(select(Sealed.digest))).all())
            await db.execute(update(Sealed).where(Sealed.digest == digest).values(token=b"nothing"))
    return kind


KINDS = (
    *("edit", "hash", "delete", "swap", "cut", "stream", "words", "signature", "seal"),
    *("forged edit", "forged delete", "forged swap", "forged insertion", "forged end"),
)


async def test_a_thousand_changes_are_all_found(sqlite: Database) -> None:
    house = await published(sqlite)
    assert (await proved(house)).faults == []
    chance, missed, done = random.Random(SEED), list[tuple[int, str]](), Counter[str]()
    async with sqlite.writing() as tx:
        await tx.db.execute(text("PRAGMA defer_foreign_keys=ON"))
        for number in range(EDITS):
            savepoint = await tx.db.begin_nested()
            kind = await meddle(tx.db, house.session_id, chance)
            done[kind] += 1
            session = (await tx.db.scalars(select(Session).execution_options(populate_existing=True))).one()
            if not (await prove(tx.db, session, CIPHER, [SIGNER.key])).faults:
                missed.append((number, kind))
            await savepoint.rollback()
            tx.db.expunge_all()
    assert missed == []
    assert (set(done), done.total()) == (set(KINDS), EDITS)
    assert (await proved(house)).faults == []


async def test_redacted_and_intact_logs_verify_alike(database: Database) -> None:
    for redacted in (False, True):
        house = await published(database, redacted=redacted)
        found = await proved(house)
        end = (await house.session()).seq
        assert (found.faults, found.signed, found.sealed > 0) == ([], end, redacted)


async def test_an_old_log_verifies_as_before(database: Database) -> None:
    house = await published(database, signer=None)
    found = await proved(house)
    assert (found.faults, found.signed) == ([], 0)


async def test_a_log_is_signed_from_the_first_commit_with_a_key_on(database: Database) -> None:
    house = await published(database, signer=None, redacted=False)
    database.signer = SIGNER
    question = next(iter((await house.board()).questions))
    await house.do(house.ben, "words.redact", question=question, reason="child")
    found = await proved(house)
    assert (found.faults, found.signed) == ([], (await house.session()).seq)
    database.signer = None
    await house.do(house.ben, "question.note", question=question, words="No key.")
    assert (await proved(house)).faults == [
        f"what follows entry {found.signed} is not signed: it was written by somebody without the signing key"
    ]


async def test_only_trusted_keys_count(small_house: House) -> None:
    small_house.database.signer = OTHER
    await small_house.do(small_house.ana, "session.end")
    seq = (await small_house.session()).seq
    assert (await proved(small_house)).faults == [
        f"the head at {seq} was signed with a key that is not trusted: {OTHER.key}"
    ]
    assert (await proved(small_house, SIGNER.key, OTHER.key)).faults == []


async def test_an_end_that_was_cut_with_its_signatures_shows_only_elsewhere(sqlite: Database) -> None:
    """What the operator is told that this cannot show."""
    house = await published(sqlite)
    session = await house.session()
    seq, hash = session.seq, session.hash
    printed = SIGNER.sign(session.code, seq, hash)
    async with sqlite.writing() as tx:
        heads = sorted(await tx.db.scalars(select(SignatureRow.seq)))
        keep = heads[heads.index(seq) - 3]
        rows = (await bodies(tx.db, house.session_id))[:keep]
        await tx.db.execute(delete(SignatureRow).where(SignatureRow.seq > keep))
        await forge(tx.db, house.session_id, rows)
    found = await proved(house)
    assert [fault for fault in found.faults if "sign" in fault or "cut" in fault] == []
    async with sqlite.reading() as db:
        assert hash not in (await db.scalars(select(LogRow.hash))).all()
    assert is_sound(session.code, seq, hash, printed)


async def test_every_commit_of_a_session_that_is_over_is_signed(small_house: House) -> None:
    small_house.database.signer = SIGNER
    question = await small_house.asked(State.SHOWN)
    async with small_house.database.reading() as db:
        assert (await db.scalars(select(SignatureRow))).all() == []
    await small_house.do(small_house.ana, "session.end")
    await small_house.decide("question.answer", question, words="Yes.", lang="en")
    await small_house.do(small_house.ana, "session.publish")
    async with small_house.database.reading() as db:
        signed = [row.seq for row in await db.scalars(select(SignatureRow).order_by(SignatureRow.seq))]
        head = await log.head(db, small_house.session_id)
    # Ending counts the votes in the same commit.
    assert signed == [head.seq - 2, head.seq - 1, head.seq]


def test_what_is_signed_can_be_put_together_by_hand() -> None:
    told = b"FACE-to-Face signed head\nsession BUSBUS\nentry 7\nhash " + b"ab" * 32 + b"\n"
    assert statement("BUSBUS", 7, "ab" * 32) == told
    signed = SIGNER.sign("BUSBUS", 7, "ab" * 32)
    assert is_sound("BUSBUS", 7, "ab" * 32, signed)
    assert not is_sound("BUSBUS", 8, "ab" * 32, signed)
    assert not is_sound("BUSBUT", 7, "ab" * 32, signed)
    assert not is_sound("BUSBUS", 7, "ac" * 32, signed)
    assert not is_sound("BUSBUS", 7, "ab" * 32, Signed(OTHER.key, signed.signature))
    assert not is_sound("BUSBUS", 7, "ab" * 32, Signed("no key", "no signature"))
