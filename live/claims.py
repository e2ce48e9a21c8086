"""Who is on which question: leases that run out by themselves, so that no two people decide on one unawares.

A claim is told and never in the way: commands are guarded by `rev` alone. With one server the claims lie in memory.
With several the truth is in Redis, changed by scripts that also tell every server, in the order in which it changed;
while Redis is away each server goes on with what it knows, and nothing is refused because of that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LineBroken
from redis.exceptions import RedisError

from live.identity import mark
from sessions.permissions import Caller
from sessions.refusals import Phrase, Refusal

LEASE = 30.0
"""Seconds; whoever still has the question open claims it again before."""
LOOK_AGAIN = 2.0
"""Seconds without asking a Redis that did not answer: nobody should wait for it question after question."""
PREFIX = "facetoface:claims:"

log = structlog.get_logger()


class Claim(NamedTuple):
    """`until` is by this server's clock; `alone` says that the other servers have not heard of it."""

    person: str
    name: str
    until: float
    alone: bool = True

    @property
    def by(self) -> str:
        """The mark of the person, by which their own devices know them."""
        return mark(self.person)

    @property
    def told(self) -> dict[str, str]:
        """As it travels to the desk."""
        return {"by": self.by, "name": self.name}


class Lease(msgspec.Struct, frozen=True):
    """A claim as servers tell it to each other: clocks differ, so by the milliseconds that are left."""

    person: str
    name: str
    left: int


Leases = Mapping[int, Mapping[str, Lease | None]]
"""By session and question; None where nobody is on it any more."""


def claimed(name: str, person: str) -> Refusal:
    extra = {"by": mark(person), "name": name}
    return Refusal("claimed", "{who} is on this one.", who=name or Phrase("A colleague"), extra=extra)


class Claims:
    """What this server knows of them; `moved` is called with what the desk is to hear of."""

    def __init__(self, shared: Shared | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self.shared, self.now = shared, now
        self.held: dict[int, dict[str, Claim]] = {}
        self.moved: Callable[[int, set[str]], None] = _nobody
        self.look_again = 0.0

    def of(self, session_id: int) -> dict[str, Claim]:
        """Who is on which question of the session now."""
        now = self.now()
        return {question: claim for question, claim in self.held.get(session_id, {}).items() if claim.until > now}

    async def claim(self, caller: Caller, session_id: int, question: str, *, take: bool = False) -> None:
        """For as long as a lease, or for as long again. Raises Refusal `claimed` where somebody else has it."""
        name = caller.name or ""
        if shared := self._reachable():
            try:
                holder = await shared.claim(session_id, question, caller.person, name, take=take)
            except (RedisError, OSError) as error:
                self._away(error)
            else:
                if holder:
                    raise claimed(holder.name, holder.person)
                return
        there = self.of(session_id).get(question)
        if there and there.person != caller.person and not take:
            raise claimed(there.name, there.person)
        self._put(session_id, question, Claim(caller.person, name, self.now() + LEASE))

    async def release(self, caller: Caller, session_id: int, question: str) -> None:
        """One's own; somebody else's stays as it is."""
        await self._drop(session_id, caller.person, question)

    async def forget(self, session_id: int, person: str) -> None:
        """All that a person has in the session: they have no business there any more."""
        if any(claim.person == person for claim in self.of(session_id).values()):
            await self._drop(session_id, person)

    async def _drop(self, session_id: int, person: str, question: str = "") -> None:
        if shared := self._reachable():
            try:
                await shared.drop(session_id, person, question)
            except (RedisError, OSError) as error:
                self._away(error)
                shared = None
        for id, claim in list(self.held.get(session_id, {}).items()):
            # What Redis knows of comes back as its own word.
            if claim.person == person and question in ("", id) and (claim.alone or shared is None):
                self._put(session_id, id, None)

    def expire(self) -> None:
        """Tell of those whose time is over."""
        now = self.now()
        for session_id, claims in list(self.held.items()):
            for question in [question for question, claim in claims.items() if claim.until <= now]:
                self._put(session_id, question, None)

    def hear(self, leases: Leases) -> None:
        """What changed in Redis, whoever changed it: in the order of its words and on this one road."""
        for session_id, told in leases.items():
            for question, lease in told.items():
                self._put(session_id, question, self._kept(lease) if lease else None)

    async def share(self) -> None:
        """Tell Redis what it did not answer to when it was claimed, although the line to it never broke.

        Somebody else's there, of whom this server had not heard, goes before.
        """
        if not (shared := self._reachable()):
            return
        try:
            for session_id, question, claim, left in self._alone():
                if self.of(session_id).get(question) is not claim:  # Released, or heard of, meanwhile.
                    continue
                if holder := await shared.claim(session_id, question, claim.person, claim.name, seconds=left):
                    self._put(session_id, question, Claim(*holder, self.now() + LEASE, alone=False))
        except (RedisError, OSError) as error:
            self._away(error)

    def _alone(self) -> list[tuple[int, str, Claim, float]]:
        """(session, question, claim, seconds that are left) of those that only this server knows."""
        now = self.now()
        return [
            (session_id, question, claim, claim.until - now)
            for session_id, claims in self.held.items()
            for question, claim in claims.items()
            if claim.alone and claim.until > now
        ]

    async def meet(self) -> None:
        """Put what is known only here beside what Redis knows, and go by that from now on.

        To be called when the line is open: all words after the one that opened it are heard.
        """
        if self.shared is None:
            return
        try:
            truth = await self._met(self.shared)
        except (RedisError, OSError) as error:
            return self._away(error)
        for session_id in {*self.held, *truth}:
            there = truth.get(session_id, {})
            for question in {*self.held.get(session_id, {}), *there}:
                lease = there.get(question)
                self._put(session_id, question, self._kept(lease) if lease else None)

    async def _met(self, shared: Shared) -> dict[int, dict[str, Lease]]:
        for session_id, question, claim, left in self._alone():
            await shared.claim(session_id, question, claim.person, claim.name, seconds=left)
        return await shared.all()

    async def close(self) -> None:
        if self.shared:
            await self.shared.redis.aclose()

    def _kept(self, lease: Lease) -> Claim:
        return Claim(lease.person, lease.name, self.now() + lease.left / 1000, alone=False)

    def _put(self, session_id: int, question: str, claim: Claim | None) -> None:
        claims = self.held.setdefault(session_id, {})
        before = claims.pop(question, None)
        if claim:
            claims[question] = claim
        elif not claims:
            del self.held[session_id]
        if (claim and claim.told) != (before and before.told):
            self.moved(session_id, {question})

    def _reachable(self) -> Shared | None:
        return self.shared if self.now() >= self.look_again else None

    def _away(self, error: Exception) -> None:
        self.look_again = self.now() + LOOK_AGAIN
        log.warning("redis is away", error=type(error).__name__)


PRELUDE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = {}
local rows = redis.call('HGETALL', KEYS[1])
for i = 1, #rows, 2 do
  local lease = cjson.decode(rows[i + 1])
  if lease.ends > now then held[rows[i]] = lease else redis.call('HDEL', KEYS[1], rows[i]) end
end
local function tell(question, lease)
  local word = {server = 'redis', claims = {[ARGV[2]] = {[question] = lease}}}
  redis.call('PUBLISH', ARGV[1], cjson.encode(word))
end
"""
"""What every script begins with: what runs on at this moment by the clock of Redis, and how servers hear of a change.

It is told from within the script, so that words come in the order of what they tell of.
"""

CLAIM = f"""{PRELUDE}
local question, person, name, left, take = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7]
local holder = held[question]
if holder and holder.person ~= person and take == '' then return {{holder.person, holder.name}} end
redis.call('HSET', KEYS[1], question, cjson.encode({{person = person, name = name, ends = now + left}}))
redis.call('PEXPIRE', KEYS[1], math.max(left, redis.call('PTTL', KEYS[1])))
tell(question, {{person = person, name = name, left = left}})
return false
"""
DROP = f"""{PRELUDE}
for question, lease in pairs(held) do
  if lease.person == ARGV[3] and (ARGV[4] == '' or ARGV[4] == question) then
    redis.call('HDEL', KEYS[1], question)
    tell(question, cjson.null)
  end
