"""What writes stands still."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.journal.step_kinds import MIGRATE
from cosmicdeploy.journal.unfinished import intents
from cosmicdeploy.probes.maintenance import maintenance_notice
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.settings import Role
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.containers.maintenance import is_up, lower_shield, raise_shield
from cosmicdeploy.steps.containers.stopping import end
from cosmicdeploy.steps.schema.pending import pending_names_once


class QuiesceStep(Step):
    """Stop applications, scheduler and workers, each with its own grace: a request is answered and
    a job is ended before.

    With the applications among `roles` clients are turned away, after that nobody writes, and the
    `resume` step lets all go on. Without them nobody is turned away: only where a migration, or its
    undoing, may come does what acts by itself stand still, until the `rollout` step starts it.
    """

    kind: ClassVar[str] = "quiesce"
    stops_writers: ClassVar[bool] = True

    roles: tuple[Role, ...] = Field(
        default=("app", "scheduler", "worker"),
        description="Whose containers; with app among them clients are turned away.",
    )

    @property
    def protective(self) -> bool:
        """It is known last whether a migration comes."""
        return not self._turns_away

    @property
    def cost(self) -> str:
        if not self._turns_away:
            return ""
        return (
            "clients are turned away (503, Retry-After), or refused connections where"
            " `maintenance.file` is not set"
        )

    @property
    def _turns_away(self) -> bool:
        return "app" in self.roles

    def check(self, ctx: Context) -> Change | Unchanged:
        acting = self._acting(ctx)
        shielded = self._turns_away and is_up(ctx)
        if not acting and shielded:
            return Unchanged(reason="clients are turned away, and nothing that writes runs")
        if not acting and not self._turns_away:
            return Unchanged(reason=f"no {' and no '.join(self.roles)} runs")
        if not self._turns_away and not _migration_may_come(ctx):
            return Unchanged(reason=_no_migration(ctx))
        return Change(
            summary=self._told(ctx, acting),
            before={
                "containers": {name: container.id for name, container in acting.items()},
                "ready": [name for name, container in acting.items() if container.is_ready],
                "shielded": shielded,
            },
        )

    def _acting(self, ctx: Context) -> dict[str, Container]:
        found = {name: ctx.container(name) for name in ctx.settings.services.of(self.roles)}
        return {name: c for name, c in found.items() if c is not None and c.is_running}

    def _told(self, ctx: Context, acting: Mapping[str, Container]) -> str:
        stopped = f"stop {', '.join(acting) or 'nothing'}"
        return f"{stopped}; {maintenance_notice(ctx)}" if self._turns_away else stopped

    def apply(self, ctx: Context, change: Change) -> Result:
        if self._turns_away:
            raise_shield(ctx)
        closed_at = time.time()
        stop_all(ctx, change.before["containers"])
        return {"stopped": list(change.before["containers"]), "closed_at": closed_at}

    def undo(self, ctx: Context, change: Change) -> None:
        """Nobody is kept out longer because one container does not get well."""
        started = {
            name: container_id
            for name, container_id in change.before["containers"].items()
            if _is_in_place(ctx, name, container_id)
        }
        for container_id in started.values():
            ctx.engine.start(container_id)
        try:
            for name in change.before["ready"]:
                if name in started:
                    wait_ready(ctx, started[name], name)
        finally:
            if self._turns_away and not change.before["shielded"]:
                lower_shield(ctx)
        for name in change.before["containers"]:
            ctx.service(name)  # one that is no longer declared was not started, which is said


def _is_in_place(ctx: Context, name: str, container_id: str) -> bool:
    """Else another one has its part, and two would play it."""
    current = ctx.container(name) if name in ctx.stack.services else None
    return current is not None and current.id == container_id


def stop_all(ctx: Context, containers: Mapping[str, str]) -> None:
    """Stop containers (service → id), each with its service's grace, all of them at once: the
    longest job in hand is waited for, not the sum of them."""

    def stop(name: str) -> None:
        end(ctx, name, containers[name])

    with ThreadPoolExecutor(max_workers=len(containers) or 1) as pool:
        list(pool.map(stop, containers))


def _migration_may_come(ctx: Context) -> bool:
    """One is ahead, or one of an earlier run may have to be undone by this one."""
    if intents(ctx.run.resumed_runs, MIGRATE):
        return True
    # A plan sees the present image only; what a new one brings is asked once that is there.
    if ctx.run.is_planning or not _image_is_new(ctx):
        return ctx.run.steps_ahead.migrate
    names = pending_names_once(ctx)
    return names is None or bool(names)


def _image_is_new(ctx: Context) -> bool:
    first = ctx.settings.services.app[0]
    running, image = ctx.container(first), ctx.image_of(first)
    return running is None or image is None or running.image_id != image.id


def _no_migration(ctx: Context) -> str:
    if ctx.run.is_planning and ctx.run.steps_ahead.build_images:
        return "no migration is pending in the present image; the new one is seen after build"
    return "no migration is pending"
