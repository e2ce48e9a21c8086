"""Everything a device may ask: who may, in what form, and what a key is worth."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from live.bodies import OnQuestion
from live.commands import COMMANDS, Command, Commands, Work
from live.throttle import BUDGETS, LANE, WHOLE, Throttle
from moderation.questions import Question
from sessions import captions
from sessions.database import Transaction
from sessions.events import State
from sessions.permissions import GRANTS, Caller, Permission, Role
from sessions.refusals import Refusal
from tests.house import SECRET, House, check

MATRIX = """
                     participant captioner speaker moderator liaison host administrator
question.ask         yes         yes       yes     yes       yes     yes  yes
question.edit        yes         yes       yes     yes       yes     yes  yes
question.withdraw    yes         yes       yes     yes       yes     yes  yes
question.vote        yes         yes       yes     yes       yes     yes  yes
question.unvote      yes         yes       yes     yes       yes     yes  yes
question.approve     -           -         -       yes       -       yes  yes
question.decline     -           -         -       yes       -       yes  yes
question.hide        -           -         -       yes       -       yes  yes
question.restore     -           -         -       yes       -       yes  yes
question.hand_over   -           -         -       yes       -       yes  yes
question.merge       -           -         -       yes       -       yes  yes
question.unmerge     -           -         -       yes       -       yes  yes
question.edit_words  -           -         -       yes       -       yes  yes
question.flag        -           -         -       yes       -       yes  yes
question.tag         -           -         -       yes       -       yes  yes
question.see         -           -         -       yes       yes     yes  yes
question.claim       -           -         -       yes       -       yes  yes
question.release     -           -         -       yes       -       yes  yes
question.note        -           -         -       yes       -       yes  yes
question.answer      -           -         yes     yes       -       yes  yes
question.reopen      -           -         yes     yes       -       yes  yes
lineup.add           -           -         -       yes       -       yes  yes
lineup.move          -           -         -       yes       -       yes  yes
lineup.remove        -           -         -       yes       -       yes  yes
lineup.assign        -           -         -       yes       -       yes  yes
stage.bring          -           -         yes     yes       -       yes  yes
stage.settle         -           -         yes     yes       -       yes  yes
stage.skip           -           -         yes     yes       -       yes  yes
stage.defer          -           -         yes     yes       -       yes  yes
stage.next           -           -         yes     yes       -       yes  yes
input.pause          -           -         -       yes       -       yes  yes
input.resume         -           -         -       yes       -       yes  yes
input.slow           -           -         -       yes       -       yes  yes
input.hold           -           -         -       yes       -       yes  yes
participant.mute     -           -         -       yes       -       yes  yes
participant.unmute   -           -         -       yes       -       yes  yes
followup.plan        -           -         -       yes       yes     yes  yes
followup.attempt     -           -         -       yes       yes     yes  yes
followup.close       -           -         -       yes       yes     yes  yes
caption.correct      -           yes       -       yes       -       yes  yes
words.redact         -           -         -       yes       -       yes  yes
caption.redact       -           -         -       yes       -       yes  yes
session.schedule     -           -         -       -         -       yes  yes
session.reschedule   -           -         -       -         -       yes  yes
session.open_doors   -           -         -       -         -       yes  yes
session.start        -           -         -       -         -       yes  yes
session.pause        -           -         -       -         -       yes  yes
session.resume       -           -         -       -         -       yes  yes
session.end          -           -         -       -         -       yes  yes
session.carry_over   -           -         -       yes       -       yes  yes
session.complete     -           -         -       -         -       yes  yes
session.publish      -           -         -       -         -       yes  yes
session.withdraw     -           -         -       -         -       yes  yes
session.cancel       -           -         -       -         -       yes  yes
"""

ROLES, *LINES = [line.split() for line in MATRIX.strip().splitlines()]
ALLOWED = {
    (Role(role), command): cell == "yes" for command, *cells in LINES for role, cell in zip(ROLES, cells, strict=True)
}

BODIES: dict[str, dict[str, Any]] = {
    "question.ask": {"words": "Will there be lunch?", "lang": "en"},
    "question.edit": {"words": "Will there be lunch?", "lang": "en"},
    "question.decline": {"reason": "off_topic"},
    "question.note": {"words": "See number 3."},
    "question.answer": {"words": "Yes.", "lang": "en"},
    "question.merge": {"into": "other"},
    "question.edit_words": {"words": "Is there lunch?"},
    "question.flag": {"flag": "look"},
    "question.tag": {"tag": "lunch"},
    "input.slow": {"seconds": 30},
    "input.hold": {"on": True},
    "followup.attempt": {"outcome": "reached"},
    "followup.close": {"outcome": "answered"},
    "caption.correct": {"lang": "en", "cue": 1, "rev": 1, "words": "Good night."},
    "words.redact": {"reason": "child"},
    "caption.redact": {"lang": "en", "cue": 1, "reason": "child"},
    "session.reschedule": {"starts_at": "2030-01-01T18:00:00-07:00"},
}
"""What a command needs beside its key, its question and its rev."""


def body(command: str, question: str = "none") -> dict[str, Any]:
    """A body that is in order."""
    fields = dict(BODIES.get(command, {}))
    if issubclass(COMMANDS[command].body, OnQuestion):
        fields["question"] = question
        if "rev" in COMMANDS[command].body.__struct_fields__:
            fields["rev"] = 0
    return fields


def test_the_matrix_names_every_role_and_every_command() -> None:
    assert {Role(role) for role in ROLES} == set(GRANTS) == set(Role)
    assert set(ALLOWED) == {(role, command) for role in GRANTS for command in COMMANDS}


def test_the_matrix_is_what_is_granted() -> None:
    assert {
        (role, name): command.permission in GRANTS[role] for role in GRANTS for name, command in COMMANDS.items()
    } == ALLOWED


@pytest.mark.parametrize("role", Role)
async def test_the_matrix_holds_when_run(small_house: House, role: Role) -> None:
    caller = Caller("someone", frozenset({role}))
    ran = {}
    for command in COMMANDS:
        try:
            await small_house.do(caller, command, **body(command))
            ran[role, command] = True
        except Refusal as refusal:
            ran[role, command] = refusal.code != "not_allowed"
    assert ran == {cell: allowed for cell, allowed in ALLOWED.items() if cell[0] is role}
    await check(small_house)


async def test_roles_add_up(small_house: House) -> None:
    both = Caller("lia", frozenset({Role.LIAISON, Role.SPEAKER}))
    assert all(both.may(p) == (p in GRANTS[Role.LIAISON] | GRANTS[Role.SPEAKER]) for p in Permission)


async def test_an_unknown_command_is_refused(small_house: House) -> None:
    for name in ("question.delete", "", "question", "QUESTION.ASK", "__class__"):
        refusal = await small_house.refused(small_house.ana, name)
        assert (refusal.code, refusal.status) == ("not_found", 404)


async def test_an_unknown_session_is_refused(small_house: House) -> None:
    with pytest.raises(Refusal) as refused:
        await small_house.commands.run(small_house.ana, 999, "session.pause", {"key": "key-00000"})
    assert refused.value.code == "not_found"


ASK = {"key": "key-of-rosa", "words": "Will there be lunch?", "lang": "en"}


async def test_families_learn_public_numbers_and_staff_learn_backstage_ones(small_house: House) -> None:
    house = small_house
    asked = await house.commands.run(house.rosa, house.session_id, "question.ask", ASK)
    assert asked == {"ok": True, "head": 3, "question": asked["question"]}
    approved = await house.decide("question.approve", asked["question"])
    assert approved == {"ok": True, "head": 5, "question": asked["question"], "rev": 5}
    assert await house.do(house.ana, "session.pause") == {"ok": True, "head": 6}
    await check(house)


async def test_the_same_key_gives_the_first_answer_after_a_restart(house: House) -> None:
    first = await house.commands.run(house.rosa, house.session_id, "question.ask", ASK)
    await house.ask("Another one?")
    again = await house.commands.run(house.rosa, house.session_id, "question.ask", ASK)
    after = await house.restarted().run(house.rosa, house.session_id, "question.ask", ASK)
    assert first == again == after
    assert (await house.events()).count("question.asked") == 2
    await check(house)


async def test_a_kept_answer_comes_before_any_look_at_rev(house: House) -> None:
    question = await house.ask()
    approve = {"key": "key-of-ben", "question": question, "rev": await house.rev(question)}
    first = await house.commands.run(house.ben, house.session_id, "question.approve", approve)
    await house.decide("question.hide", question, by=house.mia)
    again = await house.restarted().run(house.ben, house.session_id, "question.approve", approve)
    assert first == again
    assert await house.state(question) is State.HIDDEN
    await check(house)


async def test_a_key_is_kept_for_one_person_and_one_session(house: House) -> None:
    other = await House.build(house.database)
    answers = [
        await house.commands.run(house.rosa, house.session_id, "question.ask", ASK),
        await house.commands.run(Caller("luis"), house.session_id, "question.ask", ASK),
        await other.commands.run(house.rosa, other.session_id, "question.ask", ASK),
    ]
    assert len({answer["question"] for answer in answers}) == 3
    await check(house)
    await check(other)


async def test_twenty_times_at_once_is_one_question_with_one_answer(house: House) -> None:
    servers = [house.restarted() for _ in range(4)]
    answers = await asyncio.gather(
        *(servers[n % 4].run(house.rosa, house.session_id, "question.ask", ASK) for n in range(20))
    )
    assert answers == [answers[0]] * 20
    assert (await house.events()).count("question.asked") == 1
    await check(house)


async def test_a_key_with_another_body_is_refused_and_changes_nothing(house: House) -> None:
    first = await house.commands.run(house.rosa, house.session_id, "question.ask", ASK)
    before = await house.rows()
    for other in ({**ASK, "words": "Will there be supper?"}, {**ASK, "lang": "es"}, {**ASK, "private": True}):
        with pytest.raises(Refusal) as refused:
            await house.commands.run(house.rosa, house.session_id, "question.ask", other)
        assert refused.value.code == "key_reused"
    with pytest.raises(Refusal) as refused:
        vote = {"key": ASK["key"], "question": first["question"]}
        await house.commands.run(house.rosa, house.session_id, "question.withdraw", vote)
    assert refused.value.code == "key_reused"
    assert await house.rows() == before
    await check(house)


async def test_a_form_that_is_used_again_asks_another_question_once(house: House) -> None:
    other = {**ASK, "words": "Will there be supper?"}
    first = await house.commands.run(house.rosa, house.session_id, "question.ask", ASK, form=True)
    second = await house.commands.run(house.rosa, house.session_id, "question.ask", other, form=True)
    assert first["question"] != second["question"]
    for commands in (house.commands, house.restarted()):
        assert await commands.run(house.rosa, house.session_id, "question.ask", other, form=True) == second
        assert await commands.run(house.rosa, house.session_id, "question.ask", ASK, form=True) == first
    assert [q.words for q in (await house.board()).questions.values()] == [ASK["words"], other["words"]]
    await check(house)


def spenders(house: House, clock: list[float]) -> Commands:
    """Commands whose budgets do run out, by a clock that the test turns."""
    return Commands(house.database, Throttle(lambda: clock[0]), house.commits.append, SECRET)


async def outcome(commands: Commands, house: House, body: dict[str, Any], **more: Any) -> str:
    """The question's id, or the code of the refusal."""
    try:
        answer = await commands.run(more.pop("by", house.rosa), house.session_id, "question.ask", body, **more)
    except Refusal as refusal:
        return refusal.code
    return str(answer["question"])


