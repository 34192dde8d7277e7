"""Check the health of this replica: unavailable without the database, degraded without Redis."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import pymysql

from cosmic_app import cache
from cosmic_app.database.connection import DatabasePing
from cosmic_app.settings import Settings

DEADLINE_SECONDS = 1.2
# How long a good result is reused: less than the time between two checks by the same client.
FRESH_SECONDS = 0.04


@dataclass(frozen=True, kw_only=True)
class Health:
    """What is wrong with the database and with Redis; empty if nothing is."""

    database: str = ""
    redis: str = ""

    @property
    def status(self) -> str:
        if self.database:
            return "unavailable"
        return "degraded" if self.redis else "ok"


class HealthCheck:
    """Checks the database and Redis; callers at the same time share one check."""

    def __init__(self, settings: Settings) -> None:
        self._database = DatabasePing(settings.database, timeout=1.0)
        self._redis = cache.connect(settings.redis)
        self._running: asyncio.Task[Health] | None = None
        self._fresh_until = 0.0

    async def check(self) -> Health:
        """Return the current health.

        After `DEADLINE_SECONDS`, reports the database as unavailable. The check itself continues,
        and later callers get its result.
        """
        if time.monotonic() < self._fresh_until:
            return Health()
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._check_all())
        try:
            return await asyncio.wait_for(asyncio.shield(self._running), DEADLINE_SECONDS)
        except TimeoutError:
            return Health(database=f"no answer within {DEADLINE_SECONDS} s")

    async def _check_all(self) -> Health:
        database, redis = await asyncio.gather(
            asyncio.to_thread(self._database_problem), asyncio.to_thread(self._redis_problem)
        )
        health = Health(database=database, redis=redis)
        if health == Health():
            self._fresh_until = time.monotonic() + FRESH_SECONDS
        return health

    def _database_problem(self) -> str:
        try:
            self._database.ping()
        except pymysql.MySQLError as error:
            return str(error.args[-1] if error.args else error)
        return ""

    def _redis_problem(self) -> str:
        try:
            self._redis.ping()
        except cache.redis_error() as error:
            return str(error)
        return ""
