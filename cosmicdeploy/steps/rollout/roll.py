"""Take services to their new containers, some at a time, while the others serve."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, EngineError
from cosmicdeploy.probes.readiness import serves_now, wait_ready
from cosmicdeploy.settings import Orders, Restart
from cosmicdeploy.steps.containers.stopping import end
from cosmicdeploy.steps.rollout.drift import MISSING, STOPPED
from cosmicdeploy.steps.rollout.replace import make_ready
from cosmicdeploy.steps.rollout.serving import Serving
from cosmicdeploy.steps.rollout.start_first import start_beside, stop_displaced, take_places
from cosmicdeploy.steps.rollout.timings import Phases


class Roll:
    """One roll; `wanted` is why each service is touched. Not reusable.

    Without `anew` each container stays the same one, and is stopped and started in its place.
    Replicas go in batches: `restart.max_unavailable` of them at a time where the old one stops
    first, `restart.max_surge` where the new one starts first. What serves nobody anyway comes
    before anything that does.
    """

    def __init__(self, ctx: Context, wanted: Mapping[str, str], *, anew: bool = True) -> None:
        self._ctx, self._wanted, self._anew = ctx, wanted, anew
        self._phases = Phases()
        self._serving = Serving(ctx, self._phases)
        self._started = time.monotonic()
        self._settings = ctx.settings.restart if anew else in_place(ctx.settings.restart)
        self._made: dict[str, str] = {}
        self._given_up = threading.Event()
        # A container that starts keeps a small host busy, and two at once are felt by clients.
        self._starting = threading.Lock()

    def facts(self) -> Mapping[str, object]:
        """What it took, for the report."""
        return self._phases.facts(time.monotonic() - self._started)

    def all_at_once(self) -> None:
        """For when clients are turned away anyway."""
        self._replace(list(self._wanted), {})

    def by_turns(self) -> None:
        """The replicas in batches; the scheduler and the workers beside them, at the same time but
        for their starts, unless one of those could be given the address that a replica leaves for
        a moment."""
        if not addresses_are_kept(self._ctx):
            self._replicas_by_turns(lambda: None)
            self._singletons()
            return
        with ThreadPoolExecutor(max_workers=1) as beside:
            others = beside.submit(self._singletons)
            try:
                # Nothing more is begun where one of them cannot serve.
                self._replicas_by_turns(lambda: others.result() if others.done() else None)
            except BaseException:
                # Nor anything over there. A second Ctrl-C must not leave it at work behind the
                # unwinding, which the end of this block waits for it with.
                self._given_up.set()
                self._ctx.interrupts.ignore_from_now_on()
                raise
            others.result()

    def _replicas_by_turns(self, look: Callable[[], None]) -> None:
        serving_now = self._serving_now()
        for batch in batches(self._touched, serving_now, self._settings):
            look()
            if set(batch) & set(serving_now):
                self._keep_capacity(batch) if self._anew else self._keep_one(batch, serving_now)
            self._put(batch, self._settings.order.app)

    def _singletons(self) -> None:
        services, order = self._ctx.settings.services, self._settings.order.worker
        workers = [name for name in services.worker if name in self._wanted]
        first = [name for name in services.of(["scheduler"]) if name in self._wanted]
        if order == "stop-first":
            first, workers = [*first, *workers], []
        for name in first:
            self._replace([name], {})
        self._put(workers, order)

    @property
    def _touched(self) -> list[str]:
        return [name for name in self._ctx.settings.services.app if name in self._wanted]

    def _serving_now(self) -> list[str]:
        """Replicas that clients have something of, whether they are to be touched or not."""
        apps = self._ctx.settings.services.app
        found = {name: self._ctx.container(name) for name in apps}
        return [n for n, c in found.items() if c is not None and serves_now(self._ctx, c)]

    def _keep_capacity(self, batch: Sequence[str]) -> None:
        """Nobody who serves is touched while another one cannot who is to serve meanwhile: one that
        this roll has made anew, or does not touch and that worked before."""
        for name in self._ctx.settings.services.app:
            untouched = name not in self._made
            if name in batch or (untouched and name in self._wanted):
                continue
            if untouched and name in self._ctx.known_failures.services:
                continue
            found = self._ctx.container(name)
            if found is not None and (not found.is_running or found.health == "unhealthy"):
                wait_ready(self._ctx, found.id, name)

    def _keep_one(self, batch: Sequence[str], at_first: Sequence[str]) -> None:
        """Somebody else serves, where there was anybody else at first: a replica that was unwell
        before and is not touched is no reason to leave the others as they are."""
        if set(at_first) > set(batch) and not set(self._serving_now()) - set(batch):
            raise CosmicError("No other replica serves any more", where=", ".join(batch))

    def _put(self, names: Sequence[str], order: str) -> None:
        idle = [name for name in names if self._wanted[name] in (STOPPED, MISSING)]
        if order == "start-first" and not idle:
            self._start_first(names)
        else:
            self._stop_first(names)

    def _stop_first(self, names: Sequence[str]) -> None:
        before = {name: self._addresses(name) for name in names}
        self._replace(names, self._serving.leave(names))
        # Of a container that did not run nothing is known.
        moved = any(
            self._addresses(name).get(network) != address
            for name, had in before.items()
            for network, address in had.items()
        )
        self._serving.back(names, moved=moved)

    def _replace(self, names: Sequence[str], graces: Mapping[str, float]) -> None:
        for name in names:
            self._safe_point(name)
            self._made[name] = self._make_ready(name, graces.get(name))
            self._start(name)
        self._see_healthy(names)

    def _start_first(self, names: Sequence[str]) -> None:
        for name in names:
            self._safe_point(name)
            self._made[name] = start_beside(self._ctx, name, self._phases)
        self._see_healthy(names)
        take_places(self._ctx, {name: self._made[name] for name in names})
        self._serving.back(names, moved=True)
        for name in names:
            stop_displaced(self._ctx, name, self._phases)
        self._serving.forget(names)

    def _safe_point(self, name: str) -> None:
        self._ctx.safe_point()
        if self._given_up.is_set() and name not in self._ctx.settings.services.app:
            raise CosmicError("The replicas could not be replaced", where=name)

    def _addresses(self, name: str) -> Mapping[str, str]:
        """By network, those that the proxy can reach."""
        found, proxy = self._ctx.container(name), self._ctx.settings.services.proxy
        there = self._ctx.container(proxy) if proxy else None
        own = found.addresses if found else {}
        shared = {net: own[net] for net in own if there and net in there.addresses}
        return shared or own

    def _make_ready(self, name: str, grace: float | None = None) -> str:
        """What is only stopped is taken as it is, the rest made anew, or stopped where it is to
        stay; the container's id."""
        if self._wanted[name] != STOPPED and self._anew:
            return make_ready(self._ctx, name, self._phases, grace)
        container = self._ctx.container(name)
        if container is None:
            raise EngineError("The container went away", where=name, todo="run the command again")
        if container.is_running and not self._anew:
            with self._phases.of(name, "drain"):
                end(self._ctx, name, container.id, grace)
        return container.id

    def _start(self, name: str) -> None:
        with self._starting:
            if name not in self._ctx.settings.services.app:
                self._safe_point(name)  # it may have waited here for long
            with self._phases.of(name, "start"):
                self._ctx.engine.start(self._made[name])

    def _see_healthy(self, names: Sequence[str]) -> None:
        for name in names:
            self._see_one(name)
            self._ctx.say(f"{name} is healthy")

    def _see_one(self, name: str) -> None:
        began, answered = time.monotonic(), list[float]()
        container_id = self._made[name]
        wait_ready(self._ctx, container_id, name, lambda: answered.append(time.monotonic()))
        first = answered[0] if answered else time.monotonic()
        self._phases.add(name, "healthy", first - began)
        self._phases.add(name, "passes", time.monotonic() - first)


def in_place(settings: Restart) -> Restart:
    """The same, but for what no container can do that stays the same one: start first."""
    return settings.model_copy(update={"order": Orders()})


def batches(
    touched: Sequence[str], serving_now: Sequence[str], settings: Restart
) -> list[list[str]]:
    """The replicas that are to be touched, as many at a time as may be; first those that serve
    nobody now, whatever is the matter with them."""
    idle = [name for name in touched if name not in serving_now]
    serving = [name for name in touched if name not in idle]
    size = settings.max_surge
    if settings.order.app == "stop-first":
        size = max(1, min(settings.max_unavailable, len({*touched, *serving_now}) - 1))
    parts = [serving[start : start + size] for start in range(0, len(serving), size)]
    return [idle, *parts] if idle else parts


def addresses_are_kept(ctx: Context) -> bool:
    """Whether nobody can be given a replica's fixed address while it is away: where the network
    keeps a range of its own for those who ask for none."""
    fixed = {
        place.network
        for name in ctx.settings.services.app
        for place in ctx.service(name).networks
        if place.ipv4_address
    }
    ranged = {
        each.name
        for each in ctx.stack.networks.values()
        if each.pools and all(pool.ip_range for pool in each.pools)
    }
    return fixed <= ranged
