"""The servers that an operator had taken out of service before a run: they stay out.

A load balancer whose servers have a state of their own does not say who set it. So each step that
drains replicas records which of their servers were out of service then. The record is part of the
step's `before`: the state before the step, which its undo restores.
"""

from __future__ import annotations

from collections.abc import Iterable

from cosmicdeploy.context.context import Context
from cosmicdeploy.journal.step_kinds import RESTART_IN_PLACE, ROLLOUT
from cosmicdeploy.journal.unfinished.interrupted_run import Intent
from cosmicdeploy.journal.unfinished.unfinished import unfinished

# The key in a step's `before`.
KEY = "out_of_service"
DRAINING = (ROLLOUT, RESTART_IN_PLACE)


def kept_out(ctx: Context) -> frozenset[str]:
    """Return the servers that were out of service before any unfinished run drained replicas.

    Unfinished are the interrupted runs and this one. Empty if no step of theirs drains replicas, or
    if the record of the first such step names no servers: those of earlier versions never do.
    """
    first = _first_draining(ctx)
    return frozenset(first.before.get(KEY, ())) if first else frozenset()


def to_record(ctx: Context, servers: Iterable[str]) -> dict[str, list[str]]:
    """Return the part of a step's `before` about these servers, which are out of service now.

    If an earlier step of a run that is not over drained replicas, only the servers of that step's
    record count: the others may be out of service because of it.
    """
    out = sorted(servers if _first_draining(ctx) is None else {*servers} & kept_out(ctx))
    return {KEY: out} if out else {}


def _first_draining(ctx: Context) -> Intent | None:
    """Return the oldest step that drains replicas, of the runs that are not over."""
    runs = unfinished(ctx.journal, own=True)
    begun = (intent for run in runs for intent in run.intents if intent.kind in DRAINING)
    return next(begun, None)
