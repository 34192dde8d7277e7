"""Take replicas out of service in nginx before they stop, and put them in service again."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError, EngineError
from cosmicdeploy.proxy.draining.flags import flag, locate_flag_file
from cosmicdeploy.proxy.kernel.connections import is_reached
from cosmicdeploy.proxy.nginx.traffic.drain import drain, drainable
from cosmicdeploy.proxy.nginx.traffic.stale_names import reload_if_ambiguous, reload_if_stale
from cosmicdeploy.proxy.nginx.traffic.waits import NginxWaits
from cosmicdeploy.proxy.traffic import ObservedTraffic


class NginxTraffic(ObservedTraffic):
    """The `Traffic` of nginx. Not reusable.

    If nginx checks flag files (`proxy.out_of_service`), a replica that stops alone is taken out of
    service before it stops. Without flag files, or if replicas stop together, nginx notices a
    stopped replica only by a failed request.
    """

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self._reached: set[str] = set()
        self._waits = NginxWaits(ctx)

    def before_stop(self, running: Mapping[str, Container]) -> None:
        with suppress(ConfigError, EngineError):
            self._reached.update(n for n, each in running.items() if is_reached(self._ctx, each))

    def prepare(self, name: str) -> None:
        # This call only fills a cache: an error is raised later, where the file is created.
        with suppress(Exception):
            locate_flag_file(self._ctx, name)

    def can_take_out(self, name: str, *, is_alone: bool) -> bool:
        return is_alone and name in self._drainable

    def take_out(self, name: str, container: Container, *, until_finished: bool) -> None:
        self._out.append(name)
        if until_finished:
            drain(self._ctx, name)
        else:
            flag(self._ctx, name)

    def put_in(self, names: Sequence[str], *, moved: bool) -> None:
        started, had_flags = time.monotonic(), set(names) <= set(self._out)
        self.put_all_in()
        reloaded = moved and reload_if_stale(self._ctx, names)
        if not (had_flags or reloaded):
            self._waits.until_used_again(names)
        if missing := self._waits.unreached(names):
            self._reload_for(missing)
        if not had_flags:
            # Each worker process of nginx may have to notice by itself that the replicas serve
            # again.
            self._ctx.sleep(started + self._ctx.settings.restart.pause - time.monotonic())

    def superseded_stopped(self, names: Sequence[str]) -> None:
        reload_if_ambiguous(self._ctx, names)

    @cached_property
    def _drainable(self) -> Collection[str]:
        return drainable(self._ctx)

    def _reload_for(self, missing: Sequence[str]) -> None:
        """Reload nginx because of replicas that get no request.

        A replica that nginx reached before the stop is no reason for a reload: nginx already knows
        its address.
        """
        never_reached = [name for name in missing if name not in self._reached]
        if not reload_if_stale(self._ctx, never_reached):
            self._say_unreached(missing)
