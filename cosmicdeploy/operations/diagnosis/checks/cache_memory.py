"""What Redis reports, and whether its memory is nearly full."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cosmicdeploy.operations.diagnosis.finding import Finding, ok, problem, warning
from cosmicdeploy.text.formatting import counted, format_percent

MEMORY = "memory"
# If Redis uses at least this share of its memory, it will soon refuse writes, or the kernel will
# soon kill it.
NEARLY_FULL = 0.9
KEEP_ALL = "noeviction"


@dataclass(frozen=True, kw_only=True)
class Cache:
    """A Redis service and what it reports.

    `info` are the values of INFO. `refusal` is the error with which Redis refuses a write now; ""
    if it accepts the write. `memory_limit` is the container's limit in bytes; None without a limit.
    `has_jobs` says whether the stack has workers, whose queue may be in Redis.
    """

    name: str
    info: Mapping[str, Any]
    refusal: str
    memory_limit: int | None = None
    has_jobs: bool = False

    def number(self, key: str) -> int:
        """Return a number of INFO; 0 if this version of Redis does not report it."""
        return whole(self.info.get(key))

    def command(self, words: str) -> str:
        """Return the command for the operator that runs `redis-cli` with these words."""
        return f"cosmicdeploy exec {self.name} redis-cli {words}"


def whole(value: object) -> int:
    """Return a number that Redis reports, as an integer; 0 for anything else.

    Another program than Redis may listen on Redis's port, and report anything.
    """
    if isinstance(value, int | float) and math.isfinite(value):
        return int(value)
    return 0


def memory(redis: Cache) -> Finding:
    """Return the finding about Redis's memory."""
    used, limit = redis.number("used_memory"), redis.number("maxmemory")
    # A Redis that reports no policy is presumed to have the default, which evicts nothing.
    policy = str(redis.info.get("maxmemory_policy") or KEEP_ALL)
    if not limit:
        return _unlimited_memory(redis, used)
    share = used / limit
    is_full = share >= NEARLY_FULL or redis.refusal.startswith("OOM")
    text = f"{_mebibytes(used)} of {_mebibytes(limit)} ({format_percent(share)}), {policy}"
    if is_full and not _evicts(redis, policy):
        return problem(
            MEMORY,
            f"{text}: Redis refuses writes once it is full",
            _todo_for_more(redis, 2 * max(limit, used)),
            services=[redis.name],
        )
    evicted = redis.number("evicted_keys")
    if evicted and redis.has_jobs:
        return warning(
            MEMORY,
            f"{text}; {counted(evicted, 'key')} evicted since Redis started: jobs and locks may be"
            " among them",
            "use another Redis for jobs and locks, with the policy noeviction",
        )
    return ok(MEMORY, text)


def _todo_for_more(redis: Cache, wanted: int) -> str:
    """Return how to give Redis this many bytes, within the limit of its container."""
    allowed = redis.memory_limit
    if allowed and wanted > NEARLY_FULL * allowed:  # the kernel would kill Redis
        return (
            f"raise `maxmemory` in Redis's configuration, and the limit of {redis.name} in the"
            f" compose file ({_mebibytes(allowed)}) beyond `maxmemory`; then run `cosmicdeploy"
            f" deploy --include {redis.name}`"
        )
    return (
        f"give Redis more: `{redis.command(f'CONFIG SET maxmemory {wanted}')}` until its next"
        " start, and permanently by `maxmemory` in its configuration"
    )


def _unlimited_memory(redis: Cache, used: int) -> Finding:
    """Return the finding for a Redis without `maxmemory`, which only its container limits."""
    limit, resident = redis.memory_limit, redis.number("used_memory_rss")
    if not limit:
        return ok(MEMORY, f"{_mebibytes(used)} in use, without a limit")
    text = f"{_mebibytes(resident)} of the container's {_mebibytes(limit)}"
    if resident < NEARLY_FULL * limit:
        return ok(MEMORY, text)
    return problem(
        MEMORY,
        f"{text}: Redis is killed at this limit, since its `maxmemory` is not set",
        f"raise the limit of {redis.name} in the compose file, then run `cosmicdeploy deploy"
        f" --include {redis.name}`",
        services=[redis.name],
    )


def _evicts(redis: Cache, policy: str) -> bool:
    """Whether Redis makes room by removing keys when its memory is full.

    The policies `volatile-…` remove only keys that expire, so they work only if such keys exist.
    """
    if policy == KEEP_ALL or redis.refusal.startswith("OOM"):
        return False
    databases = [each for key, each in redis.info.items() if key.startswith("db")]
    expiring = sum(whole(each.get("expires")) for each in databases if isinstance(each, dict))
    return not policy.startswith("volatile") or expiring > 0


def _mebibytes(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MiB"
