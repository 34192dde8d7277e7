"""Failures that a deploy's verification excuses, because they are older than the deploy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Self

from cosmicdeploy.context import Context
from cosmicdeploy.journal.interrupted_run import intents
from cosmicdeploy.journal.known_failures import KnownFailures
from cosmicdeploy.journal.step_kinds import ROLLOUT
from cosmicdeploy.journal.unfinished import resumed_and_current
from cosmicdeploy.polling import poll
from cosmicdeploy.probes.readiness import serves_now
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.verification.points import current_name

# These points say whether the release itself is in place, which is the deploy's own doing.
NEVER = ("containers", "images")
# These points say whether the release serves, which replicas that the run put in place must prove.
OF_REPLICAS = ("health", "heartbeat", "schema")


@dataclass(frozen=True)
class Excused:
    """The known failures that do not fail a run which replaced containers.

    A deploy that repairs some of what was broken is not undone for the rest. A run that replaced no
    container repaired nothing, so nothing is excused.
    """

    known: KnownFailures = field(default_factory=KnownFailures)
    never: Collection[str] = NEVER

    @classmethod
    def of(cls, ctx: Context) -> Self:
        """Return what is excused in this run and in the interrupted runs that it resumes."""
        rollouts = intents(resumed_and_current(ctx.journal, ctx.run.resumed_runs), ROLLOUT)
        replaced = {name for rollout in rollouts for name in rollout.before["containers"]}
        if not replaced:
            return cls()
        # The run that knew them may be one of an earlier version.
        points = {current_name(each): why for each, why in ctx.run.known_failures.points.items()}
        known = replace(ctx.run.known_failures, points=points)
        has_new_replicas = not replaced.isdisjoint(ctx.settings.services.app)
        return cls(known, (*NEVER, *OF_REPLICAS) if has_new_replicas else NEVER)

    def give_time(self, ctx: Context) -> None:
        """Wait for services that recover once the release is in place, such as a proxy whose health
        is that of its replicas; at most `restart.healthy_within` seconds."""
        names = [name for name in self.known.services if name not in ctx.settings.services.released]
        poll(
            lambda: [name for name in names if _may_recover(ctx, name)],
            until=lambda recovering: not recovering,
            every=0.5,
            within=ctx.settings.restart.healthy_within,
        )

    def has(self, ctx: Context, result: CheckResult) -> bool:
        """Whether the failure of this point does not fail the run."""
        if result.point == "containers":
            return self._has_all_containers(ctx)
        return result.point in self.known.points and result.point not in self.never

    def remark(self, result: CheckResult) -> str:
        """Return what the report adds to a failing point."""
        return ", as before this run" if result.point in self.known.points else ""

    def _has_all_containers(self, ctx: Context) -> bool:
        """Whether the only failing containers are known ones that no deploy replaces."""
        excused = set(self.known.services) - set(ctx.settings.services.released)
        others = [name for name in ctx.settings.services.all if name not in excused]
        return bool(excused) and all(_serves(ctx, name) for name in others)


def _serves(ctx: Context, name: str) -> bool:
    container = ctx.container(name)
    return container is not None and serves_now(ctx, container)


def _may_recover(ctx: Context, name: str) -> bool:
    ctx.safe_point()
    container = ctx.container(name)
    return container is not None and container.is_active and not container.is_ready
