"""Maintenance: whether clients are turned away now, and what a plan says about it."""

from __future__ import annotations

from datetime import datetime

from cosmicdeploy.context.context import Context
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.lines import Record
from cosmicdeploy.journal.records.timings import CREATE, DRAIN, HEALTHY, START, TIMINGS
from cosmicdeploy.journal.step_kinds import RESUME, ROLLOUT
from cosmicdeploy.text.formatting import format_duration

UNTIL_RESUME = "this run lets clients in again later"
# The kinds of steps whose durations the estimate of a maintenance adds up.
DURING_MAINTENANCE = ("backup", "cache-clear")
# A rollout runs these phases for one container after the other, so their durations add up. It runs
# the other phases in parallel, so only the longest duration counts.
SEQUENTIAL = (CREATE, START)


def clients_are_kept_out(ctx: Context) -> bool:
    """Return whether this run, or a run that it resumes, turns clients away now.

    A run does so from the step that begins maintenance until the step that ends it.
    """
    ahead = ctx.run.steps_ahead
    return ctx.run.maintenance.is_open or (ahead.resume_clients and not ahead.stop_writers)


def proxy_is_stopped(ctx: Context) -> bool:
    """Return whether the run has stopped the proxy to turn clients away.

    A run stops the proxy if `maintenance.file` is not set: without that file it cannot answer
    clients with a 503.
    """
    name = ctx.settings.services.proxy
    if name is None or not clients_are_kept_out(ctx) or ctx.settings.maintenance.file:
        return False
    container = ctx.container(name)
    return container is not None and not container.is_running


def maintenance_notice(ctx: Context) -> str:
    """Return the line of a plan that says how clients are turned away, and for about how long."""
    proxy = ctx.settings.services.proxy
    if not proxy:
        how = "no client is served"
    elif ctx.settings.maintenance.file:
        how = "clients are turned away (503, Retry-After)"
    else:
        how = f"clients cannot connect: {proxy} is stopped, since `maintenance.file` is not set"
    return f"{how}, for {_duration(ctx)}"


def _duration(ctx: Context) -> str:
    """Return an estimate of the duration as text, from what the journal recorded.

    The estimate is the duration of the last maintenance, else the sum of the steps' last durations.
    """
    last = ctx.journal.last("done", step_kind=RESUME)
    if last and last["facts"].get("turned_away_seconds"):
        return f"about {format_duration(last['facts']['turned_away_seconds'])}, like last time"
    parts = [_step_seconds(ctx.journal, kind) for kind in DURING_MAINTENANCE]
    starts = _start_seconds(ctx.journal.last("done", step_kind=ROLLOUT))
    if starts is None:
        return "as long as a backup and the start of all containers take, which is not measured yet"
    estimate = format_duration(sum(parts) + starts)
    return f"about {estimate}, as long as a backup and the start of all containers took"


def _step_seconds(journal: Journal, kind: str) -> float:
    """Return the duration of the last finished step of this kind; 0 if there is none."""
    done = journal.last("done", step_kind=kind)
    begun = journal.last("intent", step_kind=kind, run=done.get("run")) if done else None
    if done is None or begun is None:
        return 0.0
    start, end = datetime.fromisoformat(begun["at"]), datetime.fromisoformat(done["at"])
    return (end - start).total_seconds()


def _start_seconds(rollout: Record | None) -> float | None:
    """Estimate in how many seconds all containers of a recorded rollout start in a maintenance.

    None without a record, or if the record has no durations.
    """
    services = rollout["facts"].get(TIMINGS, {}).get("services", {}) if rollout else {}
    if not services:
        return None
    phases_of_each = services.values()
    sequential = sum(phases.get(name, 0.0) for phases in phases_of_each for name in SEQUENTIAL)
    return float(
        sequential
        + max(phases.get(DRAIN, 0.0) for phases in phases_of_each)
        + max(phases.get(HEALTHY, 0.0) for phases in phases_of_each)
    )
