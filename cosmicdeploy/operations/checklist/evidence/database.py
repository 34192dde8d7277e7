"""The database performs as before."""

from __future__ import annotations

import time
from collections.abc import Mapping
from statistics import median
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.database.session import Session, open_session
from cosmicdeploy.operations.checklist.judging import (
    Evidence,
    Point,
    Verdict,
    by_level,
    by_share,
    incomparable,
    named,
    together,
    unseen,
)
from cosmicdeploy.operations.checklist.span import MINUTE, Figures, Span
from cosmicdeploy.operations.checklist.words import percent
from cosmicdeploy.settings import Checklist
from cosmicdeploy.text.formatting import format_duration

POINT = "database"
# A database that says nothing for so long does not answer, in seconds.
SILENCE = 5.0
ASKED = 21
# Counters of a shorter time tell of nothing but chance.
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
    """The server's counters. Raises `DatabaseError`, and `EngineError` where it does not run."""
    with open_session(ctx.database(), silence=SILENCE) as session:
        return _status(session)


def figures(ctx: Context, _span: Span, earlier: Figures | None) -> Figures:
    """How it answers now, and per minute since the `earlier` counters what they count; since the
    server's start where there are none, or where it was started anew. Raises as `counters`."""
    with open_session(ctx.database(), silence=SILENCE) as session:
        latency = _latency(session)
        status = _status(session)
    return {
        "latency_ms": round(latency * 1000, 2),
        "threads_running": status["Threads_running"],
        **rates(status, earlier),
    }


def rates(now: Mapping[str, int], earlier: Mapping[str, int] | None) -> dict[str, Any]:
    """What counters tell of the time between; None of one that is too short to tell."""
    since = earlier if earlier and _goes_on(now, earlier) else dict.fromkeys(now, 0)
    seconds = now[UPTIME] - since[UPTIME]
    if seconds < ENOUGH:
        return {"seconds": seconds, "slow": None, "lock_waits": None, "pool": None, "queries": None}
    grown = {name: now[name] - since[name] for name in COUNTERS}
    minutes, asked = seconds / MINUTE, grown["Innodb_buffer_pool_read_requests"]
    hits = 1 - grown["Innodb_buffer_pool_reads"] / asked if asked > 0 else None
    return {
        "seconds": seconds,
        "slow": round(grown["Slow_queries"] / minutes, 2),
        "lock_waits": round(grown["Innodb_row_lock_waits"] / minutes, 2),
        "pool": None if hits is None else round(hits, 5),
        "queries": round(grown["Questions"] / seconds, 1),
    }


def judge(evidence: Evidence) -> Point:
    """Worse where any of its figures is."""
    now, then = evidence.now[POINT], evidence.then(POINT)
    if blind := unseen(POINT, now):
        return blind
    verdicts = verdicts_of(now, then or {}, evidence.settings.checklist)
    worse = named(verdicts, Verdict.WORSE)
    return Point(
        point=POINT,
        verdict=together(verdicts.values()),
        found=_told(now) + (f"; worse: {worse}" if worse else ""),
        was=_told(then) if then else "",
        why=incomparable(verdicts),
        todo="see what runs: SHOW FULL PROCESSLIST; and `cosmicdeploy logs database`",
        now=now,
        before=then,
    )


def verdicts_of(now: Figures, then: Figures, wanted: Checklist) -> dict[str, Verdict]:
    """One for each figure that there is; of a hit ratio only where there are two to compare."""
    borne, found = wanted.borne, {}
    levels = {
        "latency_ms": ("latency", borne.latency * 1000),
        "threads_running": ("threads", borne.threads),
        "slow": ("slow queries", borne.per_minute),
        "lock_waits": ("lock waits", borne.per_minute),
    }
    for key, (name, enough) in levels.items():
        if now[key] is not None:
            found[name] = by_level(now[key], then.get(key), wanted.ratio, enough)
    if now["pool"] is not None and then.get("pool") is not None:
        found["buffer pool"] = by_share(now["pool"], then["pool"], borne.hits)
    return found


def _told(figures: Figures) -> str:
    parts = [f"{figures['latency_ms']:.1f} ms a query", f"{figures['threads_running']} running"]
    if figures["slow"] is None:
        return ", ".join([*parts, "counters too young"])
    parts.append(f"{figures['queries']:.0f} queries/s")
    parts.append(f"{figures['slow']:g} slow and {figures['lock_waits']:g} lock waits a minute")
    if figures["pool"] is not None:
        parts.append(f"{percent(figures['pool'])} from memory")
    return f"{', '.join(parts)} in {format_duration(figures['seconds'])}"


def _goes_on(now: Mapping[str, int], earlier: Mapping[str, int]) -> bool:
    """Whether the server counts on from there: neither started anew nor flushed."""
    names = (*COUNTERS, UPTIME)
    return all(name in earlier and now[name] >= earlier[name] for name in names)


def _latency(session: Session) -> float:
    """The median of some simple queries, in seconds."""
    taken = []
    for _ in range(ASKED):
        started = time.perf_counter()
        session.execute("SELECT 1")
        taken.append(time.perf_counter() - started)
    return median(taken)


def _status(session: Session) -> dict[str, int]:
    names = ", ".join(["%s"] * len(STATUS))
    rows = session.rows(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({names})", *STATUS)
    found = {str(name): int(value) for name, value in rows}
    return {name: found.get(name, 0) for name in STATUS}
