"""The problem `cache`: Redis refuses writes, or is about to."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.context.context import Context
from cosmicdeploy.operations.diagnosis.checks.cache_memory import MEMORY, Cache, memory, whole
from cosmicdeploy.operations.diagnosis.finding import Finding, KnownProblem, ok, problem, warning
from cosmicdeploy.probes.cache import cache_session, read_info, refusal_of_writes
from cosmicdeploy.text.formatting import counted, format_duration

CACHE, PERSISTENCE, WRITES = "cache", "persistence", "writes"
# What Redis's errors about writes mean, by their first word.
REFUSALS = {
    "OOM": "its memory is full",
    "MISCONF": "it cannot save its data",
    "READONLY": "it is a read-only replica of another Redis",
    "NOREPLICAS": "too few of its replicas are connected",
}


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
    redis = Cache(
        name=name,
        info=info,
        refusal=refusal,
        memory_limit=ctx.service(name).mem_limit,
        has_jobs=bool(ctx.settings.services.worker),
    )
    yield from judge(redis)


def judge(redis: Cache) -> Iterator[Finding]:
    """Yield the findings about Redis's memory, persistence and writes."""
    yield memory(redis)
    yield _persistence(redis)
    yield _writes(redis)


def _persistence(redis: Cache) -> Finding:
    info, appends = redis.info, bool(redis.number("aof_enabled"))
    # What may have failed → its status, and the command of Redis that tries it again.
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
        unsaved = counted(redis.number("rdb_changes_since_last_save"), "change")
        return ok(PERSISTENCE, f"{unsaved} since the last snapshot; {file}")
    again = faults[failed[0]][1]
    return problem(
        PERSISTENCE,
        f"{', and '.join(failed)} failed: Redis loses what is not saved when it stops",
        f"see why in `cosmicdeploy logs {redis.name} --tail 50` (a full disk, or a folder of"
        f" another user); then `{redis.command(again)}`",
        services=[redis.name],
    )


def _writes(redis: Cache) -> Finding:
    refusal = redis.refusal
    code = refusal.partition(" ")[0]
    if not refusal:
        return _past_refusals(redis)
    if code == "LOADING":
        return warning(WRITES, "Redis accepts no command until it has loaded its data")
    if code == "NOPERM":
        return warning(WRITES, "not checked: the deployer's user of Redis may not write")
    meaning = REFUSALS.get(code)
    return problem(
        WRITES,
        f"Redis refuses writes: {meaning} ({refusal})" if meaning else f"Redis refuses: {refusal}",
        _todo_of_refusal(redis, code),
        services=[redis.name],
    )


def _todo_of_refusal(redis: Cache, code: str) -> str:
    if code in ("OOM", "MISCONF"):
        cause = MEMORY if code == "OOM" else PERSISTENCE
        return f"do what `{cause}` says above"
    if code == "READONLY":
        primary = f"{redis.info.get('master_host')}:{redis.info.get('master_port')}"
        return (
            f"let the application write to {primary}; if this Redis should be the primary, run"
            f" `{redis.command('REPLICAOF NO ONE')}`"
        )
    return f"see `cosmicdeploy logs {redis.name} --tail 50`"


def _past_refusals(redis: Cache) -> Finding:
    """Return the finding for a Redis that accepts writes now; warns if it has refused some."""
    counts = {
        code: whole(entry.get("count"))
        for code in REFUSALS
        if isinstance(entry := redis.info.get(f"errorstat_{code}"), dict)
    }
    counts = {code: count for code, count in counts.items() if count}
    if not counts:
        return ok(WRITES, "a write is accepted")
    listed = ", ".join(
        f"{code} {counted(count, 'time')} ({REFUSALS[code]})" for code, count in counts.items()
    )
    up = format_duration(redis.number("uptime_in_seconds"))
    return warning(
        WRITES,
        f"a write is accepted now; in the {up} since its start, Redis refused writes: {listed}",
        f"see `cosmicdeploy logs {redis.name}`; `{redis.command('CONFIG RESETSTAT')}` resets these"
        " counters",
    )


PROBLEM = KnownProblem(
    name="cache",
    about="Redis refuses writes, or is about to",
    checks={f"{MEMORY}, {PERSISTENCE}, {WRITES}": cache},
)
