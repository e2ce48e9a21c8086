"""The application: routes, what goes on beside them, and the guard in front."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import socketio
import structlog
from servestatic import ServeStaticASGI
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from live.house import House, build_house
from live.pages import captions, wire
from live.pages.routes import ROUTES
from live.rendering import DIST
from live.settings import Settings
from live.timekeeper import keep_time
from sessions import schema
from sessions.database import AWAY, clock
from sessions.refusals import Refusal

logger = structlog.get_logger()
MOST_BODY = 256 * 1024
FILES = re.compile(r"/office/[^/]{1,20}/captions")
"""Where a whole file may come in."""
LOOK_ANYWAY = 4
"""Turns of looking after which a server that hears nudges looks all the same."""
LOOK_EVERY, BEAT_EVERY, RECHECK_EVERY, TIME_EVERY = 1.0, 15.0, 4.0, 5.0
"""Seconds: a role that was lost closes its connections within 5, a head is told at least every 20."""


def create_app(settings: Settings) -> Starlette:
    house = build_house(settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await schema.migrate(house.database)
        tasks = [asyncio.create_task(turn) for turn in turns(house)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await house.commands.batches.finish()
            await house.claims.close()
            await house.database.dispose()

    app = Starlette(
        routes=[
            *ROUTES,
            Mount(
                "/static",
                ServeStaticASGI(_nothing, root=DIST, prefix="static/", max_age=0, immutable_file_test=_hashed),
            ),
            # Mounted inside, not in front: in front it would answer before the limits and headers below.
            Mount("/socket.io", socketio.ASGIApp(house.sockets.server, socketio_path="")),
        ],
        middleware=[Middleware(Guard, house=house)],
        exception_handlers={Refusal: refused, HTTPException: not_here, **dict.fromkeys(AWAY, not_saved)},
        lifespan=lifespan,
    )
    app.state.house = house
    return app


def turns(house: House) -> list[Coroutine[Any, Any, None]]:
    """What goes on beside the requests, each again and again."""

    def has_devices(session_id: int) -> bool:
        feed = house.broadcast.feeds.get(session_id)
        return bool(feed and feed.devices) or house.presence.count(session_id) > 0

    turn = count()

    async def look() -> None:
        # A nudge may be lost while the line to Redis is made anew: now and then every server looks for itself.
        if house.nudges is None or house.nudges.is_deaf or next(turn) % LOOK_ANYWAY == 0:
            await house.broadcast.look()

    async def keep() -> None:
        await keep_time(house.database, clock(), has_devices, house.moved)

    async def expire() -> None:
        house.claims.expire()

    running = [
        again(look, LOOK_EVERY),
        again(expire, LOOK_EVERY),
        again(house.claims.share, LOOK_EVERY),
        again(house.sockets.engine.turn, 1.0),
        again(house.broadcast.beat, BEAT_EVERY),
        again(house.sockets.recheck, RECHECK_EVERY),
        again(house.sockets.tell_counts, RECHECK_EVERY),
        again(keep, TIME_EVERY),
        house.index.run(),
    ]
    if house.nudges:
        running.append(house.nudges.run())
    if house.alarms.ways:  # Else an alarm is shown at the desk alone.
        running.append(house.alarms.run())
    return running


async def again(do: Callable[[], Awaitable[None]], seconds: float) -> None:
    while True:
        try:
            await do()
        except Exception as error:  # The database may be away for a while: the next turn tries again.
            logger.error("turn failed", turn=do.__qualname__, error=type(error).__name__)
        await asyncio.sleep(seconds)


class Guard:
    """Outermost: limits, where requests may come from, and the headers that every answer carries."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        self.app, self.house = app, house
        sockets = " ".join(origin.replace("http", "ws", 1) for origin in house.settings.origins)
        policy = (
            f"default-src 'none'; script-src 'self'; style-src 'self' {house.renderer.critical_hash}; "
            f"img-src 'self' data:; connect-src 'self' {sockets}; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'; manifest-src 'self'"
        )
        if house.settings.recording_origins:
            policy += f"; media-src {' '.join(house.settings.recording_origins)}"
        self.headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            # With no-referrer, Chromium would send "Origin: null" for our own forms.
            (b"referrer-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
        ]
        if house.settings.is_https:
            self.headers.append((b"strict-transport-security", b"max-age=31536000"))
            self.headers.append((b"cross-origin-opener-policy", b"same-origin"))  # Means nothing on plain http.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        started = False

        async def send_with_headers(told: Message) -> None:
            nonlocal started
            if told["type"] == "http.response.start":
                started = True
                headers = [*told.get("headers", []), *self.headers]
                # What is said to one family is nothing for a shared cache.
                if not any(name.lower() == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
                told["headers"] = headers
            await send(told)

        request = Request(scope, receive)
        try:
            self.check(request)
        except Refusal as refusal:
            return await (await refused(request, refusal))(scope, receive, send_with_headers)
        seen, most = 0, captions.MOST_FILE if FILES.fullmatch(request.url.path) else MOST_BODY

        async def receive_within_limit() -> Message:
            nonlocal seen
            told = await receive()
            seen += len(told.get("body", b""))
            if seen > most:
                raise HTTPException(413)
            return told

        try:
            await self.app(scope, receive_within_limit, send_with_headers)
        except Exception as error:
            logger.exception("at fault", error=type(error).__name__)
            if started:
                raise
            await (await at_fault(request, error))(scope, receive, send_with_headers)

    def check(self, request: Request) -> None:
        """An unsafe request must come from a page of ours; programs with a bearer token have no page.

        Only Bearer: a browser can be made to send Basic along with its cookies.
        """
        is_bearer = request.headers.get("authorization", "")[:7].lower() == "bearer "
        if request.method in ("GET", "HEAD", "OPTIONS") or is_bearer:
            return
        origin, referer = request.headers.get("origin"), request.headers.get("referer")
        if origin is None and referer is not None:
            parts = urlsplit(referer)
            origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self.house.settings.origins:
            raise Refusal("not_allowed", "This came from another website. Please open the session's own page.")


def wants_json(request: Request) -> bool:
    return wire.is_json(request) or "application/json" in request.headers.get("accept", "")


async def refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 (Starlette's signature is wider than what it is given)
    house = request.scope["app"].state.house
    if wants_json(request):
        return await wire.refused(request, error)
    page: Response = house.renderer.refusal(request, error)
    return page


async def not_here(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status in (404, 405):
        return await refused(request, Refusal("not_found", "There is nothing at this address. Please check it."))
    if status == 413:
        return await refused(request, Refusal("bad", "This is too much at once. Please shorten it."))
    if status < 500:
        return await refused(request, Refusal("bad", "This could not be read. Please reload the page and try again."))
    return await at_fault(request, error)


async def not_saved(request: Request, error: Exception) -> Response:
    logger.error(
        "database failed", endpoint=getattr(request.scope.get("endpoint"), "__name__", ""), error=type(error).__name__
    )
    say = "We cannot reach our records for a moment. Nothing is lost; please try again in a minute."
    return await refused(request, Refusal("not_saved", say))


async def at_fault(request: Request, error: Exception) -> Response:
    """A fault of ours, in a sentence; the traceback goes to the log, not to the person."""
    say = "Something went wrong here; it is not your fault. Please go back and try again."
    return await refused(request, Refusal("not_saved", say))


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"ok": False, "code": "not_found", "say": ""}, 404)(scope, receive, send)


def _hashed(_path: str, _url: str) -> bool:
    """Built files carry a hash of their contents in their names."""
    return True
