"""The lock in the cache that keeps two runs of a scheduled command apart."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ProbeFailed
from cosmicdeploy.probes.cache import open_cache

# A key may be of any kind; only a text has an owner in it.
TEXT = b"string"
NO_END = -1
# Only what was seen is removed: a run that has begun since has a lock of its own, with another
# owner, or at least with more time left.
REMOVE = """
local left = redis.call('PTTL', KEYS[1])
if redis.call('GET', KEYS[1]) == ARGV[1] and left <= tonumber(ARGV[2]) then
    return redis.call('DEL', KEYS[1])
end
return 0
"""


@dataclass(frozen=True, kw_only=True)
class HeldLock:
    """A lock; `owner` is a digest of what it holds, `left` the milliseconds until it goes by
    itself, -1 where it never does."""

    key: str
    owner: str
    left: int

    @property
    def told(self) -> str:
        """For people."""
        end = "never ends" if self.left == NO_END else f"ends in {self.left / 1000:.0f} s"
        return f"{self.key} ({end})"


def overlap_locks(ctx: Context) -> list[HeldLock]:
    """The locks that are there now; none where none is configured. Raises `ProbeFailed`, and
    `EngineError` where the cache does not run."""
    wanted = ctx.settings.diagnose.overlap_lock
    if wanted is None or ctx.settings.services.cache is None:
        return []
    with _client(ctx) as client:
        keys = sorted(set(client.scan_iter(match=wanted.key, count=1000)))
        found = [_held(client, key) for key in keys]
    return [lock for lock in found if lock is not None]


def remove_lock(ctx: Context, lock: HeldLock) -> bool:
    """Remove a lock, where it is the same one still; whether it was. Raises as `overlap_locks`."""
    with _client(ctx) as client:
        value = _value(client, lock.key.encode())
        if value is None or _digest(value) != lock.owner:
            return False
        return bool(client.eval(REMOVE, 1, lock.key, value, lock.left))


def _held(client: Any, key: bytes) -> HeldLock | None:
    value = _value(client, key)
    if value is None:
        return None
    name = key.decode("utf-8", "replace")
    return HeldLock(key=name, owner=_digest(value), left=int(client.pttl(key)))


def _value(client: Any, key: bytes) -> bytes | None:
    value: bytes | None = client.get(key) if client.type(key) == TEXT else None
    return value


def _digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()[:16]


@contextmanager
def _client(ctx: Context) -> Iterator[Any]:
    import redis  # slow to import

    wanted, name = ctx.settings.diagnose.overlap_lock, ctx.settings.services.cache or ""
    client = open_cache(ctx, name, wanted.database if wanted else 0)
    try:
        yield client
    except redis.RedisError as error:
        raise ProbeFailed(
            f"The cache does not tell its locks: {error}",
            where=name,
            todo="see `cosmicdeploy logs cache`, and diagnose.overlap_lock in the configuration",
        ) from error
    finally:
        client.close()
