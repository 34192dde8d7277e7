"""Redis: clients with short timeouts, the names of our keys, and a breaker."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from cosmic_app.settings import RedisSettings

if TYPE_CHECKING:
    import redis

Result = TypeVar("Result")

CACHE_PREFIX = "cosmic:cache:"
LOCK_PREFIX = "cosmic:lock:"
QUEUE_PREFIX = "cosmic:queue:"
PAUSE_SECONDS = 3.0

logger = logging.getLogger(__name__)


def connect(settings: RedisSettings, *, timeout: float = 0.3, text: bool = True) -> redis.Redis:
    """A client that gives up after `timeout` seconds and one retry; it connects when used.

    It answers in text, or in bytes where what lies in Redis may be no text.
    """
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return Redis(
        host=settings.host,
        port=settings.port,
        socket_timeout=timeout,
        socket_connect_timeout=min(timeout, 0.3),
        retry=Retry(NoBackoff(), 1),
        decode_responses=text,
    )


def redis_error() -> type[Exception]:
    """What a client raises. The library is loaded when there is a client: it takes two thirds of
    the time in which the console does what needs none.
    """
    from redis import RedisError

    return RedisError


class Breaker:
    """Leaves Redis alone for a while after it failed, so that no request waits for it."""

    def __init__(self, client: redis.Redis, pause: float = PAUSE_SECONDS) -> None:
        self._client = client
        self._pause = pause
        self._closed_until = 0.0

    def attempt(self, work: Callable[[redis.Redis], Result]) -> Result | None:
        """What the work returns, or None where Redis is, or was just, not to be had."""
        if time.monotonic() < self._closed_until:
            return None
        try:
            return work(self._client)
        except redis_error() as error:
            self._closed_until = time.monotonic() + self._pause
            logger.warning("Redis is not to be had, going on without it: %s", error)
            return None
