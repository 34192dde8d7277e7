"""Keeps two runs of one command apart, begins no minute twice, and heals itself after a kill."""

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

LIFETIME_SECONDS = 120
# Longer than any two schedulers' clocks can differ.
MINUTE_KEPT_SECONDS = 3600

# Only the owner may remove the lock: it may have expired and be someone else's by now.
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
"""

logger = logging.getLogger(__name__)


@contextmanager
def without_overlapping(client: redis.Redis, name: str) -> Iterator[bool]:
    """Whether the command may run now. Without Redis it may: the work itself locks its rows."""
    key, owner = f"{LOCK_PREFIX}{name}", secrets.token_hex(16)
    try:
        mine = bool(client.set(key, owner, nx=True, ex=LIFETIME_SECONDS))
    except redis_error() as error:
        logger.warning("Running %s without its lock: %s", name, error)
        mine = True
    try:
        yield mine
    finally:
        if mine:
            _release(client, key, owner)


def first_in_minute(client: redis.Redis, name: str, moment: datetime) -> bool:
    """Whether nobody has begun the command in this minute yet: a scheduler that was replaced within
    it may have. Without Redis that cannot be known, and the command runs: its work is idempotent.
    """
    key = f"{LOCK_PREFIX}{name}:{moment:%Y%m%d%H%M}"
    try:
        return bool(client.set(key, "begun", nx=True, ex=MINUTE_KEPT_SECONDS))
    except redis_error() as error:
        logger.warning("It cannot be seen whether %s ran in this minute: %s", name, error)
        return True


def _release(client: redis.Redis, key: str, owner: str) -> None:
    try:
        client.eval(RELEASE, 1, key, owner)
    except redis_error() as error:
        logger.warning("The lock %s will expire by itself: %s", key, error)
