"""Find the services that a run creates: those that have no container yet."""

from __future__ import annotations

from collections.abc import Iterable

from cosmicdeploy.context.context import Context
from cosmicdeploy.steps.base import Step


def new_services(ctx: Context, steps: Iterable[Step]) -> frozenset[str]:
    """Return the services without a container for which these steps create one.

    If no service of the stack has a container, none counts as new: such a stack is started with
    `up`.
    """
    ctx = ctx.with_cached_facts()
    names = {name for step in steps for name in step.creates(ctx)}
    new = frozenset(name for name in names if ctx.is_new(name))
    if new and all(ctx.is_new(name) for name in ctx.settings.services.all):
        return frozenset()
    return new
