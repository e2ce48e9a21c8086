"""Catching up: made once for all who are at the same place, and not kept for every place that somebody thinks of."""

from __future__ import annotations

from pathlib import Path

from live.feed import MOST_MADE, Channel, Feed, read
from live.patches import catch_up
from live.rendering import Renderer
from live.settings import Settings
from sessions.events import State
from sessions.question import Audience
from tests.house import House
from tests.running import SECRET


async def test_what_brings_them_up_to_date_is_made_once_and_little_is_kept(small_house: House, tmp_path: Path) -> None:
    question = await small_house.asked(State.SHOWN)
    feed = Feed(small_house.session_id)
    async with small_house.database.reading() as db:
        feed.take(await read(db, feed))
    renderer = Renderer(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/none.db", secret_key=SECRET))
    channel = Channel(small_house.session_id, Audience.PUBLIC, "families", "html", "es")
    first = catch_up(renderer, feed, channel, 0, 0)
    assert ([card["id"] for card in first.patch["cards"]], first.tallies, first.is_news) == ([question], {}, True)
    assert all(catch_up(renderer, feed, channel, 0, 0).frame is first.frame for _ in range(100))
    for since in range(1000):
        catch_up(renderer, feed, channel, since, since % 7)
    assert len(feed.made.catch_ups) <= MOST_MADE


async def test_what_everybody_asks_for_stays_made_whatever_somebody_thinks_of(
    small_house: House, tmp_path: Path
) -> None:
    """Numbers ahead of the log are one and the same, and the others take the place of what nobody asked for again."""
    for _ in range(2 * MOST_MADE):
        await small_house.asked(State.SHOWN)
    feed = Feed(small_house.session_id)
    async with small_house.database.reading() as db:
        feed.take(await read(db, feed))
    renderer = Renderer(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/none.db", secret_key=SECRET))
    channel = Channel(small_house.session_id, Audience.PUBLIC, "families", "json", "")
    first = catch_up(renderer, feed, channel, 0, 0)
    assert len({id(catch_up(renderer, feed, channel, 10**6 + n, feed.epoch)) for n in range(100)}) == 1
    for since in range(1, feed.board.head(channel.audience)):
        catch_up(renderer, feed, channel, since, feed.epoch)
        assert catch_up(renderer, feed, channel, 0, since) is first
