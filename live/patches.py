"""What brings a device to how things are now, in the form of its channel; each card is rendered once for all of it."""

from __future__ import annotations

from typing import Any

import msgspec

from live.feed import CatchUp, Channel, Feed, Made
from live.rendering import Renderer, session_view
from sessions import board as boards
from sessions.audiences import Card


def patch_of(renderer: Renderer, feed: Feed, channel: Channel, since: int) -> dict[str, Any]:
    """What brings a device of the channel from `since` to now; from 0 if it is ahead of us or of another epoch."""
    told = boards.patch(
        feed.board, channel.audience, since if since <= feed.board.head(channel.audience) else 0, channel.screen
    )
    session = session_view(feed.board)
    cards = (_card(renderer, feed, channel, c, session) if isinstance(c, Card) else c for c in told["cards"])
    told["cards"] = [c for c in cards if told["from"] or not c.get("gone")]
    return {"epoch": feed.epoch, **told}


def catch_up(renderer: Renderer, feed: Feed, channel: Channel, since: int, epoch: int) -> CatchUp:
    """What a device of the channel is told that says where it is; made once for all who are there.

    One that comes again may remember tallies that fell to nothing while it was away, and of which no server knows
    any more since it was restarted: it is told those of every card in its patch.
    """
    at = since if epoch == feed.epoch and since <= feed.board.head(channel.audience) else 0
    comes_again = since > 0

    def make() -> CatchUp:
        patch, tallies = patch_of(renderer, feed, channel, at), feed.all_tallies(channel.audience)
        if comes_again:
            tallies = tallies | feed.visible(channel.audience, {card["id"] for card in patch["cards"]})
        return CatchUp(at, patch, tallies)

    return Made.find(feed.made.catch_ups, (channel, at, comes_again), make)


def _card(renderer: Renderer, feed: Feed, channel: Channel, shown: Card, session: dict[str, Any]) -> dict[str, Any]:
    rev, made = feed.cards.get((channel, shown.id), (-1, {}))
    if rev == shown.rev:
        return made
    if channel.format == "json":
        made = msgspec.to_builtins(shown)
    elif shown.place is None:
        made = {"id": shown.id, "rev": shown.rev, "gone": True}
    else:
        html = renderer.card(shown, channel.screen, channel.lang, session)
        made = {"id": shown.id, "rev": shown.rev, "place": shown.place, "order": shown.order, "html": html}
    feed.cards[channel, shown.id] = shown.rev, made
    return made
