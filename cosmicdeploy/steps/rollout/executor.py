"""Roll services out, some containers at a time, while the others serve."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError, EngineError
from cosmicdeploy.probes.readiness import serves_now, wait_ready
from cosmicdeploy.settings import Orders, Restart
from cosmicdeploy.steps.containers.hooks import start_container
from cosmicdeploy.steps.containers.stopping import end
from cosmicdeploy.steps.rollout.drift import MISSING, STOPPED
from cosmicdeploy.steps.rollout.proxy_control import ProxyControl
from cosmicdeploy.steps.rollout.replace import swap_in
from cosmicdeploy.steps.rollout.start_first import promote, start_candidate, stop_superseded
from cosmicdeploy.steps.rollout.target import Target, look_up
from cosmicdeploy.steps.rollout.timings import Phases


class Rollout:
    """One rollout, or with `in_place` one restart of the same containers. Not reusable.

    `reasons` has, by service, why it is in the rollout. Replicas go in batches:
    `restart.max_unavailable` at a time stop-first, `restart.max_surge` start-first. Replicas that
    serve no client now come first.
    """

    def __init__(self, ctx: Context, reasons: Mapping[str, str], *, in_place: bool = False) -> None:
        self._ctx, self._reasons, self._in_place = ctx, reasons, in_place
        self._phases = Phases()
        self._proxy = ProxyControl(ctx, self._phases)
        self._started = time.monotonic()
        self._settings = stop_first_only(ctx.settings.restart) if in_place else ctx.settings.restart
        # Service → id of the container that is to serve.
        self._created: dict[str, str] = {}
        self._is_given_up = threading.Event()
        # A container that starts keeps a small host busy; two at once slow down answers to clients.
        self._starting = threading.Lock()

    def facts(self) -> Mapping[str, object]:
        """Return the rollout's timings for the report."""
        return self._phases.facts(time.monotonic() - self._started)

    def all_at_once(self) -> None:
        """Roll all services out at the same time: for when clients are turned away anyway."""
        self._replace([look_up(self._ctx, name) for name in self._reasons], {})

    def by_turns(self) -> None:
        """Roll the replicas out in batches; the scheduler and the workers at the same time, but for
        their starts.

        These come afterwards if one of them could be given the address that a replica leaves for a
        moment.
        """
        if not addresses_are_kept(self._ctx):
            self._replicas_by_turns(lambda: None)
            self._singletons()
            return
        with ThreadPoolExecutor(max_workers=1) as pool:
            others = pool.submit(self._singletons)
            try:
                # No further batch begins once one of the others has failed.
                self._replicas_by_turns(lambda: others.result() if others.done() else None)
            except BaseException:
                # Nor do the others go on. This block waits for them: a second Ctrl-C must not leave
                # them at work while the run is undone.
                self._is_given_up.set()
                self._ctx.interrupts.ignore_from_now_on()
                raise
            others.result()

    def _replicas_by_turns(self, check_others: Callable[[], None]) -> None:
        replicas = [n for n in self._ctx.settings.services.app if n in self._reasons]
        serving = self._serving_replicas()
        for batch in batches(replicas, serving, self._settings):
            check_others()
            if set(batch) & set(serving):
                if self._in_place:
                    self._require_another(batch, serving)
                else:
                    self._keep_capacity(batch)
            self._roll_out(batch, self._settings.order.app)

    def _singletons(self) -> None:
        services, order = self._ctx.settings.services, self._settings.order.worker
        workers = [name for name in services.worker if name in self._reasons]
        first = [name for name in services.of(["scheduler"]) if name in self._reasons]
        if order == "stop-first":
            first, workers = [*first, *workers], []
        for name in first:
            self._replace([look_up(self._ctx, name)], {})
        self._roll_out(workers, order)

    def _serving_replicas(self) -> list[str]:
        """Return the replicas that serve now, in the rollout or not."""
        containers = {n: self._ctx.container(n) for n in self._ctx.settings.services.app}
        return [n for n, c in containers.items() if c is not None and serves_now(self._ctx, c)]

    def _keep_capacity(self, batch: Sequence[str]) -> None:
        """Wait until the replicas outside of the batch are ready that are to serve meanwhile: those
        that this rollout has replaced, and those not in it that worked before the run."""
        for name in self._ctx.settings.services.app:
            is_replaced = name in self._created
            if name in batch or (not is_replaced and name in self._reasons):
                continue
            if not is_replaced and name in self._ctx.run.known_failures.services:
                continue
            container = self._ctx.container(name)
            if container is not None and (
                not container.is_running or container.health == "unhealthy"
            ):
                wait_ready(self._ctx, container.id, name)

    def _require_another(self, batch: Sequence[str], serving_at_first: Sequence[str]) -> None:
        """Raise `CosmicError` if no replica outside of the batch serves, though one did at first.

        A replica outside of the restart that was unhealthy before is no reason to stop.
        """
        had_another = set(serving_at_first) > set(batch)
        if had_another and not set(self._serving_replicas()) - set(batch):
            raise CosmicError("No other replica serves any more", where=", ".join(batch))

    def _roll_out(self, names: Sequence[str], order: str) -> None:
        targets = [look_up(self._ctx, name) for name in names]
        has_idle = any(self._reasons[name] in (STOPPED, MISSING) for name in names)
        if order == "start-first" and not has_idle:
            self._start_first(targets)
        else:
            self._stop_first(targets)

    def _stop_first(self, targets: Sequence[Target]) -> None:
        containers = self._replace(targets, self._proxy.take_out_of_service(targets))
        moved = any(self._has_moved(target, containers[target.name]) for target in targets)
        self._proxy.put_in_service([target.name for target in targets], moved=moved)

    def _start_first(self, targets: Sequence[Target]) -> None:
        names = [target.name for target in targets]
        for target in targets:
            self._safe_point(target.name)
            self._created[target.name] = start_candidate(self._ctx, target, self._phases)
        self._wait_ready(names)
        promote(self._ctx, targets, self._created)
        self._proxy.put_in_service(names, moved=True)
        for target in targets:
            stop_superseded(self._ctx, target.service, self._phases)
        self._proxy.reload_if_ambiguous(names)

    def _replace(
        self, targets: Sequence[Target], graces: Mapping[str, float]
    ) -> dict[str, Container]:
        """Replace or restart these targets, each stopped before its successor starts; return the
        ready containers."""
        for target in targets:
            self._safe_point(target.name)
            self._created[target.name] = self._prepare(target, graces.get(target.name))
            self._start(target.name)
        return self._wait_ready([target.name for target in targets])

    def _safe_point(self, name: str) -> None:
        self._ctx.safe_point()
        if self._is_given_up.is_set() and name not in self._ctx.settings.services.app:
            raise CosmicError("The replicas could not be replaced", where=name)

    def _has_moved(self, target: Target, container: Container) -> bool:
        """Whether the replica has another address, in the networks that it shares with the proxy;
        False if it did not run before, since then nothing is known of its address."""
        before = target.container.addresses if target.container else {}
        proxy_name = self._ctx.settings.services.proxy
        proxy = self._ctx.container(proxy_name) if proxy_name and before else None
        shared = {net: before[net] for net in before if proxy and net in proxy.addresses}
        return any(
            container.addresses.get(network) != address
            for network, address in (shared or before).items()
        )

    def _prepare(self, target: Target, grace: float | None = None) -> str:
        """Make the target's container ready to start; return its id.

        A stopped container as declared is only started; a restart in place stops a running one; any
        other is replaced.
        """
        if self._reasons[target.name] != STOPPED and not self._in_place:
            return swap_in(self._ctx, target, self._phases, grace)
        if target.container is None:
            raise EngineError(
                "The container went away", where=target.name, todo="run the command again"
            )
        if target.is_running and self._in_place:
            with self._phases.of(target.name, "drain"):
                end(self._ctx, target.name, target.container.id, grace)
        return target.container.id

    def _start(self, name: str) -> None:
        with self._starting:
            if name not in self._ctx.settings.services.app:
                self._safe_point(name)  # it may have waited here for long
            with self._phases.of(name, "start"):
                start_container(self._ctx, name, self._created[name])

    def _wait_ready(self, names: Sequence[str]) -> dict[str, Container]:
        ready = {}
        for name in names:
            ready[name] = self._wait_one_ready(name)
            self._ctx.say(f"{name} is healthy")
        return ready

    def _wait_one_ready(self, name: str) -> Container:
        began, answered = time.monotonic(), list[float]()
        container = wait_ready(
            self._ctx, self._created[name], name, lambda: answered.append(time.monotonic())
        )
        first = answered[0] if answered else time.monotonic()
        self._phases.add(name, "healthy", first - began)
        self._phases.add(name, "passes", time.monotonic() - first)
        return container


