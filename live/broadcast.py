"""Per session: read the log from where this server was, render each audience once, tell its devices.

One road for everything: a commit of our own is told the same way as one of another server, by reading the log in
order. What travels is cards as they are now, never history: replaying "shown, then hidden" to a late phone would hand
over exactly what was hidden.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from live.claims import Claims
from live.frames import BREATH, event
from live.identity import mark
from live.packed import Form, Packed
from live.rendering import Renderer, session_view
from moderation import votes
from sessions import board as boards
from sessions import log, people
from sessions import session as sessions
from sessions.audiences import Card, card
from sessions.board import Board
from sessions.database import AWAY, Database
from sessions.events import STILL, Entry, ParticipantMuted, ParticipantUnmuted, QuestionEvent, QuestionFlagged
from sessions.question import DANGER, Audience
from sessions.refusals import Refusal

logger = structlog.get_logger()

K = TypeVar("K")
V = TypeVar("V")
Send = Callable[[str, Any, str], Awaitable[None]]
"""(event, payload, to whom): the one way out to devices; `to` is a socket.io room or a connection."""
RECENT = 0.1
"""Seconds for which a board that was read may be given to newcomers without asking the database again."""
MOST_MADE = 32
"""Of one kind, for one session: the board of a large one is a megabyte each."""
TALLIES_EVERY = 0.25
"""Seconds between two tellings of tallies: votes are many, and nobody reads them faster."""
IDLE_FEEDS = 50
"""Sessions without devices whose boards are kept at hand for their pages."""


class Channel(NamedTuple):
    """Devices that get the very same frames."""

    session_id: int
    audience: Audience
    screen: str
    format: str
    lang: str

    @property
    def address(self) -> str:
        return "/".join(map(str, self))


def personal(session_id: int, person: str) -> str:
    """Where a person's own devices listen for notices."""
    return f"{session_id}/person/{person}"


class News(NamedTuple):
    """What the desk alone is told, beside its patches."""

    acts: dict[str, dict[str, str]]
    claims: set[str]
    twins: set[str]


NO_NEWS = News({}, set(), set())


@dataclass
class CatchUp:
    """What brings a device from `since` to now, with the tallies that it is to have."""

    since: int
    patch: dict[str, Any]
    tallies: dict[str, int]

    @property
    def is_news(self) -> bool:
        return self.patch["from"] == 0 or bool(self.patch["to"] > self.since)

    @cached_property
    def frame(self) -> bytes:
        return event("patch", self.patch)

    @cached_property
    def packed(self) -> Packed:
        """As it is answered over HTTP."""
        return Packed(msgspec.json.encode(self.patch | {"tallies": self.tallies}), "application/json")


@dataclass
class Made:
    """What was made of a board and its tallies as they are, for all who come meanwhile; with them it is gone."""

    catch_ups: dict[tuple[Channel, int, bool], CatchUp] = field(default_factory=dict)
    pages: dict[tuple[str, str], Form] = field(default_factory=dict)
    seen: dict[Audience, dict[str, int]] = field(default_factory=dict)
    """The tallies of all that an audience may see."""

    @staticmethod
    def find(those: dict[K, V], key: K, make: Callable[[], V]) -> V:
        """Made where it is not there; those that were asked for last are kept.

        However many numbers and spellings somebody thinks of, what everybody asks for stays.
        """
        one = those.pop(key) if key in those else make()
        those[key] = one
        if len(those) > MOST_MADE:
            del those[next(iter(those))]
        return one


