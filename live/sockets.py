"""socket.io: connect, disconnect, and one catch-all for commands. How bytes travel is not known here.

What a connection may hear is derived from the database at connect and again every few seconds, never from what the
client says.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import socketio
import structlog
from msgspec import Meta, Struct

from live.broadcast import Broadcast, personal
from live.commands import Commands
from live.connections import Connection
from live.engine import Engine
from live.feed import Channel, Feed
from live.frames import Addresses, event
from live.identity import Identity, Tokens, is_family
from live.incoming import MOST_BYTES
from live.patches import catch_up
from live.presence import Presence
from live.rendering import Renderer
from live.roll import Roll
from live.settings import Settings
from sessions import session as sessions
from sessions.audiences import SCREEN_OF, SCREENS, is_open_to_all
from sessions.database import AWAY
from sessions.permissions import MAY_HEAR, Caller, Permission
from sessions.question import Audience
from sessions.refusals import Refusal, not_saved

PING_INTERVAL, PING_TIMEOUT = 25, 20
"""A phone may miss 45 s before it is dropped."""
GOING = 1013
"""WebSocket's "try again later"."""

logger = structlog.get_logger()


class Joining(Struct, frozen=True, forbid_unknown_fields=False):
    """What a device says of itself when it connects."""

    code: str
    audience: Audience = Audience.PUBLIC
    screen: str | None = None
    format: str = "json"
    lang: str = "en"
    epoch: Annotated[int, Meta(ge=0)] = 0
    since: Annotated[int, Meta(ge=0)] = 0
    token: str | None = None


@dataclass(slots=True)
class Device:
    """One connection, what it hears and who holds it."""

    connection: Connection
    caller: Caller
    tokens: Tokens
    channel: Channel
    lang: str
    address: str
    since: int
    epoch: int
    entered: bool = False


class Server(socketio.AsyncServer):  # type: ignore[misc]
    """python-socketio on light connections."""

    def _engineio_server_class(self) -> type[Engine]:
        return Engine


