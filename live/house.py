"""Everything of a server, wired together: the one place where its parts learn of each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from live.alarms import Alarms, ways
from live.broadcast import Broadcast
from live.claims import Claims, Shared
from live.commands import Commands
from live.identity import Identity
from live.index import Index
from live.nudge import CHANNEL, Nudges
from live.presence import Presence
from live.rendering import Renderer
from live.settings import Settings
from live.shelf import Shelf
from live.sockets import Sockets
from live.throttle import Throttle
from live.twins import Twins
from live.voters import Voters
from sessions.database import Database

PATIENCE = 5.0
"""Seconds for one statement. The longest of ours take tenths of one; what takes longer has stopped."""


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
    claims: Claims
    twins: Twins
    voters: Voters
    sockets: Sockets
    nudges: Nudges | None
    alarms: Alarms
    archives: Shelf
    index: Index
    moved: Callable[[int], None]
    is_leaving: bool = False
    """Told to stop: nobody should be sent here any more."""


def build_house(settings: Settings) -> House:
    if settings.data_dir:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url, settings.cipher(), settings.signer(), PATIENCE)
    identity, renderer, presence = Identity(settings, database), Renderer(settings), Presence()
    claims = Claims(Shared(settings.redis_url, CHANNEL) if settings.redis_url else None)
    broadcast = Broadcast(database, renderer, settings.tick, claims)
    throttle, nudges = Throttle(), None
    if settings.redis_url:
        nudges = Nudges(settings.redis_url, broadcast.nudge, broadcast.nudge_votes, presence, claims, throttle)

    def moved(session_id: int) -> None:
        broadcast.nudge(session_id)
        if nudges:
            nudges.tell(session_id)
        alarms.look_now()
        index.look_now()

    def voted(session_id: int) -> None:
        broadcast.nudge_votes(session_id)
        if nudges:
            nudges.tell_votes(session_id)

    archives = Shelf(database)
    index = Index(archives)
    alarms = Alarms(database, ways(settings), renderer, settings.home, moved)
    commands = Commands(database, throttle, moved, settings.secret(), claims, settings.profanity(), voted)
    sockets = Sockets(settings, identity, renderer, broadcast, commands, presence)
    return House(
        settings,
        database,
        identity,
        renderer,
        broadcast,
        commands,
        presence,
        claims,
        Twins(broadcast),
        Voters(database),
        sockets,
        nudges,
        alarms,
        archives,
        index,
        moved,
    )
