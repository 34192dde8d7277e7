"""Replace or restart containers a few at a time, while the other replicas serve."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.journal.records.timings import DRAIN, HEALTHY, NEVER_READY, PASSES, START
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.proxy import load_balancer
from cosmicdeploy.settings import Application
from cosmicdeploy.settings.pace import Pace, pace_of
from cosmicdeploy.steps.containers.hooks import start_container
from cosmicdeploy.steps.containers.in_the_way import stop_for
from cosmicdeploy.steps.containers.stopping import end
from cosmicdeploy.steps.infrastructure.answers import require_answers
from cosmicdeploy.steps.rollout.drift import MISSING, STARTED_IN_PLACE
from cosmicdeploy.steps.rollout.planning.batches import (
    addresses_are_kept,
    batches,
    grouped,
    keep_capacity,
    parts,
    require_another_serving,
    serving_replicas,
    singletons_share,
)
from cosmicdeploy.steps.rollout.planning.gaps import gap
from cosmicdeploy.steps.rollout.planning.order import replaced_together
from cosmicdeploy.steps.rollout.replacement.monitoring import InPlace, Monitor, may_end_by_itself
from cosmicdeploy.steps.rollout.replacement.proxy_control import ProxyControl
from cosmicdeploy.steps.rollout.replacement.replace import swap_in
from cosmicdeploy.steps.rollout.replacement.start_first import (
    promote,
    start_candidate,
    stop_superseded,
)
from cosmicdeploy.steps.rollout.replacement.target import Target, has_moved, look_up
from cosmicdeploy.steps.rollout.replacement.timings import Phases


class Rollout:
    """One rollout; with `in_place`, one restart of the same containers. Not reusable.

    `reasons` maps each service of the rollout to the reason why its container is replaced or
    started. `before` is the step's `Change.before`, which names the orphans to stop before a
    service starts. Replicas with the same pace (`settings/pace.py`) form a group, which is
    replaced in batches; its first batch holds the replicas that do not serve at the beginning.
    """

    def __init__(
        self,
        ctx: Context,
        reasons: Mapping[str, str],
        *,
        in_place: bool = False,
        before: Mapping[str, Any] | None = None,
    ) -> None:
        self._before = before or {}
        self._ctx, self._reasons, self._in_place = ctx, reasons, in_place
        self._phases = Phases(ctx.run.notes)
        self._proxy = ProxyControl(ctx, self._phases)
        self._started = time.monotonic()
        # Service → id of the container that serves after the rollout.
        self._created: dict[str, str] = {}
        self._ready = InPlace(ctx)
        # Services for which an end or a restart of the new container is no failure.
        self._restarting: set[str] = set()
        self._is_given_up = threading.Event()
        # Only one container starts at a time: a starting container keeps a small host busy, and two
        # would slow down responses to clients.
        self._starting = threading.Lock()

    def facts(self) -> Mapping[str, object]:
        """Return the rollout's timings for the report."""
        return self._phases.facts(time.monotonic() - self._started)

    def all_at_once(self) -> None:
        """Replace all containers one after the other, then wait until all are ready."""
        self._replace([look_up(self._ctx, name) for name in self._reasons], {})
        self._ready.require_ready()

    def in_batches(self) -> None:
        """Replace the applications one after the other, the replicas of each in batches.

        The scheduler and the workers are replaced at the same time as the main application's
        replicas, unless `_replace_main` has a reason to replace them afterwards. The other services
        follow one by one; of a service with several containers, `Pace.at_a_time` are replaced at a
        time. A service comes after those that it depends on.

        Raises `CosmicError` if a container does not become ready or no other replica would serve,
        and what a safe point raises if the operator interrupts the run.
        """
        applications = {each.services[0]: each for each in self._ctx.settings.all_applications}
        for unit in replaced_together(self._ctx):
            application = applications.get(unit[0])
            if application is None:
                self._replace_each([name for name in unit if name in self._reasons])
            elif application.is_main:
                self._replace_main(application)
            else:
                self._replace_replicas(application, lambda: None)
        self._ready.require_ready()

    def _replace_main(self, application: Application) -> None:
        """Replace the main application's replicas and, at the same time, the scheduler and workers.

        With the order stop-first, only one container starts at a time. The scheduler and the
        workers are replaced after the replicas if the engine could give one of them the address of
        a stopped replica, or if a service that is no replica refers by id to a replaced container.
        """
        if not addresses_are_kept(self._ctx) or singletons_share(self._ctx, self._reasons):
            self._replace_replicas(application, lambda: None)
            self._replace_singletons()
            return
        with ThreadPoolExecutor(max_workers=1) as pool:
            singletons = pool.submit(self._replace_singletons)
            try:
                # No further batch begins once the scheduler or a worker has failed.
                self._replace_replicas(
                    application, lambda: singletons.result() if singletons.done() else None
                )
            except BaseException:
                # The other thread ends at its next safe point, and leaving this block waits for it.
                # A second Ctrl-C must not end the wait, since the undo comes next.
                self._is_given_up.set()
                self._ctx.interrupts.end_threads()
                raise
            singletons.result()

    def _replace_replicas(
        self, application: Application, check_singletons: Callable[[], None]
    ) -> None:
        replicas = [name for name in application.services if name in self._reasons]
        if not replicas:
            return
        if not self._in_place and load_balancer(self._ctx).conflicts(replicas):
            self._replace_together(replicas)
            return
        serving = serving_replicas(self._ctx, application)
        for group in grouped(replicas, self._pace):
            pace, monitor = self._pace(group[0]), self._monitor(group[0])
            all_batches = batches(group, serving, pace)
            for batch in all_batches:
                check_singletons()
                self._ready.require_ready(self._ctx.settings.services.app)
                if set(batch) & set(serving):
                    if self._in_place:
                        require_another_serving(self._ctx, application, batch, serving)
                    else:
                        keep_capacity(self._ctx, application, self._reasons)
                self._roll_out(batch, pace.order)
                self._watch(monitor, batch, is_last=batch is all_batches[-1])
                if batch is all_batches[0] and self._is_untried(batch):
                    self._ready.require_stable(batch, self._ctx.safe_point)

    def _replace_together(self, replicas: Sequence[str]) -> None:
        """Replace all replicas in one announced gap: old and new must not run side by side."""
        self._ready.require_ready(self._ctx.settings.services.app)
        self._stop_first([look_up(self._ctx, name) for name in replicas])
        self._watch(self._monitor(replicas[0]), replicas, is_last=True)

    def _is_untried(self, batch: Sequence[str]) -> bool:
        """Whether the preflight has not tried the new image, since no trial can run."""
        is_shared = any(self._ctx.service(name).shared_network for name in batch)
        return is_shared and not self._in_place

    def _replace_singletons(self) -> None:
        services = self._ctx.settings.services
        scheduler = [name for name in services.of(["scheduler"]) if name in self._reasons]
        workers = [name for name in services.worker if name in self._reasons]
        for group in (scheduler, *grouped(workers, self._pace)):
            self._replace_each(group)

    def _replace_each(self, names: Sequence[str]) -> None:
        """Replace these services, which have the same pace, `Pace.at_a_time` at a time."""
        if not names:
            return
        pace, monitor = self._pace(names[0]), self._monitor(names[0])
        all_parts = parts(names, pace.at_a_time)
        for part in all_parts:
            self._ready.require_ready(names)
            answer_again = [require_answers(self._ctx, name) for name in part]
            if pace.order == "start-first":
                self._roll_out(part, pace.order)
            else:
                with self._gap(part):
                    self._replace([look_up(self._ctx, name) for name in part], {})
                    for require in answer_again:
                        require()
            self._watch(monitor, part, is_last=part is all_parts[-1])

    def _gap(self, names: Sequence[str]) -> AbstractContextManager[None]:
        """Return the gap: a `with` block in which clients may notice the replacement."""
        idle = (*STARTED_IN_PLACE, MISSING)
        return gap(self._ctx, [name for name in names if self._reasons[name] not in idle])

    def _pace(self, name: str) -> Pace:
        settings = self._ctx.settings
        if self._in_place:  # the same container cannot start before it stops
            is_replica = name in settings.services.app
            return Pace(at_a_time=settings.restart.max_unavailable if is_replica else 1)
        return pace_of(settings, self._ctx.service(name))

    def _monitor(self, name: str) -> Monitor:
        return Monitor(self._ctx, partial(self._safe_point, name))

    def _watch(self, monitor: Monitor, names: Sequence[str], *, is_last: bool) -> None:
        created = {name: self._created[name] for name in names if name in self._created}
        monitor.after_part(created, self._pace(names[0]), is_last=is_last)

    def _roll_out(self, names: Sequence[str], order: str) -> None:
        targets = [look_up(self._ctx, name) for name in names]
        has_idle = any(self._reasons[name] in (*STARTED_IN_PLACE, MISSING) for name in names)
        if order == "start-first" and not has_idle:
            self._start_first(targets)
        else:
            self._stop_first(targets)

    def _stop_first(self, targets: Sequence[Target]) -> None:
        names = [target.name for target in targets]
        graces = self._proxy.take_out_of_service(targets)
        with self._gap(names):
            containers = self._replace(targets, graces)
            moved = any(has_moved(self._ctx, t, containers[t.name]) for t in targets)
            self._proxy.put_in_service(names, moved=moved)

    def _start_first(self, targets: Sequence[Target]) -> None:
        names = [target.name for target in targets]
        self._restarting |= {t.name for t in targets if may_end_by_itself(self._ctx, t)}
        for target in targets:
            self._safe_point(target.name)
            self._created[target.name] = start_candidate(self._ctx, target, self._phases)
        self._wait_ready(names)
        promote(self._ctx, targets, self._created)
        self._proxy.put_in_service(names, moved=True)
        for target in targets:
            grace = self._proxy.take_superseded_out(target.service)
            stop_superseded(self._ctx, target.service, self._phases, grace)
        self._proxy.superseded_stopped(names)

    def _replace(
        self, targets: Sequence[Target], graces: Mapping[str, float]
    ) -> dict[str, Container]:
        """Replace or restart the targets stop-first; return their containers once all are ready.

        `graces` maps services to the seconds that their containers have to stop; the default is the
        service's own grace period.
        """
        self._restarting |= {t.name for t in targets if may_end_by_itself(self._ctx, t)}
        for target in targets:
            self._safe_point(target.name)
            self._created[target.name] = self._prepare(target, graces.get(target.name))
            self._start(target.name)
        return self._wait_ready([target.name for target in targets])

    def _safe_point(self, name: str) -> None:
        self._ctx.safe_point()
        if self._is_given_up.is_set() and name not in self._ctx.settings.services.app:
            raise CosmicError("The replicas could not be replaced", where=name)

    def _prepare(self, target: Target, grace: float | None = None) -> str:
        """Prepare the target's container for its start, and return its id.

        A restart in place keeps the container, and stops it if it runs or is paused. A rollout
        keeps a container whose only drift is that it is stopped or paused; it replaces or creates
        any other.
        """
        if self._reasons[target.name] not in STARTED_IN_PLACE and not self._in_place:
            return swap_in(self._ctx, target, self._phases, grace)
        container = target.require_container()
        if container.is_active and self._in_place:
            with self._phases.of(target.name, DRAIN):
                end(self._ctx, target.name, container.id, grace)
        return container.id

    def _start(self, name: str) -> None:
        with self._starting:
            if name not in self._ctx.settings.services.app:
                self._safe_point(name)  # waiting for `_starting` may have taken long
            stop_for(self._ctx, name, self._before)
            with self._phases.of(name, START):
                start_container(self._ctx, name, self._created[name])

    def _wait_ready(self, names: Sequence[str]) -> dict[str, Container]:
        ready = {}
        for name in names:
            ready[name] = self._wait_one_ready(name)
            self._ctx.say(f"{name} is healthy")
        return ready

    def _wait_one_ready(self, name: str) -> Container:
        began, answered = time.monotonic(), list[float]()
        is_kept = self._in_place or self._reasons[name] in STARTED_IN_PLACE
        try:
            container = wait_ready(
                self._ctx,
                self._created[name],
                name,
                lambda: answered.append(time.monotonic()),
                is_new=not is_kept and name not in self._restarting,
            )
        except BaseException:
            self._ctx.run.notes.add_phase(name, NEVER_READY, began, time.monotonic())
            raise
        if name not in self._restarting:
            self._ready.add(name, container)
        first = answered[0] if answered else time.monotonic()
        self._phases.add(name, HEALTHY, first - began, first)
        self._phases.add(name, PASSES, time.monotonic() - first)
        return container
