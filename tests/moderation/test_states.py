"""What may become of a question: what the table has no row for is refused, on paper and on a database."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from live.commands import COMMANDS
from moderation import states
from moderation.states import NAMES, TRANSITIONS, VERBS, VOTABLE
from sessions import policy
from sessions.audiences import SEES
from sessions.events import State
from sessions.permissions import Caller
from sessions.question import OPEN, Audience
from sessions.refusals import Refusal
from tests.house import House, check

TABLE = """
           edit  approve  decline   hand_over  hide    withdraw   queue   move    bring     remove  answer    restore  reopen  settle    skip    merge   unmerge  edit_words  assign    defer  follow_up
held       held  shown    declined  private    -       withdrawn  -       -       -         -       -         -        -       -         -       merged  -        held        -         -      held
shown      -     -        declined  private    hidden  withdrawn  queued  -       -         -       answered  -        -       -         -       merged  -        shown       shown     -      shown
queued     -     -        -         -          hidden  withdrawn  -       queued  on_stage  shown   answered  -        -       -         -       merged  -        queued      queued    -      queued
on_stage   -     -        -         -          hidden  -          -       -       -         -       -         -        -       answered  queued  -       -        on_stage    on_stage  shown  -
answered   -     -        -         -          hidden  -          -       -       -         -       answered  -        shown   -         -       -       -        answered    -         -      answered
declined   -     -        -         -          -       -          -       -       -         -       declined  held     -       -         -       -       -        -           -         -      declined
private    -     -        -         private    -       withdrawn  -       -       -         -       private   held     -       -         -       -       -        private     -         -      private
hidden     -     -        -         -          -       -          -       -       -         -       -         held     -       -         -       -       -        -           -         -      hidden
withdrawn  -     -        -         -          -       -          -       -       -         -       -         -        -       -         -       -       -        -           -         -      -
merged     -     -        -         -          -       withdrawn  -       -       -         -       -         -        -       -         -       -       held     -           -         -      -
"""  # noqa: E501 (a table)
COLUMNS, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
EXPECTED = {
    (State(state), verb): State(cell)
    for state, *cells in ROWS
    for verb, cell in zip(COLUMNS, cells, strict=True)
    if cell != "-"
}

BY_COMMAND: dict[str, tuple[str, dict[str, Any]]] = {
    "edit": ("question.edit", {"words": "Will the bus stop at Grant?", "lang": "en"}),
    "approve": ("question.approve", {}),
    "decline": ("question.decline", {"reason": "off_topic"}),
    "hand_over": ("question.hand_over", {}),
    "hide": ("question.hide", {}),
    "withdraw": ("question.withdraw", {}),
    "queue": ("lineup.add", {}),
    "move": ("lineup.move", {}),
    "bring": ("stage.bring", {}),
    "remove": ("lineup.remove", {}),
    "answer": ("question.answer", {"words": "Yes.", "lang": "en"}),
    "restore": ("question.restore", {}),
    "reopen": ("question.reopen", {}),
    "settle": ("stage.settle", {}),
    "skip": ("stage.skip", {}),
    "merge": ("question.merge", {}),
    "unmerge": ("question.unmerge", {}),
    "edit_words": ("question.edit_words", {"words": "Does it stop at Grant?"}),
    "assign": ("lineup.assign", {}),
    "defer": ("stage.defer", {}),
    "follow_up": ("followup.plan", {"owner": "Ms. Ortiz"}),
}
"""The command that is each verb."""

OWN = ("edit", "withdraw")
"""What only the asker does, without a rev."""

PAIRS = list(itertools.product(State, VERBS))


def test_the_table_is_the_one_written_out_here() -> None:
    assert TRANSITIONS == EXPECTED
    assert sorted(COLUMNS) == VERBS
    assert {state for state, *_ in ROWS} == set(State)


@pytest.mark.parametrize(("state", "verb"), PAIRS)
def test_every_pair_that_is_not_in_the_table_is_refused(state: State, verb: str) -> None:
    if (state, verb) in EXPECTED:
        assert states.step(state, verb) is EXPECTED[state, verb]
        return
    with pytest.raises(Refusal) as refused:
        states.step(state, verb)
    assert refused.value.code == "not_now"
    assert refused.value.say(str) == f"That cannot be done: this question is {NAMES[state]} now."


def test_a_verb_that_is_not_known_is_refused_in_every_state() -> None:
    for state in State:
        with pytest.raises(Refusal):
            states.step(state, "delete")


def test_every_state_has_a_name_and_can_be_reached() -> None:
    assert set(NAMES) == set(State)
    assert {State.HELD, *TRANSITIONS.values()} == set(State)


def test_what_has_no_outcome_yet_is_open() -> None:
    outcomes = {State.ANSWERED, State.DECLINED, State.PRIVATE, State.HIDDEN, State.WITHDRAWN, State.MERGED}
    assert set(OPEN) == set(State) - outcomes


@pytest.mark.parametrize(
    ("private", "review", "first"),
    [
        (False, True, State.HELD),
        (False, False, State.SHOWN),
        (True, True, State.PRIVATE),
        (True, False, State.PRIVATE),
    ],
)
def test_where_a_question_begins(private: bool, review: bool, first: State) -> None:
    assert states.first(private=private, review=review) is first


async def attempt(house: House, verb: str, question: str, into: str) -> None:
    command, more = BY_COMMAND[verb]
    if verb == "merge":
        more = {"into": into}
    if verb in OWN:
        await house.do(house.rosa, command, question=question, **more)
    else:
        await house.decide(command, question, **more)


@pytest.mark.parametrize("state", State)
async def test_on_a_database_too(house: House, state: State) -> None:
    """Each verb in this state: done where the table has a row, and otherwise refused without a trace."""
    into = await house.ask("Something like it?", Caller("luis"))
    question = await house.asked(state)
    before = await house.rows()
    for verb in VERBS:
        if (state, verb) not in EXPECTED:
            with pytest.raises(Refusal) as refused:
                await attempt(house, verb, question, into)
            assert refused.value.code == "not_now"
            assert await house.rows() == before
    for verb in VERBS:
        if (state, verb) in EXPECTED:
            assert await house.state(question) is state
            await attempt(house, verb, question, into)
            assert await house.state(question) is EXPECTED[state, verb]
            # The stage holds one question at a time: it is freed for the next round.
            if await house.state(question) is State.ON_STAGE:
                await house.decide("stage.settle", question)
            question = await house.asked(state)
    await check(house)


@pytest.mark.parametrize("state", State)
async def test_notes_are_taken_in_every_state_and_votes_only_where_they_count(small_house: House, state: State) -> None:
    house = small_house
    question = await house.asked(state)
    rev = await house.rev(question)
    await house.do(house.ben, "question.note", question=question, words="A word between us.")
    assert (await house.state(question), await house.rev(question)) == (state, rev)
    if state in VOTABLE:
        await house.do(Caller("luis"), "question.vote", question=question)
    else:
        refusal = await house.refused(Caller("luis"), "question.vote", question=question)
        # Who may not see a question learns nothing of it, not even that it is past voting.
        assert refusal.code == ("not_now" if state in SEES[Audience.PUBLIC] else "not_found")
    await check(house)


@pytest.mark.parametrize("review", [True, False])
async def test_what_is_only_for_staff_never_reaches_a_public_state(small_house: House, review: bool) -> None:
    house = await House.build(small_house.database, review=review)
    question, into = await house.ask(private=True, contact="520-555-0100"), await house.ask(by=Caller("luis"))
    assert await house.state(question) is State.PRIVATE
    for verb in VERBS:
        if (State.PRIVATE, verb) in EXPECTED:
            continue
        before = await house.rows()
        with pytest.raises(Refusal) as refused:
            await attempt(house, verb, question, into)
        assert refused.value.code == "not_now"
        assert await house.rows() == before
    for verb in ("hand_over", "answer", "hand_over", "edit_words", "follow_up"):
        await attempt(house, verb, question, into)
        assert await house.state(question) is State.PRIVATE
    # The table would let it go back to be read for everyone: that is for what was handed over alone.
    rev = await house.rev(question)
    assert (await house.refused(house.ben, "question.restore", question=question, rev=rev)).code == "not_now"
    board = await house.board()
    assert [q.private for q in board.questions.values()] == [True, False]
    await attempt(house, "withdraw", question, into)
    assert await house.state(question) is State.WITHDRAWN
    assert State.WITHDRAWN not in SEES[Audience.PUBLIC] | SEES[Audience.SPEAKER]
    await check(house)


def test_every_command_on_a_question_is_a_verb_of_the_table_or_leaves_its_state() -> None:
    named = {command for command, _ in BY_COMMAND.values()}
    beside = {"question.ask", "question.vote", "question.unvote", "question.claim", "question.release", "stage.next"}
    laid_beside = {"question.note", "question.flag", "question.tag", "question.see"}
    named -= {"followup.plan"}
    assert named | beside | laid_beside == {
        name for name in COMMANDS if name.split(".")[0] in ("question", "lineup", "stage")
    }


async def test_after_the_end_questions_can_still_get_their_outcome(small_house: House) -> None:
    house = small_house
    held, shown, queued = [await house.asked(s) for s in (State.HELD, State.SHOWN, State.QUEUED)]
    await house.do(house.ana, "session.end")
    assert (await house.refused(house.rosa, "question.ask", words="Late?", lang="en")).code == "not_now"
    rev = await house.rev(shown)
    assert (await house.refused(house.ben, "lineup.add", question=shown, rev=rev)).code == "not_now"
    assert (await house.refused(house.ben, "stage.bring", question=queued, rev=rev)).code == "not_now"
    for question in (shown, queued):
        await house.decide("question.answer", question, words="In writing.", lang="en")
    await house.decide("question.decline", held, reason="off_topic")
    assert {q.state for q in (await house.board()).questions.values()} == {State.ANSWERED, State.DECLINED}
    assert policy.ALLOWED_IN["answer"] == policy.RUNNING | policy.AFTER
    await check(house)
