"""Questions joined and taken apart in any order, with votes and withdrawals between: nobody is counted twice."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from moderation import votes
from moderation.states import TRANSITIONS, TWINS, VOTABLE, taken_apart
from sessions import board as boards
from sessions.audiences import own_card
from sessions.board import Board
from sessions.database import Database
from sessions.events import State
from sessions.permissions import Caller
from sessions.refusals import Refusal
from tests.house import CIPHER, House, check

T = TypeVar("T")
NAMES = ("rosa", "luis", "ines", "omar", "ben")
PEOPLE = st.sampled_from(NAMES)
EXAMPLES = int(os.environ.get("FACETOFACE_MERGINGS", "12"))
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

    questions: Bundle[str] = Bundle("questions")
    template: Path

    @initialize(target=questions, authors=st.lists(PEOPLE, min_size=3, max_size=5))
    def begin(self, authors: list[str]) -> Any:
        self.folder = Path(tempfile.mkdtemp())
        shutil.copyfile(self.template, self.folder / "house.db")
        self.runner = asyncio.Runner()
        self.database = Database(f"sqlite+aiosqlite:///{self.folder / 'house.db'}", CIPHER)
        self.house = self.run(House.build(self.database))
        self.board = Board()
        self.known: dict[str, Known] = {}
        asked = [self.ask_one(author) for author in authors]
        for question in asked:
            self.decide(question, "question.approve")
        return multiple(*asked)

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

    # What people do.

    @rule(target=questions, author=PEOPLE)
    def ask(self, author: str) -> str:
        return self.ask_one(author)

    @rule(question=questions, command=st.sampled_from(sorted(DECISIONS)))
    def decide(self, question: str, command: str) -> None:
        kept = self.known[question]
        verb, more = DECISIONS[command]
        to = TRANSITIONS.get((kept.state, verb))
        done = self.is_done(self.house.ben, command, question=question, rev=self.run(self.house.rev(question)), **more)
        assert done is (to is not None)
        kept.state = to or kept.state

    def joins(self, question: str, into: str) -> bool:
        """Whether that can be, and then the sets say that it is so."""
        kept, living = self.known[question], self.living(into)
        can = (kept.state, "merge") in TRANSITIONS and living != question and self.known[living].state in TWINS
        if can:
            kept.came_from, kept.state, kept.into = kept.state, State.MERGED, living
        return can

    def merge_one(self, question: str, into: str) -> bool:
        rev = self.run(self.house.rev(question))
        done = self.is_done(self.house.ben, "question.merge", question=question, rev=rev, into=into)
        assert done is self.joins(question, into)
        return done

    @rule(question=questions, into=questions)
    def merge(self, question: str, into: str) -> None:
        self.merge_one(question, into)

    @rule(question=questions)
    def unmerge(self, question: str) -> None:
        is_merged = self.known[question].into is not None
        rev = self.run(self.house.rev(question))
        assert self.is_done(self.house.ben, "question.unmerge", question=question, rev=rev) is is_merged
        if is_merged:
            self.take_apart(question)

    @rule(question=questions, into=questions)
    def merge_and_think_better_of_it(self, question: str, into: str) -> None:
        """Where nobody voted between, all counts are what they were."""
        before = self.counted()
        if self.merge_one(question, into):
            self.unmerge(question)
        assert self.counted() == before

    def votes(self, who: str, question: str) -> bool:
        """Whether that can be, and then the sets say that it is so."""
        kept = self.known[question]
        family = [kept, *(self.known[twin] for twin in self.twins(question))]
        can = kept.state in VOTABLE and all(who != one.author and who not in one.voters for one in family)
        if can:
            kept.voters.add(who)
        return can

    @rule(who=PEOPLE, question=questions)
    def vote(self, who: str, question: str) -> None:
        done = self.is_done(self.person(who), "question.vote", question=question)
        assert done is self.votes(who, question)

    @rule(question=questions)
    def everybody_votes(self, question: str) -> None:
        works = [(self.person(who), "question.vote", {"question": question}) for who in NAMES]
        assert self.run(self.at_once(works)) == [self.votes(who, question) for who in NAMES]

    @rule(who=PEOPLE, question=questions)
    def unvote(self, who: str, question: str) -> None:
        kept = self.known[question]
        family = [kept, *(self.known[twin] for twin in self.twins(question))]
        can = kept.state in VOTABLE and any(who in one.voters for one in family)
        assert self.is_done(self.person(who), "question.unvote", question=question) is can
        if can:
            for one in family:
                one.voters.discard(who)

    async def at_once(self, works: list[tuple[Caller, str, dict[str, Any]]]) -> list[bool]:
        """In one commit, in this order; what is decided is decided as the question stood before it."""
        bodies = [
            body | ({"rev": await self.house.rev(body["question"])} if "into" in body else {}) for _, _, body in works
        ]
        before = len(self.house.commits)
        outcomes = await asyncio.gather(
            *(self.house.do(caller, command, **body) for (caller, command, _), body in zip(works, bodies, strict=True)),
            return_exceptions=True,
        )
        assert all(isinstance(outcome, dict | Refusal) for outcome in outcomes)
        assert len(self.house.commits) - before <= 1
        return [isinstance(outcome, dict) for outcome in outcomes]

    @precondition(lambda self: len(self.known) > 3)
    @rule(question=questions)
    def withdraw(self, question: str) -> None:
        kept = self.known[question]
        can = (kept.state, "withdraw") in TRANSITIONS
        assert self.is_done(self.person(kept.author), "question.withdraw", question=question) is can
        if can:
            for other in [other for other, one in self.known.items() if one.into == question]:
                self.take_apart(other)
            kept.state, kept.into, kept.came_from = State.WITHDRAWN, None, None

    @rule(who=PEOPLE, question=questions)
    def edit(self, who: str, question: str) -> None:
        kept = self.known[question]
        can = kept.author == who and kept.state is State.HELD
        edited = {"words": "Otherwise?", "lang": "en"}
        assert self.is_done(self.person(who), "question.edit", question=question, **edited) is can

    @rule(picked=st.lists(questions, min_size=2, max_size=5), into=questions, voters=st.lists(PEOPLE, max_size=3))
    def merge_many_at_once(self, picked: list[str], into: str, voters: list[str]) -> None:
        """One commit for all of them, as a selection at the desk does it, with votes on its way between."""
        works: list[tuple[Caller, str, dict[str, Any]]] = []
        expected: list[Callable[[], bool]] = []
        for question in picked:
            for who in voters:
                works.append((self.person(who), "question.vote", {"question": into}))
                expected.append(partial(self.votes, who, into))
            works.append((self.house.ben, "question.merge", {"question": question, "into": into}))
            expected.append(partial(self.joins, question, into))
        done = self.run(self.at_once(works))
        assert done == [what() for what in expected]

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
        entries = self.run(self.house.entries())
        self.board = boards.apply(self.board, entries[self.board.seq :])
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
            self.run(check(self.house))
        finally:
            self.run(self.database.dispose())
            self.runner.close()
            shutil.rmtree(self.folder)


def test_joined_and_taken_apart_in_any_order(sqlite_template: Path) -> None:
    Merging.template = sqlite_template
    run_state_machine_as_test(
        Merging,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
