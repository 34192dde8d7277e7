"""What writes stands still."""

from __future__ import annotations

import time
from typing import ClassVar

from cosmicdeploy.context import Context
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.shield import is_up, lower_shield, raise_shield


class QuiesceStep(Step):
    """Turn clients away, then stop applications, scheduler and workers, each with its own grace.

    Requests in flight are answered and what they brought is committed; after that nobody writes.
    The `resume` step lets all go on.
    """

    kind: ClassVar[str] = "quiesce"

    def check(self, ctx: Context) -> Change | Unchanged:
        found = {name: ctx.container(name) for name in ctx.settings.services.released}
        running = {name: c for name, c in found.items() if c is not None and c.running}
        acting = {name: container.id for name, container in running.items()}
        shielded = is_up(ctx)
        if shielded and not acting:
            return Unchanged(reason="clients are turned away, and nothing that writes runs")
        return Change(
            summary=f"turn clients away, and stop {', '.join(acting) or 'nothing'}",
            before={
                "containers": acting,
                "ready": [name for name, container in running.items() if container.ready],
                "shielded": shielded,
            },
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        raise_shield(ctx)
        closed_at = time.time()
        for name, container_id in change.before["containers"].items():
            ctx.engine.stop(container_id, ctx.service(name).stop_grace_period)
        return {"stopped": list(change.before["containers"]), "closed_at": closed_at}

    def undo(self, ctx: Context, change: Change) -> None:
        """Nobody is kept out longer because one container does not get well."""
        started = {
            name: container_id
            for name, container_id in change.before["containers"].items()
            if ctx.engine.container(container_id) is not None
        }
        for container_id in started.values():
            ctx.engine.start(container_id)
        try:
            for name in change.before["ready"]:
                if name in started:
                    wait_ready(ctx, started[name], name)
        finally:
            if not change.before["shielded"]:
                lower_shield(ctx)
