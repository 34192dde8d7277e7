"""The point `database`: it performs as well as before."""

from __future__ import annotations

import time
from collections.abc import Mapping
from statistics import median
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.database.session import Session, open_session
from cosmicdeploy.operations.checklist.verdict import (
    MINUTE,
    Evidence,
    Figures,
    Point,
    Span,
    Verdict,
    by_level,
    by_share,
    incomparable,
    names_with,
    unknown_point,
    worst,
)
from cosmicdeploy.settings import Checklist
from cosmicdeploy.text.formatting import format_duration, format_percent

POINT = "database"
# After this many seconds without an answer the database counts as not answering.
SILENCE = 5.0
# Queries of one measurement of latency.
QUERIES = 21
# Counters of a shorter time, in seconds, are a matter of chance.
ENOUGH = 20.0
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
    """Return the server's counters. Raises `DatabaseError`; `EngineError` if it does not run."""
    with open_session(ctx.database(), read_timeout=SILENCE) as session:
        return _status(session)


def figures(ctx: Context, _span: Span, earlier: Figures | None) -> Figures:
    """Return the latency now (ms), and the rates since the `earlier` counters (per minute).

    The rates are those since the server's start where there are no earlier counters, or where it
    was restarted since. Sends 21 queries `SELECT 1`. Raises as `counters`.
    """
    with open_session(ctx.database(), read_timeout=SILENCE) as session:
        latency = _latency(session)
        status = _status(session)
    return {
        "latency_ms": round(latency * 1000, 2),
        "threads_running": status["Threads_running"],
        **rates(status, earlier),
    }


def rates(now: Mapping[str, int], earlier: Mapping[str, int] | None) -> dict[str, Any]:
    """Return the rates between two readings of the counters; None each if the time is too short."""
    since = earlier if earlier and _goes_on(now, earlier) else dict.fromkeys(now, 0)
    seconds = now[UPTIME] - since[UPTIME]
    if seconds < ENOUGH:
        return {"seconds": seconds, "slow": None, "lock_waits": None, "pool": None, "queries": None}
    grown = {name: now[name] - since[name] for name in COUNTERS}
    minutes, reads = seconds / MINUTE, grown["Innodb_buffer_pool_read_requests"]
    hits = 1 - grown["Innodb_buffer_pool_reads"] / reads if reads > 0 else None
    return {
        "seconds": seconds,
        "slow": round(grown["Slow_queries"] / minutes, 2),
        "lock_waits": round(grown["Innodb_row_lock_waits"] / minutes, 2),
        "pool": None if hits is None else round(hits, 5),
        "queries": round(grown["Questions"] / seconds, 1),
    }


def judge(evidence: Evidence) -> Point:
    """Return the point: worse if any of its figures is worse."""
    now, then = evidence.now[POINT], evidence.then(POINT)
    if unknown := unknown_point(POINT, now):
        return unknown
    verdicts = verdicts_of(now, then or {}, evidence.settings.checklist)
    worse = names_with(verdicts, Verdict.WORSE)
    return Point(
        point=POINT,
        verdict=worst(verdicts.values()),
        found=_describe(now) + (f"; worse: {worse}" if worse else ""),
        was=_describe(then) if then else "",
        why=incomparable(verdicts),
        todo="see what runs: SHOW FULL PROCESSLIST; and `cosmicdeploy logs database`",
        now=now,
        before=then,
    )


def verdicts_of(now: Figures, then: Figures, settings: Checklist) -> dict[str, Verdict]:
    """Return the verdict of each figure; the hit ratio needs one in the baseline as well."""
    limits, found = settings.borne, {}
    levels = {
        "latency_ms": ("latency", limits.latency * 1000),
        "threads_running": ("threads", limits.threads),
        "slow": ("slow queries", limits.per_minute),
        "lock_waits": ("lock waits", limits.per_minute),
    }
    for key, (name, enough) in levels.items():
        if now[key] is not None:
            found[name] = by_level(now[key], then.get(key), settings.ratio, enough)
    if now["pool"] is not None and then.get("pool") is not None:
        found["buffer pool"] = by_share(now["pool"], then["pool"], limits.hits)
    return found


def _describe(figures: Figures) -> str:
    parts = [f"{figures['latency_ms']:.1f} ms a query", f"{figures['threads_running']} running"]
    if figures["slow"] is None:
        return ", ".join([*parts, "counters too young"])
    parts.append(f"{figures['queries']:.0f} queries/s")
    parts.append(f"{figures['slow']:g} slow and {figures['lock_waits']:g} lock waits a minute")
    if figures["pool"] is not None:
        parts.append(f"{format_percent(figures['pool'])} from memory")
    return f"{', '.join(parts)} in {format_duration(figures['seconds'])}"


def _goes_on(now: Mapping[str, int], earlier: Mapping[str, int]) -> bool:
    """Whether the counters continue from the earlier ones: no restart and no flush between."""
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
    found = {str(name): int(value) for name, value in rows}
    return {name: found.get(name, 0) for name in STATUS}
