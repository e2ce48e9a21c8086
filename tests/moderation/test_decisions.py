"""What moderators decide, and what becomes known of it."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import msgspec
import pytest

from live.rendering import catalogues
from moderation.decisions import REASONS
from moderation.states import NAMES
from sessions.audiences import Card, card, own_card
from sessions.board import Board
from sessions.events import QuestionMerged, State
from sessions.permissions import Caller
from sessions.question import Audience, Said
from sessions.refusals import Refusal
from tests.house import House, check, lately


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


LUIS, INES = Caller("luis"), Caller("ines")


def told(board: Board, question: str) -> Card:
    """What its asker is told of a question, as their page makes it."""
    own = board.questions[question]
    living = board.living(own)
    return own_card(own, living if living is not own else None)


async def joined(house: House, into: State, was: State = State.HELD) -> tuple[str, str]:
    """Rosa's question, joined with one of Luis's that stands there: both ids."""
    living = await house.ask("Does it stop there?", LUIS)
    await house.bring(living, into, LUIS)
    question = await house.asked(was)
    await house.decide("question.merge", question, into=living)
    return question, living


@pytest.mark.parametrize("into", [State.HELD, State.SHOWN, State.QUEUED, State.ON_STAGE, State.ANSWERED])
@pytest.mark.parametrize("was", [State.HELD, State.SHOWN, State.QUEUED])
async def test_a_question_is_joined_with_one_that_lives_for_it(small_house: House, was: State, into: State) -> None:
    house = small_house
    question, living = await joined(house, into, was)
    board = await house.board()
    here, there = board.questions[question], board.questions[living]
    assert (here.state, here.into, here.came_from, here.order, here.merged) == (State.MERGED, living, was, "", ())
    assert (there.state, there.into, there.merged) == (into, None, (question,))
    last = (await house.entries())[-1].event
    assert last == QuestionMerged(at=last.at, by="ben", question=question, was=was, state=State.MERGED, into=living)
    own = told(board, question)
    assert (own.state, own.into, own.became, own.may_withdraw, own.may_edit) == (
        *(State.MERGED, living, into),
        *(True, False),
    )
    assert own.living == card(there, Audience.PUBLIC)
    assert (own.living is None) is (into is State.HELD)
    await check(house)


async def test_what_moves_at_the_one_that_lives_moves_what_the_others_are_told(house: House) -> None:
    question, living = await joined(house, State.SHOWN)
    before = told(await house.board(), question)
    await house.decide("question.answer", living, words="Yes, from Monday.", lang="en")
    own = told(await house.board(), question)
    assert own.rev > before.rev
    assert own.became is State.ANSWERED
    assert own.living is not None
    assert [said.words for said in own.living.answers] == ["Yes, from Monday."]
    assert own.answers == ()
    await check(house)


@pytest.mark.parametrize("into", [State.DECLINED, State.PRIVATE, State.HIDDEN, State.WITHDRAWN])
async def test_nothing_is_joined_with_what_lives_no_more(small_house: House, into: State) -> None:
    house = small_house
    gone = await house.ask("Does it stop there?", LUIS)
    await house.bring(gone, into, LUIS)
    question = await house.ask()
    rev = await house.rev(question)
    refusal = await house.refused(house.ben, "question.merge", question=question, rev=rev, into=gone)
    who = "The family" if into is State.WITHDRAWN else "Ben"
    assert (refusal.code, lately(refusal)) == (
        "not_now",
        f"That other question is {NAMES[into]}, so nothing can be joined with it. {who} made it so 1 second ago.",
    )
    await check(house)


async def test_nothing_is_joined_with_what_was_asked_for_staff_alone(house: House) -> None:
    gone, question = await house.ask(private=True), await house.ask(by=LUIS)
    rev = await house.rev(question)
    refusal = await house.refused(house.ben, "question.merge", question=question, rev=rev, into=gone)
    assert lately(refusal).endswith("nothing can be joined with it. The family made it so 1 second ago.")
    await house.decide("question.answer", gone, house.mia, words="Yes.", lang="en")
    refusal = await house.refused(house.ben, "question.merge", question=question, rev=rev, into=gone)
    assert lately(refusal).endswith("The family made it so 1 second ago."), "answered, it stays where it was"
    spanish = refusal.say(catalogues()["es"].gettext, "es")
    assert spanish.startswith("La otra pregunta está con una persona del distrito; por eso no se puede unir nada")
    assert re.search(r"La familia la dejó así hace \d+ segundos?\.$", spanish)


@pytest.mark.parametrize("state", [State.ON_STAGE, State.ANSWERED, State.DECLINED, State.PRIVATE, State.HIDDEN])
async def test_what_is_past_it_is_joined_with_nothing(small_house: House, state: State) -> None:
    house = small_house
    question, living = await house.asked(state), await house.ask("Does it stop there?", LUIS)
    rev = await house.rev(question)
    refusal = await house.refused(house.ben, "question.merge", question=question, rev=rev, into=living)
    assert (refusal.code, refusal.say(str)) == (
        "not_now",
        f"That cannot be done: this question is {NAMES[state]} now.",
    )


async def test_what_is_only_for_staff_is_joined_neither_way(small_house: House) -> None:
    house = small_house
    private, other = await house.ask(private=True), await house.ask("Does it stop there?", LUIS)
    for question, into in ((private, other), (other, private)):
        rev = await house.rev(question)
        refusal = await house.refused(house.ben, "question.merge", question=question, rev=rev, into=into)
        assert refusal.code == "not_now"
    assert {q.state for q in (await house.board()).questions.values()} == {State.PRIVATE, State.HELD}


async def test_a_question_is_not_joined_with_itself_or_what_leads_to_it(small_house: House) -> None:
    house = small_house
    a, b, c = [await house.ask(f"Number {n}?") for n in range(3)]
    await house.decide("question.merge", a, into=b)
    await house.decide("question.merge", b, into=c)
    rev = await house.rev(c)
    for into in (c, b, a):
        refusal = await house.refused(house.ben, "question.merge", question=c, rev=rev, into=into)
        assert (refusal.code, refusal.say(str)) == (
            "bad",
            "A question cannot be joined with itself. Please choose another one.",
        )
    await check(house)


@pytest.mark.parametrize("into", ["nothing", "elsewhere"])
async def test_a_question_is_joined_with_one_of_this_session(small_house: House, into: str) -> None:
    house = small_house
    other = await House.build(house.database)
    elsewhere = await other.asked(State.SHOWN)
    question = await house.ask()
    rev = await house.rev(question)
    to = elsewhere if into == "elsewhere" else "nothing"
    assert (await house.refused(house.ben, "question.merge", question=question, rev=rev, into=to)).code == "not_found"


async def test_who_is_joined_with_a_joined_one_is_joined_with_the_one_that_lives(house: House) -> None:
    a, b, c, d = [await house.asked(State.SHOWN, f"Number {n}?") for n in range(4)]
    await house.decide("question.merge", a, into=b)
    await house.decide("question.merge", b, into=c)
    await house.decide("question.merge", d, into=a)
    board = await house.board()
    assert {q.id: (q.into, q.merged) for q in board.questions.values()} == {
        a: (b, ()),
        b: (c, (a,)),
        c: (None, (b, d)),
        d: (c, ()),
    }
    assert [told(board, q).into for q in (a, b, c, d)] == [c, c, None, c]
    assert {q.id for q in board.family(board.questions[c])} == {a, b, c, d}
    await check(house)


async def test_taking_one_apart_keeps_what_was_joined_with_it(house: House) -> None:
    a, b, c = [await house.asked(State.SHOWN, f"Number {n}?") for n in range(3)]
    await house.decide("question.merge", a, into=b)
    await house.decide("question.merge", b, into=c)
    await house.decide("question.unmerge", b)
    board = await house.board()
    assert {q.id: (q.state, q.into, q.came_from, q.merged) for q in board.questions.values()} == {
        a: (State.MERGED, b, State.SHOWN, ()),
        b: (State.SHOWN, None, None, (a,)),
        c: (State.SHOWN, None, None, ()),
    }
    assert [told(board, q).into for q in (a, b, c)] == [b, None, None]
    await house.decide("question.merge", c, into=a)
    assert (await house.board()).questions[b].merged == (a, c)
    await check(house)


@pytest.mark.parametrize(
    ("was", "back"),
    [(State.HELD, State.HELD), (State.SHOWN, State.SHOWN), (State.QUEUED, State.SHOWN)],
)
async def test_a_question_taken_apart_stands_where_it_stood(small_house: House, was: State, back: State) -> None:
    """But out of the line, where its place is gone; and on its own again in every way."""
    house = small_house
    question, living = await joined(house, State.SHOWN, was)
    before = {await house.rev(question)}
    await house.decide("question.unmerge", question)
    board = await house.board()
    here = board.questions[question]
    assert (here.state, here.into, here.came_from, here.order) == (back, None, None, "")
    assert here.rev not in before
    assert board.questions[living].merged == ()
    own = told(board, question)
    assert (own.state, own.into, own.became, own.living) == (back, None, None, None)
    rev = await house.rev(question)
    assert (await house.refused(house.ben, "question.unmerge", question=question, rev=rev)).code == "not_now"
    await check(house)


async def test_a_joined_question_can_be_nothing_else(small_house: House) -> None:
    """Until it is taken apart: whoever wants something of it wants it of the one that lives."""
    house = small_house
    question, living = await joined(house, State.SHOWN, State.SHOWN)
    rev = await house.rev(question)
    decided: tuple[tuple[str, dict[str, Any]], ...] = (
        ("question.approve", {}),
        ("question.decline", {"reason": "twice"}),
        ("question.hide", {}),
        ("question.restore", {}),
        ("question.hand_over", {}),
        ("question.answer", {"words": "Yes.", "lang": "en"}),
        ("question.reopen", {}),
        ("question.edit_words", {"words": "Does it?"}),
        ("question.merge", {"into": living}),
        ("lineup.add", {}),
        ("lineup.assign", {}),
        ("stage.bring", {}),
        ("stage.defer", {}),
        ("followup.plan", {}),
    )
    for command, more in decided:
        refusal = await house.refused(house.ben, command, question=question, rev=rev, **more)
        assert (refusal.code, refusal.say(str)) == (
            "not_now",
            "That cannot be done: this question is joined with another question now.",
        )
    edited = {"words": "Does it?", "lang": "en"}
    assert (await house.refused(house.rosa, "question.edit", question=question, **edited)).code == "not_now"
    assert (await house.refused(LUIS, "question.vote", question=question)).code == "not_found"
    for command, more in (("note", {"words": "Same."}), ("flag", {"flag": "look"}), ("tag", {"tag": "bus"})):
        await house.do(house.ben, f"question.{command}", question=question, **more)
    await check(house)


async def test_who_withdraws_the_one_that_lives_leaves_the_others_their_own(house: House) -> None:
    """Also those that were joined with what was joined: nobody is led to words that were taken back."""
    queued, held, living = [
        await house.asked(state, f"To be {state}?", by=by)
        for state, by in ((State.QUEUED, INES), (State.HELD, INES), (State.SHOWN, house.rosa))
    ]
    below = await house.ask("Below?", LUIS)
    await house.decide("question.merge", below, into=held)
    for question in (queued, held):
        await house.decide("question.merge", question, into=living)
    before = len(await house.entries())
    await house.do(house.rosa, "question.withdraw", question=living)
    assert (await house.events())[before:] == ["question.unmerged", "question.unmerged", "question.withdrawn"]
    board = await house.board()
    assert {q.id: (q.state, q.into, q.merged) for q in board.questions.values()} == {
        queued: (State.SHOWN, None, ()),
        held: (State.HELD, None, (below,)),
        below: (State.MERGED, held, ()),
        living: (State.WITHDRAWN, None, ()),
    }
    refusal = await house.refused(house.ben, "question.approve", question=held, rev=1)
    assert lately(refusal) == (
        "Another family took this apart from another question 1 second ago. Your change was not made."
    )
    await check(house)


async def test_who_withdraws_a_joined_question_leads_nowhere(house: House) -> None:
    question, living = await joined(house, State.SHOWN, State.SHOWN)
    below = await house.ask("Below?", INES)
    await house.decide("question.merge", below, into=question)
    assert (await house.board()).questions[below].into == living
    await house.do(house.rosa, "question.withdraw", question=question)
    board = await house.board()
    here = board.questions[question]
    assert (here.state, here.into, here.came_from) == (State.WITHDRAWN, None, None)
    assert board.questions[living].merged == (below,)
    own = told(board, question)
    assert (own.state, own.into, own.became, own.may_withdraw) == (State.WITHDRAWN, None, None, False)
    await check(house)


async def test_who_withdraws_the_middle_of_a_chain_leaves_its_ends(house: House) -> None:
    a = await house.asked(State.SHOWN, "Number 1?", by=INES)
    b = await house.asked(State.SHOWN, "Number 2?")
    c = await house.asked(State.SHOWN, "Number 3?", by=LUIS)
    await house.decide("question.merge", a, into=b)
    await house.decide("question.merge", b, into=c)
    await house.do(house.rosa, "question.withdraw", question=b)
    board = await house.board()
    assert {q.id: (q.state, q.into, q.merged) for q in board.questions.values()} == {
        a: (State.SHOWN, None, ()),
        b: (State.WITHDRAWN, None, ()),
        c: (State.SHOWN, None, ()),
    }
    await check(house)


async def test_joining_and_taking_apart_are_stale_like_every_decision(small_house: House) -> None:
    house = small_house
    question, living = await joined(house, State.SHOWN)
    rev = await house.rev(question)
    refusal = await house.refused(house.mia, "question.unmerge", question=question, rev=rev - 1)
    assert lately(refusal) == "Ben joined this with another question 1 second ago. Your change was not made."
    await house.do(house.ben, "question.unmerge", question=question, rev=rev)
    refusal = await house.refused(house.mia, "question.merge", question=question, rev=rev, into=living)
    assert lately(refusal) == "Ben took this apart from another question 1 second ago. Your change was not made."
    # What was joined with it is nothing that changed in the one that lives.
    await house.do(house.mia, "question.hide", question=living, rev=rev - 1)
    await check(house)


FATES: dict[str, tuple[State, str, dict[str, Any]]] = {
    "declined": (State.HELD, "question.decline", {"reason": "personal", "say": "The zebrafinch is yours alone."}),
    "hidden": (State.SHOWN, "question.hide", {}),
    "hidden after its answer": (State.ANSWERED, "question.hide", {}),
    "handed over": (State.SHOWN, "question.hand_over", {"to": "Dr. Zebrafinch"}),
}


@pytest.mark.parametrize("fate", FATES)
async def test_nobody_learns_what_was_said_to_somebody_else_alone(small_house: House, fate: str) -> None:
    """Whoever asked a question that was joined is told what became of the one that lives, and not a word of it."""
    house = small_house
    stands, command, more = FATES[fate]
    living = await house.ask("Where is the zebrafinch?", LUIS, name="Luis Zebrafinch", contact="zebrafinch")
    await house.bring(living, stands, LUIS)
    question = await house.ask()
    await house.decide("question.merge", question, into=living)
    await house.do(house.ben, "question.note", question=living, words="A zebrafinch?")
    await house.do(house.ben, "question.tag", question=living, tag="zebrafinch")
    await house.decide(command, living, **more)
    if fate != "hidden" and fate != "hidden after its answer":
        await house.decide("question.answer", living, words="Only for you: zebrafinch.", lang="en")
    board = await house.board()
    own = told(board, question)
    assert (own.state, own.into, own.became, own.living) == (State.MERGED, living, board.questions[living].state, None)
    assert (own.answers, own.reason, own.say, own.handed_to) == ((), None, None, None)
    assert b"zebrafinch" not in msgspec.json.encode(own).lower()
    await check(house)


async def test_a_private_answer_stays_with_whom_it_was_written_to(small_house: House) -> None:
    """Also when its question becomes one that lives for others."""
    house = small_house
    living = await house.ask("Does it stop there?", LUIS)
    await house.decide("question.decline", living, reason="personal")
    await house.decide("question.answer", living, words="Only for you: zebrafinch.", lang="en")
    await house.decide("question.restore", living)
    await house.decide("question.approve", living)
    question = await house.asked(State.SHOWN)
    await house.decide("question.merge", question, into=living)
    own = told(await house.board(), question)
    assert own.living is not None
    assert own.living.answers == ()
    assert b"zebrafinch" not in msgspec.json.encode(own)
    assert b"zebrafinch" in msgspec.json.encode(told(await house.board(), living))
    await check(house)


async def test_words_are_tidied_and_the_askers_stand_beside_them(house: House) -> None:
    question = await house.ask("wil the buss stopp?")
    await house.decide("question.edit_words", question, words="  Will the bus stop? ")
    await house.decide("question.edit_words", question, house.mia, words="Will the bus stop at Speedway?", lang="es")
    times = [entry.event.at for entry in await house.entries()][-2:]
    found = (await house.board()).questions[question]
    assert (found.words, found.lang, found.tidied, found.original) == (
        *("Will the bus stop at Speedway?", "es"),
        *(True, "wil the buss stopp?"),
    )
    assert found.versions == (
        Said("wil the buss stopp?", "Ben", times[0], "en"),
        Said("Will the bus stop?", "Mia", times[1], "en"),
    )
    assert found.revised is False
    own = own_card(found)
    assert (own.words, own.tidied, own.original, own.versions) == (
        *("Will the bus stop at Speedway?", True),
        *("wil the buss stopp?", ()),
    )
    await check(house)


async def test_a_language_alone_is_put_right(house: House) -> None:
    question = await house.asked(State.SHOWN, "¿Por qué?")
    before = (await house.board()).questions[question]
    await house.decide("question.edit_words", question, lang="es")
    found = (await house.board()).questions[question]
    assert (found.words, found.lang, found.tidied, found.original, found.versions) == (
        *("¿Por qué?", "es", False),
        *(None, ()),
    )
    assert found.rev > before.rev
    shown = card(found, Audience.PUBLIC)
    assert shown is not None
    assert shown.lang == "es"
    await check(house)


async def test_tidied_back_to_the_askers_words_nothing_is_tidied(small_house: House) -> None:
    house = small_house
    question = await house.ask("Why me?")
    for words in ("Why?", "Why me?"):
        await house.decide("question.edit_words", question, words=words)
    found = (await house.board()).questions[question]
    assert (found.words, found.tidied, found.original) == ("Why me?", False, None)
    assert [said.words for said in found.versions] == ["Why me?", "Why?"]
    await house.decide("question.edit_words", question, words="Why them?")
    found = (await house.board()).questions[question]
    assert (found.words, found.tidied, found.original) == ("Why them?", True, "Why me?")
    await check(house)


async def test_an_asker_has_the_last_word_on_their_words(house: House) -> None:
    question = await house.ask("wy me?")
    rev = await house.rev(question)
    await house.decide("question.edit_words", question, words="Why me?")
    refusal = await house.refused(house.mia, "question.approve", question=question, rev=rev)
    assert lately(refusal) == "Ben tidied the words 1 second ago. Your change was not made."
    await house.do(house.rosa, "question.edit", question=question, words="Why not her?", lang="en")
    found = (await house.board()).questions[question]
    assert (found.words, found.tidied, found.original, found.revised) == ("Why not her?", False, None, True)
    assert [said.words for said in found.versions] == ["wy me?"]
    await house.decide("question.edit_words", question, words="Why not them?")
    found = (await house.board()).questions[question]
    assert (found.words, found.tidied, found.original) == ("Why not them?", True, "Why not her?")
    await check(house)


async def test_words_are_tidied_within_the_limit_of_the_session(small_house: House) -> None:
    house = small_house
    question = await house.ask()
    rev = await house.rev(question)
    for body, sentence in (
        ({"words": "a" * 601}, "That is longer than the 600 characters there is room for. Please shorten it."),
        ({}, "There are no words here yet. Please write something first."),
        ({"words": " "}, "There are no words here yet. Please write something first."),
        ({"words": "\u202eWhy?"}, "Some hidden characters came along with these words. Please type them again."),
    ):
        refusal = await house.refused(house.ben, "question.edit_words", question=question, rev=rev, **body)
        assert (refusal.code, refusal.say(str)) == ("bad", sentence)
    await check(house)


@pytest.mark.parametrize("state", [State.DECLINED, State.HIDDEN, State.WITHDRAWN])
async def test_words_that_nobody_reads_are_not_tidied(small_house: House, state: State) -> None:
    question = await small_house.asked(state)
    rev = await small_house.rev(question)
    body = {"question": question, "rev": rev, "words": "Tidy."}
    assert (await small_house.refused(small_house.ben, "question.edit_words", **body)).code == "not_now"


async def test_what_was_taken_out_of_the_words_stays_out(small_house: House) -> None:
    """Redacted versions, tags and words are None wherever they stood; nothing trips over them."""
    house = small_house
    question = await house.asked(State.SHOWN, "wy me?")
    for words in ("Why me?", "wy me?", "Why?"):
        await house.decide("question.edit_words", question, words=words)
    for on in (True, False):
        await house.do(house.ben, "question.tag", question=question, tag="bus", on=on)
    await house.do(house.ben, "question.tag", question=question, tag="lunch")
    await house.decide("followup.plan", question, owner="Ms. Ortiz")
    await house.do(house.ben, "followup.attempt", question=question, outcome="no_answer", words="Rang twice.")
    await house.decide("followup.close", question, outcome="unreachable", words="Never there.")
    await house.do(house.ben, "words.redact", question=question, reason="wish")
    found = (await house.board()).questions[question]
    assert (found.words, found.original, found.tidied, found.tags) == (None, None, True, ())
    assert [said.words for said in found.versions] == [None] * 3
    assert found.follow_up is not None
    assert (found.follow_up.owner, [said.words for said in found.follow_up.tries]) == (None, [None])
    await check(house)


BESIDE: dict[str, dict[str, Any]] = {
    "question.note": {"words": "Look at number 3."},
    "question.flag": {"flag": "look"},
    "question.tag": {"tag": "bus"},
    "question.see": {},
}


@pytest.mark.parametrize("command", BESIDE)
@pytest.mark.parametrize("state", State)
async def test_what_is_laid_beside_a_question_changes_nothing_in_it(
    small_house: House, state: State, command: str
) -> None:
    """In whatever state: no rev moves, nobody outside the desk has a new number, the asker's card is the same."""
    house = small_house
    question = await house.asked(state)
    before, row = await house.board(), await house.question(question)
    seen = card(before.questions[question], Audience.DESK)
    await house.do(house.mia, command, question=question, **BESIDE[command])
    after, now = await house.board(), await house.question(question)
    assert (after.seq, after.public) == (before.seq + 1, before.public)
    kept = [(q.rev, q.state, q.last_event, q.last_by, q.last_at, q.order) for q in (row, now)]
    assert kept[0] == kept[1]
    assert after.questions[question].rev == before.questions[question].rev
    assert told(after, question) == told(before, question)
    for audience in (Audience.PUBLIC, Audience.SPEAKER):
        assert card(after.questions[question], audience) == card(before.questions[question], audience)
    now_seen = card(after.questions[question], Audience.DESK)
    assert seen is not None
    assert now_seen is not None
    assert now_seen.rev == after.seq > seen.rev
    await check(house)


