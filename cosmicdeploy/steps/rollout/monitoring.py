"""Wait between the parts of a rollout, and watch the containers that it has replaced.

As in Swarm: `delay` passes between two parts, and a container that fails within `monitor` after its
replacement fails the rollout, which waits for that after the last part.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import UnhealthyContainer
from cosmicdeploy.settings.pace import Pace

CHECK_EVERY_SECONDS = 0.5
LOG_LINES = 10


@dataclass(frozen=True, kw_only=True)
class _Watched:
    """A replaced container, its restarts so far, and until when it is watched (monotonic)."""

    name: str
    id: str
    restarts: int
    until: float
    seconds: float


class Monitor:
    """Watches the containers that one rollout replaces, one part after the other."""

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
                raise UnhealthyContainer(
                    f"{each.name} failed within {each.seconds:.0f} s after it was replaced"
                    f" ({problem})",
                    where=f"{each.name}: deploy.update_config.monitor",
                    todo=f"see its log: `cosmicdeploy logs {each.name} --tail 100`",
                    details=self._ctx.engine.logs(each.id, tail=LOG_LINES) if container else (),
                )
        now = time.monotonic()
        self._watched = [each for each in self._watched if each.until > now]


def _problem(container: Container | None, restarts: int) -> str:
    if container is None:
        return "it was removed"
    if container.restart_count > restarts:
        return f"restarted, exit code {container.exit_code}"
    if not container.is_running:
        return f"{container.status}, exit code {container.exit_code}"
    return "unhealthy" if container.health == "unhealthy" else ""
