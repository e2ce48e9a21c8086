"""Tells the devices of each session what moved: once for each channel, and not before it is committed.

One road for everything: a commit of our own is told the same way as one of another server, by reading the log in
order. What travels is cards as they are now, never history: replaying "shown, then hidden" to a late phone would hand
over exactly what was hidden.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import msgspec
import structlog

from live.claims import Claims
from live.feed import Channel, Feed, read
from live.frames import BREATH
from live.patches import patch_of
from live.rendering import Renderer
from sessions import log
from sessions import session as sessions
from sessions.audiences import card
from sessions.database import AWAY, Database
from sessions.question import Audience
from sessions.refusals import Refusal

logger = structlog.get_logger()

Send = Callable[[str, Any, str], Awaitable[None]]
"""(event, payload, to whom): the one way out to devices; `to` is the address of a channel or of a person."""
RECENT = 0.25
"""Seconds for which a board that was read may be given to newcomers without asking the database again: what another
server commits, it tells of sooner. With 0.1 these readings were two thirds of all that a comeback asked."""
TALLIES_EVERY = 0.25
"""Seconds between two tellings of tallies: votes are many, and nobody reads them faster."""
IDLE_FEEDS = 50
"""Sessions without devices whose boards are kept at hand for their pages."""


def personal(session_id: int, person: str) -> str:
    """Where a person's own devices listen for notices."""
    return f"{session_id}/person/{person}"


class News(NamedTuple):
    """What the desk alone is told, beside its patches."""

    acts: dict[str, dict[str, str]]
    claims: set[str]
    twins: set[str]


NO_NEWS = News({}, set(), set())


