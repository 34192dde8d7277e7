"""Redis clients with short timeouts, the key prefixes, and a circuit breaker."""

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
    """Create a client that connects at first use, with a timeout in seconds and one retry.

    The client returns values as text. With `text=False` it returns bytes, for values that may not
    be valid UTF-8.
    """
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return Redis(
        host=settings.host,
        port=settings.port,
        password=settings.password or None,
        socket_timeout=timeout,
        socket_connect_timeout=min(timeout, 0.3),
        retry=Retry(NoBackoff(), 1),
        decode_responses=text,
    )


def redis_error() -> type[Exception]:
    """Return the base class of all errors of the Redis library.

    The library is imported only when needed: importing it triples the time of a console command
    that does not use Redis.
    """
    from redis import RedisError

    return RedisError


class Breaker:
    """A circuit breaker: skips Redis for `pause` seconds after a failure, so few requests wait.

    The breaker is open while it skips Redis.
    """

    def __init__(self, client: redis.Redis, pause: float = PAUSE_SECONDS) -> None:
        self._client = client
        self._pause = pause
        self._open_until = 0.0

    def attempt(self, work: Callable[[redis.Redis], Result]) -> Result | None:
        """Return the result of `work`, or None if Redis fails or is skipped."""
        if time.monotonic() < self._open_until:
            return None
        try:
            return work(self._client)
        except redis_error() as error:
            self._open_until = time.monotonic() + self._pause
            logger.warning("Redis is unavailable, continuing without it: %s", error)
            return None
