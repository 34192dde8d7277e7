"""Let the proxy take replicas out of service before they stop, and put them in service again."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property, partial

from cosmicdeploy import proxy
from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, FirstError
from cosmicdeploy.journal.records.timings import DRAIN, IN_SERVICE
from cosmicdeploy.process.concurrency import map_concurrently
from cosmicdeploy.stack.model import Service
from cosmicdeploy.steps.rollout.replacement.replace import temporary_containers
from cosmicdeploy.steps.rollout.replacement.start_first import running_superseded
from cosmicdeploy.steps.rollout.replacement.target import Target, look_up
from cosmicdeploy.steps.rollout.replacement.timings import Phases

# In seconds: the grace period of a drained replica that ignores its stop signal.
NO_GRACE = 0.0


@contextmanager
def reported(ctx: Context, consequence: str) -> Iterator[None]:
    """Only report an error of the proxy in this block, with its consequence.

    `LockLost` and `EngineUnavailable` are raised.
    """
    errors = FirstError()
    with errors:
        yield
    if errors.error:
        ctx.say(f"{consequence}: {errors.error.what}")


class ProxyControl:
    """Control which replicas of one rollout get requests from the proxy. Not reusable.

    If the proxy can do that, a replica is taken out of service before it stops. Otherwise the proxy
    notices a stopped replica only by a failed request; `restart.pause` leaves time for that.
    """

    def __init__(self, ctx: Context, phases: Phases) -> None:
        self._ctx, self._phases = ctx, phases
        self._ignores_stop_signal: dict[str, bool] = {}

    def take_out_of_service(self, targets: Sequence[Target]) -> dict[str, float]:
        """Stop new requests to the targets' replicas, where the proxy can do that.

        Returns the seconds that each target's container has to stop, by service.
        """
        replicas = {t.name: t.container for t in targets if t.name in self._replicas}
        running = {name: c for name, c in replicas.items() if c is not None and c.is_running}
        graces = {target.name: target.service.stop_grace_period for target in targets}
        self._traffic.before_stop(running)
        for target in targets:
            if container := running.get(target.name):
                self._ctx.safe_point()
                grace = self._take_out(target, container, is_alone=len(running) == 1)
                graces[target.name] = grace
        return graces

    def put_in_service(self, names: Sequence[str], *, moved: bool) -> None:
        """Let the proxy send requests to these services' replicas again; wait until it does.

        `moved`: at least one of the replicas has a new address. Raises the errors of
        `Traffic.put_in`; if the proxy did not work before the run, only reports them.
        """
        errors = FirstError()
        with errors:
            self._put_in_service(names, moved=moved)
        if self._ctx.settings.services.proxy not in self._ctx.run.known_failures.services:
            errors.raise_if_any()
        elif errors.error:
            why = errors.error.what
            self._ctx.say(f"the proxy did not work before, and is left as it is: {why}")

    def _put_in_service(self, names: Sequence[str], *, moved: bool) -> None:
        replicas = [name for name in names if name in self._replicas]
        if not replicas or self._is_proxy_stopped():
            return
        started = time.monotonic()
        self._traffic.put_in(replicas, moved=moved)
        if self._ctx.settings.services.proxy is not None:
            self._phases.add(replicas[0], IN_SERVICE, time.monotonic() - started)

    def take_superseded_out(self, service: Service) -> float:
        """Stop new requests to a service's superseded containers, where the proxy can do that.

        Returns the seconds that the containers have to stop. Raises the errors of
        `Traffic.take_out_beside`.
        """
        name, grace = service.name, service.stop_grace_period
        if name not in self._replicas or self._is_proxy_stopped():
            return grace
        for container in running_superseded(self._ctx, service):
            self._ctx.safe_point()
            ignores_stop = self._ignores_stop(service, container)
            with self._phases.of(name, DRAIN):
                is_out = self._traffic.take_out_beside(name, container, until_finished=ignores_stop)
            if ignores_stop and is_out:
                grace = NO_GRACE
            elif ignores_stop:
                self._say_cut_off(name, grace)
        return grace

    def hand_back(self, name: str, former_id: str) -> None:
        """Send a replica's requests to its former container again, if that container still runs.

        Otherwise sends them to the other replicas. Called before an undo stops the replica's new
        container. Raises the errors of `Traffic`.
        """
        if name not in self._replicas or self._is_proxy_stopped():
            return
        target = look_up(self._ctx, name)
        current = target.container
        beside = [c for c in temporary_containers(self._ctx, target.service) if c.is_running]
        former = next((each for each in beside if each.id == former_id), None)
        new = [each for each in beside if each.id != former_id]
        if former is not None and current is not None:
            self._traffic.readmit(name, former)
            new.append(current)
        elif current is not None and current.id != former_id:
            self.take_out_of_service([target])
        for container in new:
            self._traffic.take_out_beside(name, container, until_finished=True)

    def drain_beside(self, name: str, container: Container) -> bool:
        """Let a container beside the one in place finish its requests, but send it no new ones.

        Returns whether the proxy did that: False for a service that is no replica. An error of the
        proxy is only reported, but `LockLost` and `EngineUnavailable` are raised.
        """
        if name not in self._replicas or self._is_proxy_stopped():
            return False
        with reported(self._ctx, f"requests to {container.name} may be cut off"):
            if self._traffic.take_out_beside(name, container, until_finished=True):
                return True
        return False

    def superseded_stopped(self, names: Sequence[str]) -> None:
        """Tell the proxy that these services' superseded containers have stopped.

        Raises `ConfigError` and `EngineError`.
        """
        if replicas := [name for name in names if name in self._replicas]:
            self._traffic.superseded_stopped(replicas)

    def adopt(self) -> None:
        """Read which replicas are out of service, including those that an earlier run took out."""
        self._traffic.adopt()

    def restore_drained(self) -> None:
        """Put drained replicas that can serve in service, and wait until the proxy uses them.

        Called before an undo or a repair takes other replicas away: a run may have ended while a
        replica was drained. An error of the proxy is only reported, but `LockLost` and
        `EngineUnavailable` are raised.
        """
        with reported(self._ctx, "a drained replica may stay out of service"):
            self.adopt()
            if names := self._traffic.drained():
                self._ctx.say(f"{', '.join(names)}: drained, but can serve, so it is let in first")
                self.put_in_service(names, moved=False)

    def put_all_in_service(self) -> None:
        """Put all replicas in service that this rollout has taken out or adopted."""
        self._traffic.put_all_in()

    @cached_property
    def _replicas(self) -> Collection[str]:
        return self._ctx.settings.services.app

    @cached_property
    def _traffic(self) -> proxy.Traffic:
        return proxy.load_balancer(self._ctx).traffic()

    def _is_proxy_stopped(self) -> bool:
        """Whether a proxy is declared but does not run, so no client gets in."""
        name = self._ctx.settings.services.proxy
        container = self._ctx.container(name) if name is not None else None
        return name is not None and (container is None or not container.is_running)

    def _take_out(self, target: Target, container: Container, *, is_alone: bool) -> float:
        """Take a running replica out of service if possible; return its seconds to stop."""
        name, grace = target.name, target.service.stop_grace_period
        is_drainable, ignores_stop = self._check_replica(target, container, is_alone=is_alone)
        if is_drainable and ignores_stop:
            with self._phases.of(name, DRAIN):
                self._traffic.take_out(name, container, until_finished=True)
            self._ctx.say(f"{name} ignores its stop signal: its requests were waited for")
            return NO_GRACE
        if is_drainable:
            self._traffic.take_out(name, container, until_finished=False)
        elif ignores_stop:
            self._say_cut_off(name, grace)
        return grace

    def _say_cut_off(self, name: str, grace: float) -> None:
        self._ctx.say(
            f"{name} ignores its stop signal and cannot be taken out of the proxy: requests in "
            f"flight are cut off after {grace:.0f} s (docs/proxy.md)"
        )

    def _check_replica(
        self, target: Target, container: Container, *, is_alone: bool
    ) -> tuple[bool, bool]:
        """Return whether the proxy can drain the replica, and whether it ignores its stop signal.

        Both are checked at the same time, since each may need a command in a container.
        """
        checks: list[Callable[[], object]] = [
            partial(self._ignores_stop, target.service, container)
        ]
        if is_alone and self._ctx.settings.services.proxy:
            checks.append(partial(self._traffic.prepare, target.name))
        ignores_stop = map_concurrently(lambda check: check(), checks)[0]
        is_drainable = self._traffic.can_take_out(target.name, is_alone=is_alone)
        return is_drainable, bool(ignores_stop)

    def _ignores_stop(self, service: Service, container: Container) -> bool:
        """Whether the replica ignores its stop signal; checked once for each image."""
        image = container.image_id
        if image not in self._ignores_stop_signal:
            self._ignores_stop_signal[image] = False
            with suppress(EngineError):  # the container ended, or its image has no `cat`
                self._ignores_stop_signal[image] = proxy.ignores_stop_signal(
                    self._ctx, service, container
                )
        return self._ignores_stop_signal[image]
