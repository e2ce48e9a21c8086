"""Who may see what: words that an audience may not see are in nothing that is ever told to it."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from moderation import contacts
from moderation.states import TRANSITIONS
from sessions import board as boards
from sessions.audiences import SCREENS, SEES, UNSEEN, WITHDRAWABLE, Card, card, own_card, touches
from sessions.board import Board, session_facts
from sessions.database import Database
from sessions.events import (
    EVENTS,
    STILL,
    CaptionEvent,
    Event,
    InputHeld,
    LineupAssigned,
    LineupMoved,
    ParticipantMuted,
    ParticipantUnmuted,
    QuestionEvent,
    SessionEvent,
    State,
)
from sessions.events import SessionState as S
from sessions.permissions import Caller
from sessions.question import Audience, Question, Said
from sessions.refusals import Refusal
from tests.house import CIPHER, House, check, history

SECRET = "zebrafinch"
"""A word that nobody else uses."""

OUTSIDE = {Audience.PUBLIC: ("families", "stage"), Audience.SPEAKER: ("speak",)}


async def tellings(house: House) -> list[tuple[int, Audience, bytes]]:
    """All that could ever be told to those outside the desk: at each moment, from each number on, for each screen."""
    grown = history(await house.entries())
    return [
        (now, audience, msgspec.json.encode(boards.patch(grown[now], audience, since, screen=screen)))
        for audience, screens in OUTSIDE.items()
        for screen in screens
        for now in range(1, len(grown))
        for since in sorted({board.head(audience) for board in grown[: now + 1]})
    ]


async def heard(house: House, secret: str = SECRET) -> dict[Audience, list[int]]:
    """At which moments each audience could learn of the secret."""
    found: dict[Audience, set[int]] = {audience: set() for audience in OUTSIDE}
    for now, audience, told in await tellings(house):
        if secret.encode() in told:
            found[audience].add(now)
    return {audience: sorted(at) for audience, at in found.items()}


async def at_the_desk(house: House, secret: str = SECRET) -> bool:
    """So that a test cannot pass because the secret was never there."""
    return secret.encode() in msgspec.json.encode(boards.patch(await house.board(), Audience.DESK, 0))


NEVER: dict[Audience, list[int]] = {Audience.PUBLIC: [], Audience.SPEAKER: []}


@pytest.mark.parametrize("state", [State.HELD, State.DECLINED, State.PRIVATE])
async def test_what_was_never_approved_never_shows(small_house: House, state: State) -> None:
    house = small_house
    await house.asked(State.SHOWN, "Before.")
    await house.asked(state, f"Where is the {SECRET}?", name=f"Rosa {SECRET}")
    await house.asked(State.ON_STAGE, "After.")
    assert await at_the_desk(house)
    assert await heard(house) == NEVER
    await check(house)


@pytest.mark.parametrize("state", [State.HELD, State.SHOWN, State.QUEUED, State.PRIVATE])
async def test_what_was_withdrawn_is_told_to_nobody_any_more(small_house: House, state: State) -> None:
    """Not even at the desk: neither to who joins, nor to who was there and catches up. The asker alone keeps it."""
    house = small_house
    question = await house.asked(state, f"Where is the {SECRET}?", name=f"Rosa {SECRET}", contact=SECRET)
    seen = (await house.board()).seq
    assert await at_the_desk(house)
    await house.do(house.rosa, "question.withdraw", question=question)
    await house.do(house.ben, "question.note", question=question, words="What was this?")
    board = await house.board()
    for since in (0, seen, board.seq - 1):
        patch = boards.patch(board, Audience.DESK, since)
        assert [told["id"] for told in msgspec.to_builtins(patch)["cards"]] == [question]
        assert SECRET.encode() not in msgspec.json.encode(patch)
    told = await heard(house)
    assert all(moment <= seen for moments in told.values() for moment in moments)
    assert SECRET.encode() in msgspec.json.encode(own_card(board.questions[question]))
    await check(house)


async def test_what_is_only_for_staff_never_shows(small_house: House) -> None:
    house = small_house
    question = await house.ask(f"Where is the {SECRET}?", name=SECRET, private=True)
    await house.decide("question.answer", question, words=f"The {SECRET} is here.", lang="en")
    await house.do(house.ben, "question.note", question=question, words=SECRET)
    await house.do(house.ana, "session.end")
    await house.do(house.ana, "session.publish")
    assert await at_the_desk(house)
    assert await heard(house) == NEVER
    await check(house)


GOING: dict[str, tuple[State, Callable[[House, str], Awaitable[object]]]] = {
    "hidden": (State.SHOWN, lambda house, question: house.decide("question.hide", question)),
    "hidden in line": (State.QUEUED, lambda house, question: house.decide("question.hide", question)),
    "hidden on stage": (State.ON_STAGE, lambda house, question: house.decide("question.hide", question)),
    "hidden after its answer": (State.ANSWERED, lambda house, question: house.decide("question.hide", question)),
    "declined": (
        State.SHOWN,
        lambda house, question: house.decide("question.decline", question, reason="off_topic", say=SECRET),
    ),
    "handed over": (State.SHOWN, lambda house, question: house.decide("question.hand_over", question, to=SECRET)),
    "withdrawn": (State.SHOWN, lambda house, question: house.do(house.rosa, "question.withdraw", question=question)),
    "withdrawn in line": (
        State.QUEUED,
        lambda house, question: house.do(house.rosa, "question.withdraw", question=question),
    ),
}


@pytest.mark.parametrize("way", GOING)
async def test_what_was_shown_and_went_is_never_told_again(small_house: House, way: str) -> None:
    """Neither to who was there nor to who comes later: not the words, not the name, not the written answer."""
    house = small_house
    state, leave = GOING[way]
    question = await house.asked(state, f"Where is the {SECRET}?", name=SECRET)
    shown_from = next(e.seq for e in await house.entries() if getattr(e.event, "state", None) is State.SHOWN)
    await leave(house, question)
    gone_at = (await house.board()).seq
    await house.asked(State.SHOWN, "Something else.")
    await house.do(house.ben, "question.note", question=question, words=SECRET)
    if await house.state(question) is not State.WITHDRAWN:
        await house.decide("question.restore", question)
    assert await at_the_desk(house)
    told = await heard(house)
    assert told[Audience.PUBLIC] == list(range(shown_from, gone_at))
    assert set(told[Audience.SPEAKER]) <= set(range(shown_from, gone_at))
    await check(house)


async def test_words_that_were_edited_away_are_nowhere(small_house: House) -> None:
    house = small_house
    question = await house.ask(f"Where is the {SECRET}?")
    await house.do(house.rosa, "question.edit", question=question, words="Where is the bus?", lang="en")
    await house.bring(question, State.ON_STAGE)
    assert not await at_the_desk(house)
    assert await heard(house) == NEVER


async def test_what_staff_say_among_themselves_and_to_the_asker_never_shows(small_house: House) -> None:
    """Notes, the sentence beside a reason, the person it was handed to: through every state there is."""
    house = small_house
    question = await house.ask()
    await house.do(house.ben, "question.note", question=question, words=f"First {SECRET}.")
    await house.decide("question.decline", question, reason="twice", say=f"Second {SECRET}.")
    await house.decide("question.restore", question)
    await house.decide("question.hand_over", question, to=f"Third {SECRET}")
    await house.decide("question.restore", question)
    await house.bring(question, State.ON_STAGE)
    await house.do(house.ben, "question.note", question=question, words=f"Fourth {SECRET}.")
    await house.decide("stage.skip", question)
    await house.decide("stage.bring", question)
    await house.decide("stage.settle", question)
    await house.decide("question.reopen", question)
    assert await at_the_desk(house)
    assert await heard(house) == NEVER
    await check(house)


@pytest.mark.parametrize("state", [State.DECLINED, State.PRIVATE])
async def test_an_answer_for_the_asker_alone_never_shows(small_house: House, state: State) -> None:
    """What was written to one family while the question was not public stays theirs when it becomes so."""
    house = small_house
    question = await house.asked(state)
    await house.decide("question.answer", question, words=f"Between us: the {SECRET}.", lang="en")
    own = own_card((await house.board()).questions[question])
    assert [said.words for said in own.answers] == [f"Between us: the {SECRET}."]
    await house.decide("question.restore", question)
    await house.bring(question, State.ON_STAGE)
    await house.decide("stage.settle", question)
    await house.decide("question.answer", question, words="For everyone.", lang="en")
    assert await heard(house) == NEVER
    final = (await house.board()).questions[question]
    public = card(final, Audience.PUBLIC)
    assert public is not None
    assert [said.words for said in public.answers] == ["For everyone."]
    await check(house)


async def test_what_was_tidied_away_is_told_to_nobody_outside(small_house: House) -> None:
    """Before it was ever shown: not the asker's words, not what stood there between; through every state there is."""
    house = small_house
    question = await house.ask(f"My son was hit by {SECRET}!")
    for words in (f"Who was hit by {SECRET}?", "Who was hit?"):
        await house.decide("question.edit_words", question, words=words)
    await house.bring(question, State.ON_STAGE)
    await house.decide("stage.skip", question)
    await house.decide("question.edit_words", question, words="Who is safe?", lang="es")
    await house.decide("stage.bring", question)
    await house.decide("stage.settle", question)
    await house.decide("question.reopen", question)
    await house.do(house.ana, "session.end")
    await house.do(house.ana, "session.publish")
    assert await at_the_desk(house)
    assert await heard(house) == NEVER
    found = (await house.board()).questions[question]
    assert own_card(found).original == f"My son was hit by {SECRET}!"
    for audience in OUTSIDE:
        shown = card(found, audience)
        assert shown is None or (shown.tidied, shown.original, shown.versions) == (True, None, ())
    await check(house)


