"""What is owed to families outside the session: by whom, by when, and what nobody owes."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from moderation.promises import Promise, promises, urgency
from sessions.events import State
from sessions.permissions import Caller
from tests.house import House

TODAY = date(2031, 7, 8)


async def owed(house: House) -> dict[str, bool]:
    return {promise.question.id: promise.is_open for promise in promises(await house.board())}


async def test_open_questions_are_owed_after_the_end(small_house: House) -> None:
    house = small_house
    asked = {state: await house.asked(state) for state in State}
    private = asked[State.PRIVATE]
    assert await owed(house) == {private: True}
    into = (await house.board()).questions[asked[State.MERGED]].into
    await house.do(house.ana, "session.end")
    still_open = [asked[s] for s in (State.HELD, State.SHOWN, State.QUEUED, State.ON_STAGE)]
    assert into
    assert await owed(house) == dict.fromkeys([*still_open, private, into], True)
    await house.do(house.ana, "session.publish")
    assert await owed(house) == dict.fromkeys([*still_open, private, into], True)


async def test_promised_answers_are_owed_at_once(small_house: House) -> None:
    house = small_house
    deferred, answered = await house.asked(State.ON_STAGE), await house.asked(State.HELD)
    await house.decide("stage.defer", deferred)
    told, waiting, handed = [await house.ask(private=True) for _ in range(3)]
    await house.decide("question.hand_over", handed, to="Ms. Ortiz")
    await house.decide("question.answer", told, words="Yes.", lang="en")
    await house.decide("followup.plan", answered, owner="Mr. Paz", due="2031-07-08")
    assert await owed(house) == {deferred: True, told: False, waiting: True, handed: True, answered: True}
    await house.decide("question.answer", deferred, words="From Monday.", lang="en")
    await house.decide("followup.close", answered, outcome="answered")
    assert await owed(house) == {deferred: False, told: False, waiting: True, handed: True, answered: False}


async def test_who_left_a_contact_is_owed_a_call(small_house: House) -> None:
    """Until the question has an outcome; being taken down is none. One that was joined is called with its other."""
    house = small_house
    alone = [state for state in State if state is not State.MERGED]
    left: dict[State, str] = {state: await house.asked(state, contact="520-555-0100") for state in alone}
    expected = [State.HELD, State.SHOWN, State.QUEUED, State.ON_STAGE, State.PRIVATE, State.HIDDEN]
    found = {p.question.id: p for p in promises(await house.board())}
    assert {q: p.is_open for q, p in found.items()} == dict.fromkeys([left[s] for s in expected], True)
    assert all(p.askers == (q,) for q, p in found.items())

    living = await house.asked(State.SHOWN)
    assert living not in await owed(house)
    for by in ("luis", "eva"):
        joined = await house.ask("The bus?", Caller(by), contact="520-555-0199")
        await house.decide("question.merge", joined, into=living)
        found = {p.question.id: p for p in promises(await house.board())}
        assert joined not in found
        assert found[living].askers[-1] == joined
    await house.do(Caller("luis"), "question.withdraw", question=found[living].askers[0])
    assert {p.question.id: p for p in promises(await house.board())}[living].askers == found[living].askers[1:]


async def test_whose_it_is_and_by_when(small_house: House) -> None:
    house = small_house
    for owner, due in (("Mia", "2031-07-07"), ("mia", "2031-07-08"), ("Ms. Ortiz", None), (None, "2031-07-01")):
        await house.decide("followup.plan", await house.ask(), owner=owner, due=due)
    open_ones = promises(await house.board())
    assert [p.owner for p in open_ones] == ["Mia", "mia", "Ms. Ortiz", None]
    assert [p.due and p.due.day for p in open_ones] == [7, 8, None, 1]
    assert [p.is_overdue(TODAY) for p in open_ones] == [True, False, False, True], "due today is not late yet"
    assert [p.is_of("Mia") for p in open_ones] == [True, True, False, False]
    assert not any(p.is_of(nobody) for p in open_ones for nobody in (None, ""))
    await house.decide("followup.close", open_ones[0].question.id, outcome="unreachable")
    assert not promises(await house.board())[0].is_overdue(TODAY)


async def test_what_is_most_urgent_comes_first(small_house: House) -> None:
    house = small_house
    asked = [await house.ask() for _ in range(6)]
    for question, day in zip(asked, (9, None, 2, 8, 1), strict=False):
        await house.decide("followup.plan", question, due=day and f"2031-07-0{day}")
    await house.do(house.ana, "session.end")
    listed = sorted(promises(await house.board()), key=lambda p: urgency(p, TODAY))
    assert [p.question.id for p in listed] == [asked[n] for n in (4, 2, 3, 0, 1, 5)]
    last = listed[-1].question
    older = Promise(msgspec.structs.replace(last, id="older", asked_at=last.asked_at - timedelta(days=1)), True)
    assert sorted([*listed, older], key=lambda p: urgency(p, TODAY))[4] is older