@pytest.mark.parametrize("form", [True, False])
async def test_the_same_key_with_other_words_is_charged_each_time(small_house: House, form: bool) -> None:
    """A form that was left open, and used by a script, is no way around the budget."""
    house, clock = small_house, [1000.0]
    commands, burst = spenders(house, clock), BUDGETS["question.ask"].burst
    bodies = [{**ASK, "words": f"Number {n}?"} for n in range(burst + 3)]
    outcomes = [await outcome(commands, house, body, form=form) for body in bodies]
    assert outcomes[burst:] == ["too_fast"] * 3
    assert len((await house.board()).questions) == (burst if form else 1)
    if not form:
        assert outcomes[1:burst] == ["key_reused"] * (burst - 1)
    # Sent again as they were, they cost nothing and say what they said.
    for _ in range(3):
        assert [await outcome(commands, house, body, form=form) for body in bodies[:burst]] == outcomes[:burst]
    clock[0] += BUDGETS["question.ask"].seconds + 1
    assert [await outcome(commands, house, body, form=form) == "too_fast" for body in bodies[burst:]] == [
        *(False, True, True),
    ]
    await check(house)


async def test_the_address_of_who_asks_is_counted(small_house: House) -> None:
    """Who makes themselves a new person for each question is slowed once the session's own budget is half spent."""
    house = small_house
    commands = spenders(house, [1000.0])
    for n in range(WHOLE.burst // 2 + 1 + LANE.burst):
        commands.throttle.spend(house.session_id, f"nobody-{n}", "question.ask", "key-00000", "203.0.113.7")
    assert await outcome(commands, house, ASK, by=Caller("new"), address="203.0.113.7") == "too_fast"
    question = await outcome(commands, house, ASK, by=Caller("other"), address="192.0.2.1")
    assert list((await house.board()).questions) == [question]
    approve = {"key": "key-of-ben", "question": question, "rev": await house.rev(question)}
    await commands.run(house.ben, house.session_id, "question.approve", approve, address="203.0.113.7")
    vote = {"key": "key-of-luis", "question": question}
    await commands.run(Caller("luis"), house.session_id, "question.vote", vote, address="203.0.113.7")
    await check(house)


async def test_a_refusal_is_not_kept(house: House) -> None:
    await house.do(house.ben, "input.pause")
    with pytest.raises(Refusal) as refused:
        await house.commands.run(house.rosa, house.session_id, "question.ask", ASK)
    assert refused.value.code == "not_now"
    await house.do(house.ben, "input.resume")
    answer = await house.commands.run(house.rosa, house.session_id, "question.ask", ASK)
    assert list((await house.board()).questions) == [answer["question"]]
    await check(house)


async def test_a_thousand_asks_at_once_are_each_there_in_few_commits(house: House) -> None:
    house.commits.clear()
    answers = await asyncio.gather(
        *(house.ask(f"Will bus {n} stop at Speedway?", Caller(f"parent-{n}")) for n in range(1000))
    )
    board = await house.board()
    assert {q.id: (q.author, q.words) for q in board.questions.values()} == {
        question: (f"parent-{n}", f"Will bus {n} stop at Speedway?") for n, question in enumerate(answers)
    }
    assert len(house.commits) <= 5
    await house.verified()


async def test_what_waits_behind_a_commit_shares_the_next_one(house: House) -> None:
    house.commits.clear()
    await asyncio.gather(*(house.ask(by=Caller(f"parent-{n}")) for n in range(10)))
    assert len(house.commits) == 1
    await check(house)


async def broken(tx: Transaction, caller: Caller, question: str) -> Question:
    """A verb with a fault of its own: it has recorded something already when it fails."""
    tx.session.seq += 1
    tx.session.asked += 1
    raise ZeroDivisionError


class Faulty(Commands):
    """Commands in one of which `question.withdraw` has a fault."""

    async def perform(self, tx: Transaction, works: Sequence[Work]) -> list[dict[str, Any] | Refusal]:
        fault = Command(OnQuestion, Permission.ASK, broken)
        return await super().perform(
            tx,
            [
                Work(w.caller, fault, w.fields, w.key, w.digest) if w.command is COMMANDS["question.withdraw"] else w
                for w in works
            ],
        )


async def test_a_command_that_breaks_fails_alone(house: House) -> None:
    question = await house.ask()
    house.commands = Faulty(house.database, house.commands.throttle, house.commits.append, SECRET)
    before = len(await house.entries())
    *asked, failed = await asyncio.gather(
        *(house.ask(f"Number {n}?", Caller(f"parent-{n}")) for n in range(5)),
        house.do(house.rosa, "question.withdraw", question=question),
        return_exceptions=True,
    )
    assert isinstance(failed, Refusal)
    assert (failed.code, failed.status) == ("not_saved", 503)
    board = await house.board()
    assert [board.questions[str(id)].words for id in asked] == [f"Number {n}?" for n in range(5)]
    assert len(await house.entries()) == before + 5
    assert await house.state(question) is State.HELD
    await check(house)


async def test_who_asks_and_goes_away_takes_nobody_along(house: House) -> None:
    asking = [asyncio.create_task(house.ask(f"Number {n}?", Caller(f"parent-{n}"))) for n in range(6)]
    await asyncio.sleep(0)
    for task in asking[::2]:
        task.cancel()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert [isinstance(outcome, asyncio.CancelledError) for outcome in outcomes] == [True, False] * 3
    await house.commands.batches.finish()
    words = {q.words for q in (await house.board()).questions.values()}
    # What was sent is asked, whether or not anybody stayed to hear the answer.
    assert words == {f"Number {n}?" for n in range(6)}
    await check(house)


async def test_every_command_once_and_the_truth_holds(house: House) -> None:
    house = await House.build(house.database, speakers=("Dr. Lee",))
    draft = await House.build(house.database, live=False)
    done = {"session.schedule", "session.start"}

    async def do(which: House, command: str, by: Caller | None = None, **more: Any) -> None:
        done.add(command)
        await which.do(by or which.ana, command, **more)

    async def decide(command: str, question: str, by: Caller | None = None, **more: Any) -> None:
        done.add(command)
        await house.decide(command, question, by, **more)

    await do(draft, "session.schedule")
    await do(draft, "session.open_doors")
    await do(draft, "session.reschedule", starts_at="2031-05-01T18:00:00-07:00")
    await do(draft, "session.cancel")

    done.add("question.ask")
    one, two, three = [await house.ask(f"Number {n}?", name="Rosa", topic="Lunch") for n in range(3)]
    await do(house, "question.edit", house.rosa, question=one, words="Number zero?", lang="en")
    await do(house, "question.note", house.ben, question=one, words="Ask Sam.")
    for question in (one, two, three):
        await decide("question.approve", question)
    await do(house, "question.vote", Caller("luis"), question=one)
    await do(house, "question.unvote", Caller("luis"), question=one)
    await do(house, "question.vote", Caller("luis"), question=two)
    for question in (one, two, three):
        await decide("lineup.add", question)
    await decide("lineup.move", three)
    await decide("lineup.remove", two)
    await decide("stage.bring", one, house.sam)
    await decide("stage.skip", one, house.sam)
    await decide("stage.bring", one, house.sam)
    await decide("stage.settle", one, house.sam)
    await do(house, "stage.next", house.sam)
    await decide("question.answer", one, house.sam, words="Yes: noon.", lang="en")
    await decide("question.reopen", one, house.sam)
    await decide("question.hide", one)
    await decide("question.restore", one)
    await decide("question.decline", one, reason="twice", say="See the one above.")
    await decide("question.hand_over", two, to="Ms. Ortiz")
    four, five, six = [await house.ask(f"Number {n}?") for n in (4, 5, 6)]
    await do(house, "question.withdraw", house.rosa, question=four)
    await do(house, "question.flag", question=five, flag="look")
    await do(house, "question.tag", question=five, tag="Lunch")
    await do(house, "question.see", question=five)
    await do(house, "question.claim", question=five)
    await do(house, "question.release", question=five)
    await decide("question.edit_words", five, words="Number five?")
    await decide("question.merge", five, into=six)
    await decide("question.unmerge", five)
    await decide("question.approve", five)
    await decide("lineup.assign", five, speaker="Dr. Lee")
    await decide("lineup.add", five)
    await decide("stage.skip", three)
    await decide("stage.bring", five)
    await decide("stage.defer", five)
    await do(house, "participant.mute", question=six)
    await do(house, "participant.unmute", question=six)
    await do(house, "input.slow", seconds=30)
    await do(house, "input.hold", on=True)
    await do(house, "input.pause")
    await do(house, "input.resume")
    await do(house, "session.pause")
    await do(house, "session.resume")
    await do(house, "session.end")
    await do(house, "session.carry_over", owner="Ms. Ortiz", due="2031-05-08")
    await decide("followup.plan", five, owner="Mr. Paz")
    await do(house, "followup.attempt", question=five, outcome="no_answer", words="Nobody at home.")
    for question in (three, five, six):
        await decide("followup.close", question, outcome="answered")
    await do(house, "session.complete")
    async with house.database.writing() as tx:
        await tx.lock(house.session_id)
        await captions.take_in(tx, house.ana, "en", [captions.Line(0, 900, None, "Good evening.")])
    await do(house, "caption.correct", house.staff["cai"], lang="en", cue=1, rev=1, words="Good night.")
    await do(house, "caption.redact", house.ben, lang="en", cue=1, reason="person")
    await do(house, "words.redact", house.ben, question=one, reason="wish")
    await do(house, "session.publish")
    await do(house, "session.withdraw")
    assert done == set(COMMANDS)
    await check(house)
    await check(draft)