@pytest.mark.parametrize("state", [State.SHOWN, State.QUEUED, State.ON_STAGE, State.ANSWERED])
async def test_what_was_tidied_away_while_it_showed_is_told_no_more(small_house: House, state: State) -> None:
    house = small_house
    question = await house.asked(state, f"Who is {SECRET}?")
    seen = (await house.board()).seq
    assert (await heard(house))[Audience.PUBLIC]
    await house.decide("question.edit_words", question, words="Who is it?")
    await house.do(house.ben, "question.note", question=question, words="Better so.")
    assert all(moment <= seen for moments in (await heard(house)).values() for moment in moments)
    await check(house)


async def test_what_an_asker_edits_away_after_it_was_tidied_is_at_the_desk_alone(small_house: House) -> None:
    house = small_house
    question = await house.ask(f"Who is {SECRET}?")
    await house.decide("question.edit_words", question, words=f"Who was {SECRET}?")
    await house.do(house.rosa, "question.edit", question=question, words="Who is it?", lang="en")
    await house.bring(question, State.ANSWERED)
    assert await at_the_desk(house)
    assert await heard(house) == NEVER
    assert SECRET.encode() not in msgspec.json.encode(own_card((await house.board()).questions[question]))
    await check(house)


async def test_what_the_desk_lays_beside_a_question_never_shows(small_house: House) -> None:
    """Tags, flags, who has seen it, who follows it up, how that went and how it ended; through every state there is."""
    house = await House.build(small_house.database, speakers=(f"Dr. {SECRET}",))
    mia = house.mia._replace(name=f"Mia {SECRET}")

    async def lay(question: str) -> None:
        await house.do(mia, "question.tag", question=question, tag=SECRET)
        await house.do(mia, "question.flag", question=question, flag="danger")
        await house.do(mia, "question.see", question=question)
        await house.do(mia, "question.note", question=question, words=SECRET)

    question = await house.ask()
    await lay(question)
    await house.decide("question.edit_words", question, mia, words="Will it stop there?")
    await house.decide("followup.plan", question, mia, owner=SECRET)
    await house.do(mia, "followup.attempt", question=question, outcome="no_answer", words=SECRET)
    for command in ("question.approve", "lineup.add", "stage.bring", "stage.skip", "stage.bring"):
        await house.decide(command, question, mia)
        await lay(question)
    await house.decide("stage.defer", question, mia)
    await house.decide("followup.close", question, mia, outcome="answered", words=SECRET)
    await house.decide("question.answer", question, words="In writing: yes.", lang="en")
    await lay(question)
    assert await at_the_desk(house)
    assert await heard(house) == NEVER
    own = msgspec.json.encode(own_card((await house.board()).questions[question]))
    assert SECRET.encode() not in own
    assert b"look" not in own
    await check(house)