async def test_flags_and_tags_come_and_go(house: House) -> None:
    question = await house.ask("Write to rosa@example.org")
    assert (await house.board()).questions[question].flags == ("email",)
    for command, name, on in (
        ("flag", "look", True),
        ("flag", "email", False),
        ("flag", "email", False),
        ("flag", "look", True),
        ("tag", " school  bus ", True),
        ("tag", "lunch", True),
        ("tag", "school bus", False),
        ("tag", "nothing", False),
    ):
        await house.do(house.ben, f"question.{command}", question=question, **{command: name, "on": on})
    found = (await house.board()).questions[question]
    assert (found.flags, found.tags) == (("look",), ("lunch",))
    await check(house)


async def test_a_flag_or_tag_that_cannot_be_changes_nothing(small_house: House) -> None:
    question = await small_house.ask()
    for command, more, sentence in (
        ("question.flag", {"flag": "boring"}, "There is no such flag. Please choose one from the list."),
        ("question.tag", {"tag": " "}, "There are no words here yet. Please write something first."),
        (
            "question.tag",
            {"tag": "a" * 31},
            "That is longer than the 30 characters there is room for. Please shorten it.",
        ),
    ):
        refusal = await small_house.refused(small_house.ben, command, question=question, **more)
        assert (refusal.code, refusal.say(str)) == ("bad", sentence)
    await check(small_house)


