"""The problem `cache`: Redis refuses writes, or is about to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.operations.diagnosis.finding import Finding, KnownProblem, ok, problem, warning
from cosmicdeploy.probes.cache import cache_session, read_info, refusal_of_writes
from cosmicdeploy.text.formatting import counted, format_duration, format_percent

CACHE, MEMORY, PERSISTENCE, WRITES = "cache", "memory", "persistence", "writes"
# From this share of its memory on, Redis is about to refuse writes, or to be ended by the engine.
NEARLY_FULL = 0.9
KEEP_ALL = "noeviction"
# What Redis's errors about writes mean, by their first word.
REFUSALS = {
    "OOM": "its memory is full",
    "MISCONF": "it cannot save its data",
    "READONLY": "it is a read-only replica of another Redis",
    "NOREPLICAS": "too few of its replicas are connected",
}


@dataclass(frozen=True, kw_only=True)
class Cache:
    """A Redis service and what it reports.

    `info` are the values of INFO. `refusal` is the error with which it refuses a write now; "" if
    it accepts it. `memory_limit` is the container's limit in bytes, None without one. `has_jobs`
    says that the stack has workers, whose queue may be in Redis.
    """

    name: str
    info: Mapping[str, Any]
    refusal: str
    memory_limit: int | None = None
    has_jobs: bool = False

    def number(self, key: str) -> int:
        """Return a number of INFO; 0 if this version of Redis does not report it."""
        return int(self.info.get(key) or 0)

    def command(self, words: str) -> str:
        """Return the command for the operator that runs `redis-cli` with these words."""
        return f"cosmicdeploy exec {self.name} redis-cli {words}"


def cache(ctx: Context) -> Iterator[Finding]:
    """Check Redis's memory, whether it can save its data, and whether it accepts writes.

    Changes nothing: the write is discarded before Redis executes it.
    """
    name = ctx.settings.services.cache
    if name is None:
        yield ok(CACHE, "services.cache is not configured")
        return
    with cache_session(ctx, name) as client:
        info = read_info(client)
        refusal = "LOADING" if info.get("loading") else refusal_of_writes(client)
    found = Cache(
        name=name,
        info=info,
        refusal=refusal,
        memory_limit=ctx.service(name).mem_limit,
        has_jobs=bool(ctx.settings.services.worker),
    )
    yield from judge(found)


def judge(found: Cache) -> Iterator[Finding]:
    """Yield the findings about Redis's memory, persistence and writes."""
    yield _memory(found)
    yield _persistence(found)
    yield _writes(found)


def _memory(found: Cache) -> Finding:
    used, limit = found.number("used_memory"), found.number("maxmemory")
    policy = str(found.info.get("maxmemory_policy") or KEEP_ALL)
    if not limit:
        return _unlimited_memory(found, used)
    share = used / limit
    is_full = share >= NEARLY_FULL or found.refusal.startswith("OOM")
    text = f"{_mebibytes(used)} of {_mebibytes(limit)} ({format_percent(share)}), {policy}"
    if is_full and not _evicts(found, policy):
        todo = (
            f"give it more: `{found.command(f'CONFIG SET maxmemory {2 * limit}')}` until its next"
            " start, and `maxmemory` in its configuration for good"
        )
        return problem(
            MEMORY, f"{text}: Redis refuses writes once it is full", todo, services=[found.name]
        )
    evicted = found.number("evicted_keys")
    if evicted and found.has_jobs:
        return warning(
            MEMORY,
            f"{text}; {counted(evicted, 'key')} evicted since its start: jobs and locks may be"
            " among them",
            "use another Redis for jobs and locks, with the policy noeviction",
        )
    return ok(MEMORY, text)


def _unlimited_memory(found: Cache, used: int) -> Finding:
    """Return the finding for a Redis without `maxmemory`, which only its container limits."""
    limit, resident = found.memory_limit, found.number("used_memory_rss")
    if not limit:
        return ok(MEMORY, f"{_mebibytes(used)} in use, without a limit")
    text = f"{_mebibytes(resident)} of the container's {_mebibytes(limit)}"
    if resident < NEARLY_FULL * limit:
        return ok(MEMORY, text)
    return problem(
        MEMORY,
        f"{text}: once it is full, the engine ends Redis, whose `maxmemory` is not set",
        f"raise the limit of {found.name} in the compose file, then run `cosmicdeploy deploy"
        f" --include {found.name}`",
        services=[found.name],
    )