async def test_who_answers_a_question_is_for_the_speakers_and_the_desk(small_house: House) -> None:
    house = await House.build(small_house.database, speakers=(f"Dr. {SECRET}",))
    question = await house.asked(State.SHOWN)
    await house.decide("lineup.assign", question, speaker=f"Dr. {SECRET}")
    assert (await heard(house))[Audience.SPEAKER] == []
    await house.decide("lineup.add", question)
    queued = (await house.board()).seq
    await house.decide("stage.bring", question)
    told = await heard(house)
    assert (told[Audience.PUBLIC], told[Audience.SPEAKER]) == ([], [queued, queued + 1])
    assert SECRET.encode() not in msgspec.json.encode(own_card((await house.board()).questions[question]))
    await check(house)


@pytest.mark.parametrize("person", ["asks", "is muted"])
async def test_who_somebody_is_stands_nowhere(small_house: House, person: str) -> None:
    """Not even at the desk: askers are known to it by their marks."""
    house = small_house
    zebra = Caller(SECRET)
    question = await house.asked(State.SHOWN, by=zebra)
    if person == "is muted":
        await house.do(house.ben, "participant.mute", question=question)
        await house.ask("Between us?", zebra, private=True)
    assert await heard(house) == NEVER
    assert not await at_the_desk(house)
    await check(house)


