"""Is this replica any good? Without the database no, without Redis less so."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import pymysql

from cosmic_app import cache, database
from cosmic_app.settings import Settings

DEADLINE_SECONDS = 1.2
# Where all is well, an answer holds for so long: less than anybody waits between two questions who
# wants to know twice.
FRESH_SECONDS = 0.04


@dataclass(frozen=True, kw_only=True)
class Health:
    """`database` and `redis` are empty where all is well, else they say what is wrong."""

    database: str = ""
    redis: str = ""

    @property
    def status(self) -> str:
        if self.database:
            return "unavailable"
        return "degraded" if self.redis else "ok"


class HealthCheck:
    """Looks at what the service rests on, for as many askers as there are at once."""

    def __init__(self, settings: Settings) -> None:
        self._pulse = database.Pulse(settings.database, timeout=1.0)
        self._redis = cache.connect(settings.redis)
        self._running: asyncio.Task[Health] | None = None
        self._well_until = 0.0

    async def check(self) -> Health:
        """The health now. A check that takes too long goes on; askers meanwhile share it."""
        if time.monotonic() < self._well_until:
            return Health()
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._look())
        try:
            return await asyncio.wait_for(asyncio.shield(self._running), DEADLINE_SECONDS)
        except TimeoutError:
            return Health(database=f"no answer within {DEADLINE_SECONDS} s")

    async def _look(self) -> Health:
        found = await asyncio.gather(
            asyncio.to_thread(self._database_problem), asyncio.to_thread(self._redis_problem)
        )
        health = Health(database=found[0], redis=found[1])
        if health == Health():
            self._well_until = time.monotonic() + FRESH_SECONDS
        return health

    def _database_problem(self) -> str:
        try:
            self._pulse.feel()
        except pymysql.MySQLError as error:
            return str(error.args[-1] if error.args else error)
        return ""

    def _redis_problem(self) -> str:
        try:
            self._redis.ping()
        except cache.redis_error() as error:
            return str(error)
        return ""
