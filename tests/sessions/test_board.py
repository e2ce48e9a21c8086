"""What there is to see now: replayed from the log, and told in patches."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from sessions import board as boards
from sessions import events as ev
from sessions.board import CHANGES, FACTS, Board
from sessions.events import EVENTS, CaptionEvent, Entry, QuestionEvent, SessionEvent, State
from sessions.permissions import Caller
from sessions.question import Audience, FollowUp, Question, Said
from tests.house import Behind, Device, House, check, device_at, history, told


def test_every_event_says_what_it_changes() -> None:
    on_questions = {kind for kind in EVENTS.values() if issubclass(kind, QuestionEvent)}
    assert set(CHANGES) == on_questions
    on_session = {kind for kind in EVENTS.values() if issubclass(kind, SessionEvent)}
    on_captions = {kind for kind in EVENTS.values() if issubclass(kind, CaptionEvent)}
    assert set(FACTS) <= on_session == set(EVENTS.values()) - on_questions - on_captions


async def test_a_log_with_a_gap_is_not_replayed(small_house: House) -> None:
    entries = await small_house.entries()
    for wrong in (entries[1:], [entries[0], entries[2]], [entries[1], entries[0]], [entries[0], entries[0]]):
        with pytest.raises(ValueError, match="cannot follow"):
            boards.apply(Board(), wrong)


async def test_a_board_is_not_changed_by_what_follows(small_house: House) -> None:
    house = small_house
    await house.asked(State.QUEUED)
    before = await house.board()
    kept = msgspec.json.encode(before)
    await house.asked(State.ON_STAGE)
    entries = await house.entries()
    after = boards.apply(before, entries[before.seq :])
    assert msgspec.json.encode(before) == kept
    assert after == await house.board()


async def test_the_whole_of_a_board(small_house: House) -> None:
    house = small_house
    question = await house.ask("Will the bus stop at Speedway?", name="Rosa", topic="Buses", contact="520-555-0100")
    await house.do(house.rosa, "question.edit", question=question, words="¿Para en Grant?", lang="es")
    await house.do(house.ben, "question.note", question=question, words="Ask Sam.")
    await house.bring(question, State.ON_STAGE)
    await house.do(house.sam, "stage.settle", question=question, rev=await house.rev(question))
    await house.decide("question.answer", question, house.sam, words="Sí.", lang="es")
    times = [entry.event.at for entry in await house.entries()]
    session = await house.session()
    assert await house.board() == Board(
        code=house.code,
        plan=session.plan,
        state=ev.SessionState.LIVE,
        questions={
            question: Question(
                id=question,
                number=1,
                author="rosa",
                state=State.ANSWERED,
                words="¿Para en Grant?",
                lang="es",
                asked_at=times[3],
                name="Rosa",
                topic="Buses",
                contact=True,
                revised=True,
                notes=(Said("Ask Sam.", "Ben", times[5]),),
                answers=(Said("Sí.", "Sam", times[10], "es"),),
                settled_at=times[9],
                rev=11,
                revs={Audience.PUBLIC: 8, Audience.SPEAKER: 11, Audience.DESK: 11},
            )
        },
        seq=11,
        public=8,
        # What is told of the session moved for the last time when the stage was freed.
        revs={Audience.PUBLIC: 7, Audience.SPEAKER: 10, Audience.DESK: 10},
    )
    await check(house)


async def test_a_patch_names_what_changed_and_what_is_gone(small_house: House) -> None:
    house = small_house
    stays, goes, comes = [await house.asked(State.SHOWN, f"Number {n}?") for n in range(3)]
    before = await house.board()
    await house.decide("question.hide", goes)
    await house.decide("lineup.add", comes)
    after = await house.board()
    patch = told(after, Audience.PUBLIC, before.public)
    assert {card["id"]: card.get("state", "gone") for card in patch["cards"]} == {goes: "gone", comes: "queued"}
    assert [card for card in patch["cards"] if card["id"] == goes] == [
        {"id": goes, "rev": before.public + 1, "gone": True}
    ]
    assert (patch["from"], patch["to"]) == (before.public, before.public + 2)
    assert patch["session"]["lineup"] == [comes]
    whole = told(after, Audience.PUBLIC, 0)
    assert [card["id"] for card in whole["cards"]] == [stays, comes]
    assert (whole["from"], whole["to"]) == (0, after.public)


async def test_a_patch_tells_of_the_session_only_when_it_changed(small_house: House) -> None:
    house = small_house
    question = await house.ask()
    before = await house.board()
    await house.decide("question.approve", question)
    after = await house.board()
    assert "session" not in told(after, Audience.PUBLIC, before.public)
    await house.do(house.ben, "input.pause")
    paused = await house.board()
    assert told(paused, Audience.PUBLIC, after.public) == {
        "from": after.public,
        "to": after.public + 1,
        "cards": [],
        "session": {"state": "live", "input": "paused", "slow": 0, "stage": None, "lineup": [], "title": "Bus routes"},
    }


async def test_nothing_new_is_an_empty_patch(small_house: House) -> None:
    await small_house.asked(State.ON_STAGE)
    board = await small_house.board()
    for audience in Audience:
        head = board.head(audience)
        assert boards.patch(board, audience, head) == {"from": head, "to": head, "cards": []}


async def test_votes_and_notes_are_no_news_to_families(small_house: House) -> None:
    house = small_house
    question = await house.asked(State.SHOWN)
    before = await house.board()
    await house.do(Caller("luis"), "question.vote", question=question)
    await house.do(house.ben, "question.note", question=question, words="A word between us.")
    after = await house.board()
    assert (after.public, after.seq) == (before.public, before.seq + 1)
    assert after.questions[question].rev == before.questions[question].rev


async def test_a_device_asks_when_a_patch_begins_after_what_it_has(small_house: House) -> None:
    house = small_house
    await house.asked(State.SHOWN)
    grown = history(await house.entries())
    device = device_at(grown[1], Audience.DESK, "desk")
    with pytest.raises(Behind):
        device.hear(told(grown[4], Audience.DESK, 3, "desk"))
    device.hear(told(grown[4], Audience.DESK, device.number, "desk"))
    assert device.shows == device_at(grown[4], Audience.DESK, "desk").shows
    late = Device()
    late.hear(told(grown[4], Audience.DESK, 0, "desk"))
    late.hear(told(grown[2], Audience.DESK, 1, "desk"))
    assert late.number == 4


async def test_a_question_that_was_restored_begins_anew(small_house: House) -> None:
    house = small_house
    question = await house.asked(State.ON_STAGE)
    await house.decide("stage.settle", question)
    await house.decide("question.hide", question)
    await house.decide("question.restore", question)
    await house.decide("question.approve", question)
    found = (await house.board()).questions[question]
    assert (found.settled_at, found.reason, found.say, found.handed_to, found.order) == (None, None, None, None, "")
    await check(house)


def test_an_empty_board_is_behind_everything() -> None:
    assert boards.apply(Board(), []) == Board()
    assert [Board().head(audience) for audience in Audience] == [0, 0, 0]
    assert boards.changed(Board(), 0, Audience.DESK) == []


async def test_words_that_were_taken_out_leave_a_question_without_words(small_house: House) -> None:
    house = small_house
    question = await house.asked(State.SHOWN)
    entries = await house.entries()
    redacted = [Entry(e.seq, e.public, e.is_public, e.event, dict.fromkeys(e.words)) for e in entries]
    board = boards.apply(Board(), redacted)
    assert board.questions[question].words is None
    assert [card["words"] for card in told(board, Audience.PUBLIC, 0)["cards"]] == [None]


async def test_the_whole_of_what_a_desk_does(small_house: House) -> None:
    """Every field that the desk's events move, with its numbers for each audience."""
    house = await House.build(small_house.database, speakers=("Sam",), schools=("Palo Verde",))
    luis = Caller("luis")
    living = await house.ask("wen?", school="Palo Verde", times="after five", contact="520-555-0100")  # 4
    twin = await house.ask("When does it come?", luis)  # 5
    await house.decide("question.edit_words", living, words="When?", lang="es")  # 6
    await house.do(house.mia, "question.flag", question=living, flag="danger")  # 7
    await house.do(house.mia, "question.tag", question=living, tag="bus")  # 8
    await house.do(house.mia, "question.see", question=living)  # 9
    await house.decide("question.approve", living)  # 10
    await house.decide("lineup.assign", living, speaker="Sam")  # 11
    await house.decide("lineup.add", living)  # 12
    await house.decide("question.merge", twin, into=living)  # 13
    await house.decide("stage.bring", living)  # 14
    await house.decide("stage.defer", living)  # 15
    await house.decide("followup.plan", living, owner="Lia", due="2026-06-01")  # 16
    await house.do(house.ben, "followup.attempt", question=living, outcome="no_answer", words="Rang.")  # 17
    await house.do(house.ben, "participant.mute", question=twin)  # 18
    await house.do(house.ben, "input.slow", seconds=60)  # 19
    await house.do(house.ben, "input.hold", on=True)  # 20
    times = [entry.event.at for entry in await house.entries()]
    session = await house.session()
    board = await house.board()
    assert board == Board(
        code=house.code,
        plan=session.plan,
        state=ev.SessionState.LIVE,
        slow=60,
        hold=True,
        muted=frozenset({"luis"}),
        questions={
            living: Question(
                id=living,
                number=1,
                author="rosa",
                state=State.SHOWN,
                words="When?",
                lang="es",
                asked_at=times[3],
                school="Palo Verde",
                contact=True,
                tidied=True,
                original="wen?",
                versions=(Said("wen?", "Ben", times[5], "en"),),
                speaker="Sam",
                flags=("danger",),
                tags=("bus",),
                seen=(Said(None, "Mia", times[8]),),
                merged=(twin,),
                follow_up=FollowUp(
                    owner="Lia",
                    due=date(2026, 6, 1),
                    tries=(Said("Rang.", "Ben", times[16], outcome="no_answer"),),
                ),
                rev=16,
                # Joining moves only the desk's card of the one that lives.
                revs={Audience.PUBLIC: 8, Audience.SPEAKER: 15, Audience.DESK: 17},
            ),
            twin: Question(
                id=twin,
                number=2,
                author="luis",
                state=State.MERGED,
                words="When does it come?",
                lang="en",
                asked_at=times[4],
                into=living,
                came_from=State.HELD,
                rev=13,
                revs={Audience.DESK: 18},
            ),
        },
        seq=20,
        public=9,
        revs={Audience.PUBLIC: 9, Audience.SPEAKER: 19, Audience.DESK: 20},
    )
    await house.do(house.ben, "participant.unmute", question=twin)
    await house.do(house.ben, "input.slow", seconds=0)
    await house.do(house.ben, "input.hold", on=False)
    board = await house.board()
    assert (board.slow, board.hold, board.muted) == (0, False, frozenset())
    await check(house)