def _evicts(found: Cache, policy: str) -> bool:
    """Whether Redis makes room by removing keys when its memory is full.

    The policies `volatile-…` remove only keys that expire, so they need some.
    """
    if policy == KEEP_ALL or found.refusal.startswith("OOM"):
        return False
    databases = [each for key, each in found.info.items() if key.startswith("db")]
    expiring = sum(each.get("expires", 0) for each in databases if isinstance(each, dict))
    return not policy.startswith("volatile") or expiring > 0


def _persistence(found: Cache) -> Finding:
    info, appends = found.info, bool(found.number("aof_enabled"))
    faults = {
        "the last snapshot": (info.get("rdb_last_bgsave_status"), "BGSAVE"),
        "the last write to the append-only file": (
            info.get("aof_last_write_status") if appends else "ok",
            "BGREWRITEAOF",
        ),
        "the last rewrite of the append-only file": (
            info.get("aof_last_bgrewrite_status") if appends else "ok",
            "BGREWRITEAOF",
        ),
    }
    failed = [what for what, (status, _) in faults.items() if status not in (None, "ok")]
    if not failed:
        file = "the append-only file is written" if appends else "no append-only file"
        unsaved = counted(found.number("rdb_changes_since_last_save"), "change")
        return ok(PERSISTENCE, f"{unsaved} since the last snapshot; {file}")
    again = faults[failed[0]][1]
    return problem(
        PERSISTENCE,
        f"{', and '.join(failed)} failed: Redis loses what is not saved when it ends",
        f"see why in `cosmicdeploy logs {found.name} --tail 50` (a full disk, or a folder of"
        f" another user); then `{found.command(again)}`",
        services=[found.name],
    )


def _writes(found: Cache) -> Finding:
    refusal = found.refusal
    code = refusal.partition(" ")[0]
    if not refusal:
        return _past_refusals(found)
    if code == "LOADING":
        return warning(WRITES, "Redis is still loading its data, and accepts no command until then")
    if code == "NOPERM":
        return warning(WRITES, "not checked: the deployer's user of Redis may not write")
    meaning = REFUSALS.get(code)
    return problem(
        WRITES,
        f"Redis refuses writes: {meaning} ({refusal})" if meaning else f"Redis refuses: {refusal}",
        _todo_of_refusal(found, code),
        services=[found.name],
    )


def _todo_of_refusal(found: Cache, code: str) -> str:
    if code in ("OOM", "MISCONF"):
        cause = MEMORY if code == "OOM" else PERSISTENCE
        return f"do what `{cause}` says above"
    if code == "READONLY":
        primary = f"{found.info.get('master_host')}:{found.info.get('master_port')}"
        return (
            f"let the application write to {primary}; if this Redis should be the primary, run"
            f" `{found.command('REPLICAOF NO ONE')}`"
        )
    return f"see `cosmicdeploy logs {found.name} --tail 50`"


def _past_refusals(found: Cache) -> Finding:
    """Return the finding for a Redis that accepts writes now; warns if it has refused some."""
    counts = {
        code: int(entry.get("count", 0))
        for code in REFUSALS
        if isinstance(entry := found.info.get(f"errorstat_{code}"), dict)
    }
    counts = {code: count for code, count in counts.items() if count}
    if not counts:
        return ok(WRITES, "a write is accepted")
    listed = ", ".join(
        f"{code} {count:,} times ({REFUSALS[code]})" for code, count in counts.items()
    )
    up = format_duration(found.number("uptime_in_seconds"))
    return warning(
        WRITES,
        f"a write is accepted now; in the {up} since its start, Redis refused writes: {listed}",
        f"see `cosmicdeploy logs {found.name}`; `{found.command('CONFIG RESETSTAT')}` counts anew",
    )


def _mebibytes(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MiB"


PROBLEM = KnownProblem(
    name="cache",
    about="Redis refuses writes, or is about to",
    checks={f"{MEMORY}, {PERSISTENCE}, {WRITES}": cache},
)
