"""Anything that anybody might do in any order: after each run the truth about the session holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from moderation.decisions import REASONS
from moderation.states import TRANSITIONS, VOTABLE
from sessions import board as boards
from sessions.audiences import SCREENS
from sessions.board import Board
from sessions.permissions import Caller
from sessions.refusals import Refusal
from tests.house import House, check, device_at, fresh_file, reopened, told

WORDS = st.sampled_from(["Will there be lunch?", "¿Por qué?", "", "a" * 601, "<b>", "\u202e", "Why\x00?"])
FAMILIES = st.sampled_from([Caller("rosa"), Caller("luis"), Caller("ines")])
STAFF = st.sampled_from(["ana", "ben", "mia", "sam", "lia", "cai", "ada"])
SWITCHES = st.booleans()
BACK = st.integers(0, 3)

ON_QUESTIONS = (
    *("question.approve", "question.decline", "question.hide", "question.restore", "question.hand_over"),
    *("question.answer", "question.reopen", "lineup.add", "lineup.move", "lineup.remove"),
    *("stage.bring", "stage.settle", "stage.skip", "stage.next"),
)
ON_SESSIONS = (
    *("session.pause", "session.resume", "session.open_doors", "session.start", "session.schedule"),
    *("input.pause", "input.resume"),
)
MORE: dict[str, Callable[[], dict[str, Any]]] = {
    "question.decline": lambda: {"reason": REASONS[0], "say": "Sorry."},
    "question.answer": lambda: {"words": "Yes.", "lang": "en"},
    "question.hand_over": lambda: {"to": "Ms. Ortiz"},
}


class Evening(RuleBasedStateMachine):
    """A session, its people, and a device on each screen that hears of it now and then."""

    questions: Bundle[str] = Bundle("questions")
    template: Path

    @initialize(review=SWITCHES)
    def begin(self, review: bool) -> None:
        self.runner = asyncio.Runner()
        self.database = reopened(fresh_file(self.template, self.template.parent / "machine"))
        self.house = self.runner.run(House.build(self.database, review=review))
        self.board = self.runner.run(self.house.board())
        self.devices = {screen: device_at(self.board, audience, screen) for screen, (audience, _) in SCREENS.items()}

    def run(self, caller: Caller, command: str, **body: Any) -> dict[str, Any] | None:
        """The answer, or None where it was refused; whatever else is raised is a fault."""

        async def one() -> dict[str, Any] | None:
            try:
                return await self.house.do(caller, command, **body)
            except Refusal as refusal:
                assert refusal.code != "not_saved"
                assert refusal.say(str)
                return None

        return self.runner.run(one())

    @rule(target=questions, caller=FAMILIES, words=WORDS, private=SWITCHES, contact=SWITCHES)
    def ask(self, caller: Caller, words: str, private: bool, contact: bool) -> Any:
        more = {"contact": "520-555-0100"} if contact else {}
        answer = self.run(caller, "question.ask", words=words, lang="en", private=private, **more)
        return answer["question"] if answer else multiple()

    @rule(caller=FAMILIES, question=questions, words=WORDS)
    def edit(self, caller: Caller, question: str, words: str) -> None:
        self.run(caller, "question.edit", question=question, words=words, lang="es")

    @rule(caller=FAMILIES, question=consumes(questions))
    def withdraw(self, caller: Caller, question: str) -> None:
        self.run(caller, "question.withdraw", question=question)

    @rule(caller=FAMILIES, question=questions, back=SWITCHES)
    def vote(self, caller: Caller, question: str, back: bool) -> None:
        state = self.board.questions[question].state
        answer = self.run(caller, "question.unvote" if back else "question.vote", question=question)
        assert answer is None or state in VOTABLE

    @rule(who=STAFF, command=st.sampled_from(ON_QUESTIONS), question=questions, back=BACK, after=questions)
    def decide(self, who: str, command: str, question: str, back: int, after: str) -> None:
        """Most know how it stands now; some are behind, or ahead."""
        now = self.board.questions[question]
        rev = self.board.seq - back
        more: dict[str, Any] = MORE.get(command, dict)()
        if command == "lineup.move":
            more = {"after": after}
        answer = self.run(self.house.staff[who], command, question=question, rev=max(0, rev), **more)
        if answer and command != "stage.next":
            assert max(0, rev) >= now.rev
            assert now.state in {state for state, _ in TRANSITIONS}

    @rule(who=STAFF, question=questions)
    def note(self, who: str, question: str) -> None:
        self.run(self.house.staff[who], "question.note", question=question, words="A word between us.")

    @rule(who=STAFF)
    def bring_the_first(self, who: str) -> None:
        self.run(self.house.staff[who], "stage.next")

    @rule(who=STAFF, command=st.sampled_from(ON_SESSIONS))
    def run_the_session(self, who: str, command: str) -> None:
        self.run(self.house.staff[who], command)

    @rule(callers=st.lists(FAMILIES, min_size=2, max_size=6), question=questions)
    def all_at_once(self, callers: list[Caller], question: str) -> None:
        async def crowd() -> None:
            outcomes = await asyncio.gather(
                *(self.house.ask(f"Number {n}?", caller) for n, caller in enumerate(callers)),
                *(self.house.do(caller, "question.vote", question=question) for caller in callers),
                self.house.decide("question.hide", question),
                return_exceptions=True,
            )
            assert all(not isinstance(o, BaseException) or isinstance(o, Refusal) for o in outcomes)

        self.runner.run(crowd())

    @rule()
    def restart(self) -> None:
        self.house.commands = self.house.restarted()

    @rule(screen=st.sampled_from(sorted(SCREENS)))
    def a_device_hears(self, screen: str) -> None:
        """Only now and then: what it missed is merged into one patch."""
        audience = SCREENS[screen][0]
        device = self.devices[screen]
        device.hear(told(self.board, audience, device.number, screen))
        assert device.shows == device_at(self.board, audience, screen).shows

    @invariant()
    def the_board_follows_the_log(self) -> None:
        if not hasattr(self, "house"):
            return
        entries = self.runner.run(self.house.entries())
        self.board = boards.apply(self.board, entries[self.board.seq :])
        assert self.board == boards.apply(Board(), entries)

    def teardown(self) -> None:
        if not hasattr(self, "house"):
            return
        try:
            self.runner.run(check(self.house))
        finally:
            self.runner.run(self.database.dispose())
            self.runner.close()


def test_an_evening(sqlite_template: Path) -> None:
    Evening.template = sqlite_template
    # Nothing is made shorter: on a database that takes minutes, and forty steps can be read as they are.
    run_state_machine_as_test(
        Evening,
        settings=settings(
            max_examples=20,
            stateful_step_count=40,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
