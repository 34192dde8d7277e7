"""What a deploy's verification finds failing, and that failed before the deploy as well."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Self

import tenacity

from cosmicdeploy.context import Context
from cosmicdeploy.journal.known_failures import KnownFailures
from cosmicdeploy.journal.step_kinds import ROLLOUT
from cosmicdeploy.journal.unfinished import intents, under_way
from cosmicdeploy.probes.readiness import serves_now
from cosmicdeploy.probes.result import CheckResult

# These say whether the release itself is in place, which is a deploy's own doing.
NEVER = ("containers", "images")
# These say whether the release serves: of replicas that the run put in place it has to be proven.
OF_REPLICAS = ("health", "heartbeat", "schema")


@dataclass(frozen=True)
class Excused:
    """Known failures, where the run has put containers in place: a deploy that mends some of what
    was broken is not taken back for the rest. One that replaces nothing mends nothing."""

    known: KnownFailures = field(default_factory=KnownFailures)
    never: Collection[str] = NEVER

    @classmethod
    def of(cls, ctx: Context) -> Self:
        """Of this run and those that it goes on from."""
        rollouts = intents(under_way(ctx.journal, ctx.earlier), ROLLOUT)
        replaced = {name for rollout in rollouts for name in rollout.before["containers"]}
        if not replaced:
            return cls()
        serves_anew = not replaced.isdisjoint(ctx.settings.services.app)
        return cls(ctx.known_failures, (*NEVER, *OF_REPLICAS) if serves_anew else NEVER)

    def give_time(self, ctx: Context) -> None:
        """Wait for what may get well by itself, now that the release is in place: a proxy whose
        health is that of the replicas."""
        names = [name for name in self.known.services if name not in ctx.settings.services.released]
        waiting = tenacity.Retrying(
            stop=tenacity.stop_after_delay(ctx.settings.restart.healthy_within),
            wait=tenacity.wait_fixed(0.5),
            retry=tenacity.retry_if_result(bool),
            retry_error_callback=lambda state: None,
        )
        waiting(lambda: [name for name in names if _may_get_well(ctx, name)])

    def has(self, ctx: Context, result: CheckResult) -> bool:
        """Whether this point is not held against the run."""
        if result.point == "containers":
            return self._has_all(ctx)
        return result.point in self.known.points and result.point not in self.never

    def told(self, result: CheckResult) -> str:
        """What is to be said beside such a point."""
        return ", as before this run" if result.point in self.known.points else ""

    def _has_all(self, ctx: Context) -> bool:
        """Whether no container is unwell but some that were, and that no deploy replaces."""
        excused = set(self.known.services) - set(ctx.settings.services.released)
        others = [name for name in ctx.settings.services.all if name not in excused]
        return bool(excused) and all(_serves(ctx, name) for name in others)


def _serves(ctx: Context, name: str) -> bool:
    found = ctx.container(name)
    return found is not None and serves_now(ctx, found)


def _may_get_well(ctx: Context, name: str) -> bool:
    ctx.safe_point()
    found = ctx.container(name)
    return found is not None and found.active and not found.ready