JOINED: dict[str, tuple[State, State]] = {
    "held with held": (State.HELD, State.HELD),
    "held with shown": (State.HELD, State.SHOWN),
    "held with one on stage": (State.HELD, State.ON_STAGE),
    "held with answered": (State.HELD, State.ANSWERED),
}


@pytest.mark.parametrize("way", JOINED)
async def test_what_was_joined_before_it_was_approved_never_shows(small_house: House, way: str) -> None:
    """Nobody outside learns that there is such a question, not even from its number."""
    house = small_house
    was, into = JOINED[way]
    question = await house.asked(was, f"Where is the {SECRET}?", name=SECRET)
    living = await house.asked(into, "Where is it?", by=Caller("luis"))
    before = await house.board()
    await house.decide("question.merge", question, into=living)
    await house.do(house.ben, "question.note", question=question, words="The same.")
    after = await house.board()
    assert after.public == before.public
    assert await at_the_desk(house)
    assert await heard(house) == NEVER
    assert await heard(house, question) == NEVER
    await house.decide("question.unmerge", question)
    assert (await house.board()).public == before.public
    assert await heard(house) == NEVER
    await check(house)


async def test_what_was_joined_is_gone_and_leads_to_the_one_that_lives_if_that_shows(small_house: House) -> None:
    house = small_house
    one, two = [await house.asked(State.SHOWN, f"Where is the {SECRET} {n}?") for n in range(2)]
    shown, held = await house.asked(State.QUEUED, by=Caller("luis")), await house.ask(by=Caller("luis"))
    before = await house.board()
    await house.decide("question.merge", one, into=shown)
    await house.decide("question.merge", two, into=held)
    after = await house.board()
    told = msgspec.to_builtins(boards.patch(after, Audience.PUBLIC, before.public))
    assert {c["id"]: (c.get("gone"), c.get("into")) for c in told["cards"]} == {one: (True, shown), two: (True, None)}
    assert [c["id"] for c in msgspec.to_builtins(boards.patch(after, Audience.PUBLIC, 0))["cards"]] == [shown]
    assert held not in repr(told)
    assert SECRET not in repr(told)
    # What lives for it and is hidden later is no longer pointed to.
    await house.decide("question.hide", shown)
    hidden = msgspec.to_builtins(boards.patch(await house.board(), Audience.PUBLIC, before.public))
    assert {c["id"]: (c.get("gone"), c.get("into")) for c in hidden["cards"]} == {
        one: (True, None),
        two: (True, None),
        shown: (True, None),
    }
    await check(house)


async def test_a_question_for_staff_alone_is_on_nobody_elses_card(small_house: House) -> None:
    """Wherever a verb might take it: joined with nothing, tidied, followed up, answered, and never told of."""
    house = small_house
    question = await house.ask(f"Where is the {SECRET}?", name=SECRET, private=True)
    shown = await house.asked(State.SHOWN, by=Caller("luis"))
    for one, into in ((question, shown), (shown, question)):
        rev = await house.rev(one)
        assert (await house.refused(house.ben, "question.merge", question=one, rev=rev, into=into)).code == "not_now"
    await house.decide("question.edit_words", question, words=f"Where was the {SECRET}?")
    await house.decide("followup.plan", question, owner=SECRET)
    await house.decide("question.answer", question, words=f"The {SECRET} is here.", lang="en")
    await house.decide("followup.close", question, outcome="answered", words=SECRET)
    await house.do(house.ana, "session.end")
    await house.do(house.ana, "session.publish")
    assert await at_the_desk(house)
    assert await heard(house) == NEVER
    assert await heard(house, question) == NEVER
    await check(house)


