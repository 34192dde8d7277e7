"""Maintenance: what clients get while a run turns them away, and for how long."""

from __future__ import annotations

from datetime import datetime

from cosmicdeploy.context import Context
from cosmicdeploy.journal.journal import Journal, Record
from cosmicdeploy.journal.step_kinds import RESUME, ROLLOUT
from cosmicdeploy.text.formatting import format_duration

QUIESCE = "quiesce"
UNTIL_RESUME = "this run lets clients in again later"
# Steps that run during maintenance; the journal has their duration in an earlier run.
DURING_MAINTENANCE = ("backup", "cache-clear")
# Phases of a container's start that run one after the other; the others run side by side, so that
# only the longest counts.
SEQUENTIAL = ("create", "start")


def clients_are_kept_out(ctx: Context) -> bool:
    """Whether clients are turned away now by this run or the one that it resumes.

    True while the step that lets them in again is still to come.
    """
    ahead = ctx.run.steps_ahead
    return ctx.run.maintenance.is_open or (ahead.resume_clients and not ahead.stop_writers)


def proxy_is_stopped(ctx: Context) -> bool:
    """Whether the run stopped the proxy to keep clients out.

    It does so where `maintenance.file` is not set: nginx then has no file that turns clients away.
    """
    name = ctx.settings.services.proxy
    if name is None or not clients_are_kept_out(ctx) or ctx.settings.maintenance.file:
        return False
    container = ctx.container(name)
    return container is not None and not container.is_running


def maintenance_notice(ctx: Context) -> str:
    """Return the line of the plan that says how clients are kept out, and about how long."""
    services = ctx.settings.services
    if ctx.settings.maintenance.file or services.proxy is None:
        how = (
            "clients are turned away (503, Retry-After)"
            if services.proxy
            else "no client is served"
        )
    else:
        how = (
            f"clients are refused connections: {services.proxy} is stopped, since"
            " `maintenance.file` is not set"
        )
    return f"{how}, for {_duration(ctx)}"


def _duration(ctx: Context) -> str:
    """Estimate the duration from the last maintenance in the journal, else from its parts."""
    last = ctx.journal.last("done", step_kind=RESUME)
    if last and last["facts"].get("turned_away_seconds"):
        return f"about {format_duration(last['facts']['turned_away_seconds'])}, as the last time"
    parts = [_step_seconds(ctx.journal, kind) for kind in DURING_MAINTENANCE]
    starts = _start_seconds(ctx.journal.last("done", step_kind=ROLLOUT))
    if starts is None:
        return "as long as a backup takes and all containers need to start: not measured yet"
    return f"about {format_duration(sum(parts) + starts)}, as long as that took in a deploy"


def _step_seconds(journal: Journal, kind: str) -> float:
    """Return the duration of the last finished step of this kind; 0 where there is none."""
    done = journal.last("done", step_kind=kind)
    begun = journal.last("intent", step_kind=kind, run=done.get("run")) if done else None
    if done is None or begun is None:
        return 0.0
    times = (datetime.fromisoformat(record["at"]) for record in (done, begun))
    return (next(times) - next(times)).total_seconds()


def _start_seconds(rollout: Record | None) -> float | None:
    """Return the seconds that the containers of the last rollout need to start side by side.

    None where no rollout is recorded.
    """
    services = rollout["facts"].get("roll", {}).get("services", {}) if rollout else {}
    if not services:
        return None
    each = services.values()
    sequential = sum(phases.get(phase, 0.0) for phases in each for phase in SEQUENTIAL)
    return float(
        sequential
        + max(phases.get("drain", 0.0) for phases in each)
        + max(phases.get("healthy", 0.0) for phases in each)
    )
