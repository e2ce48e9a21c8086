"""What a family does with its own question."""

from __future__ import annotations

from typing import Any

import pytest

from sessions.audiences import card, own_card
from sessions.database import Database
from sessions.events import State
from sessions.permissions import Caller
from sessions.question import Audience
from tests.house import House, check


async def test_a_question_is_held_until_a_person_has_read_it(house: House) -> None:
    question = await house.ask("  Will the bus stop at Speedway?  ", name=" Rosa  M. ", topic="Buses")
    asked = (await house.board()).questions[question]
    assert (asked.state, asked.words, asked.name, asked.topic, asked.number, asked.author) == (
        State.HELD,
        "Will the bus stop at Speedway?",
        "Rosa M.",
        "Buses",
        1,
        "rosa",
    )
    await check(house)


async def test_without_review_it_shows_at_once(database: Database) -> None:
    house = await House.build(database, review=False)
    question = await house.ask()
    assert await house.state(question) is State.SHOWN
    assert await house.state(await house.ask(private=True)) is State.PRIVATE
    board = await house.board()
    assert card(board.questions[question], Audience.PUBLIC) is not None
    await check(house)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"words": ""}, "There are no words here yet. Please write something first."),
        ({"words": "\u200b"}, "There are no words here yet. Please write something first."),
        ({"words": "a" * 601}, "That is longer than the 600 characters there is room for. Please shorten it."),
        ({"words": "\u202eWhy?"}, "Some hidden characters came along with these words. Please type them again."),
        ({"name": "a" * 61}, "That is longer than the 60 characters there is room for. Please shorten it."),
        ({"contact": "a" * 201}, "That is longer than the 200 characters there is room for. Please shorten it."),
        ({"topic": "Weather"}, "This session has no such topic. Please choose one from the list."),
        ({"school": "Elsewhere"}, "This session has no such school on its list. Please choose one from it."),
        (
            {"contact": "520-555-0100", "times": "a" * 121},
            "That is longer than the 120 characters there is room for. Please shorten it.",
        ),
    ],
)
async def test_a_question_that_cannot_be_is_refused_in_words(
    small_house: House, fields: dict[str, Any], sentence: str
) -> None:
    body = {"words": "Why?", "lang": "en"} | fields
    refusal = await small_house.refused(small_house.rosa, "question.ask", **body)
    assert (refusal.code, refusal.say(str)) == ("bad", sentence)
    await check(small_house)


async def test_what_is_left_empty_is_not_there(small_house: House) -> None:
    question = await small_house.ask(name=" ", topic="", contact="\n")
    asked = (await small_house.board()).questions[question]
    assert (asked.name, asked.topic, asked.contact) == (None, None, False)


async def test_a_school_of_the_plan_stands_on_the_card(sqlite: Database) -> None:
    house = await House.build(sqlite, schools=("Tucson High", "Palo Verde"))
    one, none = await house.ask(school="Palo Verde"), await house.ask(school="")
    assert {q.id: q.school for q in (await house.board()).questions.values()} == {one: "Palo Verde", none: None}
    await house.decide("question.approve", one)
    shown = card((await house.board()).questions[one], Audience.PUBLIC)
    assert shown is not None
    assert shown.school == "Palo Verde"
    await check(house)


async def test_where_nobody_gives_a_name_none_is_kept(small_house: House) -> None:
    house = await House.build(small_house.database, names="never")
    question = await house.ask(name="Rosa Montez")
    assert (await house.board()).questions[question].name is None
    assert "Montez" not in repr(await house.rows())


async def test_scripts_are_words(small_house: House) -> None:
    words = "<script>alert('bus')</script> & {{ 7 * 7 }}"
    question = await small_house.ask(words)
    assert (await small_house.board()).questions[question].words == words


async def test_a_question_in_the_language_of_its_page(small_house: House) -> None:
    house = small_house
    body = {"key": "key-of-rosa", "words": "¿Por qué?"}
    answer = await house.commands.run(house.rosa, house.session_id, "question.ask", body, lang="es")
    assert (await house.board()).questions[answer["question"]].lang == "es"


async def test_a_question_is_in_the_language_of_its_words_where_that_is_clear(small_house: House) -> None:
    house = small_house
    for words, page, spoken in (
        ("متى يصل الباص؟", "es", "ar"),
        ("¿A qué hora llega el camión de la escuela?", "en", "es"),
        ("Bus?", "es", "es"),
    ):
        question = await house.ask(words, lang=page)
        assert (await house.board()).questions[question].lang == spoken
    await house.do(house.rosa, "question.edit", question=question, words="When does the bus come?", lang="es")
    assert (await house.board()).questions[question].lang == "en"


