"""Everything a device may ask: one table, and the one way each of them goes.

A command is validated, counted against its caller's budget, waits with others for one commit, and is answered after
it. The same names and bodies serve the socket and HTTP.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

import msgspec

from live.bodies import (
    Ask,
    Assign,
    Attempt,
    Body,
    CarryOver,
    Claim,
    CloseFollowUp,
    CorrectCaption,
    Decide,
    Decline,
    Edit,
    EditWords,
    Flag,
    FollowUp,
    HandOver,
    Hold,
    Merge,
    Move,
    Next,
    Note,
    OnQuestion,
    Redact,
    RedactCaption,
    Reschedule,
    Slow,
    Tag,
    Write,
)
from live.claims import LEASE, Claims
from live.throttle import Throttle
from moderation import asking, closing, decisions, followups, lineup, protection, questions, redaction, votes
from moderation.language import language
from moderation.questions import Question
from moderation.screening import OURS, screen
from sessions import captions, keys, lifecycle, log
from sessions.batches import Batches
from sessions.database import Database, Transaction
from sessions.permissions import Caller, Permission
from sessions.question import Audience
from sessions.refusals import Refusal


class Command(NamedTuple):
    """A command that `is_lease` changes nothing that is kept: no transaction, no key, no event."""

    body: type[Body]
    permission: Permission
    verb: Callable[..., Awaitable[Question | None]]
    is_lease: bool = False


P = Permission
COMMANDS: dict[str, Command] = {
    "question.ask": Command(Ask, P.ASK, asking.ask),
    "question.edit": Command(Edit, P.ASK, asking.edit),
    "question.withdraw": Command(OnQuestion, P.ASK, asking.withdraw),
    "question.vote": Command(OnQuestion, P.VOTE, votes.vote),
    "question.unvote": Command(OnQuestion, P.VOTE, votes.unvote),
    "question.approve": Command(Decide, P.DECIDE, decisions.approve),
    "question.decline": Command(Decline, P.DECIDE, decisions.decline),
    "question.hide": Command(Decide, P.DECIDE, decisions.hide),
    "question.restore": Command(Decide, P.DECIDE, decisions.restore),
    "question.hand_over": Command(HandOver, P.DECIDE, decisions.hand_over),
    "question.merge": Command(Merge, P.DECIDE, decisions.merge),
    "question.unmerge": Command(Decide, P.DECIDE, decisions.unmerge),
    "question.edit_words": Command(EditWords, P.DECIDE, decisions.edit_words),
    "question.flag": Command(Flag, P.DECIDE, decisions.flag),
    "question.tag": Command(Tag, P.DECIDE, decisions.tag),
    "question.see": Command(OnQuestion, P.READ_DESK, decisions.see),
    "question.claim": Command(Claim, P.DECIDE, Claims.claim, is_lease=True),
    "question.release": Command(OnQuestion, P.DECIDE, Claims.release, is_lease=True),
    "question.note": Command(Note, P.DECIDE, decisions.note),
    "question.answer": Command(Write, P.ANSWER, decisions.answer),
    "question.reopen": Command(Decide, P.ANSWER, decisions.reopen),
    "lineup.add": Command(Decide, P.DECIDE, lineup.add),
    "lineup.move": Command(Move, P.DECIDE, lineup.move),
    "lineup.remove": Command(Decide, P.DECIDE, lineup.remove),
    "lineup.assign": Command(Assign, P.DECIDE, lineup.assign),
    "stage.bring": Command(Decide, P.STAGE, lineup.bring),
    "stage.settle": Command(Decide, P.STAGE, lineup.settle),
    "stage.skip": Command(Decide, P.STAGE, lineup.skip),
    "stage.defer": Command(Decide, P.STAGE, lineup.defer),
    "stage.next": Command(Next, P.STAGE, lineup.next_up),
    "input.pause": Command(Body, P.DECIDE, lifecycle.pause_input),
    "input.resume": Command(Body, P.DECIDE, lifecycle.resume_input),
    "input.slow": Command(Slow, P.DECIDE, protection.slow),
    "input.hold": Command(Hold, P.DECIDE, protection.hold),
    "participant.mute": Command(OnQuestion, P.DECIDE, protection.mute),
    "participant.unmute": Command(OnQuestion, P.DECIDE, protection.unmute),
    "followup.plan": Command(FollowUp, P.FOLLOW_UP, followups.plan),
    "followup.attempt": Command(Attempt, P.FOLLOW_UP, followups.attempt),
    "followup.close": Command(CloseFollowUp, P.FOLLOW_UP, followups.close),
    "caption.correct": Command(CorrectCaption, P.CAPTION, captions.correct),
    "words.redact": Command(Redact, P.REDACT, redaction.redact),
    "caption.redact": Command(RedactCaption, P.REDACT, redaction.redact_caption),
    "session.schedule": Command(Body, P.RUN_SESSION, lifecycle.schedule),
    "session.reschedule": Command(Reschedule, P.RUN_SESSION, lifecycle.reschedule),
    "session.open_doors": Command(Body, P.RUN_SESSION, lifecycle.open_doors),
    "session.start": Command(Body, P.RUN_SESSION, lifecycle.start),
    "session.pause": Command(Body, P.RUN_SESSION, lifecycle.pause),
    "session.resume": Command(Body, P.RUN_SESSION, lifecycle.resume),
    "session.end": Command(Body, P.RUN_SESSION, closing.end),
    "session.carry_over": Command(CarryOver, P.DECIDE, closing.carry_over),
    "session.complete": Command(Body, P.RUN_SESSION, closing.complete),
    "session.publish": Command(Body, P.RUN_SESSION, lifecycle.publish),
    "session.withdraw": Command(Body, P.RUN_SESSION, lifecycle.withdraw),
    "session.cancel": Command(Body, P.RUN_SESSION, lifecycle.cancel),
}
"""Every command: name -> body, what the caller must be allowed, and the verb that does it."""

TYPED = (Ask, Edit, Write)
"""Bodies whose words are in the language of the page where none is given."""
SCREENED = (Ask, Edit)
Answer = dict[str, Any]


@dataclass(frozen=True)
class Work:
    """A command on its way through a batch."""

    caller: Caller
    command: Command
    fields: dict[str, Any]
    key: str
    digest: str

    @property
    def used(self) -> tuple[str, str]:
        return self.caller.person, self.key


def read(name: str, raw: Mapping[str, Any], *, strict: bool = True) -> tuple[Command, dict[str, Any]]:
    """The command and its checked body. With `strict` False texts of a form stand for numbers and switches."""
    command = COMMANDS.get(name)
    if command is None:
        raise Refusal("not_found", "This page asks for something that is not known here. Please reload it.")
    try:
        body = msgspec.convert(raw, command.body, strict=strict)
        msgspec.json.encode(body)  # Half a surrogate pair gets through JSON, and through nothing after it.
    except (msgspec.ValidationError, TypeError, UnicodeEncodeError) as error:
        field = str(error).partition("`$.")[2].rstrip("`") or str(error)[:80]
        raise Refusal(
            "bad", "Something in this was missing or not as expected ({field}). Please check it.", field=field
        ) from None
    return command, msgspec.structs.asdict(body)


class Commands:
    """Runs commands: what is told is what was committed."""

    def __init__(
        self,
        database: Database,
        throttle: Throttle,
        committed: Callable[[int], None],
        secret: bytes,
        claims: Claims | None = None,
        profanity: frozenset[str] = OURS,
        voted: Callable[[int], None] | None = None,
    ) -> None:
        self.database, self.throttle, self.secret, self.profanity = database, throttle, secret, profanity
        self.claims = claims or Claims()
        self.leases = count()
        screen("anything", profanity)  # Its lists are read now: the first who asks would wait 25 ms for them.
        self.batches: Batches[Work, Answer] = Batches(
            database,
            self.perform,
            # Nothing of it is in the log: those were votes.
            lambda session_id, tx: (committed if tx.recorded else voted or committed)(session_id),
            lambda work: work.command.permission is P.VOTE,
        )

    async def run(
        self,
        caller: Caller,
        session_id: int,
        name: str,
        raw: Mapping[str, Any],
        *,
        form: bool = False,
        lang: str = "en",
        address: str = "",
    ) -> Answer:
        """The answer, after the commit that holds it. Raises Refusal, and then nothing was changed.

        From a form, the same key with other words is another question: the page was left open and used again.
        """
        command, fields = read(name, raw, strict=not form)
        caller.require(command.permission)
        key = fields.pop("key")
        if command.is_lease:
            # Each counts, under whatever key: what is claimed again is no retry.
            self.throttle.spend(session_id, caller.person, name, f"lease {next(self.leases)}", address)
            return await self._lease(caller, session_id, command, fields)
        digest = keys.digest(self.secret, name, fields)
        if command.body in TYPED:
            fields["lang"] = fields["lang"] or lang
        if command.body in SCREENED:  # Here, and not in the verb: nobody else's command waits for it.
            fields["lang"] = language(fields["words"], fields["lang"])
            fields["flags"] = screen(fields["words"], self.profanity)
        self.throttle.spend(session_id, caller.person, name, f"{key} {digest}", address)
        try:
            return await self.batches.submit(session_id, Work(caller, command, fields, key, digest))
        except Refusal as refusal:
            if refusal.code != "key_reused" or not form:
                raise
        again = keys.digest(self.secret, key, {"then": digest})
        return await self.batches.submit(session_id, Work(caller, command, fields, again, digest))

    async def _lease(self, caller: Caller, session_id: int, command: Command, fields: dict[str, Any]) -> Answer:
        """Beside the log and its lock: whoever only looks at a question keeps nobody waiting."""
        async with self.database.reading() as db:
            question = questions.seen(await db.get(Question, fields["question"]), caller, session_id)
            head = await log.head(db, session_id)
        await command.verb(self.claims, caller, session_id, **fields)
        answer: Answer = {"ok": True, "head": head.seq, "question": question.id}
        return answer | {"until_ms": int(LEASE * 1000)} if command.body is Claim else answer

    async def perform(self, tx: Transaction, works: Sequence[Work]) -> list[Answer | Refusal]:
        """A batch in its transaction. A verb refuses before it changes anything, so a refusal leaves nothing behind."""
        kept = await keys.find(tx, (work.used for work in works))
        await questions.load(tx, (work.fields["question"] for work in works if work.fields.get("question")))
        votings = (work for work in works if work.command.permission is P.VOTE)
        await votes.load(tx, ((work.fields["question"], work.caller.person) for work in votings))
        answers: list[Answer | Refusal] = []
        for work in works:
            try:
                answers.append(await self._perform(tx, work, kept))
            except Refusal as refusal:
                answers.append(refusal)
        return answers

    async def _perform(self, tx: Transaction, work: Work, kept: dict[tuple[str, str], tuple[str, Answer]]) -> Answer:
        if work.used in kept:
            digest, answer = kept[work.used]
            if digest != work.digest:
                raise Refusal("key_reused", "This was sent before with other words. Please send it again.")
            return answer
        question = await work.command.verb(tx, work.caller, **work.fields)
        staff = work.caller.audience is not Audience.PUBLIC
        answer = {"ok": True, "head": tx.session.seq if staff else tx.session.public_seq}
        if question is not None:
            answer["question"] = question.id
            if staff:
                answer["rev"] = question.rev
        kept[work.used] = work.digest, answer
        keys.keep(tx, *work.used, work.digest, answer)
        return answer
