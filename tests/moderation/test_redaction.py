"""Words that were taken out are nowhere any more, except sealed; and the log still verifies."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from moderation import redaction
from moderation.redaction import MARK, left
from sessions import captions, log
from sessions.captions import Line
from sessions.database import Database
from sessions.events import EVENTS, WORDS_IN, QuestionEvent, State, WordsRedacted
from sessions.permissions import Caller
from sessions.question import Audience
from sessions.seals import Sealed, opened
from sessions.words import Words
from tests.house import CIPHER, House, check, told
from tests.sessions.test_captions import correct, take_in

KINDS = {part: f"{part.replace('_', '')}zebra" for part in redaction.PARTS}
"""For each part of a question a word that stands nowhere else."""


async def planted(house: House) -> str:
    """A question of which every part has a word of its own, in every version."""
    question = await house.ask(f"May Juan {KINDS['words']}one sit in front?", name=f"Rosa {KINDS['name']}")
    body = {"question": question, "words": f"May Juan {KINDS['words']}two sit?", "lang": "en"}
    await house.do(house.rosa, "question.edit", **body)
    await house.decide("question.edit_words", question, words=f"May {KINDS['words']}three sit in front?")
    await house.do(house.ben, "question.note", question=question, words=f"A {KINDS['note']} of ours")
    await house.do(house.ben, "question.tag", question=question, tag=KINDS["tag"])
    await house.decide("question.decline", question, reason="personal", say=f"Dear {KINDS['say']}")
    await house.decide("question.restore", question)
    await house.decide("question.hand_over", question, to=f"Ms. {KINDS['handed_to']}")
    await house.decide("question.restore", question)
    await house.decide("question.approve", question)
    await house.decide("question.answer", question, words=f"Yes, {KINDS['answer']}.", lang="en")
    await house.decide("followup.plan", question, owner=KINDS["owner"])
    await house.do(house.ben, "followup.attempt", question=question, outcome="reached", words=KINDS["follow_up"])
    await house.decide("followup.close", question, outcome="answered", words=KINDS["follow_up"])
    await redact(house, question, phrase="Juan", say=KINDS["redaction"])
    return question


async def redact(house: House, question: str, by: Caller | None = None, **more: Any) -> dict[str, Any]:
    return await house.do(by or house.ben, "words.redact", question=question, **{"reason": "child"} | more)


async def everything(house: House) -> str:
    """All rows but the seals, and every board as it travels."""
    rows = {name: those for name, those in (await house.rows()).items()}
    board = await house.board()
    boards = [msgspec.json.encode(told(board, audience, since)).decode() for audience in Audience for since in (0, 1)]
    return repr([rows, boards, await house.entries()])


def test_every_personal_text_of_a_question_can_be_taken_out() -> None:
    fields = {(kind, name) for kind in EVENTS.values() if issubclass(kind, QuestionEvent) for name in WORDS_IN[kind]}
    assert fields == set(redaction.PART_OF)


@pytest.mark.parametrize("part", redaction.PARTS)
async def test_a_part_goes_and_the_others_stay(small_house: House, part: str) -> None:
    question = await planted(small_house)
    before = await everything(small_house)
    assert [kind for kind in KINDS.values() if kind not in before] == []
    await redact(small_house, question, part=part)
    after = await everything(small_house)
    assert [name for name, kind in KINDS.items() if kind not in after] == [part]
    await check(small_house)


async def test_all_of_it_goes_at_once_and_stays_provable(house: House) -> None:
    question = await planted(house)
    other = await house.ask("Will there be lunch?")
    await redact(house, question, reason="law")
    after = await everything(house)
    assert [kind for kind in [*KINDS.values(), "Juan"] if kind in after] == []
    assert "Will there be lunch?" in after
    async with house.database.reading() as db:
        _, faults = await log.verify(db, house.session_id, CIPHER)
        tokens = [(row.digest, row.token) for row in await db.scalars(select(Sealed))]
        lengths = [(w.salt, w.length) for w in await db.scalars(select(Words).where(Words.text.is_(None)))]
    assert (faults, set(lengths)) == ([], {(b"", 0)})
    opened_again = repr([opened(CIPHER, digest, token) for digest, token in tokens])
    assert [kind for kind in KINDS.values() if kind not in opened_again] == []
    assert (await house.question(other)).last_event == "question.asked"
    await check(house)


async def test_what_is_left_of_a_text_stands_with_a_mark_in_place(house: House) -> None:
    question = await house.asked(State.SHOWN, "Why did Ms. Ortiz shout at JUAN  pérez?")
    await redact(house, question, phrase="juan Pérez")
    await redact(house, question, phrase="Ms. Ortiz", reason="person", say="She asked for it.")
    board = await house.board()
    now = board.questions[question]
    assert now.words == f"Why did {MARK} shout at {MARK}?"
    assert [(mark.reason, mark.by, mark.say) for mark in now.taken] == [
        ("child", "Ben", None),
        ("person", "Ben", "She asked for it."),
    ]
    public = told(board, Audience.PUBLIC, 0)["cards"][0]
    assert [(mark["reason"], set(mark)) for mark in public["taken"]] == [
        ("child", {"at", "reason"}),
        ("person", {"at", "reason"}),
    ]
    assert "rtiz" not in await everything(house)
    assert list(await verified(house)) == []
    await check(house)


async def verified(house: House) -> list[str]:
    async with house.database.reading() as db:
        return list((await log.verify(db, house.session_id, CIPHER))[1])


async def test_one_answer_of_several_goes_alone(small_house: House) -> None:
    question = await small_house.asked(State.ANSWERED)
    await small_house.decide("question.answer", question, words="Call 520-555-0100.", lang="en")
    async with small_house.database.reading() as db:
        texts = await redaction.texts(db, small_house.session_id, question)
    await redact(small_house, question, part="answer", entry=texts[-1].entry, reason="contact")
    answers = (await small_house.board()).questions[question].answers
    assert [said.words for said in answers] == ["Yes, from Monday.", None]


async def test_what_is_between_staff_moves_nothing_that_the_public_can_notice(small_house: House) -> None:
    question = await planted(small_house)
    public = (await small_house.session()).public_seq
    await redact(small_house, question, part="note")
    assert (await small_house.session()).public_seq == public
    await redact(small_house, question, part="answer")
    assert (await small_house.session()).public_seq == public + 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"reason": "because"}, "bad"),
        ({"part": "everything"}, "bad"),
        ({"phrase": "not there"}, "bad"),
        ({"part": "answer"}, "not_now"),
        ({"entry": 1}, "not_now"),
        ({"phrase": "bus\u202e"}, "bad"),
    ],
)
async def test_what_cannot_be_taken_out_is_refused(small_house: House, body: dict[str, Any], code: str) -> None:
    question = await small_house.ask()
    usual = {"question": question, "reason": "child"}
    assert (await small_house.refused(small_house.ben, "words.redact", **usual | body)).code == code


async def test_who_may(small_house: House) -> None:
    question = await small_house.asked(State.SHOWN, "One two three four?")
    body = {"question": question, "reason": "child"}
    may = ("ben", "mia", "ana", "ada")
    for name, caller in [*small_house.staff.items(), ("rosa", small_house.rosa)]:
        if name not in may:
            assert (await small_house.refused(caller, "words.redact", **body)).code == "not_allowed"
    for name, word in zip(may, ("One", "two", "three", "four"), strict=True):
        await redact(small_house, question, by=small_house.staff[name], phrase=word)
    assert (await small_house.board()).questions[question].words == f"{MARK} {MARK} {MARK} {MARK}?"
    await redact(small_house, question)
    assert (await small_house.refused(small_house.ben, "words.redact", **body)).code == "not_now"


@pytest.mark.parametrize("tampering", ["unseal", "reseal", "put back", "show another"])
async def test_whoever_meddles_with_what_was_taken_out_is_found(sqlite: Database, tampering: str) -> None:
    house = await House.build(sqlite)
    question = await house.ask("Where is Juan?")
    await redact(house, question, phrase="Juan")
    async with sqlite.writing() as tx:
        gone = (await tx.db.scalars(select(Words).where(Words.text.is_(None)))).one()
        seal = (await tx.db.scalars(select(Sealed))).one()
        short = gone.digest[:12]
        match tampering:
            case "unseal":
                await tx.db.delete(seal)
            case "reseal":
                seal.token = CIPHER.encrypt(b"0123456789abcdefWhere is Luis?")
            case "put back":
                gone.text = "Where is Juan?"
            case _:
                gone.rest = None
    expected = {
        "unseal": f"the original of words {short} is not sealed any more",
        "reseal": f"the seal of words {short} does not open with this key to what was recorded",
        "put back": f"words {short} were taken out, and are there again",
        "show another": f"words {short} are shown as others than the log tells",
    }
    assert expected[tampering] in await verified(house)


SPOKEN = [Line(0, 2_000, "Rosa Vega", "My name is Rosa Vega."), Line(2_000, 4_000, "Rosa Vega", "And my son is Juan.")]


async def test_a_caption_goes_in_every_version(house: House) -> None:
    await house.do(house.ana, "session.end")
    await take_in(house, lines=SPOKEN)
    await correct(house, "en", 2, 1, "And my son is Juan Vega.", "Rosa Vega")
    await house.do(house.ben, "caption.redact", lang="en", cue=2, reason="child", phrase="Juan")
    await house.do(house.ben, "caption.redact", lang="en", cue=1, reason="person")
    async with house.database.reading() as db:
        now = (await captions.read(db, house.session_id, {"en": 4}))["en"]
        first = (await captions.versions(db, house.session_id, "en", [2]))[2]
    assert [(cue.speaker, cue.words) for cue in now] == [
        ("Rosa Vega", None),
        ("Rosa Vega", f"And my son is {MARK} Vega."),
    ]
    assert [version.words for version in first] == [None, None, f"And my son is {MARK} Vega."]
    assert await verified(house) == []
    await house.do(house.ben, "caption.redact", lang="en", cue=1, reason="wish", speaker=True)
    async with house.database.reading() as db:
        now = (await captions.read(db, house.session_id, {"en": 5}))["en"]
    assert [cue.speaker for cue in now] == [MARK, MARK]
    assert [word for word in ("Rosa", "Juan") if word in await everything(house)] == []
    assert await verified(house) == []
    await check(house)
    again = {"lang": "en", "cue": 1, "reason": "person"}
    assert (await house.refused(house.ben, "caption.redact", **again)).code == "not_now"
    assert (await house.refused(house.ben, "caption.redact", **again | {"cue": 9})).code == "not_found"
    cai = house.staff["cai"]
    assert (await house.refused(cai, "caption.redact", **again | {"cue": 2})).code == "not_allowed"


def test_what_is_left() -> None:
    assert left("Ana and ANA and Anabel", "ana") == f"{MARK} and {MARK} and {MARK}bel"
    assert left("Calle (Uno)", "calle\n(uno)") == MARK
    assert left("José", "Jose\u0301") == MARK
    assert left("Nobody", None) is None


async def test_it_is_an_event_like_any_other(small_house: House) -> None:
    question = await small_house.asked(State.SHOWN)
    rev = await small_house.rev(question)
    await redact(small_house, question, say="A name.")
    last = (await small_house.entries())[-1]
    assert isinstance(last.event, WordsRedacted)
    assert (last.is_public, list(last.words.values())) == (True, ["A name."])
    stale = await small_house.refused(small_house.mia, "question.hide", question=question, rev=rev)
    assert stale.code == "stale"
    assert "Ben took words out of this" in stale.say(str)
