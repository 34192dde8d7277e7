"""The health check answers within a second, whatever the database and Redis do."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from cosmic_app.http.health import DEADLINE_SECONDS, Health, HealthCheck, SharedCheck
from cosmic_app.settings import Settings, read_settings

pytestmark = pytest.mark.unit


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts connections and says nothing, as a paused container."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def settings(database: int, redis: int) -> Settings:
    return read_settings(
        {
            "DB_HOST": "127.0.0.1",
            "DB_PORT": str(database),
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(redis),
        }
    )


def test_a_silent_database_is_reported_within_a_second(silent: int) -> None:
    async def run() -> tuple[Health, bool, float]:
        check = HealthCheck(settings(silent, silent))
        start = time.monotonic()
        health, away = await asyncio.gather(check.check(), check.database_is_away())
        return health, away, time.monotonic() - start

    health, away, seconds = asyncio.run(run())
    assert health.status == "unavailable" and away
    assert seconds < 0.9


def test_a_database_that_refuses_connections_is_reported_at_once() -> None:
    async def run() -> tuple[bool, float]:
        check = HealthCheck(settings(1, 1))
        start = time.monotonic()
        return await check.database_is_away(), time.monotonic() - start

    away, seconds = asyncio.run(run())
    assert away and seconds < 0.5


def test_redis_does_not_delay_the_answer_about_the_database() -> None:
    async def run() -> tuple[str, str]:
        slow, quick = SharedCheck(lambda: time.sleep(1) or ""), SharedCheck(lambda: "gone")
        return await quick.problem(), await slow.problem()

    assert asyncio.run(run()) == ("gone", f"no answer within {DEADLINE_SECONDS} s")


def test_callers_at_the_same_time_share_a_check() -> None:
    calls, release = list[int](), threading.Event()

    def check() -> str:
        calls.append(1)
        release.wait(5)
        return ""

    async def run() -> list[str]:
        shared = SharedCheck(check)
        callers = [asyncio.create_task(shared.problem()) for _ in range(5)]
        await asyncio.sleep(0.05)
        release.set()
        return [*await asyncio.gather(*callers), await shared.problem()]

    assert asyncio.run(run()) == [""] * 6
    assert len(calls) == 1, "a good result is reused for a moment"
