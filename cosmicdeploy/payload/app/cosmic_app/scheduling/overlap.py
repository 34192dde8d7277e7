"""Locks in Redis: they keep runs of a command from overlapping, or starting twice in a minute."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from cosmic_app.cache import LOCK_PREFIX, redis_error

if TYPE_CHECKING:
    import redis

# The lock of a process that was killed expires after this time.
LIFETIME_SECONDS = 120
# How long a start is remembered: longer than the clocks of two schedulers can differ.
MINUTE_KEPT_SECONDS = 3600

# Only the owner may delete the lock: it may have expired, and another process may hold it now.
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
"""

logger = logging.getLogger(__name__)


@contextmanager
def without_overlapping(client: redis.Redis, name: str) -> Iterator[bool]:
    """Yield whether the command may run now; hold its lock during the block.

    If Redis is unavailable, yields True: a command locks the rows that it changes, so a second run
    at the same time does no harm.
    """
    key, owner = f"{LOCK_PREFIX}{name}", secrets.token_hex(16)
    try:
        acquired = bool(client.set(key, owner, nx=True, ex=LIFETIME_SECONDS))
    except redis_error() as error:
        logger.warning("Running %s without its lock: %s", name, error)
        acquired = True
    try:
        yield acquired
    finally:
        if acquired:
            _release(client, key, owner)


def first_in_minute(client: redis.Redis, name: str, moment: datetime) -> bool:
    """Return True unless a scheduler has already started the command in this minute.

    If a scheduler is replaced during the minute, both the old and the new one may try to start the
    command. If Redis is unavailable, returns True: commands are idempotent.
    """
    key = f"{LOCK_PREFIX}{name}:{moment:%Y%m%d%H%M}"
    try:
        return bool(client.set(key, "begun", nx=True, ex=MINUTE_KEPT_SECONDS))
    except redis_error() as error:
        logger.warning("It is unknown whether %s already ran in this minute: %s", name, error)
        return True


def _release(client: redis.Redis, key: str, owner: str) -> None:
    try:
        client.eval(RELEASE, 1, key, owner)
    except redis_error() as error:
        logger.warning("Cannot release the lock %s, which will expire by itself: %s", key, error)
