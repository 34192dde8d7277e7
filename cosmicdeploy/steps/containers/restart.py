"""Restart containers in place, as `docker-compose restart` does, but replicas one after the other.

The image and the definition of a container stay the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from pydantic import Field

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError, EngineError, Refused
from cosmicdeploy.journal.interrupted_run import intents
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import QUIESCE, RESTART_IN_PLACE
from cosmicdeploy.journal.unfinished import unfinished
from cosmicdeploy.probes.maintenance import proxy_is_stopped
from cosmicdeploy.probes.preconditions.single_container import resolve_containers
from cosmicdeploy.probes.readiness import serves_now
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.containers.maintenance import (
    end_maintenance,
    is_maintenance_on,
    start_maintenance,
)
from cosmicdeploy.steps.containers.stop_start import (
    bring_up,
    put_all_in_service,
    serves,
    start,
    stop,
    stop_and_start,
    wait_for_replicas,
)
from cosmicdeploy.steps.rollout.drift import STOPPED, drift_of
from cosmicdeploy.steps.rollout.executor import Rollout
from cosmicdeploy.steps.rollout.target import Target, look_up
from cosmicdeploy.steps.service_names import wanted_services

RUNS = "runs"
Before = Mapping[str, Any]


class RestartStep(Step):
    """Restart these services in place.

    Replicas are restarted one after the other, each drained first and healthy before the next;
    scheduler and workers at the same time; other services one after the other.

    `turns_away`: clients get 503 meanwhile, since they cannot be served without one of these; all
    are restarted at once. `leaves_none`: also if no other replica is ready.
    """

    kind: ClassVar[str] = RESTART_IN_PLACE

    services: tuple[str, ...] = Field(min_length=1, description="Services or roles.")
    turns_away: bool = Field(
        default=False,
        description="Clients get 503 meanwhile, and all are restarted at once: for the database,"
        " the cache and the proxy.",
    )
    leaves_none: bool = Field(
        default=False, description="Restart also if no other replica is ready meanwhile."
    )

    @property
    def cost(self) -> str:
        if self.turns_away:
            return "clients are turned away (503, Retry-After)"
        return "clients may get no answer" if self.leaves_none else ""

    def check(self, ctx: Context) -> Change | Unchanged:
        names = wanted_services(ctx, self.services, self.place)
        resolve_containers(ctx, names)  # these may be services without a role
        containers = {name: look_up(ctx, name).require_container() for name in names}
        if not self.turns_away:
            require_served(ctx, names)
        if not self.turns_away and not self.leaves_none:
            require_another(ctx, names)
        stale = stale_ones(ctx, names)
        return Change(
            summary=f"restart {', '.join(containers)} (the same containers: this is no deploy)",
            before={
                "containers": {
                    name: _facts(ctx, container) for name, container in containers.items()
                },
                "shielded": self.turns_away and is_maintenance_on(ctx),
            },
            facts={"stale": stale} if stale else {},
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        before = change.before["containers"]
        facts = self._turned_away(ctx, before) if self.turns_away else self._by_turns(ctx, before)
        return {"restarted": list(before), **facts, **change.facts}

    def _by_turns(self, ctx: Context, before: Before) -> Result:
        released = ctx.settings.services.released
        targets = {n: RUNS if facts["running"] else STOPPED for n, facts in before.items()}
        own = {n: why for n, why in targets.items() if n in released}
        rollout = Rollout(ctx, own, in_place=True)
        rollout.by_turns()
        for name in before:
            if name not in released:
                stop_and_start(ctx, [look_up(ctx, name)])
        return {"roll": rollout.facts()}

    def _turned_away(self, ctx: Context, before: Before) -> Result:
        """Restart all at once; applications stop first, while the services they need still run."""
        targets = [look_up(ctx, name) for name in before]
        released, needed, proxy = _groups(ctx, targets)
        start_maintenance(ctx)
        stop(ctx, released)
        stop(ctx, needed)
        start(ctx, needed)
        start(ctx, released)
        wait_for_replicas(ctx)
        # A proxy that was stopped to turn clients away starts when the maintenance ends.
        stopped = proxy_is_stopped(ctx)
        running = [] if stopped else [target for target in proxy if target.is_running]
        away = stop_and_start(ctx, running) if running else 0.0
        end_maintenance(ctx)
        away = ctx.run.maintenance.seconds if stopped else away
        return {"proxy_away_seconds": round(away, 1)} if away else {}

    def verify(self, ctx: Context, change: Change) -> None:
        for name, before in change.before["containers"].items():
            if ctx.running(name).started_at == before["started_at"]:
                raise CosmicError("The container was not restarted", where=name)

    def undo(self, ctx: Context, change: Change) -> None:
        """Start what ran before and end the maintenance; skip a container that no longer exists.

        Raises the first error after all the others were started.
        """
        before = change.before["containers"]
        ran = [target for target in present(ctx, before) if before[target.name]["running"]]
        released, needed, proxy = _groups(ctx, ran)
        try:
            healthy = [target.name for target in ran if before[target.name]["ready"]]
            bring_up(ctx, (needed, released, proxy), healthy)
        finally:
            put_all_in_service(ctx)
            if self.turns_away and not change.before["shielded"] and is_maintenance_on(ctx):
                end_maintenance(ctx)
        for name in before:
            ctx.service(name)  # raises for one that is no longer declared, which was not started


def present(ctx: Context, names: Iterable[str]) -> list[Target]:
    """Return the targets of services that are still declared and have a container."""
    targets = [look_up(ctx, name) for name in names if name in ctx.stack.services]
    return [target for target in targets if target.container is not None]


def _groups(
    ctx: Context, targets: Iterable[Target]
) -> tuple[list[Target], list[Target], list[Target]]:
    """Return the targets of the release, those that it needs, and the proxy.

    The proxy comes up last: it may know the replicas by name and not start before they run.
    """
    released, proxy = ctx.settings.services.released, ctx.settings.services.proxy
    every = list(targets)
    return (
        [target for target in every if target.name in released],
        [target for target in every if target.name not in (*released, proxy)],
        [target for target in every if target.name == proxy],
    )


def require_served(ctx: Context, names: Iterable[str]) -> None:
    """Raise `Refused` if no client can be served without one of these."""
    infrastructure = [name for name in names if name in ctx.settings.services.infrastructure]
    if infrastructure:
        raise Refused(
            f"Without {', '.join(infrastructure)} no client can be served",
            where="restart-in-place",
            todo="say `turns_away: true` in the step, or leave them out",
        )


def require_another(ctx: Context, names: Iterable[str]) -> None:
    """Raise `CosmicError` if the only ready replica is to be restarted, and no other before it."""
    touched = set(names) & set(ctx.settings.services.app)
    serving = [name for name in ctx.settings.services.app if serves(ctx, name)]
    if touched == set(serving) and len(serving) == 1:
        raise CosmicError(
            f"No replica but {serving[0]} is ready",
            where="restart",
            todo="bring the others back first: `cosmicdeploy restart` them, or `cosmicdeploy up`;"
            " or restart it all the same with --yes",
        )


def stale_ones(ctx: Context, names: Iterable[str]) -> dict[str, str]:
    """Return service → why its container has drifted; services without drift are left out."""
    drifts = {name: _difference(ctx, name) for name in names}
    return {name: why for name, why in drifts.items() if why and why != STOPPED}


def interrupted_restarts(ctx: Context) -> list[tuple[RestartStep, Change]]:
    """Return interrupted restarts that left containers stopped or clients turned away.

    Empty during an interrupted rollback, which has stopped all writers.
    """
    runs = unfinished(ctx.journal)
    if any(run.kind is RunKind.ROLLBACK and intents([run], QUIESCE) for run in runs):
        return []
    begun = intents(runs, RestartStep.kind)
    restarts = [
        (RestartStep.from_record(i.options), Change(summary=i.summary, before=i.before))
        for i in begun
    ]
    return [(step, change) for step, change in restarts if _is_half_way(ctx, step, change)]


def _is_half_way(ctx: Context, step: RestartStep, change: Change) -> bool:
    before = change.before["containers"]
    ran = [target for target in present(ctx, before) if before[target.name]["running"]]
    stopped = [target for target in ran if not target.is_running]
    return bool(stopped) or (
        step.turns_away and not change.before["shielded"] and is_maintenance_on(ctx)
    )


def _difference(ctx: Context, name: str) -> str | None:
    try:
        return drift_of(ctx, name).reason
    except EngineError as error:
        return error.what


def _facts(ctx: Context, container: Container) -> dict[str, Any]:
    return {
        "id": container.id,
        "running": container.is_running,
        "ready": serves_now(ctx, container),
        "started_at": container.started_at,
    }
