"""Check the health of this replica: unavailable without the database, degraded without Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import pymysql

from cosmic_app import cache
from cosmic_app.database.connection import DatabasePing
from cosmic_app.settings import Settings

# How long a check may take, in seconds: if the database does not answer, a client gets the 503
# within a second, even through the proxy.
DEADLINE_SECONDS = 0.65
# Seconds for which a good result is reused: less than the time between two checks by the same
# client.
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
    """Checks the database and Redis; callers at the same time share one check of each."""

    def __init__(self, settings: Settings) -> None:
        self._ping = DatabasePing(settings.database, timeout=1.0)
        self._client = cache.connect(settings.redis)
        self._database = SharedCheck(self._database_problem)
        self._redis = SharedCheck(self._redis_problem)

    async def check(self) -> Health:
        """Return the current health, after `DEADLINE_SECONDS` at the latest."""
        database, redis = await asyncio.gather(self._database.problem(), self._redis.problem())
        return Health(database=database, redis=redis)

    async def database_is_away(self) -> bool:
        """Return whether the database does not answer, after `DEADLINE_SECONDS` at the latest."""
        return bool(await self._database.problem())

    def _database_problem(self) -> str:
        try:
            self._ping.ping()
        except pymysql.MySQLError as error:
            return str(error.args[-1] if error.args else error)
        return ""

    def _redis_problem(self) -> str:
        try:
            self._client.ping()
        except cache.redis_error() as error:
            return str(error)
        return ""


class SharedCheck:
    """Runs a check in a thread, and at most one at a time. For one event loop.

    `check` returns what is wrong, "" if nothing is.
    """

    def __init__(self, check: Callable[[], str]) -> None:
        self._check = check
        self._running: asyncio.Task[str] | None = None
        self._fresh_until = 0.0

    async def problem(self) -> str:
        """Return what is wrong, "" if nothing is.

        A check that takes longer than `DEADLINE_SECONDS` counts as failed. It continues, and later
        callers get its result.
        """
        if time.monotonic() < self._fresh_until:
            return ""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        try:
            return await asyncio.wait_for(asyncio.shield(self._running), DEADLINE_SECONDS)
        except TimeoutError:
            return f"no answer within {DEADLINE_SECONDS} s"

    async def _run(self) -> str:
        problem = await asyncio.to_thread(self._check)
        if not problem:
            self._fresh_until = time.monotonic() + FRESH_SECONDS
        return problem
