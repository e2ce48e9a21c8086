"""socket.io: connect, disconnect, and one catch-all for commands.

What a connection may hear is derived from the database at connect and again every few seconds, never from what the
client says.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import socketio
import structlog
from msgspec import Meta, Struct

from live.broadcast import Broadcast, Channel, personal
from live.commands import Commands
from live.identity import Identity, Tokens
from live.presence import Presence
from live.rendering import Renderer
from live.settings import Settings
from sessions import session as sessions
from sessions.audiences import SCREEN_OF, SCREENS, is_open_to_all
from sessions.database import AWAY, Database
from sessions.events import SessionState
from sessions.permissions import MAY_HEAR, Caller, Permission
from sessions.question import Audience
from sessions.refusals import Refusal, not_saved

PING_INTERVAL, PING_TIMEOUT = 25, 20
"""A phone may miss 45 s before it is dropped."""
MOST_BYTES = 65_536

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


@dataclass
class Connection:
    """One device, what it hears and who holds it."""

    caller: Caller
    tokens: Tokens
    channel: Channel
    lang: str
    address: str
    entered: bool = False


class Sockets:
    def __init__(
        self,
        settings: Settings,
        database: Database,
        identity: Identity,
        renderer: Renderer,
        broadcast: Broadcast,
        commands: Commands,
        presence: Presence,
    ) -> None:
        self.database, self.identity, self.renderer = database, identity, renderer
        self.broadcast, self.commands, self.presence = broadcast, commands, presence
        self.connections: dict[str, Connection] = {}
        self.welcomes: set[asyncio.Task[None]] = set()
        # engine.io logs the text of every packet at INFO, and questions are nobody's business.
        for name in ("socketio.server", "engineio.server"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self.server = socketio.AsyncServer(
            async_mode="asgi",
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
        broadcast.send = self.send

    async def send(self, event: str, payload: Any, to: str) -> None:
        await self.server.emit(event, payload, to=to)

    async def connect(self, sid: str, environ: dict[str, Any], auth: Any) -> None:
        if sid in self.connections:  # A client may send an event of this very name.
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
        scope = environ["asgi.scope"]
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        async with self.database.reading() as db:
            session = await sessions.find(db, joining.code)
        tokens = self.identity.tokens(headers, joining.token)
        caller = await self.identity.caller(tokens, session.id)
        if not is_open_to_all(SessionState(session.state)) and not caller.is_staff:
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
        # Programs in every language get the same frames: there is no text of ours in them.
        channel = Channel(
            session.id, joining.audience, screen, joining.format, lang if joining.format == "html" else ""
        )
        self.connections[sid] = Connection(caller, tokens, channel, lang, (scope.get("client") or ("",))[0])
        # The welcome comes after the answer to the connect itself, which is sent when this function returns.
        task = asyncio.create_task(self._welcome(sid, joining))
        self.welcomes.add(task)
        task.add_done_callback(self.welcomes.discard)

    async def _welcome(self, sid: str, joining: Joining) -> None:
        connection = self.connections.get(sid)
        if connection is None:
            return
        channel, caller = connection.channel, connection.caller
        try:
            feed = await self.broadcast.fresh(channel.session_id)
        except Exception as error:
            logger.error("welcome failed", error=type(error).__name__)
            await self.server.disconnect(sid)
            return
        if sid not in self.connections:  # It left while we read.
            return
        since = joining.since if joining.epoch == feed.epoch else 0
        # From here to the first send nothing else runs, so no change falls between the board and the next patch.
        self.broadcast.enter(feed, channel)
        connection.entered = True
        if channel.screen == "families":
            self.presence.come(channel.session_id)
        patch = self.broadcast.patch(feed, channel, since)
        pulse = self.broadcast.pulse(feed, channel.audience, patch if joining.since else None)
        pulse["here"] = self.presence.count(channel.session_id)
        await self.server.enter_room(sid, channel.address)
        await self.server.enter_room(sid, personal(channel.session_id, caller.person))
        if patch["to"] > since or patch["from"] == 0:
            await self.send("patch", patch, sid)
        await self.send("pulse", pulse, sid)

    async def disconnect(self, sid: str, _reason: str = "") -> None:
        if self.server.manager.is_connected(sid, "/"):  # Not the end of the connection: an event of this very name.
            await self.server.disconnect(sid)
            return
        connection = self.connections.pop(sid, None)
        if connection and connection.entered:
            self.broadcast.leave(connection.channel)
            if connection.channel.screen == "families":
                self.presence.go(connection.channel.session_id)

    async def command(self, name: str, sid: str, raw: Any = None, *_: Any) -> dict[str, Any]:
        """Every command by its name; the answer is the acknowledgement."""
        connection = self.connections.get(sid)
        if connection is None:
            return {"ok": False, "code": "no_identity", "say": ""}
        session_id = connection.channel.session_id
        try:
            if not isinstance(raw, dict):
                raise Refusal("bad", "This page asks for something that is not known here. Please reload it.")
            caller = await self.identity.refresh(connection.caller, connection.tokens, session_id)
            return await self.commands.run(
                caller, session_id, name, raw, lang=connection.lang, address=connection.address
            )
        except Refusal as refusal:
            return await self.broadcast.refused(refusal, session_id, connection.channel.audience, connection.lang)
        except AWAY as error:
            logger.error("command failed", error=type(error).__name__)
            return await self.broadcast.refused(not_saved(), session_id, connection.channel.audience, connection.lang)

    async def recheck(self) -> None:
        """Close the connections of people who may not hear any more what they hear: a role that was lost is lost.

        With it go the claims of those who decide no longer, unless they still do so from another device.
        """
        deciding: dict[tuple[int, str], bool] = {}
        for sid, connection in list(self.connections.items()):
            channel, may_decide = connection.channel, False
            try:
                caller = await self.identity.refresh(connection.caller, connection.tokens, channel.session_id)
                caller.require(MAY_HEAR[channel.audience])
                may_decide = caller.may(Permission.DECIDE)
            except Refusal:
                await self.server.disconnect(sid)
            if channel.audience is Audience.DESK:
                who = channel.session_id, connection.caller.person
                deciding[who] = deciding.get(who, False) or may_decide
        for (session_id, person), still in deciding.items():
            if not still:
                await self.commands.claims.forget(session_id, person)

    async def tell_counts(self) -> None:
        for session_id in {c.channel.session_id for c in self.connections.values()}:
            count = self.presence.moved(session_id)
            feed = self.broadcast.feeds.get(session_id)
            if count is None or feed is None:
                continue
            for channel in list(feed.devices):
                await self.send("pulse", {"here": count}, channel.address)