class Sockets:
    def __init__(
        self,
        settings: Settings,
        identity: Identity,
        renderer: Renderer,
        broadcast: Broadcast,
        commands: Commands,
        presence: Presence,
    ) -> None:
        self.identity, self.renderer = identity, renderer
        self.broadcast, self.commands, self.presence = broadcast, commands, presence
        self.devices: dict[str, Device] = {}
        self.staffed: set[str] = set()
        """Devices whose holders have roles to lose."""
        self.addresses = Addresses(self.is_hurried)
        # engine.io logs the text of every packet at INFO, and questions are nobody's business.
        for name in ("socketio.server", "engineio.server"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self.server = Server(
            async_mode="asgi",
            client_manager=Roll(self.welcome),
            transports=["websocket"],
            cors_allowed_origins=settings.origins,
            async_handlers=False,  # Else one device's second command may overtake its first.
            max_http_buffer_size=MOST_BYTES,
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            http_compression=False,
        )
        self.server.on("connect", self.connect)
        self.server.on("disconnect", self.disconnect)
        self.server.on("*", self.command)
        self.engine: Engine = self.server.eio
        self.engine.patience = settings.behind
        self.engine.arrived = self.server.environ.__setitem__
        self.engine.drained = self.resume
        broadcast.send = self.addresses.send

    def is_hurried(self) -> bool:
        """Whether somebody waits for an answer, by whichever way they asked, or a desk for what is new.

        A vote that only waits for company is in no hurry.
        """
        batches = self.commands.batches
        return batches.is_busy or self.engine.answering > batches.gathering or self.broadcast.is_reading

    async def connect(self, sid: str, environ: dict[str, Any], auth: Any) -> None:
        if sid in self.devices:  # A client may send an event of this very name.
            return
        try:
            await self._connect(sid, environ, auth)
        except Refusal as refusal:
            lang = self.renderer.known(auth.get("lang") if isinstance(auth, dict) else None)
            say = refusal.say(self.renderer.gettext(lang), lang)
            raise socketio.exceptions.ConnectionRefusedError(say, {"code": refusal.code, "say": say}) from None
        except AWAY as error:
            logger.error("joining failed", error=type(error).__name__)
            raise socketio.exceptions.ConnectionRefusedError("", {"code": "not_saved", "say": ""}) from None

    async def _connect(self, sid: str, environ: dict[str, Any], auth: Any) -> None:
        try:
            joining = msgspec.convert(auth, Joining)
        except msgspec.ValidationError:
            raise Refusal("bad", "This page is too old to take part. Please reload it.") from None
        feed = await self.broadcast.find(joining.code)
        tokens = self.identity.tokens(environ["headers"], joining.token)
        caller = await self.identity.caller(tokens, feed.session_id)
        if not is_open_to_all(feed.board.state) and not caller.is_staff:
            raise sessions.no_such_session()
        caller.require(MAY_HEAR[joining.audience])
        screen = joining.screen or SCREEN_OF[joining.audience]
        if (
            screen not in SCREENS
            or SCREENS[screen][0] is not joining.audience
            or joining.format not in ("html", "json")
        ):
            raise Refusal("bad", "This page is too old to take part. Please reload it.")
        lang = self.renderer.known(joining.lang)
        connection = self.engine.sockets.get(sid)
        if connection is None:  # It left while we read.
            return
        # Programs in every language get the same frames: there is no text of ours in them.
        form = joining.format
        channel = Channel(feed.session_id, joining.audience, screen, form, lang if form == "html" else "")
        self.devices[sid] = Device(
            connection, caller, tokens, channel, lang, environ["address"], joining.since, joining.epoch
        )
        self.server.environ[sid] = None  # All its headers: nobody asks for them again.
        if not is_family(caller):
            self.staffed.add(sid)

    async def welcome(self, sid: str) -> None:
        """After the answer to the connect itself: what changed, and all that pulses tell."""
        device = self.devices.get(sid)
        if device is None:
            return
        channel, connection = device.channel, device.connection
        try:
            feed = await self.broadcast.recent(channel.session_id)
        except Exception as error:
            logger.error("welcome failed", error=type(error).__name__)
            connection.end(GOING)
            return
        if connection.closing:  # It left while we read.
            return
        # From here to the end nothing else runs, so no change falls between the board and the next patch.
        self.broadcast.enter(feed, channel)
        device.entered = connection.is_joined = True
        if channel.screen == "families":
            self.presence.come(channel.session_id)
        told = catch_up(self.renderer, feed, channel, device.since, device.epoch)
        self.addresses.join(connection, channel.address, personal(channel.session_id, device.caller.person))
        if told.is_news:
            connection.write(told.frame)
        connection.write(self._pulse(feed, channel, told.tallies))

    def _pulse(self, feed: Feed, channel: Channel, tallies: dict[str, int] | None = None) -> bytes:
        """All that pulses tell, as for somebody who has just come; without `tallies` also what is so no longer."""
        told = self.broadcast.pulse(feed, channel.audience, tallies) | {"here": self.presence.count(channel.session_id)}
        for name, nothing in (("claims", None), ("twins", [])):
            if tallies is None and name in told:
                told[name] = dict.fromkeys(feed.board.questions, nothing) | told[name]
        return event("pulse", told)

    def resume(self, sid: str, missed: frozenset[str]) -> None:
        """A device that did not read for a while reads again: told where everything stands, it asks for the rest."""
        device = self.devices.get(sid)
        feed = self.broadcast.feeds.get(device.channel.session_id) if device else None
        if device is None or feed is None or not device.entered:
            return
        device.connection.write(self._pulse(feed, device.channel))
        if "notice" in missed:
            device.connection.write(event("notice", {"mine": True}))

    async def disconnect(self, sid: str, _reason: str = "") -> None:
        if self.server.manager.is_connected(sid, "/"):  # Not the end of the connection: an event of this very name.
            await self.server.disconnect(sid)
            return
        device = self.devices.pop(sid, None)
        self.staffed.discard(sid)
        if device is None:
            return
        device.connection.end(1000)  # One connection, one device: whoever comes again comes by a new one.
        if device.entered:
            self.addresses.leave(device.connection)
            self.broadcast.leave(device.channel)
            if device.channel.screen == "families":
                self.presence.go(device.channel.session_id)

    async def command(self, name: str, sid: str, raw: Any = None, *_: Any) -> dict[str, Any]:
        """Every command by its name; the answer is the acknowledgement."""
        # An event itself named "*" comes with the connection as its name, and whomever it likes as the connection.
        device = None if name in self.devices else self.devices.get(sid)
        if device is None:
            return {"ok": False, "code": "no_identity", "say": ""}
        session_id = device.channel.session_id
        try:
            if not isinstance(raw, dict):
                raise Refusal("bad", "This page asks for something that is not known here. Please reload it.")
            caller = await self.identity.refresh(device.caller, device.tokens, session_id)
            return await self.commands.run(caller, session_id, name, raw, lang=device.lang, address=device.address)
        except Refusal as refusal:
            return await self.broadcast.refused(refusal, session_id, device.channel.audience, device.lang)
        except AWAY as error:
            logger.error("command failed", error=type(error).__name__)
            return await self.broadcast.refused(not_saved(), session_id, device.channel.audience, device.lang)

    async def recheck(self) -> None:
        """Close the connections of people who may not hear any more what they hear: a role that was lost is lost.

        With it go the claims of those who decide no longer, unless they still do so from another device.
        """
        deciding: dict[tuple[int, str], bool] = {}
        for sid, device in [(sid, self.devices[sid]) for sid in self.staffed]:
            channel, may_decide = device.channel, False
            try:
                caller = await self.identity.refresh(device.caller, device.tokens, channel.session_id)
                caller.require(MAY_HEAR[channel.audience])
                may_decide = caller.may(Permission.DECIDE)
            except Refusal:
                await self.server.disconnect(sid)
            if channel.audience is Audience.DESK:
                who = channel.session_id, device.caller.person
                deciding[who] = deciding.get(who, False) or may_decide
        for (session_id, person), still in deciding.items():
            if not still:
                await self.commands.claims.forget(session_id, person)

    async def tell_counts(self) -> None:
        for feed in [feed for feed in self.broadcast.feeds.values() if feed.devices]:
            count = self.presence.moved(feed.session_id)
            if count is None:
                continue
            for channel in list(feed.devices):
                await self.broadcast.send("pulse", {"here": count}, channel.address)