@dataclass
class Feed:
    """What this server knows of one session, and what it has told."""

    session_id: int
    board: Board = field(default_factory=Board)
    epoch: int = 1
    hash: str = ""
    votes: int = -1
    tallies: dict[str, int] = field(default_factory=dict)
    told: dict[Channel, int] = field(default_factory=dict)
    devices: dict[Channel, int] = field(default_factory=dict)
    owed: dict[Channel, set[str]] = field(default_factory=dict)
    """The questions of which a channel has not heard the latest tally, and when it last heard any."""
    counted: dict[Channel, float] = field(default_factory=dict)
    busy: dict[Channel, asyncio.Task[None]] = field(default_factory=dict)
    noticed: set[str] = field(default_factory=set)
    moved_tallies: set[str] = field(default_factory=set)
    moved_claims: set[str] = field(default_factory=set)
    moved_twins: set[str] = field(default_factory=set)
    acts: dict[str, dict[str, str]] = field(default_factory=dict)
    follower: Any = None
    cards: dict[tuple[Channel, str], tuple[int, dict[str, Any]]] = field(default_factory=dict)
    read_at: float = 0.0
    """When the last reading of the database began: all that was committed before is in here."""
    nudged_at: float = 0.0
    made: Made = field(default_factory=lambda: Made())
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    moved: bool = False
    flushing: asyncio.Task[None] | None = None


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
        """The feed with everything in it that this server committed, and others a tenth of a second ago.

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
        if self._owes(feed):  # A page read ahead of the flusher what another server committed.
            self._stir(feed)
        return feed

    def _owes(self, feed: Feed) -> bool:
        """Whether this server knows something that it has not told its devices."""
        behind = any(feed.board.head(channel.audience) > told for channel, told in feed.told.items())
        return behind or bool(feed.noticed or feed.moved_tallies or feed.moved_claims or feed.moved_twins)

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
            await self._read_on(feed)
            feed.read_at = began

    async def _read_on(self, feed: Feed) -> None:
        async with self.database.reading() as db:
            head = await log.head(db, feed.session_id)
            if (head.seq, head.votes, head.epoch) != (feed.board.seq, feed.votes, feed.epoch):
                feed.made = Made()
            if head.epoch != feed.epoch or head.seq < feed.board.seq:  # A backup was restored under us.
                feed.board, feed.votes, feed.cards = Board(), -1, {}
                feed.told = dict.fromkeys(feed.told, 0)
            feed.epoch = head.epoch
            if head.seq > feed.board.seq:
                entries = await log.since(db, feed.session_id, feed.board.seq, feed.board.public)
                known = feed.board.seq > 0
                feed.board, feed.hash = boards.apply(feed.board, entries), head.hash
                if known:
                    feed.noticed |= {person for entry in entries for person in _concerned(entry, feed.board)}
                    feed.acts |= await _acts(db, entries)
                self.followed(feed)
            if head.votes != feed.votes:
                tallies = await votes.tallies(db, feed.session_id)
                if feed.votes >= 0:
                    moved = {q for q in {*tallies, *feed.tallies} if tallies.get(q, 0) != feed.tallies.get(q, 0)}
                    feed.moved_tallies |= moved
                # What fell to nothing stays at 0, so that a device which was away hears of it.
                feed.tallies, feed.votes = dict.fromkeys(feed.tallies, 0) | tallies, head.votes

    def nudge(self, session_id: int) -> None:
        """Session `session_id` has moved: tell its devices soon, and at once if nothing was told within the tick."""
        feed = self.feeds.get(session_id)
        if feed is None:
            return
        feed.nudged_at = time.monotonic()
        self._stir(feed)

    def _stir(self, feed: Feed) -> None:
        if not feed.devices:
            return
        feed.moved = True
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
            while feed.moved or feed.busy:
                began = time.monotonic()
                if feed.moved:
                    feed.moved = False
                    try:
                        await self._read(feed, began)
                        await self._tell(feed)
                    except AWAY as error:  # The look once a second tries again.
                        logger.error("telling failed", session=feed.session_id, error=type(error).__name__)
                await asyncio.sleep(max(0.0, self.tick - (time.monotonic() - began)))
        finally:
            feed.flushing = None

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
            patch = self.patch(feed, channel, since)
            # One that an audience sees for the first time may have votes already, and one that was taken down for a
            # while may have lost those it had: what moved meanwhile was not told.
            newly = {c["id"] for c in patch["cards"] if c["id"] in feed.tallies}
            await self.send("patch", patch, channel.address)
        told: dict[str, Any] = {}
        now = time.monotonic()
        if owed and now - feed.counted.get(channel, 0.0) < self.tallies_every:
            feed.moved = True
        else:
            newly |= owed
            owed.clear()
        if moved := visible(feed, channel.audience, newly):
            told["tallies"] = moved
            if channel in feed.devices:
                feed.counted[channel] = now
        if news.claims:
            told["claims"] = self._claims(feed, news.claims)
        if news.twins:
            proposed = feed.follower.proposed if feed.follower else {}
            told["twins"] = {question: proposed.get(question, []) for question in news.twins}
        if told:
            await self.send("pulse", told | {"head": head}, channel.address)

    def patch(self, feed: Feed, channel: Channel, since: int) -> dict[str, Any]:
        """What brings a device of the channel from `since` to now; from 0 if it is ahead of us or of another epoch."""
        told = boards.patch(
            feed.board, channel.audience, since if since <= feed.board.head(channel.audience) else 0, channel.screen
        )
        session = session_view(feed.board)
        cards = (self._card(feed, channel, c, session) if isinstance(c, Card) else c for c in told["cards"])
        told["cards"] = [c for c in cards if told["from"] or not c.get("gone")]
        return {"epoch": feed.epoch, **told}

    def catch_up(self, feed: Feed, channel: Channel, since: int, epoch: int) -> CatchUp:
        """What a device of the channel is told that says where it is; made once for all who are there.

        One that comes again may remember tallies that fell to nothing while it was away, and of which no server knows
        any more since it was restarted: it is told those of every card in its patch.
        """
        at = since if epoch == feed.epoch and since <= feed.board.head(channel.audience) else 0
        comes_again = since > 0

        def make() -> CatchUp:
            patch, tallies = self.patch(feed, channel, at), self.tallies(feed, channel.audience)
            if comes_again:
                tallies = tallies | visible(feed, channel.audience, {card["id"] for card in patch["cards"]})
            return CatchUp(at, patch, tallies)

        return Made.find(feed.made.catch_ups, (channel, at, comes_again), make)

    @staticmethod
    def tallies(feed: Feed, audience: Audience) -> dict[str, int]:
        """Of all that the audience may see."""
        if audience not in feed.made.seen:
            feed.made.seen[audience] = visible(feed, audience, set(feed.tallies))
        return feed.made.seen[audience]

    def _card(self, feed: Feed, channel: Channel, shown: Card, session: dict[str, Any]) -> dict[str, Any]:
        rev, made = feed.cards.get((channel, shown.id), (-1, {}))
        if rev == shown.rev:
            return made
        if channel.format == "json":
            made = msgspec.to_builtins(shown)
        elif shown.place is None:
            made = {"id": shown.id, "rev": shown.rev, "gone": True}
        else:
            html = self.renderer.card(shown, channel.screen, channel.lang, session)
            made = {"id": shown.id, "rev": shown.rev, "place": shown.place, "order": shown.order, "html": html}
        feed.cards[channel, shown.id] = shown.rev, made
        return made

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
        told: dict[str, Any] = {"head": feed.board.head(audience), "tallies": tallies or self.tallies(feed, audience)}
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
            known = feed.board.seq, feed.votes, feed.epoch
            if (head.seq, head.votes, head.epoch) != known or self._owes(feed):
                self.nudge(feed.session_id)

    async def beat(self) -> None:
        """Tell every device where its stream stands, so that one that is behind finds out."""
        for feed in list(self.feeds.values()):
            for channel in list(feed.devices):
                if (told := feed.told.get(channel)) is not None:
                    await self.send("pulse", {"head": told}, channel.address)

    async def farewell(self, retry_ms: int) -> None:
        """This server goes: tell every device how long to wait before it comes back, to whichever server there is."""
        for feed in list(self.feeds.values()):
            for channel in list(feed.devices):
                await self.send("pulse", {"retry_ms": retry_ms}, channel.address)


def visible(feed: Feed, audience: Audience, ids: set[str]) -> dict[str, int]:
    """Tallies of what the audience may see; 0 where the last vote was taken back."""
    questions = feed.board.questions
    return {i: feed.tallies.get(i, 0) for i in ids if i in questions and card(questions[i], audience)}


def _concerned(entry: Entry, board: Board) -> set[str]:
    """Who can notice on their own page what happened: the asker, and whoever asked what was merged with it."""
    event = entry.event
    if isinstance(event, ParticipantMuted | ParticipantUnmuted):
        return {event.person}
    is_help = isinstance(event, QuestionFlagged) and event.flag == DANGER
    if isinstance(event, QuestionEvent) and (type(event) not in STILL or is_help):
        return {question.author for question in board.family(board.questions[event.question])}
    return set()


async def _acts(db: AsyncSession, entries: Sequence[Entry]) -> dict[str, dict[str, str]]:
    """Question id -> who of the staff has just decided on it, for their colleagues."""
    decided = {
        entry.event.question: entry.event.by
        for entry in entries
        if isinstance(entry.event, QuestionEvent) and entry.event.was not in (None, entry.event.state)
    }
    names = await people.names(db, decided.values()) if decided else {}
    return {q: {"by": mark(person), "name": names[person]} for q, person in decided.items() if person in names}


def _nobody(feed: Feed) -> None:
    """Before anybody follows the boards."""


async def _nowhere(event: str, payload: Any, to: str) -> None:
    """Before the sockets are wired there is nobody to tell."""
