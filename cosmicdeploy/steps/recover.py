"""What an interrupted run left half-way is brought to a whole state first."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context import Context
from cosmicdeploy.engine.model import Container
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.readiness import wait_ready
from cosmicdeploy.steps.replace import set_aside


class RecoverStep(Step):
    """Containers under temporary names are put back into service, or removed."""

    kind: ClassVar[str] = "recover"

    def check(self, ctx: Context) -> Change | Unchanged:
        names = [c.name for service in _services(ctx) for c in _leftovers(ctx, service)]
        if not names:
            return Unchanged(reason="no run was interrupted half-way")
        return Change(summary=f"an interrupted run left {', '.join(names)}")

    def apply(self, ctx: Context, change: Change) -> Result:
        for name in _services(ctx):
            for leftover in _leftovers(ctx, name):
                _resolve(ctx, name, leftover)
        return {}


def _services(ctx: Context) -> tuple[str, ...]:
    return ctx.settings.services.released


def _leftovers(ctx: Context, name: str) -> list[Container]:
    return set_aside(ctx, ctx.service(name))


def _resolve(ctx: Context, name: str, leftover: Container) -> None:
    current = ctx.container(name)
    if "-next-" in leftover.name or (current is not None and current.ready):
        ctx.engine.remove(leftover.id)
        return
    # The new container never became healthy: the one that was set aside is the one that works.
    if current is not None:
        ctx.engine.remove(current.id)
    ctx.engine.rename(leftover.id, ctx.service(name).container_name)
    ctx.engine.start(leftover.id)
    wait_ready(ctx, leftover.id, name)