class Broadcast:
    """Keeps a feed for each active session; `send` is replaced by the sockets when they are wired."""

    def __init__(self, database: Database, renderer: Renderer, tick: float, claims: Claims | None = None) -> None:
        self.database, self.renderer, self.tick = database, renderer, tick
        self.tallies_every = min(TALLIES_EVERY, 2 * tick)
        self.claims = claims or Claims()
        self.claims.moved = self.claims_moved
        self.feeds: dict[int, Feed] = {}
        self.codes: dict[str, int] = {}
        self.send: Send = _nowhere
        self.followed: Callable[[Feed], None] = _nobody

    async def find(self, code: str) -> Feed:
        """The feed of the session with this join code, as `recent`. Raises Refusal `not_found`."""
        code = sessions.tidy_code(code)
        if code not in self.codes:
            async with self.database.reading() as db:
                self.codes[code] = (await sessions.find(db, code)).id
        return await self.recent(self.codes[code])

    async def recent(self, session_id: int) -> Feed:
        """The feed with everything in it that this server committed, and others a moment ago.

        For what a device gets first and is then told changes of: a thousand who come at once cost a few readings.
        """
        return await self._fed(session_id, time.monotonic() - RECENT)

    async def fresh(self, session_id: int) -> Feed:
        """The feed with everything in it that is committed by now."""
        return await self._fed(session_id, time.monotonic())

    async def _fed(self, session_id: int, since: float) -> Feed:
        feed = self.feeds.get(session_id)
        if feed is None:
            self._forget_idle()
            feed = self.feeds[session_id] = Feed(session_id)
        await self._read(feed, since)
        if feed.owes:  # A page read ahead of the flusher what another server committed.
            self._stir(feed)
        return feed

    def _forget_idle(self) -> None:
        idle = [i for i, feed in self.feeds.items() if not (feed.devices or feed.flushing or feed.reading.locked())]
        for session_id in idle[: max(0, len(self.feeds) - IDLE_FEEDS)]:
            del self.feeds[session_id]

    async def _read(self, feed: Feed, since: float) -> None:
        """Read the database, unless that was done after `since` and after the last nudge."""
        if feed.read_at > max(since, feed.nudged_at):
            return
        async with feed.reading:
            if feed.read_at > max(since, feed.nudged_at):  # While we waited: one reading for all who did.
                return
            began = time.monotonic()
            async with self.database.reading() as db:
                found = await read(db, feed)
            feed.take(found)
            if found.entries:
                self.followed(feed)
            feed.read_at = began

    @property
    def is_reading(self) -> bool:
        """Whether devices wait until the database has said what is new."""
        return any(feed.reading.locked() for feed in self.feeds.values())

    def nudge(self, session_id: int) -> None:
        """Session `session_id` has moved: tell its devices soon, and at once if nothing was told within the tick."""
        if feed := self.feeds.get(session_id):
            feed.nudged_at = time.monotonic()
            self._stir(feed)

    def nudge_votes(self, session_id: int) -> None:
        """The same where its log has not: that is read when tallies may be told again, and not at each tick."""
        if feed := self.feeds.get(session_id):
            feed.nudged_at = time.monotonic()
            self._stir(feed, in_log=False)

    def _stir(self, feed: Feed, in_log: bool = True) -> None:
        if not feed.devices:
            return
        feed.moved |= in_log
        feed.voted = True
        if feed.flushing is None:
            feed.flushing = asyncio.create_task(self._flush(feed))

    def claims_moved(self, session_id: int, questions: set[str]) -> None:
        """Others are on these questions now, or nobody: for the desk to hear."""
        feed = self.feeds.get(session_id)
        if feed and feed.devices:
            feed.moved_claims |= questions
            self._stir(feed)

    async def _flush(self, feed: Feed) -> None:
        try:
            while feed.moved or feed.voted or feed.busy:
                began = time.monotonic()
                if feed.moved or (feed.voted and self._may_count(feed, began)):
                    feed.moved = feed.voted = False
                    try:
                        await self._read(feed, began)
                        await self._tell(feed)
                    except AWAY as error:  # The look once a second tries again.
                        logger.error("telling failed", session=feed.session_id, error=type(error).__name__)
                await asyncio.sleep(max(0.0, self.tick - (time.monotonic() - began)))
        finally:
            feed.flushing = None

    def _may_count(self, feed: Feed, now: float) -> bool:
        """Whether a channel may be told tallies again."""
        return now - min(feed.counted.values(), default=0.0) >= self.tallies_every

    async def _tell(self, feed: Feed) -> None:
        """Everything that moved since it was last told, as one patch and one pulse for each channel."""
        concerned, feed.noticed = feed.noticed, set()
        tallies, feed.moved_tallies = feed.moved_tallies, set()
        news = News(feed.acts, feed.moved_claims, feed.moved_twins)
        feed.acts, feed.moved_claims, feed.moved_twins = {}, set(), set()
        # The few before the many: a desk does not wait until ten thousand phones were told.
        for channel, count in sorted(feed.devices.items(), key=lambda pair: pair[1]):
            if channel in feed.devices:
                feed.owed.setdefault(channel, set()).update(tallies)
            if channel.audience is Audience.DESK:
                await self._tell_channel(feed, channel, news)
            elif channel in feed.busy:  # What it is owed is merged into what it is told next.
                feed.moved = True
            elif count <= BREATH:
                await self._tell_channel(feed, channel, NO_NEWS)
            else:
                feed.busy[channel] = asyncio.create_task(self._tell_many(feed, channel))
        for person in concerned:
            await self.send("notice", {"mine": True}, personal(feed.session_id, person))

    async def _tell_many(self, feed: Feed, channel: Channel) -> None:
        try:
            await self._tell_channel(feed, channel, NO_NEWS)
        finally:
            del feed.busy[channel]

    async def _tell_channel(self, feed: Feed, channel: Channel, news: News) -> None:
        since, head = feed.told.get(channel), feed.board.head(channel.audience)
        if since is None:  # The last of them left meanwhile.
            return
        if news.acts:  # Before the patch: who sees a card go knows who did it.
            await self.send("pulse", {"acts": news.acts}, channel.address)
        owed, newly = feed.owed.get(channel, set()), set[str]()
        if head > since:
            feed.told[channel] = head
            patch = patch_of(self.renderer, feed, channel, since)
            # One that an audience sees for the first time may have votes already, and one that was taken down for a
            # while may have lost those it had: what moved meanwhile was not told.
            newly = {c["id"] for c in patch["cards"] if c["id"] in feed.tallies}
            await self.send("patch", patch, channel.address)
        told: dict[str, Any] = {}
        now = time.monotonic()
        if owed and now - feed.counted.get(channel, 0.0) < self.tallies_every:
            feed.voted = True
        else:
            newly |= owed
            owed.clear()
        if moved := feed.visible(channel.audience, newly):
            told["tallies"] = moved
            if channel in feed.devices:
                feed.counted[channel] = now
        if news.claims:
            told["claims"] = self._claims(feed, news.claims)
        if news.twins:
            proposed = feed.follower.proposed if feed.follower else {}
            told["twins"] = {question: proposed.get(question, []) for question in news.twins}
        if told:
            await self.send("pulse", told | _standing(feed, channel, head), channel.address)

    async def refused(self, refusal: Refusal, session_id: int, audience: Audience, lang: str) -> dict[str, Any]:
        """A refusal as it travels; a stale one brings the card as it is now."""
        extra = dict(refusal.extra)
        if question := extra.pop("question", None):
            feed = await self.fresh(session_id)
            found = feed.board.questions[question]
            if now := card(found, audience, is_muted=found.author in feed.board.muted):
                extra["card"] = msgspec.to_builtins(now)
        say = refusal.say(self.renderer.gettext(lang), lang)
        return {"ok": False, "code": refusal.code, "say": say, **extra}

    def _claims(self, feed: Feed, questions: set[str]) -> dict[str, dict[str, str] | None]:
        now = self.claims.of(feed.session_id)
        return {question: now[question].told if question in now else None for question in questions}

    def pulse(self, feed: Feed, audience: Audience, tallies: dict[str, int] | None = None) -> dict[str, Any]:
        """All that a device which has just come cannot know from the board."""
        told: dict[str, Any] = {"head": feed.board.head(audience), "tallies": tallies or feed.all_tallies(audience)}
        if audience is Audience.DESK:
            told["claims"] = self._claims(feed, set(self.claims.of(feed.session_id)))
            told["twins"] = dict(feed.follower.proposed) if feed.follower else {}
        return told

    def enter(self, feed: Feed, channel: Channel) -> None:
        """A device joins; it is told everything after what it gets from the board as it is now."""
        self.feeds[feed.session_id] = feed  # It may have been forgotten as idle while this device was on its way.
        feed.devices[channel] = feed.devices.get(channel, 0) + 1
        feed.told.setdefault(channel, feed.board.head(channel.audience))

    def leave(self, channel: Channel) -> None:
        feed = self.feeds.get(channel.session_id)
        if feed is None or channel not in feed.devices:
            return
        feed.devices[channel] -= 1
        if not feed.devices[channel]:
            for kept in (feed.devices, feed.told, feed.owed, feed.counted):
                kept.pop(channel, None)
            feed.cards = {key: made for key, made in feed.cards.items() if key[0] != channel}

    async def look(self) -> None:
        """Ask the database once whether sessions with devices have moved: what finds the commits of other servers."""
        for feed in [f for f in self.feeds.values() if f.devices]:
            async with self.database.reading() as db:
                head = await log.head(db, feed.session_id)
            if not feed.is_at(head) or feed.owes:
                self.nudge(feed.session_id)

    async def beat(self) -> None:
        """Tell every device where its stream stands, so that one that is behind finds out."""
        for feed in list(self.feeds.values()):
            for channel in list(feed.devices):
                told = feed.told.get(channel)
                if told is not None and (standing := _standing(feed, channel, told)):
                    await self.send("pulse", standing, channel.address)

    async def farewell(self, retry_ms: int) -> None:
        """This server goes: tell every device how long to wait before it comes back, to whichever server there is."""
        for feed in list(self.feeds.values()):
            for channel in list(feed.devices):
                await self.send("pulse", {"retry_ms": retry_ms}, channel.address)


def _standing(feed: Feed, channel: Channel, told: int) -> dict[str, int]:
    """Where the stream of these devices stands; nothing while the board is further than what they were `told`.

    Whoever came while ten thousand were being told has the board as it is now: to them a lower number would say that
    they are ahead of the server, and they would ask for the board again. The next patch is on its way anyhow.
    """
    return {"head": told} if feed.board.head(channel.audience) == told else {}


def _nobody(feed: Feed) -> None:
    """Before anybody follows the boards."""


async def _nowhere(event: str, payload: Any, to: str) -> None:
    """Before the sockets are wired there is nobody to tell."""
