"""Wait between the parts of a rollout, and look again at the containers that are in place.

A release may crash some seconds after it was ready. So before each further part, and at its end, a
rollout looks again at the containers that it has put in place.

As in Swarm, the time `delay` passes between two parts, and the rollout fails if a container fails
within the time `monitor` after its replacement. After the last part, the rollout waits until that
time is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import UnhealthyContainer
from cosmicdeploy.probes.crash_log import how_it_ended, last_log_lines
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.settings.pace import Pace
from cosmicdeploy.steps.rollout.replacement.target import Target

CHECK_EVERY_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class _ReadyContainer:
    """A container that the rollout has put in place, as it was when it became ready.

    `restarts` is its number of restarts until then; `ready_at` is a time of the monotonic clock.
    """

    id: str
    restarts: int
    ready_at: float


class InPlace:
    """The containers that one rollout has put in place so far; two threads may use it."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._containers: dict[str, _ReadyContainer] = {}

    def add(self, name: str, container: Container) -> None:
        """Add a service's container, which has just become ready."""
        self._containers[name] = _ReadyContainer(
            id=container.id, restarts=container.restart_count, ready_at=time.monotonic()
        )

    def require_ready(self, names: Iterable[str] | None = None) -> None:
        """Look again at these services' containers, or at all; skip those not yet in place.

        Waits for a container that is unhealthy now (see `wait_ready`). Raises `UnhealthyContainer`
        if a container has ended, has restarted or was removed since it was ready.
        """
        for name in list(self._containers) if names is None else names:
            if name in self._containers:
                self._require_ready(name, self._containers[name])

    def require_stable(self, names: Iterable[str], safe_point: Callable[[], None]) -> None:
        """Wait until these services' containers have been ready for `restart.stable_for` seconds.

        These containers show what the trial, which could not run, would have shown. Raises
        `UnhealthyContainer` as `require_ready` does.
        """
        names = [name for name in names if name in self._containers]
        ready_at = max((self._containers[name].ready_at for name in names), default=0.0)
        end = ready_at + self._ctx.settings.restart.stable_for
        if (left := end - time.monotonic()) > 0:
            self._ctx.say(
                f"no trial could run, so {', '.join(names)} has to run for {left:.0f} s:"
                " restart.stable_for"
            )
        while (left := end - time.monotonic()) > 0:
            safe_point()
            self.require_ready(names)
            self._ctx.sleep(min(CHECK_EVERY_SECONDS, left))

    def _require_ready(self, name: str, before: _ReadyContainer) -> None:
        container = self._ctx.engine.container(before.id)
        if problem := _why_not_running(container, before.restarts):
            seconds = time.monotonic() - before.ready_at
            what = f"{name} failed within {seconds:.0f} s after it became ready ({problem})"
            raise _failed(self._ctx, name, container, what)
        if container is not None and container.health == "unhealthy":
            wait_ready(self._ctx, container.id, name)


@dataclass(frozen=True, kw_only=True)
class _Watched:
    """A new container that the monitor watches for `seconds`.

    `restarts` is its number of restarts when the watch began; `until` (monotonic clock) is when the
    watch ends.
    """

    name: str
    id: str
    restarts: int
    until: float
    seconds: float


class Monitor:
    """Watches the new containers of one rollout, part after part, as `update_config` says."""

    def __init__(self, ctx: Context, safe_point: Callable[[], None]) -> None:
        self._ctx, self._safe_point = ctx, safe_point
        self._watched: list[_Watched] = []

    def after_part(self, containers: Mapping[str, str], pace: Pace, *, is_last: bool) -> None:
        """Watch these containers (name → id) from now on; wait until the next part may begin.

        Raises `UnhealthyContainer` if a watched container fails.
        """
        self._watch(containers, pace.monitor)
        if is_last:
            left = [each.until - time.monotonic() for each in self._watched]
            self._wait(max(left, default=0.0), "watching the replaced containers")
        else:
            self._wait(pace.delay, "waiting before the next containers")

    def _watch(self, containers: Mapping[str, str], seconds: float) -> None:
        for name, container_id in containers.items() if seconds else ():
            container = self._ctx.engine.container(container_id)
            self._watched.append(
                _Watched(
                    name=name,
                    id=container_id,
                    restarts=container.restart_count if container else 0,
                    until=time.monotonic() + seconds,
                    seconds=seconds,
                )
            )

    def _wait(self, seconds: float, what: str) -> None:
        if seconds <= 0:
            return
        self._ctx.say(f"{what} for {seconds:.0f} s, as update_config says")
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._safe_point()
            self._check()
            self._ctx.sleep(min(CHECK_EVERY_SECONDS, left))
        self._check()

    def _check(self) -> None:
        for each in self._watched:
            container = self._ctx.engine.container(each.id)
            if problem := _problem(container, each.restarts):
                seconds = f"{each.seconds:.0f} s"
                what = f"{each.name} failed within {seconds} after it was replaced ({problem})"
                where = f"{each.name}: deploy.update_config.monitor"
                raise _failed(self._ctx, each.name, container, what, where)
        now = time.monotonic()
        self._watched = [each for each in self._watched if each.until > now]


def may_end_by_itself(ctx: Context, target: Target) -> bool:
    """Whether the target's new container may end on purpose; always False for a replica.

    A worker may end on purpose, for example when its queue is empty, and the engine then restarts
    it. The restarts of its running container before the rollout show whether it does. Without such
    a container, returns True.
    """
    if target.name in ctx.settings.services.app:
        return False
    before = target.container
    return before is None or not before.is_running or before.restart_count > 0


def _problem(container: Container | None, restarts: int) -> str:
    if problem := _why_not_running(container, restarts):
        return problem
    return "unhealthy" if container is not None and container.health == "unhealthy" else ""


def _why_not_running(container: Container | None, restarts: int) -> str:
    """Return how a container was removed, has ended or has restarted; "" if it still runs.

    `restarts` is the container's earlier number of restarts.
    """
    if container is None:
        return "it was removed"
    if container.restart_count > restarts or not container.is_running:
        return how_it_ended(container)
    return ""


def _failed(
    ctx: Context, name: str, container: Container | None, what: str, where: str = ""
) -> UnhealthyContainer:
    return UnhealthyContainer(
        what,
        where=where or name,
        todo=f"see its log: `cosmicdeploy logs {name} --tail 100`",
        details=last_log_lines(ctx, container) if container else (),
    )
