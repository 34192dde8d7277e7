"""The step `restart-in-place`: stop and start the same containers.

Like `docker compose restart`, but the other replicas keep serving. Image and definition stay the
same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.journal.records.timings import TIMINGS
from cosmicdeploy.journal.step_kinds import RESTART_IN_PLACE
from cosmicdeploy.probes.maintenance import proxy_is_stopped
from cosmicdeploy.probes.preconditions.single_container import resolve_containers
from cosmicdeploy.probes.readiness import serves_now
from cosmicdeploy.proxy import servers_out_before
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.containers.maintenance.maintenance import (
    COST,
    end_maintenance,
    is_maintenance_on,
    start_maintenance,
)
from cosmicdeploy.steps.containers.restart.restart_checks import (
    drift_reasons,
    require_another,
    require_served,
)
from cosmicdeploy.steps.containers.restart.stop_start import (
    bring_up,
    put_all_in_service,
    restore_drained,
    start,
    stop,
    stop_and_start,
    wait_for_replicas,
)
from cosmicdeploy.steps.rollout.drift import STOPPED
from cosmicdeploy.steps.rollout.replacement.executor import Rollout
from cosmicdeploy.steps.rollout.replacement.target import Target, existing_targets, look_up
from cosmicdeploy.steps.service_names import services_of_step

# The reason for restarting a running container; for a stopped container, the reason is STOPPED.
RUNS = "runs"
Before = Mapping[str, Any]


class RestartStep(Step):
    """Restart the containers of services in place.

    Replicas are restarted in batches of `restart.max_unavailable`: each batch is ready before the
    next begins. The scheduler and the workers are restarted at the same time as the replicas, and
    then the other services, one after the other. With `turns_away`, clients are turned away and all
    services are restarted together.
    """

    kind: ClassVar[str] = RESTART_IN_PLACE

    services: tuple[str, ...] = Field(min_length=1, description="Services or roles.")
    turns_away: bool = Field(
        default=False,
        description="Turn clients away and restart all services together: for the database, the"
        " cache and the proxy.",
    )
    leaves_none: bool = Field(
        default=False, description="Restart a replica even if no other one is ready."
    )

    @property
    def cost(self) -> str:
        if self.turns_away:
            return COST
        return "clients may get no answer" if self.leaves_none else ""

    def check(self, ctx: Context) -> Change | Unchanged:
        names = services_of_step(ctx, self.services, self.place)
        # Called only because it raises: the run has checked the services with a role, but not the
        # others that this step may name.
        resolve_containers(ctx, names)
        containers = {name: look_up(ctx, name).require_container() for name in names}
        if not self.turns_away:
            require_served(ctx, names)
        if not self.turns_away and not self.leaves_none:
            require_another(ctx, names)
        stale = drift_reasons(ctx, names)
        return Change(
            summary=f"restart {', '.join(containers)} (the same containers: this is no deploy)",
            before={
                "containers": {
                    name: _facts(ctx, container) for name, container in containers.items()
                },
                "shielded": self.turns_away and is_maintenance_on(ctx),
                **servers_out_before(ctx),
            },
            facts={"stale": stale} if stale else {},
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        before = change.before["containers"]
        restart = self._restart_at_once if self.turns_away else self._restart_in_turn
        return {"restarted": list(before), **restart(ctx, before), **change.facts}

    def _restart_in_turn(self, ctx: Context, before: Before) -> Result:
        released = ctx.settings.services.released
        reasons = {
            name: RUNS if facts["running"] else STOPPED
            for name, facts in before.items()
            if name in released
        }
        rollout = Rollout(ctx, reasons, in_place=True)
        rollout.in_batches()
        for name in before:
            if name not in released:
                stop_and_start(ctx, [look_up(ctx, name)])
        return {TIMINGS: rollout.facts()}

    def _restart_at_once(self, ctx: Context, before: Before) -> Result:
        """Restart all together; the release's services stop before the services that they need."""
        targets = [look_up(ctx, name) for name in before]
        released, needed, proxy = _groups(ctx, targets)
        start_maintenance(ctx)
        stop(ctx, released)
        stop(ctx, needed)
        start(ctx, needed)
        start(ctx, released)
        wait_for_replicas(ctx)
        # A proxy that was stopped to turn clients away starts when the maintenance ends.
        is_stopped = proxy_is_stopped(ctx)
        running = [] if is_stopped else [t for t in proxy if t.require_container().is_active]
        away = stop_and_start(ctx, running) if running else 0.0
        end_maintenance(ctx)
        if is_stopped:
            away = ctx.run.maintenance.seconds
        return {"proxy_away_seconds": round(away, 1)} if away else {}

    def verify(self, ctx: Context, change: Change) -> None:
        for name, before in change.before["containers"].items():
            if ctx.running(name).started_at == before["started_at"]:
                raise CosmicError("The container was not restarted", where=name)

    def undo(self, ctx: Context, change: Change) -> None:
        """Start the containers that ran before, and end the maintenance.

        Also lets the proxy use all replicas again, first those that can serve. Skips containers
        that no longer exist. Raises the first error once all other containers were started, and an
        error for a service that is no longer declared.
        """
        before = change.before["containers"]
        ran = [target for target in existing_targets(ctx, before) if before[target.name]["running"]]
        released, needed, proxy = _groups(ctx, ran)
        if not self.turns_away:
            restore_drained(ctx)
        try:
            healthy = [target.name for target in ran if before[target.name]["ready"]]
            bring_up(ctx, (needed, released, proxy), healthy)
        finally:
            put_all_in_service(ctx)
            if self.turns_away and not change.before["shielded"] and is_maintenance_on(ctx):
                end_maintenance(ctx)
        for name in before:
            ctx.service(name)  # raises if it is no longer declared, and so was not started


def _groups(
    ctx: Context, targets: Iterable[Target]
) -> tuple[list[Target], list[Target], list[Target]]:
    """Divide targets into the release's services, services that these may need, and the proxy.

    The proxy is started last: its start may fail while the names of the replicas do not resolve.
    """
    released, proxy = ctx.settings.services.released, ctx.settings.services.proxy
    every = list(targets)
    return (
        [target for target in every if target.name in released],
        [target for target in every if target.name not in (*released, proxy)],
        [target for target in every if target.name == proxy],
    )


def _facts(ctx: Context, container: Container) -> dict[str, Any]:
    return {
        "id": container.id,
        "running": container.is_active,
        "ready": serves_now(ctx, container),
        "started_at": container.started_at,
    }