async def test_a_contact_is_nowhere_but_sealed(house: House) -> None:
    contact = f"{SECRET}@example.org"
    one = await house.ask(contact=contact)
    await house.ask(contact=contact, private=True)
    await house.bring(one, State.ON_STAGE)
    await house.decide("stage.settle", one)
    await house.do(house.ana, "session.end")
    for table, rows in (await house.rows()).items():
        for row in rows:
            for value in row:
                kept = value if isinstance(value, bytes) else repr(value).encode()
                assert SECRET.encode() not in kept, table
    board = await house.board()
    assert SECRET not in repr(board)
    assert SECRET not in repr(await house.entries())
    assert [q.contact for q in board.questions.values()] == [True, True]
    async with house.database.reading() as db:
        sealed = list(await db.scalars(select(contacts.Contact.sealed)))
        assert [CIPHER.decrypt(s).decode() for s in sealed] == [contact, contact]
    await check(house)


async def test_a_contact_is_nowhere_in_the_file(small_house: House, sqlite_copy: str) -> None:
    await small_house.ask(contact=f"{SECRET}@example.org")
    folder = Path(sqlite_copy.partition("///")[2]).parent
    files = [path.read_bytes() for path in folder.glob("house.db*")]
    assert any(b"Speedway" in content for content in files)
    assert not any(SECRET.encode() in content for content in files)


async def test_contacts_are_for_those_who_may_read_them(house: House) -> None:
    question = await house.ask(contact="520-555-0100")
    other = await House.build(house.database)
    await other.ask(contact="elsewhere")
    async with house.database.reading() as db:
        for name in ("lia", "ada"):
            told = await contacts.reaches(db, CIPHER, house.staff[name], house.session_id)
            assert told == {question: contacts.Reach("520-555-0100", None)}
        for caller in (house.ana, house.ben, house.sam, house.rosa, house.staff["cai"]):
            with pytest.raises(Refusal) as refused:
                await contacts.reaches(db, CIPHER, caller, house.session_id)
            assert refused.value.code == "not_allowed"


async def test_words_that_were_taken_out_are_gone_for_everybody(small_house: House) -> None:
    """Whoever replays the log after a redaction finds nothing."""
    house = small_house
    question = await house.asked(State.SHOWN, f"Where is the {SECRET}?")
    await house.do(house.ben, "words.redact", question=question, reason="child")
    assert not await at_the_desk(house)
    assert await heard(house) == NEVER
    await check(house)


def sample(state: State, *, private: bool = False) -> Question:
    return Question(
        id="q1",
        number=7,
        author="rosa",
        state=state,
        words="Why?",
        lang="en",
        asked_at=datetime(2026, 5, 1, 18, 0, tzinfo=UTC),
        name="Rosa",
        topic="Buses",
        private=private,
        contact=True,
        revised=True,
        order="i",
        notes=(Said("A note.", "Ben", datetime(2026, 5, 1, 18, 1, tzinfo=UTC)),),
        reason="off_topic",
        say="Sorry.",
        handed_to="Ms. Ortiz",
        rev=9,
        revs={Audience.PUBLIC: 4, Audience.SPEAKER: 9, Audience.DESK: 10},
    )


@pytest.mark.parametrize(("audience", "state"), list(itertools.product(Audience, State)))
def test_a_card_is_there_in_the_states_that_the_audience_sees(audience: Audience, state: State) -> None:
    assert (card(sample(state), audience) is not None) == (state in SEES[audience])
    # Asked for staff alone, it is theirs alone even if a state should ever be wrong.
    assert (card(sample(state, private=True), audience) is not None) == (audience is Audience.DESK)


def test_what_each_audience_reads_on_a_card() -> None:
    common: dict[str, Any] = {
        "id": "q1",
        "number": 7,
        "state": State.QUEUED,
        "words": "Why?",
        "lang": "en",
        "asked_at": datetime(2026, 5, 1, 18, 0, tzinfo=UTC),
        "name": "Rosa",
        "topic": "Buses",
    }
    question = sample(State.QUEUED)
    assert card(question, Audience.PUBLIC) == Card(rev=4, place="questions", order="00000007", **common)
    assert card(question, Audience.PUBLIC, "stage") == Card(rev=4, place="asked", order="00000007", **common)
    assert card(question, Audience.SPEAKER) == Card(rev=9, place="next", order="i", **common)
    staff: dict[str, Any] = {"reason": "off_topic", "say": "Sorry.", "handed_to": "Ms. Ortiz"}
    assert card(question, Audience.DESK) == Card(
        rev=10,
        place="lineup",
        order="i",
        asker=hashlib.sha256(b"rosa").hexdigest()[:6],
        notes=question.notes,
        contact=True,
        revised=True,
        **common,
        **staff,
    )
    assert own_card(question) == Card(
        rev=9, place="mine", order="00000007", may_edit=False, may_withdraw=True, **common, **staff
    )


