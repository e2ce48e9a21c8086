"""Who judges a race: by the log alone, and by what each of the staff saw when they decided.

What guards a question is told here once more, by the names of events: whoever judges must not ask the judged.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from moderation.questions import LATELY
from moderation.states import NAMES, TRANSITIONS
from sessions import board as boards
from sessions.audiences import card
from sessions.board import Board
from sessions.events import Entry, QuestionEvent, State
from sessions.question import Audience, Question
from tests.journeys.race import DECIDES, Act

STILL = {
    *("question.noted", "question.flagged", "question.tagged", "question.seen", "question.alerted"),
    "followup.attempted",
}
"""What is laid beside a question; everything else that happens to it guards it."""

RECORDS: Mapping[str, str] = {
    "question.approve": "question.approved",
    "question.decline": "question.declined",
    "question.hide": "question.hidden",
    "question.restore": "question.restored",
    "question.hand_over": "question.handed_over",
    "question.merge": "question.merged",
    "question.unmerge": "question.unmerged",
    "question.edit_words": "question.words_edited",
    "question.answer": "question.answered",
    "question.reopen": "question.reopened",
    "question.note": "question.noted",
    "question.tag": "question.tagged",
    "question.flag": "question.flagged",
    "question.see": "question.seen",
    "lineup.add": "lineup.added",
    "lineup.move": "lineup.moved",
    "lineup.remove": "lineup.removed",
    "lineup.assign": "lineup.assigned",
    "stage.bring": "stage.brought",
    "stage.settle": "stage.settled",
    "stage.skip": "stage.skipped",
    "stage.defer": "stage.deferred",
    "followup.plan": "followup.planned",
    "followup.attempt": "followup.attempted",
    "followup.close": "followup.closed",
}
"""What an accepted command is in the log."""
ONLY_IF_NEW: Mapping[str, str] = {
    "participant.mute": "participant.muted",
    "participant.unmute": "participant.unmuted",
    "input.pause": "input.paused",
    "input.resume": "input.resumed",
    "input.slow": "input.slowed",
    "input.hold": "input.held",
}
"""Recorded only where it was not so already."""
LEASES = ("question.claim", "question.release")
OF_FAMILIES = {
    "question.ask": "question.asked",
    "question.edit": "question.edited",
    "question.withdraw": "question.withdrawn",
}
COUNT_ELSEWHERE = ("question.vote", "question.unvote")

SHOWN = (
    *("state", "place", "order", "words", "lang", "original", "answers", "settled_at"),
    *("speaker", "reason", "say", "handed_to", "into"),
)
"""What of a card a decision is made on; what is laid beside it may have moved."""


@dataclass
class Verdict:
    """Faults are sentences; none of them is what everybody hopes for."""

    faults: list[str] = field(default_factory=list)
    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    """What stale refusals said had happened meanwhile."""

    def fault(self, what: str, act: Act, *more: object) -> None:
        self.faults.append(f"{what}: {act.who} {act.command} {dict(act.body)} -> {dict(act.answer)} {more}")


class Judge:
    def __init__(self, entries: Sequence[Entry], names: Mapping[str, str]) -> None:
        self.entries, self.names = entries, names
        self.boards = [Board()]
        for entry in entries:
            self.boards.append(boards.apply(self.boards[-1], [entry]))
        self.guards: dict[str, list[int]] = defaultdict(list)
        """Of each question, the numbers of all that guards it."""
        for entry in entries:
            if isinstance(entry.event, QuestionEvent) and tag(entry) not in STILL:
                self.guards[entry.event.question].append(entry.seq)
        self.explained: set[int] = set()
        self.verdict = Verdict()

    def at(self, seq: int) -> Entry:
        return self.entries[seq - 1]

    def judge(self, acts: Sequence[Act]) -> Verdict:
        answered: dict[str, Mapping[str, Any]] = {}
        for act in acts:
            if act.answer["ok"]:
                key = act.body["key"]
                if key in answered and act.command not in LEASES:  # Their keys are not kept.
                    if answered[key] != act.answer:
                        self.verdict.fault("two answers under one key", act, answered[key])
                    continue
                answered[key] = act.answer
                self.verdict.accepted[act.command] += 1
                self._accepted(act)
            else:
                self.verdict.refused[act.answer["code"]] += 1
                self._refused(act)
        return self.verdict

    def _accepted(self, act: Act) -> None:
        if act.command in LEASES:
            return
        if act.command == "stage.next":
            return self._next(act)
        if act.command in ONLY_IF_NEW:
            seq = act.answer["head"]
            if tag(self.at(seq)) == ONLY_IF_NEW[act.command] and self.at(seq).event.by == act.who:
                self.explained.add(seq)
            return
        seq = act.answer["rev"] if act.command in DECIDES else act.answer["head"]
        self._recorded(act, seq, RECORDS[act.command], act.body["question"])
        if act.command in DECIDES:
            self._nothing_between(act, act.body["question"], seq)
        if act.command == "lineup.move":
            line = [question.id for question in self.boards[seq].lineup()]
            at = line.index(act.body["question"])
            if act.body["after"] != (line[at - 1] if at else ""):
                self.verdict.fault("not where it was put", act, line)

    def _next(self, act: Act) -> None:
        """Settles what its sender saw on stage, and brings the first in line."""
        seq, seen = act.answer["rev"], act.body.get("question")
        if act.answer["question"] != seen:
            line = self.boards[seq - 1].lineup()
            if not line or line[0].id != act.answer["question"]:
                self.verdict.fault("not the first in line", act)
            self._recorded(act, seq, "stage.brought", act.answer["question"])
            seq -= 1
        if seen:
            self._recorded(act, seq, "stage.settled", seen)
            self._nothing_between(act, seen, seq)
        elif self.boards[seq].on_stage():
            self.verdict.fault("the stage was not empty", act)

    def _recorded(self, act: Act, seq: int, name: str, question: str) -> None:
        entry = self.at(seq)
        there = tag(entry), entry.event.by, getattr(entry.event, "question", None)
        if there != (name, act.who, question):
            self.verdict.fault("not what the log says", act, seq, there)
        if seq in self.explained:
            self.verdict.fault("recorded twice over", act, seq)
        self.explained.add(seq)

    def _nothing_between(self, act: Act, question: str, seq: int) -> None:
        """What was overwritten is what its sender saw, and nothing that they had not seen."""
        unseen = [tag(self.at(n)) for n in self.guards[question] if act.body["rev"] < n < seq]
        if unseen:
            self.verdict.fault("a silent overwrite", act, seq, unseen)
        before = self._card(self.boards[seq - 1], question, act.audience)
        if before is None or act.saw is None or decided_on(before) != decided_on(act.saw):
            self.verdict.fault("decided on something else than was seen", act, seq, act.saw, before)

    def _card(self, board: Board, question: str, audience: str) -> dict[str, Any] | None:
        found = board.questions[question]
        made = card(found, Audience(audience), is_muted=found.author in board.muted)
        return msgspec.json.decode(msgspec.json.encode(made)) if made else None

    def _refused(self, act: Act) -> None:
        code, say = act.answer["code"], act.answer["say"]
        if code == "stale":
            return self._stale(act)
        if code == "claimed":
            if act.answer["name"] not in self.names.values() or say != f"{act.answer['name']} is on this one.":
                self.verdict.fault("does not say who", act)
            return
        if code == "not_found" and act.audience == Audience.SPEAKER:
            # What was taken down is as if it were not there, for whoever sees only what is in line or after.
            if not any(act.body["rev"] < n for n in self.guards[act.body["question"]]):
                self.verdict.fault("not found although nothing happened to it", act)
            return
        if code == "bad" and act.command == "question.merge" and "with itself" in say:
            return  # The other one was joined with this one before.
        if code != "not_now" or not say:
            return self.verdict.fault("refused without reason", act)
        offered = act.saw and (State(act.saw["state"]), DECIDES.get(act.command)) in TRANSITIONS
        if not offered or any(reason in say for reason in BY_ITSELF.get(act.command, ())):
            return
        if act.command not in ELSEWHERE:
            self.verdict.fault("refused although it was offered", act, act.saw)
        elif not self._says_whose_doing(act, ELSEWHERE[act.command]):
            self.verdict.fault("does not say whose doing that is", act)

    def _says_whose_doing(self, act: Act, way: InTheWay) -> bool:
        """At some time after what its sender knew, that other question did stand in the way, and by that person."""
        for seq in range(max(act.head, act.body["rev"]), len(self.boards)):
            other = way.other(self.boards[seq], act.body)
            did = [n for n in self.guards[other.id] if n <= seq and way.did(self.at(n).event)] if other else []
            if other and did and other.id != act.body["question"]:
                who, state = self._who(other.id, did[-1]), NAMES[other.state]
                told = re.escape(way.says.format(who=who, state=state, ago="AGO")).replace("AGO", AGO)
                if re.fullmatch(told, act.answer["say"]):
                    return True
        return False

    def _who(self, question: str, seq: int) -> str:
        by, author = self.at(seq).event.by, self.boards[-1].questions[question].author
        return self.names.get(by, "The family" if by == author else "Another family")

    def _stale(self, act: Act) -> None:
        """It names who did what, that is in the log after what was seen, and it brings the card that the log tells."""
        now, seen = act.answer.get("card"), act.body.get("rev", 0)
        question = now["id"] if now else act.body.get("question")
        if question is None:  # A stage that was not empty, and is not to be seen any more.
            return
        board = self.boards[now["rev"]] if now else self.boards[-1]
        if now and self._card(board, question, act.audience) != now:
            self.verdict.fault("not the card that the log tells", act, self._card(board, question, act.audience))
        told = [n for n in self.guards[question] if seen < n <= board.seq and self._tells(act, question, n)]
        if not told:
            meanwhile = [(n, tag(self.at(n)), self.at(n).event.by) for n in self.guards[question] if seen < n]
            return self.verdict.fault("does not say who did what", act, meanwhile[-3:])
        self.verdict.told[tag(self.at(told[-1]))] += 1

    def _tells(self, act: Act, question: str, seq: int) -> bool:
        begins, _, ends = LATELY[tag(self.at(seq))].partition("{ago}")
        say: str = act.answer["say"]
        return say.startswith(begins.format(who=self._who(question, seq))) and say.endswith(f" ago{ends}")

    def all_explained(self, since: int, families: Sequence[Mapping[str, Any]]) -> None:
        """Nothing is in the log that nobody was told was done, and all that anybody was told is in it."""
        done: Counter[tuple[str, str]] = Counter()
        for entry in self.entries[since:]:
            if entry.event.by in self.names:
                if entry.seq not in self.explained:
                    self.verdict.faults.append(f"nobody was told of {entry}")
            elif tag(entry) in OF_FAMILIES.values() and isinstance(entry.event, QuestionEvent):
                done[tag(entry), entry.event.question] += 1
        told = [one for one in families if one["command"] not in COUNT_ELSEWHERE]
        if done != Counter((OF_FAMILIES[one["command"]], one["question"]) for one in told):
            self.verdict.faults.append("families were told something else than the log says")


BY_ITSELF: Mapping[str, tuple[str, ...]] = {
    "question.approve": ("only staff see this",),
    "question.restore": ("only staff see this",),
    "followup.close": ("Nobody follows this question up yet",),
}
"""Why something that a question's own state allows may still be refused, though nobody stands in the way."""


