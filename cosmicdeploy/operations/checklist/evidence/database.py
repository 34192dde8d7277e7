"""The point `database`: the database server is as fast as before."""

from __future__ import annotations

import time
from collections.abc import Mapping
from statistics import median
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.session import Session, open_session
from cosmicdeploy.operations.checklist.verdict import (
    MINUTE,
    Evidence,
    Figures,
    Point,
    Span,
    Verdict,
    compare_levels,
    compare_shares,
    names_with,
    unknown_point,
    why_unknown,
    worst,
)
from cosmicdeploy.settings import Checklist
from cosmicdeploy.text.formatting import format_duration, format_percent

POINT = "database"
# The timeout of a query, in seconds.
SILENCE_SECONDS = 5.0
# Queries sent to measure the latency.
QUERIES = 21
# Rates over a shorter time, in seconds, are a matter of chance.
MIN_SECONDS = 20.0
UPTIME = "Uptime_since_flush_status"
COUNTERS = (
    "Slow_queries",
    "Innodb_row_lock_waits",
    "Innodb_buffer_pool_read_requests",
    "Innodb_buffer_pool_reads",
    "Questions",
)
STATUS = (*COUNTERS, UPTIME, "Threads_running")


def counters(ctx: Context) -> Figures:
    """Return the server's counters.

    Raises `EngineError` if the server does not run, `DatabaseError` if it does not answer.
    """
    with open_session(ctx.database(), read_timeout=SILENCE_SECONDS) as session:
        return _status(session)


def figures(ctx: Context, _span: Span, earlier: Figures | None) -> Figures:
    """Return the present latency (ms) and running threads, and rates since the `earlier` counters.

    Counts from the last reset of the counters (the server's start or FLUSH STATUS) if there are no
    earlier counters, or if they were reset since. Sends `QUERIES` statements `SELECT 1`. Raises the
    errors of `counters`.
    """
    with open_session(ctx.database(), read_timeout=SILENCE_SECONDS) as session:
        latency = _latency(session)
        status = _status(session)
    return {
        "latency_ms": round(latency * 1000, 2),
        "threads_running": status["Threads_running"],
        **rates(status, earlier),
    }


def rates(now: Mapping[str, int], earlier: Mapping[str, int] | None) -> dict[str, Any]:
    """Return the rates from the earlier counters to the present ones.

    Slow queries and lock waits are per minute, queries per second. `pool` is the share of reads
    that the buffer pool answered, None without reads. `seconds` is the time between the counters;
    if it is shorter than `MIN_SECONDS`, all rates are None.
    """
    since = earlier if earlier and _continues(now, earlier) else dict.fromkeys(now, 0)
    seconds = now[UPTIME] - since[UPTIME]
    if seconds < MIN_SECONDS:
        return {"seconds": seconds, "slow": None, "lock_waits": None, "pool": None, "queries": None}
    counted = {name: now[name] - since[name] for name in COUNTERS}
    minutes, reads = seconds / MINUTE, counted["Innodb_buffer_pool_read_requests"]
    hits = 1 - counted["Innodb_buffer_pool_reads"] / reads if reads > 0 else None
    return {
        "seconds": seconds,
        "slow": round(counted["Slow_queries"] / minutes, 2),
        "lock_waits": round(counted["Innodb_row_lock_waits"] / minutes, 2),
        "pool": None if hits is None else round(hits, 5),
        "queries": round(counted["Questions"] / seconds, 1),
    }


def judge(evidence: Evidence) -> Point:
    """Judge the point: worse if any of its figures is worse."""
    now, before = evidence.now[POINT], evidence.in_baseline(POINT)
    if unknown := unknown_point(POINT, now):
        return unknown
    verdicts = verdicts_of(now, before or {}, evidence.settings.checklist)
    worse = names_with(verdicts, Verdict.WORSE)
    return Point(
        point=POINT,
        verdict=worst(verdicts.values()),
        found=_describe(now) + (f"; worse: {worse}" if worse else ""),
        was=_describe(before) if before else "",
        why=why_unknown(verdicts),
        todo="see `cosmicdeploy diagnose database-load` and `cosmicdeploy logs database`",
        now=now,
        before=before,
    )


def verdicts_of(now: Figures, before: Figures, settings: Checklist) -> dict[str, Verdict]:
    """Return the verdict of each figure.

    Leaves out figures whose present value is unknown. Also leaves out the buffer pool if the
    baseline has no figure for it.
    """
    limits, verdicts = settings.borne, {}
    levels = {
        "latency_ms": ("latency", limits.latency * 1000),
        "threads_running": ("threads", limits.threads),
        "slow": ("slow queries", limits.per_minute),
        "lock_waits": ("lock waits", limits.per_minute),
    }
    for key, (name, tolerance) in levels.items():
        if now[key] is not None:
            verdicts[name] = compare_levels(now[key], before.get(key), settings.ratio, tolerance)
    if now["pool"] is not None and before.get("pool") is not None:
        verdicts["buffer pool"] = compare_shares(now["pool"], before["pool"], limits.hits)
    return verdicts


def _describe(figures: Figures) -> str:
    parts = [
        f"{figures['latency_ms']:.1f} ms a query",
        f"threads running: {figures['threads_running']}",
    ]
    if figures["slow"] is None:
        return ", ".join([*parts, "no rates yet: too little time has passed"])
    parts.append(f"{figures['queries']:.0f} queries/s")
    parts.append(f"{figures['slow']:g} slow and {figures['lock_waits']:g} lock waits a minute")
    if figures["pool"] is not None:
        parts.append(f"{format_percent(figures['pool'])} from memory")
    return f"{', '.join(parts)} in {format_duration(figures['seconds'])}"


def _continues(now: Mapping[str, int], earlier: Mapping[str, int]) -> bool:
    """Whether no restart or FLUSH STATUS has reset a counter since the earlier counters."""
    names = (*COUNTERS, UPTIME)
    return all(name in earlier and now[name] >= earlier[name] for name in names)


def _latency(session: Session) -> float:
    """Return the median duration of simple queries, in seconds."""
    durations = []
    for _ in range(QUERIES):
        started = time.perf_counter()
        session.execute("SELECT 1")
        durations.append(time.perf_counter() - started)
    return median(durations)


def _status(session: Session) -> dict[str, int]:
    names = ", ".join(["%s"] * len(STATUS))
    rows = session.rows(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({names})", *STATUS)
    values = {str(name): int(value) for name, value in rows}
    return {name: values.get(name, 0) for name in STATUS}
