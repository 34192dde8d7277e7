"""A run as a row of `history`: the fields that `--json` has."""

from __future__ import annotations

from typing import Any

from cosmicdeploy.journal.history.entry import RunEntry

Json = dict[str, Any]
# The parts of a summary that only `history show` has.
DETAILS = ("steps", "points", "gaps", "maintenance", "phases", "series", "restarts", "warnings")
# The fields of the request stats that a row has: counts, and times in milliseconds.
FIGURES = ("sent", "failed", "held", "announced", "limited", "not_found")
TIMES = ("p50_ms", "p99_ms", "max_ms", "longest_gap_ms")


def run_row(entry: RunEntry) -> Json:
    """Return a run's row; null where nothing is recorded."""
    origin = entry.origin
    failing = entry.failing_step
    return {
        "run": entry.id,
        "at": entry.at,
        "who": entry.who,
        "host": entry.host,
        "ci": origin.ci.model_dump() if origin and origin.ci else None,
        "git": origin.git.model_dump() if origin and origin.git else None,
        "command": entry.command,
        "target": entry.target,
        "release": entry.release,
        "running": entry.summary.release if entry.summary else None,
        "outcome": entry.outcome,
        "undone": entry.is_undone if entry.end in ("undone", "not undone") else None,
        "seconds": entry.seconds,
        "changed": list(entry.changed),
        "failed_in": failing.name if failing else None,
        "error": _error(entry),
        "requests": _requests(entry),
        "backup": entry.backup or None,
        "resolved_by": entry.resolved_by or None,
        "resolves": list(entry.resolves),
    }


def run_details(entry: RunEntry, continuing: list[Json]) -> Json:
    """Return the row of a run with everything that is recorded of it.

    `continuing` are the commands that continue from it.
    """
    summary = entry.summary
    details = summary.model_dump(include=set(DETAILS)) if summary else {}
    error = summary.error.model_dump() if summary and summary.error else None
    requests = summary.requests.model_dump() if summary and summary.requests else None
    return {
        **run_row(entry),
        "releases_before": dict(entry.releases_before),
        "releases": dict(summary.releases) if summary else {},
        "included": list(entry.included),
        **details,
        "steps": [step.model_dump() for step in entry.steps],
        "error": error or _error(entry),
        "requests": requests,
        "left_out": list(summary.left_out) if summary else [],
        "is_summarized": summary is not None,
        "continue": continuing,
    }


def _error(entry: RunEntry) -> Json | None:
    if entry.summary and entry.summary.error:
        return entry.summary.error.model_dump(include={"what", "where", "todo"})
    return {"what": entry.failure, "where": "", "todo": ""} if entry.failure else None


def _requests(entry: RunEntry) -> Json | None:
    if entry.summary is None or entry.summary.requests is None:
        return None
    return entry.summary.requests.model_dump(include={*FIGURES, *TIMES})
