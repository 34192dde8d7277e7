"""Requests to the replicas of a load balancer that cannot be controlled, only observed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable
from cosmicdeploy.proxy.draining.flags import flagged, unflag
from cosmicdeploy.proxy.probe_requests import unreached


class ObservedTraffic:
    """The `Traffic` of a load balancer that the deployer can only observe. Not reusable.

    The load balancer notices a stopped replica by a failed request; `restart.pause` leaves time for
    that. Flag files of an earlier run are removed.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._out: list[str] = []

    def before_stop(self, running: Mapping[str, Container]) -> None:
        pass

    def prepare(self, name: str) -> None:
        pass

    def can_take_out(self, name: str, *, is_alone: bool) -> bool:
        return False

    def take_out(self, name: str, container: Container, *, until_finished: bool) -> None:
        pass

    def put_in(self, names: Sequence[str], *, moved: bool) -> None:
        self.put_all_in()
        self._observe(names)

    def take_out_beside(self, name: str, container: Container, *, until_finished: bool) -> bool:
        return False

    def readmit(self, name: str, container: Container) -> None:
        pass

    def superseded_stopped(self, names: Sequence[str]) -> None:
        pass

    def adopt(self) -> None:
        self._out = flagged(self._ctx)

    def drained(self) -> list[str]:
        return [name for name in self._out if self._is_ready(name)]

    def put_all_in(self) -> None:
        while self._out:
            unflag(self._ctx, self._out[-1])
            self._out.pop()

    def _is_ready(self, name: str) -> bool:
        """Return whether the replica's container in place is ready."""
        container = self._ctx.container(name)
        return container is not None and container.is_ready

    def _observe(self, names: Sequence[str]) -> None:
        """Wait until these replicas get requests, and for `restart.pause` in any case."""
        started, pause = time.monotonic(), self._ctx.settings.restart.pause
        if missing := self._unreached(names, pause):
            self._say_unreached(missing)
        self._ctx.sleep(started + pause - time.monotonic())

    def _unreached(self, names: Sequence[str], within: float) -> list[str]:
        """Return the replicas that get no request; waits if connections cannot be read."""
        try:
            return unreached(self._ctx, names, within)
        except EngineUnavailable:
            raise
        except (ConfigError, EngineError):
            # The replicas' connections cannot be read, so the rollout can only wait.
            self._ctx.sleep(self._ctx.settings.restart.pause)
            return []

    def _say_unreached(self, missing: Sequence[str]) -> None:
        self._ctx.say(
            f"the proxy does not seem to send requests to {', '.join(missing)}: see"
            " `cosmicdeploy verify --only proxy`"
        )