def stop_first_only(settings: Restart) -> Restart:
    """Return the settings for a restart in place: the same container cannot start first."""
    return settings.model_copy(update={"order": Orders()})


def batches(replicas: Sequence[str], serving: Sequence[str], settings: Restart) -> list[list[str]]:
    """Return the replicas of a rollout in batches, as many at a time as the settings allow; first
    those that do not serve now.

    `serving` are the replicas that serve now, in the rollout or not.
    """
    idle = [name for name in replicas if name not in serving]
    rest = [name for name in replicas if name not in idle]
    size = settings.max_surge
    if settings.order.app == "stop-first":
        size = max(1, min(settings.max_unavailable, len({*replicas, *serving}) - 1))
    parts = [rest[start : start + size] for start in range(0, len(rest), size)]
    return [idle, *parts] if idle else parts


def addresses_are_kept(ctx: Context) -> bool:
    """Return whether no other container can be given a replica's fixed address while it is away.

    True if the network assigns addresses only from a range of its own.
    """
    fixed = {
        attachment.network
        for name in ctx.settings.services.app
        for attachment in ctx.service(name).networks
        if attachment.ipv4_address
    }
    ranged = {
        each.name
        for each in ctx.stack.networks.values()
        if each.pools and all(pool.ip_range for pool in each.pools)
    }
    return fixed <= ranged
