"""Notices that tell the operator, before a run, what the run will not do or check."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.events import Notice
from cosmicdeploy.probes.preconditions.notices import stack_notices
from cosmicdeploy.probes.result import StackNotice
from cosmicdeploy.proxy.declared.hosts import host_notices
from cosmicdeploy.steps.infrastructure.notices import infrastructure_notices


def notices(ctx: Context) -> list[StackNotice]:
    """Return all notices about the stack."""
    return [*stack_notices(ctx), *host_notices(ctx), *infrastructure_notices(ctx)]


def show_notices(ctx: Context) -> list[StackNotice]:
    """Show all notices about the stack to the operator, and return them."""
    shown = notices(ctx)
    for each in shown:
        ctx.emit(Notice(text=f"note: {each}"))
    return shown
