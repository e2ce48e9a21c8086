"""Everything of a server, wired together: the one place where its parts learn of each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from live.broadcast import Broadcast
from live.commands import Commands
from live.identity import Identity
from live.nudge import Nudges
from live.presence import Presence
from live.rendering import Renderer
from live.settings import Settings
from live.sockets import Sockets
from live.throttle import Throttle
from sessions.database import Database


@dataclass
class House:
    """Everything that is wired, for whoever serves a request."""

    settings: Settings
    database: Database
    identity: Identity
    renderer: Renderer
    broadcast: Broadcast
    commands: Commands
    presence: Presence
    sockets: Sockets
    nudges: Nudges | None
    moved: Callable[[int], None]


def build_house(settings: Settings) -> House:
    if settings.data_dir:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url, settings.cipher())
    identity, renderer, presence = Identity(settings, database), Renderer(settings), Presence()
    broadcast = Broadcast(database, renderer, settings.tick)
    nudges = Nudges(settings.redis_url, broadcast.nudge, presence) if settings.redis_url else None

    def moved(session_id: int) -> None:
        broadcast.nudge(session_id)
        if nudges:
            nudges.tell(session_id)

    commands = Commands(database, Throttle(), moved, settings.secret())
    sockets = Sockets(settings, database, identity, renderer, broadcast, commands, presence)
    return House(settings, database, identity, renderer, broadcast, commands, presence, sockets, nudges, moved)
