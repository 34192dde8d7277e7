"""Overlap locks: keys in the cache that keep runs of a scheduled command from overlapping."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ProbeFailed
from cosmicdeploy.probes.cache import open_cache

# The type that Redis reports for a lock; a key of any other type is no lock.
STRING = b"string"
NO_EXPIRY = -1
# A script for Redis that removes only the lock that was read. If a command has started since the
# lock was read, the lock now has another owner or at least more time left.
REMOVE = """
local left = redis.call('PTTL', KEYS[1])
if redis.call('GET', KEYS[1]) == ARGV[1] and left <= tonumber(ARGV[2]) then
    return redis.call('DEL', KEYS[1])
end
return 0
"""


@dataclass(frozen=True, kw_only=True)
class OverlapLock:
    """A lock: `owner` is a digest of its value, `left` the milliseconds until it expires.

    `left` is -1 if the lock never expires.
    """

    key: str
    owner: str
    left: int

    @property
    def description(self) -> str:
        """The key and the seconds until the lock expires, for the operator."""
        end = "never expires" if self.left == NO_EXPIRY else f"expires in {self.left / 1000:.0f} s"
        return f"{self.key} ({end})"


def overlap_locks(ctx: Context) -> list[OverlapLock]:
    """Return the locks that exist now.

    Returns no locks if the stack has no cache or `diagnose.overlap_lock` is not configured. Scans
    all keys of the cache's database, 1000 at a time. Raises `EngineError` if the cache does not
    run, and `ProbeFailed` if it cannot be read.
    """
    configured = ctx.settings.diagnose.overlap_lock
    if configured is None or ctx.settings.services.cache is None:
        return []
    with _client(ctx) as client:
        keys = sorted(set(client.scan_iter(match=configured.key, count=1000)))
        locks = [_read(client, key) for key in keys]
    return [lock for lock in locks if lock is not None]


def remove_lock(ctx: Context, lock: OverlapLock) -> bool:
    """Remove a lock unless it has changed since it was read; return whether it was removed.

    Raises the same errors as `overlap_locks`.
    """
    with _client(ctx) as client:
        value = _value(client, lock.key.encode())
        if value is None or _digest(value) != lock.owner:
            return False
        return bool(client.eval(REMOVE, 1, lock.key, value, lock.left))


def _read(client: Any, key: bytes) -> OverlapLock | None:
    value = _value(client, key)
    if value is None:
        return None
    name = key.decode("utf-8", "replace")
    return OverlapLock(key=name, owner=_digest(value), left=int(client.pttl(key)))


def _value(client: Any, key: bytes) -> bytes | None:
    """Return the value of a lock; None if the key is gone or no lock."""
    value: bytes | None = client.get(key) if client.type(key) == STRING else None
    return value


def _digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()[:16]


@contextmanager
def _client(ctx: Context) -> Iterator[Any]:
    import redis  # slow to import

    configured, name = ctx.settings.diagnose.overlap_lock, ctx.settings.services.cache or ""
    client = open_cache(ctx, name, configured.database if configured else 0)
    try:
        yield client
    except redis.RedisError as error:
        raise ProbeFailed(
            f"The locks in the cache cannot be read: {error}",
            where=name,
            todo="see `cosmicdeploy logs cache`, and `diagnose.overlap_lock` in cosmicdeploy.yaml",
        ) from error
    finally:
        client.close()
