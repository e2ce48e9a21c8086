"""The speakers' queue, and the stage that it feeds."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.lineup import DIGITS, between
from moderation.states import NAMES
from sessions.audiences import card, own_card
from sessions.database import Database
from sessions.events import State
from sessions.permissions import Caller
from sessions.question import Audience, FollowUp
from sessions.refusals import Refusal
from tests.house import House, check, lately

KEYS = st.text(DIGITS, min_size=1, max_size=12).filter(lambda key: key[-1] != "0")


@given(KEYS | st.just(""), KEYS | st.just(""))
def test_a_key_lies_between_its_neighbours(low: str, high: str) -> None:
    if high and low >= high:
        with pytest.raises(ValueError, match="no room"):
            between(low, high)
        return
    key = between(low, high)
    assert low < key
    assert not high or key < high
    assert not key.endswith("0")
    assert set(key) <= set(DIGITS)
    assert len(key) <= max(len(low), len(high)) + 1


@given(st.lists(st.integers(0, 1000), max_size=60))
def test_any_number_of_moves_leaves_an_order(moves: list[int]) -> None:
    line: list[str] = []
    for move in moves:
        at = move % (len(line) + 1)
        line.insert(at, between(line[at - 1] if at else "", line[at] if at < len(line) else ""))
        assert line == sorted(set(line))


def test_keys_stay_short_where_most_are_put() -> None:
    key = ""
    for _ in range(600):
        key = between(key, "")
    assert len(key) <= 40
    first = "i"
    for _ in range(600):
        first = between("", first)
    assert len(first) <= 130


async def line(house: House) -> list[str]:
    return [question.id for question in (await house.board()).lineup()]


async def test_who_is_added_stands_at_the_end(house: House) -> None:
    asked = [await house.asked(State.QUEUED, f"Number {n}?") for n in range(4)]
    assert await line(house) == asked
    await check(house)


async def test_a_question_is_moved_behind_another_or_to_the_front(house: House) -> None:
    a, b, c, d = [await house.asked(State.QUEUED, f"Number {n}?") for n in range(4)]
    for moved, after, order in (
        (d, "", [d, a, b, c]),
        (d, c, [a, b, c, d]),
        (a, b, [b, a, c, d]),
        (a, b, [b, a, c, d]),
        (c, "", [c, b, a, d]),
    ):
        await house.decide("lineup.move", moved, after=after)
        assert await line(house) == order
    await check(house)


async def test_a_question_is_not_put_behind_itself_or_one_that_left(small_house: House) -> None:
    house = small_house
    a, b, gone = [await house.asked(State.QUEUED, f"Number {n}?") for n in range(3)]
    await house.decide("lineup.remove", gone, house.mia)
    elsewhere = await House.build(house.database)
    never, foreign = await house.asked(State.SHOWN, "Never in line?"), await elsewhere.asked(State.QUEUED)
    await elsewhere.decide("lineup.remove", foreign, elsewhere.ana)
    for after in (a, never, foreign, "nothing"):
        refusal = await house.refused(house.ben, "lineup.move", question=a, rev=await house.rev(a), after=after)
        assert (refusal.code, refusal.say(str)) == (
            "not_now",
            "The question to put it behind is not in the line any more.",
        )
    # Whatever became of it since: told is who took it out of the line, and where it stands now.
    lost = "{} took the question to put it behind out of the line 1 second ago; it is {} now."
    for command, more, now in (
        ("question.edit_words", {"words": "Tidied?"}, State.SHOWN),
        ("question.decline", {"reason": "twice"}, State.DECLINED),
    ):
        await house.decide(command, gone, house.ben, **more)
        refusal = await house.refused(house.ben, "lineup.move", question=a, rev=await house.rev(a), after=gone)
        assert (refusal.code, lately(refusal)) == ("not_now", lost.format("Mia", NAMES[now]))
    withdrawn = await house.asked(State.QUEUED, "To be withdrawn?")
    await house.do(house.rosa, "question.withdraw", question=withdrawn)
    refusal = await house.refused(house.ben, "lineup.move", question=a, rev=await house.rev(a), after=withdrawn)
    assert (refusal.code, lately(refusal)) == ("not_now", lost.format("The family", NAMES[State.WITHDRAWN]))
    assert await line(house) == [a, b]


async def test_after_the_end_the_line_can_be_cleared_and_nothing_else(house: House) -> None:
    one, two, shown = [
        await house.asked(state, f"To be {state}?") for state in (State.QUEUED, State.QUEUED, State.SHOWN)
    ]
    await house.do(house.ana, "session.end")
    for over in ("end", "publish"):
        for command, question in (("lineup.add", shown), ("lineup.move", two), ("stage.bring", two)):
            refusal = await house.refused(house.ben, command, question=question, rev=await house.rev(question))
            assert (refusal.code, refusal.say(str)) == (
                "not_now",
                "This session has ended. The answers stay here to read.",
            )
        await house.decide("lineup.remove", one if over == "end" else two)
        if over == "end":
            await house.do(house.ana, "session.publish")
    assert await line(house) == []
    assert {await house.state(question) for question in (one, two, shown)} == {State.SHOWN}
    await check(house)


async def test_many_added_and_moved_at_once_have_places_of_their_own(house: House) -> None:
    asked = [await house.asked(State.SHOWN, f"Number {n}?") for n in range(8)]
    await asyncio.gather(*(house.decide("lineup.add", question) for question in asked))
    assert sorted(await line(house)) == sorted(asked)
    moved = asked[:4]
    await asyncio.gather(*(house.decide("lineup.move", question) for question in moved))
    assert sorted((await line(house))[:4]) == sorted(moved)
    orders = [q.order for q in (await house.board()).lineup()]
    assert len(set(orders)) == 8
    await check(house)


async def test_the_stage_holds_one_question(small_house: House) -> None:
    house = small_house
    first, second = [await house.asked(State.QUEUED, f"Number {n}?") for n in range(2)]
    await house.decide("stage.bring", first, house.sam)
    refusal = await house.refused(house.sam, "stage.bring", question=second, rev=await house.rev(second))
    brought = "Sam brought another question on stage 1 second ago. Settle or skip that one first."
    assert (refusal.code, lately(refusal)) == ("not_now", brought)
    # Who changes it there did not bring it there.
    await house.decide("question.edit_words", first, house.ben, words="Tidied?")
    refusal = await house.refused(house.mia, "stage.bring", question=second, rev=await house.rev(second))
    assert lately(refusal) == brought
    await house.decide("stage.skip", first, house.sam)
    assert await line(house) == [second, first]
    await house.decide("stage.bring", second, house.sam)
    await house.decide("stage.settle", second, house.sam)
    assert await house.state(second) is State.ANSWERED
    await check(house)


async def test_two_bring_two_questions_on_stage_at_once(house: House) -> None:
    questions = [await house.asked(State.QUEUED, f"Number {n}?") for n in range(2)]
    outcomes = await asyncio.gather(
        *(house.decide("stage.bring", q, by) for q, by in zip(questions, (house.sam, house.ben), strict=True)),
        return_exceptions=True,
    )
    won = "Sam" if isinstance(outcomes[0], dict) else "Ben"
    assert [(o.code, lately(o)) for o in outcomes if isinstance(o, Refusal)] == [
        ("not_now", f"{won} brought another question on stage 1 second ago. Settle or skip that one first.")
    ]
    assert len([o for o in outcomes if isinstance(o, dict)]) == 1
    await check(house)


async def next_up(house: House, seen: str | None, by: str) -> str:
    """What a press of the button led to: the question on stage, or the code of the refusal."""
    more = {"question": seen, "rev": await house.rev(seen)} if seen else {}
    try:
        answer = await house.do(house.staff[by], "stage.next", **more)
    except Refusal as refusal:
        return refusal.code
    assert isinstance(answer["question"], str)
    return answer["question"]


async def test_next_walks_down_the_line(small_house: House) -> None:
    house = small_house
    a, b = [await house.asked(State.QUEUED, f"Number {n}?") for n in range(2)]
    assert await next_up(house, None, "sam") == a
    assert await next_up(house, a, "sam") == b
    assert await next_up(house, b, "sam") == b
    assert [await house.state(q) for q in (a, b)] == [State.ANSWERED, State.ANSWERED]
    assert await next_up(house, None, "sam") == "not_now"
    assert await next_up(house, b, "sam") == "not_now"
    await check(house)


@pytest.mark.parametrize("presses", [2, 5])
async def test_pressing_next_together_moves_the_stage_by_one(house: House, presses: int) -> None:
    a, b, c = [await house.asked(State.QUEUED, f"Number {n}?") for n in range(3)]
    people = ["sam", "ben", "mia", "ana", "ada"][:presses]
    assert sorted(await asyncio.gather(*(next_up(house, None, who) for who in people))) == sorted(
        [a, *["stale"] * (presses - 1)]
    )
    rev = await house.rev(a)
    pressed = await asyncio.gather(
        *(house.do(house.staff[who], "stage.next", question=a, rev=rev) for who in people), return_exceptions=True
    )
    assert sorted(p["question"] if isinstance(p, dict) else type(p).__name__ for p in pressed) == sorted(
        [b, *["Refusal"] * (presses - 1)]
    )
    assert [await house.state(q) for q in (a, b, c)] == [State.ANSWERED, State.ON_STAGE, State.QUEUED]
    await check(house)


async def test_next_is_only_while_the_session_is_live(small_house: House) -> None:
    house = small_house
    await house.asked(State.QUEUED)
    await house.do(house.ana, "session.pause")
    assert await next_up(house, None, "sam") == "not_now"
    await house.do(house.ana, "session.resume")
    assert await next_up(house, None, "sam") != "not_now"


def test_a_thousand_moves_into_the_same_gap_fit_the_column() -> None:
    low, high, longest = "h", "i", 0
    for turn in range(1000):
        middle = between(low, high)
        low, high = (middle, high) if turn % 2 else (low, middle)
        longest = max(longest, len(middle))
    assert longest < 255


async def test_next_tells_who_brought_what_is_on_stage(small_house: House) -> None:
    """To whoever presses while their own screen still shows an empty stage."""
    house = small_house
    first = await house.asked(State.QUEUED)
    await house.do(house.sam, "stage.next")
    refusal = await house.refused(house.ben, "stage.next")
    assert (refusal.code, lately(refusal)) == (
        "stale",
        "Sam brought this on stage 1 second ago. Your change was not made.",
    )
    assert refusal.extra == {"question": first}


async def speakers(database: Database) -> House:
    return await House.build(database, speakers=("Dr. Vega", "Sam"))


@pytest.mark.parametrize("state", [State.SHOWN, State.QUEUED, State.ON_STAGE])
async def test_a_question_is_given_to_a_speaker(sqlite: Database, state: State) -> None:
    house = await speakers(sqlite)
    question = await house.asked(state)
    before = await house.board()
    for speaker in ("Dr. Vega", "Sam", "Sam", ""):
        await house.decide("lineup.assign", question, speaker=speaker)
        found = (await house.board()).questions[question]
        assert (found.speaker, found.state, found.order) == (speaker, state, before.questions[question].order)
        assert (await house.question(question)).order == found.order
        on_their_screen = card(found, Audience.SPEAKER)
        assert (on_their_screen.speaker if on_their_screen else None) == (None if state is State.SHOWN else speaker)
        assert card(found, Audience.PUBLIC) == card(before.questions[question], Audience.PUBLIC)
    assert (await house.board()).public == before.public
    await check(house)


async def test_a_speaker_who_is_not_there_answers_nothing(sqlite: Database) -> None:
    house = await speakers(sqlite)
    question = await house.asked(State.SHOWN)
    rev = await house.rev(question)
    for speaker in ("Nobody", "sam", " Sam", " "):
        refusal = await house.refused(house.ben, "lineup.assign", question=question, rev=rev, speaker=speaker)
        assert (refusal.code, refusal.say(str)) == (
            "bad",
            "This session has no such speaker. Please choose one from the list.",
        )
    held = await house.ask()
    refusal = await house.refused(house.ben, "lineup.assign", question=held, rev=await house.rev(held), speaker="Sam")
    assert refusal.code == "not_now"


async def test_who_answers_a_question_goes_with_it(sqlite: Database) -> None:
    """Through the line, the stage and out of it again, until somebody else is chosen."""
    house = await speakers(sqlite)
    question = await house.asked(State.SHOWN)
    await house.decide("lineup.assign", question, speaker="Sam")
    for command in ("lineup.add", "lineup.remove", "lineup.add", "stage.bring", "stage.skip", "stage.bring"):
        await house.decide(command, question)
    rev = await house.rev(question)
    await house.do(house.mia, "lineup.assign", question=question, rev=rev, speaker="Dr. Vega")
    refusal = await house.refused(house.sam, "stage.settle", question=question, rev=rev)
    assert lately(refusal) == "Mia chose who answers this 1 second ago. Your change was not made."
    await house.decide("stage.settle", question)
    assert (await house.board()).questions[question].speaker == "Dr. Vega"
    await check(house)


async def test_what_is_put_off_is_promised_and_followed_up(house: House) -> None:
    question = await house.asked(State.ON_STAGE)
    await house.decide("stage.defer", question, house.sam)
    found, row = (await house.board()).questions[question], await house.question(question)
    assert (found.state, found.order, found.follow_up) == (State.SHOWN, "", FollowUp())
    assert (row.followed, row.is_open, found.is_open) == ("open", True, True)
    for audience in (Audience.PUBLIC, Audience.DESK):
        shown = card(found, audience)
        assert shown is not None
        assert shown.followed == "open"
    assert own_card(found).followed == "open"
    await house.decide("question.answer", question, words="In writing: yes.", lang="en")
    assert (await house.board()).questions[question].is_open is False
    await check(house)


async def test_what_was_followed_up_to_its_end_is_promised_anew(small_house: House) -> None:
    """Whoever had it and what they tried stays on it."""
    house = small_house
    question = await house.asked(State.QUEUED)
    await house.decide("followup.plan", question, owner="Lia", due="2026-06-01")
    await house.do(house.ben, "followup.attempt", question=question, outcome="no_answer")
    await house.decide("followup.close", question, outcome="unreachable")
    closed = (await house.board()).questions[question]
    assert (closed.is_open, closed.follow_up is not None and closed.follow_up.standing) == (False, "closed")
    await house.decide("stage.bring", question)
    await house.decide("stage.defer", question)
    found = (await house.board()).questions[question].follow_up
    assert found is not None
    assert (found.owner, found.due, [said.outcome for said in found.tries], found.closed) == (
        *("Lia", date(2026, 6, 1)),
        *(["no_answer"], None),
    )
    assert (await house.board()).questions[question].is_open
    await check(house)


@pytest.mark.parametrize("state", [s for s in State if s is not State.ON_STAGE])
async def test_only_what_is_on_stage_is_put_off(small_house: House, state: State) -> None:
    question = await small_house.asked(state)
    rev = await small_house.rev(question)
    assert (await small_house.refused(small_house.sam, "stage.defer", question=question, rev=rev)).code in (
        "not_now",
        "not_found",
    )


@pytest.mark.parametrize("end", [State.WITHDRAWN, State.MERGED])
async def test_nobody_is_called_about_what_stands_no_more(small_house: House, end: State) -> None:
    """A family that took its question back, or shares another's answer, is not called about it."""
    house = small_house
    question = await house.asked(State.SHOWN)
    await house.decide("followup.plan", question, owner="Lia")
    if end is State.WITHDRAWN:
        await house.do(house.rosa, "question.withdraw", question=question)
    else:
        await house.decide("question.merge", question, into=await house.ask("Another?", Caller("luis")))
    refusal = await house.refused(house.ben, "followup.attempt", question=question, outcome="reached")
    assert (refusal.code, refusal.say(str)) == (
        "not_now",
        f"That cannot be done: this question is {NAMES[end]} now.",
    )
    assert (await house.board()).questions[question].is_open is False
    await check(house)


async def test_next_leaves_no_gap_when_the_line_was_joined_away(house: House) -> None:
    first, second, third = [await house.asked(State.QUEUED, f"Number {n}?") for n in range(3)]
    await house.do(house.sam, "stage.next")
    await house.decide("question.merge", second, into=first)
    assert await line(house) == [third]
    rev = await house.rev(first)
    await house.do(house.sam, "stage.next", question=first, rev=rev)
    board = await house.board()
    assert {q.id: q.state for q in board.questions.values()} == {
        first: State.ANSWERED,
        second: State.MERGED,
        third: State.ON_STAGE,
    }
    await check(house)
