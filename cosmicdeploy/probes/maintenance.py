"""What clients meet while a run keeps them out on purpose, and that it is no finding."""

from __future__ import annotations

from datetime import datetime

from cosmicdeploy.context import Context
from cosmicdeploy.journal.journal import Journal, Record
from cosmicdeploy.journal.step_kinds import RESUME, ROLLOUT
from cosmicdeploy.text.formatting import lasting

QUIESCE = "quiesce"
UNTIL_RESUME = "this run lets clients in again later"
# What happens while clients are kept out, as far as a run that did it tells how long that takes.
KEPT_OUT = ("backup", "cache-clear")
# The phases of a container's start that are added up; of the others the longest one counts.
ADDED_UP = ("create", "start")


def clients_are_kept_out(ctx: Context) -> bool:
    """Whether this run, or the one that it goes on from, keeps clients out now, and the step that
    lets them in again is still to come."""
    return ctx.window.is_open or (RESUME in ctx.ahead and QUIESCE not in ctx.ahead)


def proxy_is_stopped(ctx: Context) -> bool:
    """Whether the proxy does not run because of that: it has no file that turns clients away."""
    name = ctx.settings.services.proxy
    if name is None or not clients_are_kept_out(ctx) or ctx.settings.maintenance.file:
        return False
    found = ctx.container(name)
    return found is not None and not found.running


def what_clients_meet(ctx: Context) -> str:
    """For the plan: how clients are kept out, and about how long."""
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
    return f"{how}, for {_about(ctx)}"


def _about(ctx: Context) -> str:
    """As the journal tells of the last time, or of the parts."""
    last = ctx.journal.last("done", step_kind=RESUME)
    if last and last["facts"].get("turned_away_seconds"):
        return f"about {lasting(last['facts']['turned_away_seconds'])}, as the last time"
    parts = [_seconds(ctx.journal, kind) for kind in KEPT_OUT]
    starts = _starts(ctx.journal.last("done", step_kind=ROLLOUT))
    if starts is None:
        return "as long as a backup takes and all containers need to start: not measured yet"
    return f"about {lasting(sum(parts) + starts)}, as long as that took in a deploy"


def _seconds(journal: Journal, kind: str) -> float:
    """How long the last step of this kind took."""
    done = journal.last("done", step_kind=kind)
    begun = journal.last("intent", step_kind=kind, run=done.get("run")) if done else None
    if done is None or begun is None:
        return 0.0
    times = (datetime.fromisoformat(record["at"]) for record in (done, begun))
    return (next(times) - next(times)).total_seconds()


def _starts(rolled: Record | None) -> float | None:
    """Seconds in which the containers of the last rollout would start side by side."""
    services = rolled["facts"].get("roll", {}).get("services", {}) if rolled else {}
    if not services:
        return None
    each = services.values()
    added_up = sum(phases.get(phase, 0.0) for phases in each for phase in ADDED_UP)
    return float(
        added_up
        + max(phases.get("drain", 0.0) for phases in each)
        + max(phases.get("healthy", 0.0) for phases in each)
    )