async def test_an_asker_edits_while_nobody_has_acted(house: House) -> None:
    question = await house.ask()
    await house.do(house.rosa, "question.edit", question=question, words="Will it stop at Grant?", lang="en")
    edited = (await house.board()).questions[question]
    assert (edited.words, edited.revised, edited.state) == ("Will it stop at Grant?", True, State.HELD)
    await house.decide("question.approve", question)
    refusal = await house.refused(house.rosa, "question.edit", question=question, words="Nothing.", lang="en")
    assert (refusal.code, refusal.say(str)) == (
        "not_now",
        "That cannot be done: this question is shown to everyone now.",
    )
    await check(house)


async def test_only_the_asker_edits_or_withdraws(small_house: House) -> None:
    house = small_house
    shown, held = await house.asked(State.SHOWN), await house.ask()
    for question, caller, code in (
        (shown, Caller("luis"), "not_allowed"),
        (shown, house.ben, "not_allowed"),
        (held, house.ben, "not_allowed"),
        (held, Caller("luis"), "not_found"),
        (held, house.sam, "not_found"),
    ):
        edited = {"words": "Mine now.", "lang": "en"}
        assert (await house.refused(caller, "question.withdraw", question=question)).code == code
        assert (await house.refused(caller, "question.edit", question=question, **edited)).code == code


async def test_nobody_asks_while_the_doors_are_shut_or_questions_are_paused(sqlite: Database) -> None:
    house = await House.build(sqlite, live=False)
    ask = {"words": "Why?", "lang": "en"}
    assert (await house.refused(house.rosa, "question.ask", **ask)).say(str) == "This session is still being planned."
    await house.do(house.ana, "session.schedule")
    assert (await house.refused(house.rosa, "question.ask", **ask)).code == "not_now"
    await house.do(house.ana, "session.open_doors")
    question = await house.ask()
    await house.do(house.ben, "input.pause")
    assert (await house.refused(house.rosa, "question.ask", **ask)).code == "not_now"
    await house.do(house.rosa, "question.withdraw", question=question)
    assert await house.state(question) is State.WITHDRAWN
    await check(house)


@pytest.mark.parametrize("state", [State.HELD, State.SHOWN, State.QUEUED, State.PRIVATE])
async def test_who_withdraws_takes_words_name_and_contact_along(house: House, state: State) -> None:
    contact, words = "520-555-0100", "Is the zebrafinch ill?"
    question = await house.ask(words, name="Rosa Montez", contact=contact, private=state is State.PRIVATE)
    kept = await house.ask("Another one?", name="Rosa Montez", contact=contact)
    if state is not State.PRIVATE:
        await house.bring(question, state)
    await house.do(house.rosa, "question.withdraw", question=question)
    rows = await house.rows()
    assert [row[0] for row in rows["contacts"]] == [kept]
    withdrawn = (await house.board()).questions[question]
    shown = card(withdrawn, Audience.DESK)
    assert shown is not None
    assert (shown.state, shown.words, shown.name, shown.contact, shown.place) == (
        *(State.WITHDRAWN, None, None, False, "done"),
    )
    assert [card(withdrawn, audience) for audience in (Audience.PUBLIC, Audience.SPEAKER)] == [None, None]
    own = own_card(withdrawn)
    assert (own.words, own.name, own.may_withdraw, own.may_edit) == (words, "Rosa Montez", False, False)
    await check(house)


@pytest.mark.parametrize("state", [State.ON_STAGE, State.ANSWERED, State.DECLINED, State.HIDDEN, State.WITHDRAWN])
async def test_a_withdrawal_that_is_refused_leaves_the_contact(small_house: House, state: State) -> None:
    house = small_house
    question = await house.asked(state, contact="520-555-0100")
    before = len((await house.rows())["contacts"])
    assert (await house.refused(house.rosa, "question.withdraw", question=question)).code == "not_now"
    assert len((await house.rows())["contacts"]) == before == (state is not State.WITHDRAWN)


async def test_a_question_for_staff_alone_is_taken_back_after_the_end_too(small_house: House) -> None:
    house = small_house
    question = await house.ask(private=True, contact="520-555-0100")
    await house.decide("question.hand_over", question, to="Ms. Ortiz")
    await house.do(house.ana, "session.end")
    assert (await house.refused(Caller("luis"), "question.withdraw", question=question)).code == "not_found"
    assert own_card((await house.board()).questions[question]).may_withdraw
    await house.do(house.rosa, "question.withdraw", question=question)
    assert await house.state(question) is State.WITHDRAWN
    assert (await house.rows())["contacts"] == []
    await check(house)
