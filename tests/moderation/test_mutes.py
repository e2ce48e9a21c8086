"""Who may ask only staff for now: told so, still heard by people, and the same to everyone else."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from sessions import board as boards
from sessions.audiences import card, own_card
from sessions.database import Database
from sessions.events import ParticipantMuted, SessionState, State
from sessions.permissions import Caller
from sessions.question import Audience
from sessions.refusals import Refusal
from tests.house import House, check

LUIS = Caller("luis")
TOLD = "No more questions to everyone are taken from this device. You can still ask only the staff."


async def marked(house: House) -> dict[str, bool]:
    """Question id -> whether its card at the desk says that its asker is muted."""
    board = await house.board()
    cards = boards.patch(board, Audience.DESK, 0)["cards"]
    return {c.id: c.is_muted for c in cards}


async def test_who_is_muted_may_ask_only_staff(house: House) -> None:
    question = await house.ask()
    await house.do(house.ben, "participant.mute", question=question)
    assert (await house.board()).muted == {"rosa"}
    for command, body in (
        ("question.ask", {"words": "Why?", "lang": "en"}),
        ("question.edit", {"question": question, "words": "Why?", "lang": "en"}),
    ):
        refusal = await house.refused(house.rosa, command, **body)
        assert (refusal.code, refusal.say(str)) == ("not_allowed", TOLD)
    private = await house.ask("And now?", private=True)
    assert await house.state(private) is State.PRIVATE
    await house.ask("Somebody else?", LUIS)
    other = await house.asked(State.SHOWN, "Another's?", by=LUIS)
    await house.do(house.rosa, "question.vote", question=other)
    await house.do(house.rosa, "question.withdraw", question=question)
    await check(house)


async def test_who_is_heard_again_asks_again(house: House) -> None:
    question = await house.ask()
    for command in ("mute", "unmute", "mute", "unmute"):
        await house.do(house.ben, f"participant.{command}", question=question)
    assert ((await house.board()).muted, (await house.rows())["mutes"]) == (frozenset(), [])
    await house.ask("And now?")
    await house.do(house.rosa, "question.edit", question=question, words="Why?", lang="en")
    await check(house)


async def test_all_cards_of_an_asker_say_so_at_the_desk(house: House) -> None:
    """Those that are there move for the desk and for nobody else; those to come are born so."""
    one = await house.asked(State.SHOWN, "One?")
    two = await house.ask("Two?")
    other = await house.asked(State.SHOWN, "Three?", by=LUIS)
    before = await house.board()
    await house.do(house.mia, "participant.mute", question=two)
    after = await house.board()
    patch = boards.patch(after, Audience.DESK, before.seq)
    assert {c.id: (c.is_muted, c.rev) for c in patch["cards"]} == {one: (True, after.seq), two: (True, after.seq)}
    assert {q.id: q.rev for q in after.questions.values()} == {q.id: q.rev for q in before.questions.values()}
    for question in (one, two):
        assert own_card(after.questions[question]) == own_card(before.questions[question])
    for audience in (Audience.PUBLIC, Audience.SPEAKER):
        assert boards.patch(after, audience, before.head(audience))["cards"] == []
    assert after.public == before.public
    private = await house.ask("Four?", private=True)
    assert await marked(house) == {one: True, two: True, other: False, private: True}
    await house.do(house.ben, "participant.unmute", question=private)
    assert set((await marked(house)).values()) == {False}
    await check(house)


async def test_a_decision_is_not_stale_for_a_mute(small_house: House) -> None:
    house = small_house
    question = await house.ask()
    rev = await house.rev(question)
    await house.do(house.mia, "participant.mute", question=question)
    await house.do(house.ben, "question.approve", question=question, rev=rev)
    await check(house)


async def test_two_that_mute_at_once_both_got_what_they_wanted(house: House) -> None:
    question, again = await house.ask(), await house.ask("Again?")
    before = await house.events()
    await asyncio.gather(
        *(
            house.do(by, "participant.mute", question=q)
            for by, q in ((house.ben, question), (house.mia, again), (house.ben, again))
        )
    )
    assert (await house.events())[len(before) :] == ["participant.muted"]
    event = (await house.entries())[-1].event
    assert event == ParticipantMuted(at=event.at, by="ben", state=SessionState.LIVE, person="rosa")
    await house.do(house.ben, "participant.unmute", question=question)
    await house.do(house.mia, "participant.unmute", question=question)
    assert (await house.events())[len(before) :] == ["participant.muted", "participant.unmuted"]
    assert (await house.rows())["mutes"] == []
    await check(house)


async def test_a_batch_hears_at_once_who_is_muted_in_it(house: House) -> None:
    """Muted, unmuted and muted again between two questions of the same commit."""
    question = await house.ask()
    outcomes = await asyncio.gather(
        house.do(house.ben, "participant.mute", question=question),
        house.ask("One?"),
        house.do(house.ben, "participant.unmute", question=question),
        house.ask("Two?"),
        house.do(house.ben, "participant.mute", question=question),
        house.ask("Three?"),
        return_exceptions=True,
    )
    refused = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Refusal)]
    assert refused == [1, 5]
    assert (await house.rows())["mutes"] == [(house.session_id, "rosa")]
    await check(house)


async def test_who_is_muted_here_is_heard_elsewhere(house: House) -> None:
    await house.do(house.ben, "participant.mute", question=await house.ask())
    other = await House.build(house.database)
    question = await other.ask()
    assert (await other.board()).muted == frozenset()
    await other.do(other.ben, "participant.mute", question=question)
    await other.do(other.ben, "participant.unmute", question=question)
    assert (await house.rows())["mutes"] == [(house.session_id, "rosa")]
    await check(other)
    await check(house)


@pytest.mark.parametrize("state", State)
async def test_an_asker_is_muted_by_any_question_of_theirs(small_house: House, state: State) -> None:
    question = await small_house.asked(state)
    await small_house.do(small_house.ben, "participant.mute", question=question)
    assert "rosa" in (await small_house.board()).muted
    shown = card((await small_house.board()).questions[question], Audience.DESK, is_muted=True)
    assert shown is not None
    assert shown.is_muted
    await check(small_house)


async def test_nobody_is_muted_by_what_is_not_there(small_house: House) -> None:
    other = await House.build(small_house.database)
    elsewhere = await other.ask()
    for question in ("nothing", elsewhere):
        refusal = await small_house.refused(small_house.ben, "participant.mute", question=question)
        assert refusal.code == "not_found"


async def test_who_is_muted_is_told_to_nobody_outside_the_desk(sqlite: Database) -> None:
    house = await House.build(sqlite, review=False)
    zebra = Caller("zebrafinch")
    question = await house.ask(by=zebra)
    await house.do(house.ben, "participant.mute", question=question)
    board = await house.board()
    for audience in Audience:
        whole = msgspec.json.encode(boards.patch(board, audience, 0))
        assert b"zebrafinch" not in whole
        assert (b"muted" in whole) is (audience is Audience.DESK)
