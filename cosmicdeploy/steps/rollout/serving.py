"""What the proxy is told of replicas that come and go."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property

from cosmicdeploy import proxy
from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError, CosmicError, EngineError, EngineUnavailable, LockLost
from cosmicdeploy.steps.rollout.proxy_waits import ProxyWaits
from cosmicdeploy.steps.rollout.timings import Phases

# Of a replica that has nothing to do any more and does not listen to its stop signal.
NO_GRACE = 0.0


class Serving:
    """The replicas of one roll as the proxy sees them. Not reusable.

    Where the proxy can be told to pass one over (`proxy.out_of_service`), it is, before the replica
    stops; else the proxy finds out by itself, which is what `restart.pause` leaves it time for.
    """

    def __init__(self, ctx: Context, phases: Phases) -> None:
        self._ctx, self._phases = ctx, phases
        self._out: list[str] = []
        self._deaf: dict[str, bool] = {}
        self._reached: set[str] = set()
        self._waits = ProxyWaits(ctx)

    def leave(self, names: Sequence[str]) -> dict[str, float]:
        """Requests go elsewhere from now on; the seconds that each replica has to stop in."""
        replicas = [name for name in names if name in self._replicas and self._serves(name)]
        graces = {name: self._ctx.service(name).stop_grace_period for name in names}
        self._see_reached(replicas)
        for name in replicas:
            self._ctx.safe_point()
            graces[name] = self._leave(name, graces[name], alone=len(replicas) == 1)
        return graces

    def back(self, names: Sequence[str], *, moved: bool) -> None:
        """Requests come again, and are seen to, when this returns.

        `moved`: the replicas have other addresses than before. Raises as `proxy.reload_if_stale`
        does, unless the proxy did not work before either.
        """
        try:
            self._back(names, moved=moved)
        except (EngineUnavailable, LockLost):
            raise
        except CosmicError as error:
            if self._ctx.settings.services.proxy not in self._ctx.known_failures.services:
                raise
            self._ctx.say(f"the proxy did not work before, and cannot be told: {error.what}")

    def _back(self, names: Sequence[str], *, moved: bool) -> None:
        replicas = [name for name in names if name in self._replicas]
        if not replicas or self._has_no_proxy():
            return
        if self._ctx.settings.services.proxy is None:
            time.sleep(self._ctx.settings.restart.pause)
            return
        started, told = time.monotonic(), set(replicas) <= set(self._out)
        self.put_in_service()
        reloaded = moved and proxy.reload_if_stale(self._ctx, replicas)
        if not (told or reloaded):
            self._waits.until_used_again(replicas)
        if missing := self._waits.unreached(replicas):
            self._look_for(missing)
        if not told:
            # Each of the proxy's workers may have to find out for itself that they are back.
            time.sleep(max(0.0, started + self._ctx.settings.restart.pause - time.monotonic()))
        self._phases.add(replicas[0], "served", time.monotonic() - started)

    def _look_for(self, missing: Sequence[str]) -> None:
        """Where nginx was seen to use this very address, a reload could teach it nothing."""
        names = ", ".join(missing)
        if not proxy.reload_if_stale(
            self._ctx, [name for name in missing if name not in self._reached]
        ):
            self._ctx.say(
                f"the proxy was not seen to send requests to {names}: see"
                " `cosmicdeploy verify --only proxy`"
            )

    def forget(self, names: Sequence[str]) -> None:
        """The containers that these replicas had before are gone for good."""
        if replicas := [name for name in names if name in self._replicas]:
            proxy.reload_if_ambiguous(self._ctx, replicas)

    def adopt(self) -> None:
        """Whom this run or one before it had passed over."""
        self._out = proxy.out_of_service(self._ctx)

    def put_in_service(self) -> None:
        """Nobody is passed over any more."""
        while self._out:
            proxy.put_in_service(self._ctx, self._out[-1])
            self._out.pop()

    @cached_property
    def _replicas(self) -> Collection[str]:
        return self._ctx.settings.services.app

    @cached_property
    def _able(self) -> Collection[str]:
        return proxy.drainable(self._ctx)

    def _has_no_proxy(self) -> bool:
        """Whether nobody can come in yet."""
        name = self._ctx.settings.services.proxy
        return name is not None and not self._serves(name)

    def _serves(self, name: str) -> bool:
        found = self._ctx.container(name)
        return found is not None and found.is_running

    def _leave(self, name: str, grace: float, *, alone: bool) -> float:
        able, deaf = self._facts(name, alone=alone)
        if able:
            self._out.append(name)
        if able and deaf:
            with self._phases.of(name, "taken out"):
                proxy.drain(self._ctx, name)
            self._ctx.say(f"{name} ignores its stop signal: its requests were waited for")
            return NO_GRACE
        if able:
            proxy.take_out_of_service(self._ctx, name)
        elif deaf:
            self._ctx.say(
                f"{name} ignores its stop signal and cannot be taken out of the proxy: what it is "
                f"at work on is cut off after {grace:.0f} s (docs/proxy.md)"
            )
        return grace

    def _facts(self, name: str, *, alone: bool) -> tuple[bool, bool]:
        """Whether the proxy can be told to pass it over, and whether it ignores its stop signal;
        whoever has to be asked is asked at the same time."""
        with ThreadPoolExecutor(max_workers=2) as beside:
            deaf = beside.submit(self._is_deaf, name)
            # What goes wrong with it is met again, and told, where the file is made.
            if alone and self._ctx.settings.services.proxy:
                beside.submit(proxy.locate_flag, self._ctx, name)
            return alone and name in self._able, deaf.result()

    def _is_deaf(self, name: str) -> bool:
        """Whether it ignores its stop signal; asked once for each image."""
        with suppress(EngineError):  # one that ends meanwhile, or an image without `cat`
            image = self._ctx.running(name).image_id
            if image not in self._deaf:
                self._deaf[image] = False
                self._deaf[image] = proxy.ignores_stop_signal(self._ctx, name)
            return self._deaf[image]
        return False

    def _see_reached(self, replicas: Sequence[str]) -> None:
        """Note to whom nginx sends requests, at the addresses that they have now."""
        with suppress(ConfigError, EngineError):
            self._reached.update(name for name in replicas if proxy.is_reached(self._ctx, name))
