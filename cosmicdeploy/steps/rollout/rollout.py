"""The step `rollout`: replace the containers that have drifted from their image or definition.

A restart would keep the old container, and with it the old image.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.journal.records.timings import TIMINGS
from cosmicdeploy.journal.step_kinds import ROLLOUT
from cosmicdeploy.probes.readiness import serves_now
from cosmicdeploy.proxy import load_balancer, servers_out_before
from cosmicdeploy.settings import Role
from cosmicdeploy.settings.pace import pace_of
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.containers.in_the_way import (
    describe,
    in_the_way,
    require_way,
    start_again,
)
from cosmicdeploy.steps.containers.resources import ensure_networks_and_volumes
from cosmicdeploy.steps.infrastructure.proxy_trial import try_proxy
from cosmicdeploy.steps.rollout import left_out
from cosmicdeploy.steps.rollout.drift import (
    MISSING,
    STARTED_IN_PLACE,
    Drift,
    as_json,
    drift_of,
    require_sharing_included,
    why_down,
    with_sharing_services,
)
from cosmicdeploy.steps.rollout.planning.gaps import (
    announced_gaps,
    described,
    gap_facts,
    other_costs,
)
from cosmicdeploy.steps.rollout.planning.moves import described_reloads, possible_reloads
from cosmicdeploy.steps.rollout.planning.plan_text import (
    declared_paces,
    grouped_reasons,
    only_replicas_first,
    proxy_notes,
)
from cosmicdeploy.steps.rollout.replacement.executor import Rollout
from cosmicdeploy.steps.rollout.replacement.proxy_control import ProxyControl
from cosmicdeploy.steps.rollout.replacement.proxy_counts import counted_failures
from cosmicdeploy.steps.rollout.replacement.replace import journal_facts, remove_temporary
from cosmicdeploy.steps.rollout.replacement.start_first import (
    require_start_first,
    stop_superseded,
    with_running_superseded,
)
from cosmicdeploy.steps.rollout.replacement.timings import Phases
from cosmicdeploy.steps.rollout.replacement.undo import RolloutUndo

FILES_CHANGED = "its files were changed by hand"
SUPERSEDED_RUNS = "its superseded container still runs"


class RolloutStep(Step):
    """Replace drifted containers; create missing containers and start stopped ones.

    Replicas are replaced in batches: each batch is ready before the next begins. With `at_once`,
    all containers are replaced before the step waits for them.
    """

    kind: ClassVar[str] = ROLLOUT
    replaces_containers: ClassVar[bool] = True

    missing_only: bool = Field(
        default=False,
        description="Only create missing containers and start stopped ones; ignore drift.",
    )
    at_once: bool = Field(
        default=False,
        description="Replace all without waiting in between; for when clients are turned away.",
    )
    roles: tuple[Role, ...] = Field(
        default=("app", "scheduler", "worker", "other"),
        description="Roles of the services. `other`: services without a role, services that keep"
        " data (only started), and infrastructure that the run includes.",
    )
    anew: tuple[str, ...] = Field(
        default=(),
        description="Replace only the containers of these services, even without drift, because"
        " files in them were changed by hand.",
    )

    def check(self, ctx: Context) -> Change | Unchanged:
        names = self.anew or self._services(ctx)
        drifts = self._drifts(ctx, names)
        reasons, count, younger = _reasons(drifts), len(names), left_out.to_change(ctx)
        if ctx.run.is_planning:  # an earlier step of the plan creates the services in `created`
            reasons = {n: r for n, r in reasons.items() if n not in ctx.run.steps_ahead.created}
        if not reasons and not younger and self.missing_only:
            return Unchanged(reason=f"all {count} containers run; drift is ignored")
        if not reasons and not younger:
            images = sorted({i.id[:19] if i else "no image" for i in ctx.images_of(names).values()})
            return Unchanged(reason=f"{', '.join(images)} already runs in all {count} containers")
        self._require_orders(ctx)
        before: dict[str, Any] = {
            "containers": {name: journal_facts(drifts[name].container) for name in reasons},
            **require_way(ctx, in_the_way(ctx, reasons)),
            **younger,
            **servers_out_before(ctx),
        }
        keys = {name: as_json(drifts[name].keys) for name in reasons if drifts[name].keys}
        replaced = [
            name for name, why in reasons.items() if why not in (MISSING, *STARTED_IN_PLACE)
        ]
        # With `at_once`, clients are turned away, so no gap is announced.
        gaps = {} if self.at_once else announced_gaps(ctx, replaced)
        facts: dict[str, Any] = {"reasons": reasons} | ({"differences": keys} if keys else {})
        facts |= {"gaps": gap_facts(ctx, gaps)} if gaps else {}
        reloads = {} if self.at_once else possible_reloads(ctx, replaced)
        facts |= {"reloads": reloads} if reloads else {}
        parts = (
            grouped_reasons(reasons),
            left_out.describe(before),
            describe(before),
            self._waits(ctx, reasons),
            described_reloads(reloads),
            described(ctx, gaps),
            other_costs(ctx, replaced, gaps),
            "" if self.at_once else proxy_notes(ctx, replaced),
            "" if self.at_once else declared_paces(ctx, replaced),
            "" if self.at_once else only_replicas_first(ctx, replaced),
        )
        return Change(summary="; ".join(filter(None, parts)), before=before, facts=facts)

    def _services(self, ctx: Context) -> Sequence[str]:
        """Return the services of the step.

        The role `other` adds the services that keep data, and the infrastructure that the run
        includes. Services that keep data are only started unless the run includes them.
        """
        services = ctx.settings.services
        if "other" not in self.roles:
            return services.of(self.roles)
        included = [name for name in services.support if name in ctx.run.included]
        return (*services.of(self.roles), *services.keeping_data, *included)

    def _waits(self, ctx: Context, reasons: Mapping[str, str]) -> str:
        """Describe how long the rollout waits for the proxy; "" if at most `restart.pause`.

        The rollout waits after a replica is replaced stop-first, if the application has other
        replicas.
        """
        replaced = {name for name, why in reasons.items() if why != MISSING}
        several = [each for each in ctx.settings.all_applications if len(each.services) > 1]
        own = [name for each in several for name in each.services if name in replaced]
        away = [name for name in own if _order(ctx, name) == "stop-first" and not self.at_once]
        return load_balancer(ctx).describe_waits(away) if away else ""

    def _drifts(self, ctx: Context, names: Iterable[str]) -> dict[str, Drift]:
        """Return each service's drift, with the reason why the rollout replaces or starts it."""
        superseded_run = with_running_superseded(ctx, names)
        drifts = {name: self._drift(ctx, name) for name in names}
        without_reason = [name for name in superseded_run if not drifts[name].reason]
        drifts |= {name: replace(drifts[name], reason=SUPERSEDED_RUNS) for name in without_reason}
        if self.missing_only:
            return drifts
        drifts = with_sharing_services(ctx, drifts)
        require_sharing_included(ctx, drifts)
        return drifts

    def _drift(self, ctx: Context, name: str) -> Drift:
        is_only_started = self.missing_only or not ctx.may_replace(name)
        container = ctx.container(name) if is_only_started or self.anew else None
        if is_only_started and container is not None:
            reason = None if container.is_running else why_down(container)
            return Drift(container=container, reason=reason)
        # Without this reason, a stopped container would only be started.
        if name in self.anew and container is not None:
            return replace(drift_of(ctx, name), reason=FILES_CHANGED)
        return drift_of(ctx, name)

    def _stop_left_superseded(self, ctx: Context, names: Iterable[str]) -> None:
        """Stop superseded containers that a killed start-first rollout left running.

        If a service's current container does not serve, its superseded container keeps running.
        """
        for name in names:
            current = ctx.container(name)
            if current is not None and serves_now(ctx, current):
                proxy = ProxyControl(ctx, Phases(ctx.run.notes))
                proxy.put_in_service([name], moved=True)
                grace = proxy.take_superseded_out(ctx.service(name))
                stop_superseded(ctx, ctx.service(name), Phases(ctx.run.notes), grace)
                proxy.superseded_stopped([name])

    def _require_orders(self, ctx: Context) -> None:
        for name in ctx.settings.services.of(("app", "worker")):
            if _order(ctx, name) == "start-first":
                require_start_first(ctx.service(name))

    def apply(self, ctx: Context, change: Change) -> Result:
        reasons = change.facts["reasons"]
        left = with_running_superseded(ctx, self._services(ctx))
        if left:
            self._stop_left_superseded(ctx, left)
            reasons = _reasons(self._drifts(ctx, change.before["containers"]))
        # The step `services` creates these only if it has infrastructure to start.
        ensure_networks_and_volumes(ctx)
        try_proxy(ctx, reasons)
        left_out.stop_younger(ctx, change.before)
        rollout = Rollout(ctx, reasons, before=change.before)
        with counted_failures(ctx) as failures:
            rollout.all_at_once() if self.at_once else rollout.in_batches()
        left_out.start_younger(ctx, change.before)
        images = {name: ctx.running(name).image_id for name in reasons}
        facts: dict[str, Any] = {"containers": images, TIMINGS: rollout.facts(), **change.facts}
        return facts | ({"proxy_counts": failures} if failures else {})

    def verify(self, ctx: Context, change: Change) -> None:
        if not self.anew:
            super().verify(ctx, change)
        for name in self.anew:
            before = change.before["containers"][name] or {}
            if ctx.running(name).id == before.get("id") or drift_of(ctx, name).reason:
                raise CosmicError("The container was not replaced", where=name)

    def undo(self, ctx: Context, change: Change) -> None:
        undo, services = RolloutUndo(ctx, at_once=self.at_once), ctx.settings.services
        names = list(reversed(change.before["containers"]))
        # The proxy comes first: until it serves, the undo would wait for it after each replica.
        # Then come the replicas, so that no other container is given a stopped replica's address.
        names.sort(key=lambda name: (name != services.proxy, name not in services.app))
        proxy = names[:1] if services.proxy in names else []
        for name in proxy:
            undo.undo(name, change.before["containers"][name])
        undo.begin()
        for name in names[len(proxy) :]:
            undo.undo(name, change.before["containers"][name])
        with undo.errors:
            start_again(ctx, change.before)
        with undo.errors:
            left_out.undo_younger(ctx, change.before)
        undo.end()

    def creates(self, ctx: Context) -> Sequence[str]:
        return self.anew or self._services(ctx)

    def affected(self, change: Change) -> frozenset[str]:
        return frozenset(change.before["containers"])

    def settle(self, ctx: Context, change: Change) -> None:
        remove_temporary(ctx, change.before["containers"])


def _order(ctx: Context, name: str) -> str:
    return pace_of(ctx.settings, ctx.service(name)).order


def _reasons(drifts: Mapping[str, Drift]) -> dict[str, str]:
    return {name: drift.reason for name, drift in drifts.items() if drift.reason}
