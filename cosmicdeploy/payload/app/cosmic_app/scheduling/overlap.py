"""Keeps two runs of one command apart, and heals itself after a killed one."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from cosmic_app.cache import LOCK_PREFIX

LIFETIME_SECONDS = 120

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
    except redis.RedisError as error:
        logger.warning("Running %s without its lock: %s", name, error)
        mine = True
    try:
        yield mine
    finally:
        if mine:
            _release(client, key, owner)


def _release(client: redis.Redis, key: str, owner: str) -> None:
    try:
        client.eval(RELEASE, 1, key, owner)
    except redis.RedisError as error:
        logger.warning("The lock %s will expire by itself: %s", key, error)
