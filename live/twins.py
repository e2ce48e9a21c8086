"""Likely duplicates as they arrive: proposed to the desk, and to whoever is about to ask the same.

An index grows beside a feed's board, in a thread of its own: judging a question takes about a millisecond, and in a
flood those belong to the devices. It is thrown away with the feed, and made again from the board.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from operator import ne
from typing import Any, TypeVar

import structlog

from live.broadcast import Broadcast
from live.feed import Feed
from moderation.duplicates import Index
from moderation.states import TWINS
from sessions.audiences import SEES
from sessions.events import State
from sessions.question import Audience, Question

SLICE = 20
"""Questions that are read in one go, so that a family who is typing is answered between two of them."""
MOST = 5

T = TypeVar("T")
logger = structlog.get_logger()


@dataclass
class Follower:
    """What is known of one feed's duplicates, up to the number `seq` of its board.

    `index` and `likes` belong to the thread; `proposed` is what it has given out, and never changed in place.
    """

    epoch: int
    seq: int = 0
    index: Index = field(default_factory=Index)
    likes: dict[str, list[str]] = field(default_factory=dict)
    proposed: dict[str, list[str]] = field(default_factory=dict)
    following: asyncio.Task[None] | None = None


class Twins:
    def __init__(self, broadcast: Broadcast) -> None:
        self.broadcast = broadcast
        broadcast.followed = self.follow
        self.thread = ThreadPoolExecutor(1, "twins")  # One: an index is only ever touched by it.

    def of(self, session_id: int) -> dict[str, list[str]]:
        """For each waiting question the likeliest of those that live, the likeliest first."""
        feed = self.broadcast.feeds.get(session_id)
        return self._follower(feed).proposed if feed else {}

    async def like(self, session_id: int, words: str, lang: str, limit: int = 3) -> list[str]:
        """The questions like these words among those that everybody can see: of others not even that they exist."""
        feed = await self.broadcast.fresh(session_id)
        follower = self._follower(feed)
        if follower.following:
            await asyncio.shield(follower.following)
        questions = feed.board.questions

        def is_public(question: str) -> bool:
            found = questions.get(question)
            return found is not None and found.state in SEES[Audience.PUBLIC] and not found.private

        found = await self._in_thread(follower.index.propose, words, lang, is_public, limit)
        return [like.id for like in found]

    def follow(self, feed: Feed) -> None:
        """A board has moved; where nobody asked for duplicates yet, and no desk is open, nothing is done."""
        if feed.follower or any(channel.audience is Audience.DESK for channel in feed.devices):
            self._follower(feed)

    def _follower(self, feed: Feed) -> Follower:
        follower: Follower | None = feed.follower
        if follower is None or follower.epoch != feed.epoch:
            follower = feed.follower = Follower(feed.epoch)
        if follower.following is None and follower.seq < feed.board.seq:
            follower.following = asyncio.create_task(self._follow(feed, follower))
        return follower

    async def _follow(self, feed: Feed, follower: Follower) -> None:
        try:
            while follower.seq < feed.board.seq and feed.follower is follower:
                board = feed.board
                moved = [q for q in board.questions.values() if q.revs.get(Audience.DESK, 0) > follower.seq]
                for start in range(0, len(moved), SLICE):
                    part = moved[start : start + SLICE]
                    if feed.busy:  # Its thread would take the core from those who tell the many.
                        await asyncio.wait(feed.busy.values())
                    changed, follower.proposed = await self._in_thread(read, follower, part)
                    self._tell(feed, changed)
                follower.seq = board.seq
        except Exception as error:  # Duplicates are a help, and never in the way of the questions themselves.
            logger.error("looking for duplicates failed", session=feed.session_id, error=type(error).__name__)
        finally:
            follower.following = None

    def _tell(self, feed: Feed, changed: set[str]) -> None:
        if changed and any(channel.audience is Audience.DESK for channel in feed.devices):
            feed.moved_twins |= changed
            self.broadcast.nudge(feed.session_id)

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.thread, work, *arguments)

    def close(self) -> None:
        self.thread.shutdown(cancel_futures=True)


def read(follower: Follower, questions: Sequence[Question]) -> tuple[set[str], dict[str, list[str]]]:
    """Take in what became of these questions: which waiting ones have other proposals now, and all proposals."""
    index, proposed, changed = follower.index, follower.likes, set[str]()
    for question in questions:
        if question.state in TWINS and not question.private and question.words:
            index.add(question.id, question.words, question.lang)
        elif question.id in index.known:
            index.remove(question.id)
            changed |= _forget(proposed, question.id)
        if question.state is not State.HELD and question.id in proposed:
            changed.add(question.id)
            del proposed[question.id]
    for question in questions:
        if question.state is not State.HELD or question.id not in index.known:
            continue
        likes = index.propose(question.words or "", question.lang, partial(ne, question.id), MOST)
        now = [like.id for like in likes]
        if proposed.get(question.id, []) != now:
            changed.add(question.id)
        proposed[question.id] = now
        for other in now:  # Whoever waits already is as much a duplicate of the one that came later.
            if other in proposed and question.id not in proposed[other]:
                proposed[other] = [*proposed[other], question.id][:MOST]
                changed.add(other)
    return changed, {question: likes for question, likes in proposed.items() if likes}


def _forget(proposed: dict[str, list[str]], gone: str) -> set[str]:
    changed = {question for question, likes in proposed.items() if gone in likes}
    for question in changed:
        proposed[question] = [like for like in proposed[question] if like != gone]
    return changed
