"""What this server knows of one session, and what it has told to whom.

A feed is brought up to date by reading the log on from where it stands. Nothing of it changes before all that is needed
has been read: whoever is served meanwhile gets what was, whole, and a reading that breaks off is simply done again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from live.frames import event
from live.identity import mark
from live.packed import Form, Packed
from moderation import votes
from sessions import board as boards
from sessions import log, people
from sessions.audiences import card
from sessions.board import Board
from sessions.database import be_brief
from sessions.events import STILL, Entry, ParticipantMuted, ParticipantUnmuted, QuestionEvent, QuestionFlagged
from sessions.log import Head
from sessions.question import DANGER, Audience

K = TypeVar("K")
V = TypeVar("V")
MOST_MADE = 32
"""Of one kind, for one session: the board of a large one is a megabyte each."""


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


class Found(NamedTuple):
    """What a reading has found; without `tallies` no vote was given or taken back since the last one.

    `anew` is the whole log where words were taken out: the board and what was made of it still have them.
    """

    head: Head
    starts_over: bool
    entries: Sequence[Entry]
    acts: dict[str, dict[str, str]]
    tallies: dict[str, int] | None
    anew: Sequence[Entry] | None = None


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
    made: Made = field(default_factory=Made)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    moved: bool = False
    """There is something to tell with the next tick; `voted`: with the next tallies."""
    voted: bool = False
    flushing: asyncio.Task[None] | None = None

    @property
    def owes(self) -> bool:
        """Whether this server knows something that it has not told its devices."""
        behind = any(self.board.head(channel.audience) > told for channel, told in self.told.items())
        return behind or bool(self.noticed or self.moved_tallies or self.moved_claims or self.moved_twins)

    def is_at(self, head: Head) -> bool:
        return (head.seq, head.votes, head.epoch) == (self.board.seq, self.votes, self.epoch)

    def visible(self, audience: Audience, ids: set[str]) -> dict[str, int]:
        """Tallies of what the audience may see; 0 where the last vote was taken back."""
        questions = self.board.questions
        return {i: self.tallies.get(i, 0) for i in ids if i in questions and card(questions[i], audience)}

    def all_tallies(self, audience: Audience) -> dict[str, int]:
        """Of all that the audience may see."""
        if audience not in self.made.seen:
            self.made.seen[audience] = self.visible(audience, set(self.tallies))
        return self.made.seen[audience]

    def take(self, found: Found) -> None:
        """All of it at once; devices are to hear of it."""
        head = found.head
        if self.is_at(head):
            return
        self.made = Made()
        if found.starts_over:
            self.board, self.votes, self.cards = Board(), -1, {}
            self.told = dict.fromkeys(self.told, 0)
        self.epoch = head.epoch
        if found.entries:
            known = self.board.seq > 0
            if found.anew is not None:
                self.board, self.cards = Board(), {}
            self.board, self.hash = boards.apply(self.board, found.anew or found.entries), head.hash
            if known:
                self.noticed |= {person for entry in found.entries for person in _concerned(entry, self.board)}
                self.acts |= found.acts
        if found.tallies is not None:
            now, before = found.tallies, self.tallies
            if self.votes >= 0:
                self.moved_tallies |= {q for q in {*now, *before} if now.get(q, 0) != before.get(q, 0)}
            # What fell to nothing stays at 0, so that a device which was away hears of it.
            self.tallies, self.votes = dict.fromkeys(before, 0) | now, head.votes


async def read(db: AsyncSession, feed: Feed) -> Found:
    """What the database knows and the feed does not."""
    await be_brief(db, feed.board.seq > 0)  # The first time it is the whole log.
    head = await log.head(db, feed.session_id)
    starts_over = head.epoch != feed.epoch or head.seq < feed.board.seq  # A backup was restored under us.
    board, counted = (Board(), -1) if starts_over else (feed.board, feed.votes)
    # No further than the head, and its hash, that was read: on PostgreSQL somebody may commit between two statements.
    most = head.seq - board.seq
    entries = await log.since(db, feed.session_id, board.seq, board.public, most) if most else []
    acts = await _acts(db, entries) if board.seq else {}
    is_rewritten = board.seq > 0 and boards.is_rewritten(entries)
    if is_rewritten or head.votes != counted:
        await be_brief(db, is_brief=False)
    tallies = await votes.tallies(db, feed.session_id) if head.votes != counted else None
    anew = await log.since(db, feed.session_id, most=head.seq) if is_rewritten else None
    return Found(head, starts_over, entries, acts, tallies, anew)


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