async def test_a_session_is_complete_until_something_is_open_again(small_house: House) -> None:
    house = small_house
    answered, handed = await house.asked(State.ANSWERED), await house.asked(State.PRIVATE)
    await house.do(house.ana, "session.end")
    opened: tuple[tuple[str, str, tuple[str, dict[str, Any]]], ...] = (
        ("question.reopen", answered, ("question.answer", {"words": "Yes.", "lang": "en"})),
        ("question.restore", handed, ("question.decline", {"reason": "twice"})),
        ("followup.plan", handed, ("followup.close", {"outcome": "answered"})),
    )
    for command, question, (closing, more) in opened:
        await house.do(house.ana, "session.complete")
        completed = await house.board()
        assert completed.completed_at == (await house.entries())[-1].event.at
        await house.do(house.ben, "question.note", question=question, words="Done.")
        assert (await house.board()).completed_at == completed.completed_at
        await house.decide(command, question)
        assert (await house.board()).completed_at is None
        refusal = await house.refused(house.ana, "session.complete")
        assert refusal.code == "not_now"
        await house.decide(closing, question, **more)
        assert (await house.board()).completed_at is None
    await house.do(house.ana, "session.complete")
    await check(house)


async def test_what_was_joined_and_is_withdrawn_can_open_a_complete_session(small_house: House) -> None:
    """A family takes back the question that lived for another's: that one has no outcome then."""
    house = small_house
    living, twin = await house.asked(State.SHOWN), await house.asked(State.SHOWN, by=Caller("luis"))
    await house.decide("question.merge", twin, into=living)
    await house.decide("followup.plan", living)
    await house.decide("followup.close", living, outcome="answered")
    await house.do(house.ana, "session.end")
    await house.do(house.ana, "session.complete")
    await house.do(house.rosa, "question.withdraw", question=living)
    board = await house.board()
    assert (board.completed_at, [q.id for q in board.questions.values() if q.is_open]) == (None, [twin])
    await check(house)