async def test_who_has_seen_a_question_is_on_record(small_house: House) -> None:
    question = await small_house.ask()
    for who in (small_house.ben, small_house.mia):
        await small_house.do(who, "question.see", question=question)
    times = [entry.event.at for entry in await small_house.entries()][-2:]
    found = (await small_house.board()).questions[question]
    assert found.seen == (Said(None, "Ben", times[0]), Said(None, "Mia", times[1]))
    await check(small_house)


async def test_danger_tells_the_asker_where_help_is(small_house: House) -> None:
    """The one flag that its asker notices, for as long as it stands."""
    house = small_house
    question = await house.ask()
    for flag, on, help_ in (("look", True, False), ("danger", True, True), ("danger", False, False)):
        await house.do(house.ben, "question.flag", question=question, flag=flag, on=on)
        assert told(await house.board(), question).help is help_


async def test_decisions_of_one_batch_stand_or_fall_alone(house: House) -> None:
    """They share one transaction: what one of them is refused leaves nothing of it in what the others commit."""
    a, b, c, d = [await house.ask(f"Number {n}?") for n in range(4)]
    seq = (await house.board()).seq
    works: tuple[tuple[str, dict[str, Any]], ...] = (
        ("question.merge", {"question": a, "into": b}),
        ("question.merge", {"question": b, "into": a}),
        ("question.merge", {"question": b, "into": c}),
        ("question.unmerge", {"question": c}),
        ("question.edit_words", {"question": c, "words": "a" * 601}),
        ("question.decline", {"question": c, "reason": "boring", "say": "Left behind?"}),
        ("question.hand_over", {"question": d, "to": "a" * 81}),
        ("question.approve", {"question": d}),
    )
    outcomes = await asyncio.gather(
        *(house.do(house.ben, command, rev=seq, **body) for command, body in works), return_exceptions=True
    )
    assert [o.code if isinstance(o, Refusal) else "ok" for o in outcomes] == [
        *("ok", "bad", "ok", "not_now", "bad", "bad", "bad", "ok"),
    ]
    assert (await house.events())[seq:] == ["question.merged", "question.merged", "question.approved"]
    board = await house.board()
    assert {q.id: (q.state, q.into) for q in board.questions.values()} == {
        a: (State.MERGED, b),
        b: (State.MERGED, c),
        c: (State.HELD, None),
        d: (State.SHOWN, None),
    }
    assert len((await house.rows())["words"]) == 4
    await check(house)