class InTheWay(NamedTuple):
    """Another question because of which something is refused, what was done to it, and how that is told."""

    other: Callable[[Board, Mapping[str, Any]], Question | None]
    did: Callable[[Any], bool]
    says: str


ELSEWHERE: Mapping[str, InTheWay] = {
    "question.merge": InTheWay(
        lambda board, body: board.living(board.questions[body["into"]]) if body["into"] in board.questions else None,
        lambda event: event.was is not event.state,
        "That other question is {state}, so nothing can be joined with it. {who} made it so {ago}.",
    ),
    "lineup.move": InTheWay(
        lambda board, body: board.questions.get(body["after"]),
        lambda event: event.was is State.QUEUED and event.state is not State.QUEUED,
        "{who} took the question to put it behind out of the line {ago}; it is {state} now.",
    ),
    "stage.bring": InTheWay(
        lambda board, _: board.on_stage(),
        lambda event: event.was is not State.ON_STAGE and event.state is State.ON_STAGE,
        "{who} brought another question on stage {ago}. Settle or skip that one first.",
    ),
}
AGO = r"\d+ (second|minute)s? ago"


def tag(entry: Entry) -> str:
    return str(entry.event.__struct_config__.tag)


def decided_on(card: Mapping[str, Any]) -> dict[str, Any]:
    follow_up = {name: what for name, what in (card.get("follow_up") or {}).items() if name != "tries"}
    return {name: card.get(name) for name in SHOWN} | {"follow_up": follow_up}
