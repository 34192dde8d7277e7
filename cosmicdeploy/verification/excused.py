"""Failures that the verification of a deploy excuses because they existed before the deploy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Self

from cosmicdeploy.context.context import Context
from cosmicdeploy.journal.records.known_failures import KnownFailures
from cosmicdeploy.journal.step_kinds import ROLLOUT
from cosmicdeploy.journal.unfinished.interrupted_run import intents
from cosmicdeploy.journal.unfinished.unfinished import resumed_and_current
from cosmicdeploy.probes.readiness import serves_now
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.process.polling import poll
from cosmicdeploy.verification.points import current_name

# An earlier failure of these points excuses nothing: they show whether the deploy has put the
# release in place.
NEVER_EXCUSED = ("containers", "images")
# These points show whether the release works: new replicas must pass them in any case.
PROVEN_BY_REPLICAS = ("health",)
# New replicas of the main application must pass these points as well.
PROVEN_BY_MAIN = ("heartbeat", "schema")


@dataclass(frozen=True)
class Excused:
    """The known failures (from before the run) that do not make a run fail.

    A deploy that repairs only some of the failures should not be undone because of the others. In a
    run that replaces no container, nothing is excused. `never` are points that an earlier failure
    of the same point does not excuse. `replaced` are the services whose containers the run
    replaced.
    """

    known: KnownFailures = field(default_factory=KnownFailures)
    never: Collection[str] = NEVER_EXCUSED
    replaced: Collection[str] = ()

    @classmethod
    def of(cls, ctx: Context) -> Self:
        """Return what is excused after the rollouts of this run and of those that it resumes."""
        rollouts = intents(resumed_and_current(ctx.journal, ctx.run.resumed_runs), ROLLOUT)
        replaced = {name for rollout in rollouts for name in rollout.before["containers"]}
        if not replaced:
            return cls()
        # An interrupted run of an earlier version may have recorded former names of points.
        points = {current_name(each): why for each, why in ctx.run.known_failures.points.items()}
        known = replace(ctx.run.known_failures, points=points)
        never = set(NEVER_EXCUSED)
        for application in ctx.settings.all_applications:
            if not replaced.isdisjoint(application.services):
                never |= {*PROVEN_BY_REPLICAS, *(PROVEN_BY_MAIN if application.is_main else ())}
        return cls(known, never, replaced)

    def wait_for_recovery(self, ctx: Context) -> None:
        """Wait for excused services that run but are not ready, since they may recover now.

        A proxy, for example, may be unhealthy until its replicas work. Waits up to
        `restart.healthy_within` seconds.
        """
        names = self._excused_services(ctx)
        poll(
            lambda: [name for name in names if _may_recover(ctx, name)],
            until=lambda recovering: not recovering,
            every=0.5,
            within=ctx.settings.restart.healthy_within,
        )

    def excuses(self, ctx: Context, result: CheckResult) -> bool:
        """Return whether a failing point is excused, so that it does not make the run fail."""
        if result.point == "containers":
            return self._has_all_containers(ctx)
        if result.failing and set(result.failing) <= set(self._excused_services(ctx)):
            return True
        return result.point in self.known.points and result.point not in self.never

    def remark(self, result: CheckResult) -> str:
        """Return what the report appends to a failing point's line; "" unless it failed before."""
        is_known = result.point in self.known.points or (
            result.failing and set(result.failing) <= self.known.services.keys()
        )
        return ", as before this run" if is_known else ""

    def _has_all_containers(self, ctx: Context) -> bool:
        """Return whether some services are excused, and all others are ready."""
        excused = self._excused_services(ctx)
        others = [name for name in ctx.settings.services.all if name not in excused]
        return bool(excused) and all(_serves(ctx, name) for name in others)

    def _excused_services(self, ctx: Context) -> list[str]:
        """Return the services that failed before the run, without those that the run must repair.

        The run must repair the services that it replaced. If some of these belong to applications,
        it must repair all services of these applications, else all of the main application.
        """
        released = [ctx.settings.released_by(each) for each in ctx.settings.all_applications]
        touched = [names for names in released if not set(names).isdisjoint(self.replaced)]
        own = {*self.replaced, *(name for names in touched or released[:1] for name in names)}
        return [name for name in self.known.services if name not in own]


def _serves(ctx: Context, name: str) -> bool:
    container = ctx.container(name)
    return container is not None and serves_now(ctx, container)


def _may_recover(ctx: Context, name: str) -> bool:
    ctx.safe_point()
    container = ctx.container(name)
    return container is not None and container.is_active and not container.is_ready
