"""Is it alive, is it ready, how much does it do."""

from __future__ import annotations

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from live.pages.visit import house_of

SOON = 1.5
"""Seconds: whoever asks whether we are ready does not wait for longer."""


async def livez(request: Request) -> Response:
    """The event loop turns: nothing else is asked."""
    return PlainTextResponse("alive\n")


async def readyz(request: Request) -> Response:
    """200 while the database answers in time; without Redis the service is degraded, and still whole."""
    house = house_of(request)
    if house.is_leaving:
        return JSONResponse({"ready": False, "leaving": True}, 503)
    try:
        async with asyncio.timeout(SOON), house.database.reading() as db:
            await db.execute(text("SELECT 1"))
    except Exception:
        return JSONResponse({"ready": False, "database": "away"}, 503)
    redis = "off" if house.nudges is None else "degraded" if house.nudges.is_deaf else "ok"
    return JSONResponse({"ready": True, "database": "ok", "redis": redis})


async def metrics(request: Request) -> Response:
    house = house_of(request)
    connections = GaugeMetricFamily("facetoface_connections", "Open connections", labels=["audience"])
    counts: dict[str, int] = {}
    for device in list(house.sockets.devices.values()):
        counts[device.channel.audience] = counts.get(device.channel.audience, 0) + 1
    for audience, count in counts.items():
        connections.add_metric([audience], count)
    boards = GaugeMetricFamily(
        "facetoface_boards", "Sessions whose boards are held in memory", len(house.broadcast.feeds)
    )
    statements = CounterMetricFamily(
        "facetoface_statements", "Statements sent to the database", house.database.statements
    )
    return Response(
        generate_latest(REGISTRY) + generate_latest(_Once([connections, boards, statements])),
        media_type=CONTENT_TYPE_LATEST,
    )


class _Once(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self.families = families

    def collect(self) -> list[Metric]:
        return self.families


routes = [Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)]
