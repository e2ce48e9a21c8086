"""Two servers on one database, and how they hear of each other."""

from __future__ import annotations

from tests.running import RunningServer
from tests.servers import RedisServer


class Pair:
    def __init__(self, url: str, redis: RedisServer | None) -> None:
        told = {"redis_url": redis.url} if redis else {}
        self.redis = redis
        self.one, self.two = (RunningServer(url, **told) for _ in range(2))

    @property
    def both(self) -> tuple[RunningServer, RunningServer]:
        return self.one, self.two