end
"""
ALL = f"""{PRELUDE}
local answer = {{}}
for question, lease in pairs(held) do
  answer[#answer + 1] = {{question, lease.person, lease.name, lease.ends - now}}
end
return answer
"""


class Holder(NamedTuple):
    person: str
    name: str


class Shared:
    """The claims of all servers: one hash in Redis for each session, a field for each question.

    `channel` is where the scripts tell what they changed.
    """

    def __init__(self, url: str, channel: str) -> None:
        # Somebody waits for the answer. Once more at once where the line was old; a silent Redis is not asked again.
        again = Retry(NoBackoff(), 1, supported_errors=(LineBroken,))
        self.redis = Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=again, decode_responses=True)
        self.channel = channel
        self._claim, self._drop, self._all = (self.redis.register_script(script) for script in (CLAIM, DROP, ALL))

    async def claim(
        self, session_id: int, question: str, person: str, name: str, *, take: bool = False, seconds: float = LEASE
    ) -> Holder | None:
        """Who has it, if it is somebody else and was not taken over."""
        left = max(1, int(seconds * 1000))
        told: list[str | int] = [self.channel, session_id, question, person, name, left, "take" if take else ""]
        holder = await self._claim([f"{PREFIX}{session_id}"], told)
        return Holder(*holder) if holder else None

    async def drop(self, session_id: int, person: str, question: str = "") -> None:
        """What the person has of the session: this question, or all."""
        await self._drop([f"{PREFIX}{session_id}"], [self.channel, session_id, person, question])

    async def all(self) -> dict[int, dict[str, Lease]]:
        found: dict[int, dict[str, Lease]] = {}
        async for key in self.redis.scan_iter(f"{PREFIX}*", count=1000):
            session_id = int(key.removeprefix(PREFIX))
            rows = await self._all([key], [self.channel, session_id])
            found[session_id] = {question: Lease(person, name, left) for question, person, name, left in rows}
        return found


def _nobody(session_id: int, questions: set[str]) -> None:
    """Before the broadcast is wired there is nobody to tell."""