def test_a_withdrawn_question_is_a_card_without_its_words() -> None:
    question = sample(State.WITHDRAWN)
    shown = card(question, Audience.DESK)
    assert shown is not None
    assert (shown.words, shown.name, shown.contact, shown.place, shown.rev) == (None, None, False, "done", 10)
    assert not {"name", "contact"} & set(msgspec.json.decode(msgspec.json.encode(shown)))
    assert (own_card(question).words, own_card(question).name) == ("Why?", "Rosa")
    for state in set(State) - {State.WITHDRAWN}:
        shown = card(sample(state), Audience.DESK)
        assert shown is not None
        assert (shown.words, shown.name, shown.contact) == ("Why?", "Rosa", True)


async def test_a_note_does_not_move_the_card_of_the_asker(small_house: House) -> None:
    """Its number would tell that staff are talking."""
    house = small_house
    question = await house.ask()
    before = own_card((await house.board()).questions[question])
    await house.do(house.ben, "question.note", question=question, words="A word between us.")
    board = await house.board()
    assert own_card(board.questions[question]) == before
    assert before.rev == board.questions[question].rev == await house.rev(question)
    noted = card(board.questions[question], Audience.DESK)
    assert noted is not None
    assert noted.rev > before.rev
    await house.decide("question.approve", question)
    assert own_card((await house.board()).questions[question]).rev > before.rev


async def test_what_is_for_staff_alone_waits_until_somebody_takes_it_on(small_house: House) -> None:
    house = small_house

    async def place(question: str) -> str | None:
        shown = card((await house.board()).questions[question], Audience.DESK)
        assert shown is not None
        return shown.place

    named, unnamed, answered, withdrawn = [await house.ask(f"Number {n}?", private=True) for n in range(4)]
    assert {await place(q) for q in (named, unnamed, answered, withdrawn)} == {"waiting"}
    await house.do(house.ben, "question.note", question=named, words="Who knows?")
    assert await place(named) == "waiting"
    await house.decide("question.hand_over", named, to="Ms. Ortiz")
    await house.decide("question.hand_over", unnamed)
    await house.decide("question.answer", answered, words="Between us: yes.", lang="en")
    await house.do(house.rosa, "question.withdraw", question=withdrawn)
    assert [await place(q) for q in (named, unnamed, answered, withdrawn)] == ["done"] * 4
    await check(house)


def test_fields_that_are_not_for_an_audience_are_left_out() -> None:
    told = {
        audience: set(msgspec.json.decode(msgspec.json.encode(card(sample(State.QUEUED), audience))))
        for audience in Audience
    }
    everyones = {"id", "rev", "number", "state", "words", "lang", "asked_at", "place", "order", "name", "topic"}
    assert told == {
        Audience.PUBLIC: everyones,
        Audience.SPEAKER: everyones,
        Audience.DESK: everyones | {"reason", "say", "handed_to", "asker", "notes", "contact", "revised"},
    }


def test_the_same_asker_has_the_same_mark_and_nothing_of_their_id() -> None:
    asked = [msgspec.structs.replace(sample(State.HELD), author=author) for author in ("rosa", "luis", "rosa")]
    marks = [shown.asker for question in asked if (shown := card(question, Audience.DESK))]
    assert marks[0] == marks[2] != marks[1]
    assert all(mark and len(mark) == 6 for mark in marks)
    assert b"rosa" not in msgspec.json.encode(card(asked[0], Audience.DESK)).replace(b'"name":"Rosa"', b"")


@pytest.mark.parametrize("state", State)
def test_what_askers_may_still_do(state: State) -> None:
    own = own_card(sample(state))
    assert (own.may_edit, own.may_withdraw) == (
        state is State.HELD,
        state in WITHDRAWABLE,
    )
    # What the card offers is what the table lets them do.
    assert own.may_edit is ((state, "edit") in TRANSITIONS)
    assert own.may_withdraw is ((state, "withdraw") in TRANSITIONS)


