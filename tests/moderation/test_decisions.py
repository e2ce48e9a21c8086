"""What moderators decide, and what becomes known of it."""

from __future__ import annotations

from typing import Any

import pytest

from moderation.decisions import REASONS
from sessions.audiences import own_card
from sessions.events import State
from tests.house import House, check


@pytest.mark.parametrize("reason", REASONS)
async def test_a_reason_and_a_sentence_reach_the_asker(small_house: House, reason: str) -> None:
    house = small_house
    question = await house.ask()
    await house.decide("question.decline", question, reason=reason, say="  Please write to us. ")
    own = own_card((await house.board()).questions[question])
    assert (own.state, own.reason, own.say) == (State.DECLINED, reason, "Please write to us.")
    await check(house)


FAULTY: dict[str, tuple[State, str, dict[str, Any], str]] = {
    "no known reason": (
        State.HELD,
        "question.decline",
        {"reason": "boring"},
        "Please choose one of the reasons.",
    ),
    "an empty reason": (State.HELD, "question.decline", {"reason": ""}, "Please choose one of the reasons."),
    "a long sentence": (
        State.HELD,
        "question.decline",
        {"reason": "twice", "say": "a" * 301},
        "That is longer than the 300 characters there is room for. Please shorten it.",
    ),
    "a long name": (
        State.HELD,
        "question.hand_over",
        {"to": "a" * 81},
        "That is longer than the 80 characters there is room for. Please shorten it.",
    ),
    "no answer": (
        State.SHOWN,
        "question.answer",
        {"words": " ", "lang": "en"},
        "There are no words here yet. Please write something first.",
    ),
    "a long answer": (
        State.SHOWN,
        "question.answer",
        {"words": "a" * 4001, "lang": "en"},
        "That is longer than the 4000 characters there is room for. Please shorten it.",
    ),
}


@pytest.mark.parametrize("fault", FAULTY)
async def test_a_decision_that_cannot_be_changes_nothing(small_house: House, fault: str) -> None:
    house = small_house
    state, command, more, sentence = FAULTY[fault]
    question = await house.asked(state)
    rev = await house.rev(question)
    refusal = await house.refused(house.ben, command, question=question, rev=rev, **more)
    assert (refusal.code, refusal.say(str)) == ("bad", sentence)
    await check(house)


async def test_a_note_that_cannot_be_changes_nothing(small_house: House) -> None:
    question = await small_house.ask()
    for words in ("", "a" * 1001, "\u202e"):
        refusal = await small_house.refused(small_house.ben, "question.note", question=question, words=words)
        assert refusal.code == "bad"


async def test_an_answer_grows(house: House) -> None:
    """A second answer adds to the first; both stay, with who gave them and in which language."""
    question = await house.asked(State.SHOWN)
    await house.decide("question.answer", question, house.sam, words="Yes.", lang="en")
    await house.decide("question.answer", question, words="Sí, el lunes.", lang="es")
    answered = (await house.board()).questions[question]
    assert [(said.words, said.by, said.lang, said.private) for said in answered.answers] == [
        ("Yes.", "Sam", "en", False),
        ("Sí, el lunes.", "Ben", "es", False),
    ]
    assert answered.state is State.ANSWERED
    await check(house)


async def test_a_question_that_was_settled_on_stage_is_answered_in_writing_too(small_house: House) -> None:
    house = small_house
    question = await house.asked(State.ON_STAGE)
    await house.decide("stage.settle", question, house.sam)
    settled_at = (await house.board()).questions[question].settled_at
    await house.decide("question.answer", question, words="As said on stage: yes.", lang="en")
    answered = (await house.board()).questions[question]
    assert answered.settled_at == settled_at
    assert [said.words for said in answered.answers] == ["As said on stage: yes."]
    await check(house)


async def test_undoing_leads_back(small_house: House) -> None:
    house = small_house
    question = await house.ask()
    steps: tuple[tuple[str, dict[str, Any], State], ...] = (
        ("question.decline", {"reason": "twice", "say": "See number 1."}, State.DECLINED),
        ("question.restore", {}, State.HELD),
        ("question.approve", {}, State.SHOWN),
        ("question.hide", {}, State.HIDDEN),
        ("question.restore", {}, State.HELD),
        ("question.approve", {}, State.SHOWN),
        ("lineup.add", {}, State.QUEUED),
        ("lineup.remove", {}, State.SHOWN),
        ("lineup.add", {}, State.QUEUED),
        ("stage.bring", {}, State.ON_STAGE),
        ("stage.skip", {}, State.QUEUED),
    )
    for command, more, state in steps:
        await house.decide(command, question, **more)
        assert await house.state(question) is state
    found = (await house.board()).questions[question]
    assert (found.reason, found.say) == (None, None)
    await check(house)


async def test_a_speaker_answers_what_the_families_see(small_house: House) -> None:
    house = small_house
    shown, held = await house.asked(State.SHOWN), await house.ask()
    await house.decide("question.answer", shown, house.sam, words="Yes.", lang="en")
    rev = await house.rev(held)
    answer = {"words": "Yes.", "lang": "en"}
    assert (await house.refused(house.sam, "question.answer", question=held, rev=rev, **answer)).code == "not_found"
    await check(house)
