"""Questions that are found by whoever may see them, and guarded against what is stale."""

from __future__ import annotations

from typing import Any

import pytest

from moderation.questions import LATELY, Question, make_id, may_see
from sessions.audiences import card
from sessions.events import EVENTS, STILL, QuestionEvent, State
from sessions.permissions import Caller, Role
from sessions.question import Audience
from tests.house import House, check, lately


async def test_an_edit_makes_a_decision_on_the_old_words_stale(house: House) -> None:
    question = await house.ask()
    rev = await house.rev(question)
    await house.do(house.rosa, "question.edit", question=question, words="Something else?", lang="en")
    refusal = await house.refused(house.ben, "question.approve", question=question, rev=rev)
    assert refusal.code == "stale"
    assert lately(refusal) == "The family changed the words 1 second ago. Your change was not made."
    assert refusal.extra == {"question": question}


STALE: dict[str, tuple[State, str, dict[str, Any], str]] = {
    "approved": (State.HELD, "question.approve", {}, "Mia approved this"),
    "declined": (State.HELD, "question.decline", {"reason": "twice"}, "Mia declined this"),
    "handed over": (State.HELD, "question.hand_over", {}, "Mia handed this to a person"),
    "hidden": (State.SHOWN, "question.hide", {}, "Mia hid this"),
    "restored": (State.HIDDEN, "question.restore", {}, "Mia restored this"),
    "answered": (State.SHOWN, "question.answer", {"words": "Yes.", "lang": "en"}, "Mia answered this in writing"),
    "reopened": (State.ANSWERED, "question.reopen", {}, "Mia reopened this"),
    "queued": (State.SHOWN, "lineup.add", {}, "Mia put this in line"),
    "moved": (State.QUEUED, "lineup.move", {}, "Mia moved this in the line"),
    "taken out": (State.QUEUED, "lineup.remove", {}, "Mia took this out of the line"),
    "brought": (State.QUEUED, "stage.bring", {}, "Mia brought this on stage"),
    "settled": (State.ON_STAGE, "stage.settle", {}, "Mia marked this as answered"),
    "skipped": (State.ON_STAGE, "stage.skip", {}, "Mia skipped this"),
    "tidied": (State.HELD, "question.edit_words", {"words": "Does it stop?"}, "Mia tidied the words"),
    "taken apart": (State.MERGED, "question.unmerge", {}, "Mia took this apart from another question"),
    "assigned": (State.SHOWN, "lineup.assign", {}, "Mia chose who answers this"),
    "put off": (State.ON_STAGE, "stage.defer", {}, "Mia promised an answer in writing"),
    "followed up": (State.DECLINED, "followup.plan", {}, "Mia changed the follow-up of this"),
}


@pytest.mark.parametrize("change", STALE)
async def test_who_comes_second_is_told_who_did_what(small_house: House, change: str) -> None:
    """Whatever they wanted, and even if it would have been the same: their change is not made."""
    house = small_house
    state, command, more, told = STALE[change]
    question = await house.asked(state)
    rev = await house.rev(question)
    await house.do(house.mia, command, question=question, rev=rev, **more)
    for again, body in ((command, more), ("question.hide", {}), ("question.approve", {})):
        refusal = await house.refused(house.ben, again, question=question, rev=rev, **body)
        assert (refusal.code, lately(refusal)) == ("stale", f"{told} 1 second ago. Your change was not made.")
        assert refusal.extra == {"question": question}
    await check(house)


async def test_a_note_makes_nothing_stale(small_house: House) -> None:
    house = small_house
    question = await house.ask()
    rev = await house.rev(question)
    await house.do(house.mia, "question.note", question=question, words="Look at number 3.")
    await check(house)
    await house.do(house.ben, "question.approve", question=question, rev=rev)
    await check(house)


async def test_the_end_of_a_follow_up_is_told_to_who_comes_second(small_house: House) -> None:
    house = small_house
    question = await house.asked(State.SHOWN)
    await house.decide("followup.plan", question)
    rev = await house.rev(question)
    await house.do(house.mia, "followup.attempt", question=question, outcome="no_answer")
    await house.do(house.mia, "followup.close", question=question, rev=rev, outcome="answered")
    again = {"question": question, "rev": rev, "outcome": "referred"}
    refusal = await house.refused(house.ben, "followup.close", **again)
    assert lately(refusal) == "Mia closed the follow-up of this 1 second ago. Your change was not made."
    await check(house)


async def test_the_number_on_a_card_of_the_desk_is_good_for_a_command(small_house: House) -> None:
    """Also after a note, which moves the card's number but not the one that guards."""
    house = small_house
    question = await house.ask()
    await house.do(house.mia, "question.note", question=question, words="Look at number 3.")
    shown = card((await house.board()).questions[question], Audience.DESK)
    assert shown is not None
    assert shown.rev > await house.rev(question)
    await house.do(house.ben, "question.approve", question=question, rev=shown.rev)


async def test_a_number_from_the_future_is_refused(small_house: House) -> None:
    house = small_house
    question = await house.ask()
    seq = (await house.board()).seq
    refusal = await house.refused(house.ben, "question.approve", question=question, rev=seq + 1)
    assert refusal.code == "bad"
    await house.do(house.ben, "question.approve", question=question, rev=seq)


def test_everything_that_moves_a_rev_can_be_told() -> None:
    moves = {
        str(kind.__struct_config__.tag)
        for kind in EVENTS.values()
        if issubclass(kind, QuestionEvent) and kind not in STILL
    }
    assert set(LATELY) == moves


@pytest.mark.parametrize("state", State)
def test_who_may_see_a_question(state: State) -> None:
    public = {State.SHOWN, State.QUEUED, State.ON_STAGE, State.ANSWERED}
    for private in (False, True):
        question = Question(author="rosa", state=state, private=private)
        seen = {role: may_see(question, Caller("luis", frozenset({Role.PARTICIPANT, role}))) for role in Role}
        outside = state in public and not private
        assert seen == {
            Role.PARTICIPANT: outside,
            Role.CAPTIONER: outside,
            Role.SPEAKER: outside,
            Role.MODERATOR: True,
            Role.LIAISON: True,
            Role.HOST: True,
            Role.ADMINISTRATOR: True,
        }
        assert may_see(question, Caller("rosa"))
        assert may_see(question, Caller("rosa", frozenset()))
        assert not may_see(question, Caller("luis", frozenset()))


def test_ids_are_long_enough_not_to_be_guessed() -> None:
    ids = {make_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {len(one) for one in ids} == {12}
