"""Questions joined and taken apart in any order, with votes and withdrawals between: nobody is counted twice."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from moderation import votes
from moderation.states import TRANSITIONS, TWINS, VOTABLE, taken_apart
from sessions import board as boards
from sessions import log
from sessions.audiences import own_card
from sessions.board import Board
from sessions.events import Entry, State
from sessions.permissions import Caller
from sessions.refusals import Refusal
from tests.house import House, agree, check, fresh_file, reopened

T = TypeVar("T")
NAMES = ("rosa", "luis", "ines", "omar", "ben")
PEOPLE = st.sampled_from(NAMES)
TURNS = st.integers(0, 9_999)
MOST = 5
"""Questions: few enough that what is done meets what was done before."""
EXAMPLES = int(os.environ.get("FACETOFACE_MERGINGS", "20"))
DECISIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "question.approve": ("approve", {}),
    "lineup.add": ("queue", {}),
    "lineup.remove": ("remove", {}),
    "question.hide": ("hide", {}),
    "question.restore": ("restore", {}),
    "question.decline": ("decline", {"reason": "twice"}),
    "question.hand_over": ("hand_over", {"to": "Ms. Ortiz"}),
    "question.answer": ("answer", {"words": "Yes.", "lang": "en"}),
    "question.reopen": ("reopen", {}),
    "question.edit_words": ("edit_words", {"words": "Tidy?"}),
}


@dataclass
class Known:
    """A question as plain sets know it."""

    author: str
    state: State = State.HELD
    into: str | None = None
    came_from: State | None = None
    voters: set[str] = field(default_factory=set)


class Merging(RuleBasedStateMachine):
    """A few people and a desk; beside each step, what it must have led to."""

    template: Path

    @initialize(authors=st.lists(PEOPLE, min_size=3, max_size=3))
    def begin(self, authors: list[str]) -> None:
        self.runner = asyncio.Runner()
        self.database = reopened(fresh_file(self.template, self.template.parent / "machine"))
        self.house = self.run(House.build(self.database))
        self.board, self.read = Board(), 0
        self.known: dict[str, Known] = {}
        for author in authors:
            self.decide(self.ask_one(author), "question.approve")

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def is_done(self, caller: Caller, command: str, **body: Any) -> bool:
        """Whether it was; a refusal is one of those that a person can get."""

        async def one() -> bool:
            try:
                await self.house.do(caller, command, **body)
            except Refusal as refusal:
                assert refusal.code in ("not_now", "not_found", "not_allowed", "bad"), refusal.code
                return False
            return True

        return self.run(one())

    def rev(self, question: str) -> int:
        """What its card at the desk says."""
        self.catch_up()
        return self.board.questions[question].rev

    def catch_up(self) -> None:
        async def new() -> list[Entry]:
            async with self.database.reading() as db:
                return await log.since(db, self.house.session_id, self.board.seq, self.board.public)

        if self.read < len(self.house.commits):
            self.read = len(self.house.commits)
            self.board = boards.apply(self.board, self.run(new()))

    def person(self, name: str) -> Caller:
        return self.house.staff.get(name, Caller(name))

    def ask_one(self, author: str) -> str:
        question = self.run(self.house.ask(f"Number {len(self.known)}?", self.person(author)))
        self.known[question] = Known(author)
        return question

    # What the sets say.

    def living(self, question: str) -> str:
        while into := self.known[question].into:
            question = into
        return question

    def twins(self, question: str) -> list[str]:
        return [other for other in self.known if other != question and self.living(other) == question]

    def wanted_by(self, question: str) -> set[str]:
        """Who wants to know it, but for who asked it."""
        twins = self.twins(question)
        voters = set.union(*(self.known[one].voters for one in (question, *twins)))
        return (voters | {self.known[twin].author for twin in twins}) - {self.known[question].author}

    def tallies(self) -> dict[str, int]:
        alone = {question: len(self.wanted_by(question)) for question, kept in self.known.items() if not kept.into}
        return {question: count for question, count in alone.items() if count}

    def counted(self) -> dict[str, int]:
        async def count() -> dict[str, int]:
            async with self.database.reading() as db:
                return await votes.tallies(db, self.house.session_id)

        return self.run(count())

    def take_apart(self, question: str) -> None:
        kept = self.known[question]
        kept.state, kept.into, kept.came_from = taken_apart(kept.came_from), None, None

    def joins(self, question: str, into: str) -> bool:
        """Whether that can be, and then the sets say that it is so."""
        kept = self.known[question]
        if not self.may_join(question, into):
            return False
        kept.came_from, kept.state, kept.into = kept.state, State.MERGED, self.living(into)
        return True

    def may_join(self, question: str, into: str) -> bool:
        living = self.living(into)
        can = (self.known[question].state, "merge") in TRANSITIONS
        return can and living != question and self.known[living].state in TWINS

    def votes(self, who: str, question: str) -> bool:
        """Whether that can be, and then the sets say that it is so."""
        kept = self.known[question]
        family = [kept, *(self.known[twin] for twin in self.twins(question))]
        can = kept.state in VOTABLE and all(who != one.author and who not in one.voters for one in family)
        if can:
            kept.voters.add(who)
        return can

    def takes_back(self, who: str, question: str) -> bool:
        """Whether there is a vote of theirs to take back, wherever in the family it was given; then it is gone."""
        kept = self.known[question]
        family = [kept, *(self.known[twin] for twin in self.twins(question))]
        can = kept.state in VOTABLE and any(who in one.voters for one in family)
        if can:
            for one in family:
                one.voters.discard(who)
        return can

    # What people do: mostly what can be done, `turn` says which of it; and now and then anything at all.

    def pick(self, turn: int, true: Callable[[str], bool]) -> str | None:
        found = [question for question in self.known if true(question)]
        return found[turn % len(found)] if found else None

    def at_once(self, works: list[tuple[Caller, str, dict[str, Any]]]) -> list[bool]:
        """In one commit, in this order; what is decided is decided on what the desk showed before it."""
        bodies = [body | ({"rev": self.rev(body["question"])} if "into" in body else {}) for _, _, body in works]

        async def all_of_them() -> list[bool]:
            before = len(self.house.commits)
            outcomes = await asyncio.gather(
                *(
                    self.house.do(caller, command, **body)
                    for (caller, command, _), body in zip(works, bodies, strict=True)
                ),
                return_exceptions=True,
            )
            assert all(isinstance(outcome, dict | Refusal) for outcome in outcomes)
            assert len(self.house.commits) - before <= 1
            return [isinstance(outcome, dict) for outcome in outcomes]

        return self.run(all_of_them())

    @rule(author=PEOPLE)
    def ask(self, author: str) -> None:
        if sum(kept.state is not State.WITHDRAWN for kept in self.known.values()) < MOST:
            self.decide(self.ask_one(author), "question.approve")

    def decide(self, question: str, command: str) -> None:
        kept = self.known[question]
        verb, more = DECISIONS[command]
        to = TRANSITIONS.get((kept.state, verb))
        done = self.is_done(self.house.ben, command, question=question, rev=self.rev(question), **more)
        assert done is (to is not None)
        kept.state = to or kept.state

    @rule(turn=TURNS, which=TURNS)
    def something_is_decided(self, turn: int, which: int) -> None:
        if question := self.pick(turn, lambda q: self.known[q].state is not State.WITHDRAWN):
            state = self.known[question].state
            possible = [command for command, (verb, _) in DECISIONS.items() if (state, verb) in TRANSITIONS]
            if possible:
                self.decide(question, possible[which % len(possible)])

    @rule(turn=TURNS)
    def one_is_put_in_line(self, turn: int) -> None:
        if question := self.pick(turn, lambda q: self.known[q].state is State.SHOWN):
            self.decide(question, "lineup.add")

    def merge(self, question: str, into: str) -> None:
        done = self.is_done(self.house.ben, "question.merge", question=question, rev=self.rev(question), into=into)
        assert done is self.joins(question, into)

    @rule(turn=TURNS, which=TURNS)
    def two_are_joined(self, turn: int, which: int) -> None:
        into = self.pick(which, lambda q: self.known[self.living(q)].state in TWINS)
        if into and (question := self.pick(turn, lambda q: self.may_join(q, into))):
            self.merge(question, into)

    def unmerge(self, question: str) -> None:
        is_merged = self.known[question].into is not None
        rev = self.rev(question)
        assert self.is_done(self.house.ben, "question.unmerge", question=question, rev=rev) is is_merged
        if is_merged:
            self.take_apart(question)

    @rule(turn=TURNS)
    def one_is_taken_apart(self, turn: int) -> None:
        if question := self.pick(turn, lambda q: self.known[q].into is not None):
            self.unmerge(question)

    @rule(turn=TURNS, which=TURNS)
    def two_are_joined_and_taken_apart(self, turn: int, which: int) -> None:
        """Where nobody voted between, all counts are what they were."""
        before = self.counted()
        into = self.pick(which, lambda q: self.known[self.living(q)].state in TWINS)
        if into and (question := self.pick(turn, lambda q: self.may_join(q, into))):
            self.merge(question, into)
            assert self.counted() == self.tallies()
            self.unmerge(question)
        assert self.counted() == before

    @rule(turn=TURNS, callers=st.sets(PEOPLE, min_size=1), back=st.booleans())
    def some_vote(self, turn: int, callers: set[str], back: bool) -> None:
        if question := self.pick(turn, lambda q: self.known[q].state in VOTABLE):
            command, can = ("question.unvote", self.takes_back) if back else ("question.vote", self.votes)
            people = sorted(callers)
            done = self.at_once([(self.person(who), command, {"question": question}) for who in people])
            assert done == [can(who, question) for who in people]

    @rule(turns=st.lists(TURNS, min_size=1, max_size=3), which=TURNS, voters=st.permutations(NAMES))
    def many_are_joined_at_once(self, turns: list[int], which: int, voters: list[str]) -> None:
        """One commit for all of them, as a selection at the desk does it, with votes on its way between."""
        into = self.pick(which, lambda q: self.known[q].state in VOTABLE)
        if into is None:
            return
        works: list[tuple[Caller, str, dict[str, Any]]] = []
        expected: list[Callable[[], bool]] = []

        def voting(who: str) -> None:
            works.append((self.person(who), "question.vote", {"question": into}))
            expected.append(partial(self.votes, who, into))

        for who, turn in zip(voters, turns, strict=False):
            question = list(self.known)[turn % len(self.known)]
            voting(who)
            works.append((self.house.ben, "question.merge", {"question": question, "into": into}))
            expected.append(partial(self.joins, question, into))
        for who in NAMES:
            voting(who)
        done = self.at_once(works)
        assert done == [what() for what in expected]

    def withdraw(self, question: str) -> None:
        kept = self.known[question]
        can = (kept.state, "withdraw") in TRANSITIONS
        assert self.is_done(self.person(kept.author), "question.withdraw", question=question) is can
        if can:
            for other in [other for other, one in self.known.items() if one.into == question]:
                self.take_apart(other)
            kept.state, kept.into, kept.came_from = State.WITHDRAWN, None, None

    @rule(turn=TURNS)
    def one_that_lives_for_others_is_withdrawn(self, turn: int) -> None:
        if question := self.pick(turn, lambda q: bool(self.twins(q))):
            self.withdraw(question)

    @rule(turn=TURNS, which=TURNS, command=st.sampled_from(sorted(DECISIONS)), who=PEOPLE)
    def anything(self, turn: int, which: int, command: str, who: str) -> None:
        """Also what cannot be: it is refused, and changes nothing."""
        question, into = (list(self.known)[n % len(self.known)] for n in (turn, which))
        edited = {"words": "Otherwise?", "lang": "en"}
        can = self.known[question].author == who and self.known[question].state is State.HELD
        assert self.is_done(self.person(who), "question.edit", question=question, **edited) is can
        self.decide(question, command)
        match which % 3:
            case 0:
                self.merge(question, into)
            case 1:
                self.unmerge(into)
            case _:
                self.withdraw(question)

    @rule()
    def restart(self) -> None:
        self.house.commands = self.house.restarted()

    # What always holds.

    @invariant()
    def nobody_is_counted_twice(self) -> None:
        if not hasattr(self, "house"):
            return
        assert self.counted() == self.tallies()

    @invariant()
    def every_receipt_leads_to_a_question_that_lives(self) -> None:
        if not hasattr(self, "house"):
            return
        self.catch_up()
        found = self.board.questions
        assert {q.id: (q.state, q.into, q.came_from) for q in found.values()} == {
            question: (kept.state, kept.into, kept.came_from) for question, kept in self.known.items()
        }
        for question in found.values():
            living = self.board.living(question)
            assert living.state is not State.MERGED
            own = own_card(question, living if living is not question else None)
            assert own.into == (living.id if question.state is State.MERGED else None)
            if question.state is State.WITHDRAWN:
                assert (question.into, question.merged) == (None, ())
            assert set(question.merged) == {other for other, kept in self.known.items() if kept.into == question.id}

    def voted_by_everybody(self) -> None:
        async def voted() -> dict[str, set[str]]:
            async with self.database.reading() as db:
                return {name: await votes.voted_by(db, self.house.session_id, name) for name in NAMES}

        assert self.run(voted()) == {
            name: {self.living(question) for question, kept in self.known.items() if name in kept.voters}
            for name in NAMES
        }

    def teardown(self) -> None:
        if not hasattr(self, "house"):
            return
        try:
            self.voted_by_everybody()
            # What every device is told takes most of the time, so not each time.
            self.run(check(self.house) if self.board.seq % 3 == 0 else agree(self.house, self.board))
        finally:
            self.run(self.database.dispose())
            self.runner.close()


def test_joined_and_taken_apart_in_any_order(sqlite_template: Path) -> None:
    Merging.template = sqlite_template
    run_state_machine_as_test(
        Merging,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