def test_every_screen_has_a_place_for_what_its_audience_sees() -> None:
    for screen, (audience, places) in SCREENS.items():
        # The projector shows what is on stage and what is asked; what is answered has left it.
        left_out = {State.ANSWERED} if screen == "stage" else set()
        assert set(places) == set(SEES[audience]) - left_out


AT = datetime(2026, 5, 1, 18, 0, tzinfo=UTC)


NEEDED = ("words", "order", "name", "lang", "reason", "into", "flag", "tag", "how", "outcome", "speaker")


def about(kind: type[QuestionEvent], was: State | None, state: State) -> Event:
    return msgspec.convert(
        {
            "event": kind.__struct_config__.tag,
            "at": AT,
            "by": "ben",
            "question": "q1",
            "was": was,
            "state": state,
            **{name: "x" for name in NEEDED},
            "on": True,
            "number": 1,
            "taken": {},
        },
        kind,
    )


@pytest.mark.parametrize("name", [n for n, kind in EVENTS.items() if issubclass(kind, QuestionEvent)])
def test_an_audience_notices_what_enters_changes_or_leaves_its_view(name: str) -> None:
    kind = EVENTS[name]
    assert issubclass(kind, QuestionEvent)
    for audience, was, state in itertools.product(Audience, (None, *State), State):
        noticed = (was in SEES[audience] or state in SEES[audience]) and kind not in UNSEEN[audience]
        assert touches(about(kind, was, state), audience) is noticed


def test_who_notices_what_happens_to_the_session() -> None:
    for kind in (kind for kind in EVENTS.values() if issubclass(kind, SessionEvent)):
        fields = {"code": "ABCDEF", "plan": {"title": "Bus"}, "tallies": {}, "seconds": 60, "on": True, "person": "p"}
        event = msgspec.convert(
            {"event": kind.__struct_config__.tag, "at": AT, "by": "ana", "state": S.LIVE, **fields}, kind
        )
        assert {a for a in Audience if touches(event, a)} == {a for a in Audience if kind not in UNSEEN[a]}


def test_what_stays_behind_the_stage() -> None:
    captions = {kind for kind in EVENTS.values() if issubclass(kind, CaptionEvent)}  # In streams of their own.
    staff = {*STILL, ParticipantMuted, ParticipantUnmuted, InputHeld, *captions}
    assert {audience: set(kinds) for audience, kinds in UNSEEN.items()} == {
        Audience.PUBLIC: {*staff, LineupMoved, LineupAssigned},
        Audience.SPEAKER: staff,
        Audience.DESK: set(),
    }


def test_the_order_of_the_line_is_not_public() -> None:
    second = msgspec.structs.replace(sample(State.QUEUED), id="q2", number=8, order="a")
    board = Board(questions={"q1": sample(State.QUEUED), "q2": second}, state=S.LIVE)
    facts = {"state": S.LIVE, "input": "open", "slow": 0, "stage": None, "title": ""}
    assert session_facts(board, Audience.PUBLIC) == facts | {"lineup": ["q1", "q2"]}
    assert session_facts(board, Audience.SPEAKER) == facts | {"lineup": ["q2", "q1"]}
    assert session_facts(board, Audience.DESK) == facts | {"lineup": ["q2", "q1"], "hold": False}


async def test_who_is_not_there_any_more_is_as_one_who_never_was(small_house: House) -> None:
    """A family that may not see a question cannot tell it from one that does not exist."""
    house = small_house
    hidden = await house.asked(State.HIDDEN)
    told = [
        (await house.refused(Caller("luis"), "question.vote", question=question)).say(str)
        for question in (hidden, "nothing")
    ]
    assert told == ["This question is not here any more."] * 2


async def test_a_question_of_another_session_is_not_here(small_house: House, sqlite: Database) -> None:
    other = await House.build(sqlite)
    question = await other.asked(State.SHOWN)
    rev = await other.rev(question)
    for caller, command, more in (
        (Caller("luis"), "question.vote", {}),
        (small_house.rosa, "question.withdraw", {}),
        (small_house.ben, "question.hide", {"rev": rev}),
        (small_house.ben, "question.note", {"words": "Here?"}),
    ):
        assert (await small_house.refused(caller, command, question=question, **more)).code == "not_found"
    await check(other)
