"""The step `quiesce`: stop everything that writes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import FirstError
from cosmicdeploy.journal.step_kinds import MIGRATE
from cosmicdeploy.journal.unfinished.interrupted_run import intents
from cosmicdeploy.probes.maintenance import maintenance_notice
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.settings import Role
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.containers.hooks import start_container
from cosmicdeploy.steps.containers.maintenance.maintenance import (
    COST,
    end_maintenance,
    is_maintenance_on,
    start_maintenance,
)
from cosmicdeploy.steps.containers.stopping import end_all
from cosmicdeploy.steps.schema.admission import require_admitted
from cosmicdeploy.steps.schema.asking.commands import service_of
from cosmicdeploy.steps.schema.pending import pending_names_once


class QuiesceStep(Step):
    """Stop the services of some roles, each within its grace period.

    Requests in flight and running jobs may finish within that period. If the `roles` include `app`,
    clients are turned away until the step `resume`, and nothing writes any more.

    Without `app`, clients are served, and the services are stopped only if the run may migrate or
    undo a migration; the step `rollout` starts them again.
    """

    kind: ClassVar[str] = "quiesce"
    stops_writers: ClassVar[bool] = True

    roles: tuple[Role, ...] = Field(
        default=("app", "scheduler", "worker", "other"),
        description="Roles of the services to stop; with `app`, clients are turned away.",
    )

    @property
    def protective(self) -> bool:
        """Whether the step is checked last: without `app`, it depends on the migrate step."""
        return not self._turns_away

    @property
    def cost(self) -> str:
        return COST if self._turns_away else ""

    @property
    def _turns_away(self) -> bool:
        return "app" in self.roles

    def check(self, ctx: Context) -> Change | Unchanged:
        running = self._running(ctx)
        shielded = self._turns_away and is_maintenance_on(ctx)
        if not running and shielded:
            return Unchanged(reason="clients are turned away, and nothing that writes runs")
        if not running and not self._turns_away:
            return Unchanged(reason=f"no {' and no '.join(self.roles)} runs")
        if not self._turns_away and not _migration_may_come(ctx):
            return Unchanged(reason=_no_migration(ctx))
        if not self._turns_away:
            _require_admitted(ctx)
        return Change(
            summary=self._summary(ctx, running),
            before={
                "containers": {name: container.id for name, container in running.items()},
                "ready": [name for name, container in running.items() if container.is_ready],
                "shielded": shielded,
            },
        )

    def _running(self, ctx: Context) -> dict[str, Container]:
        names = ctx.settings.services.of(self.roles)
        if self._turns_away:  # services that a rollback leaves out may write, like all others
            names = (*names, *sorted(ctx.run.left_out))
        containers = {name: ctx.container(name) for name in names}
        return {name: c for name, c in containers.items() if c is not None and c.is_running}

    def _summary(self, ctx: Context, running: Mapping[str, Container]) -> str:
        stopped = f"stop {', '.join(running) or 'nothing'}"
        return f"{stopped}; {maintenance_notice(ctx)}" if self._turns_away else stopped

    def apply(self, ctx: Context, change: Change) -> Result:
        if self._turns_away:
            start_maintenance(ctx)
        closed_at = time.time()
        end_all(ctx, change.before["containers"])
        return {"stopped": list(change.before["containers"]), "closed_at": closed_at}

    def undo(self, ctx: Context, change: Change) -> None:
        """Start the stopped containers; end maintenance even if one does not become ready.

        Skips a container that is no longer its service's container. Raises the first error at the
        end. It is an error if a service is no longer declared: its container is not started.
        """
        errors = FirstError()
        started = {
            name: container_id
            for name, container_id in change.before["containers"].items()
            if _is_in_place(ctx, name, container_id)
        }
        for name, container_id in started.items():
            with errors:
                start_container(ctx, name, container_id, hooks_may_fail=True)
        for name in change.before["ready"]:
            if name in started:
                with errors:
                    wait_ready(ctx, started[name], name)
        if self._turns_away and not change.before["shielded"]:
            with errors:
                end_maintenance(ctx)
        for name in change.before["containers"]:
            with errors:
                ctx.service(name)
        errors.raise_if_any()


def _is_in_place(ctx: Context, name: str, container_id: str) -> bool:
    """Whether the service still has this container; two containers must not run together."""
    current = ctx.container(name) if name in ctx.stack.services else None
    return current is not None and current.id == container_id


def _migration_may_come(ctx: Context) -> bool:
    """Whether this run may migrate, or may have to undo a migration of a run that it resumes."""
    if intents(ctx.run.resumed_runs, MIGRATE):
        return True
    if ctx.why_no_migrations:
        return False
    # While a plan is made, the new image may not exist yet, and then cannot list its migrations. If
    # the image is not new, it has listed them for the plan. In both cases the plan decides.
    if ctx.run.is_planning or not _image_is_new(ctx):
        return ctx.run.steps_ahead.migrate
    names = pending_names_once(ctx)
    return names is None or bool(names)  # None: the first migrations of the schema


def _require_admitted(ctx: Context) -> None:
    """Raise the error with which the later step `migrate` would refuse to run.

    At this point nothing has been stopped yet. In a plan, the step `migrate` checks that itself.
    """
    if ctx.run.steps_ahead.migrate and not ctx.run.is_planning:
        require_admitted(ctx)


def _image_is_new(ctx: Context) -> bool:
    """Whether the container of the service with the migrations has another image, or is missing."""
    name = service_of(ctx)
    running, image = ctx.container(name), ctx.image_of(name)
    return running is None or image is None or running.image_id != image.id


def _no_migration(ctx: Context) -> str:
    if ctx.why_no_migrations:
        return ctx.why_no_migrations
    if ctx.run.is_planning and ctx.run.steps_ahead.build_images:
        return "no migration is pending in the present image; the new image is checked after build"
    return "no migration is pending"
