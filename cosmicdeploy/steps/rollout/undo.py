"""Undo a rollout: each former container goes back, whatever is in the way of another."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, EngineUnavailable, LockLost
from cosmicdeploy.steps.rollout.proxy_control import ProxyControl
from cosmicdeploy.steps.rollout.replace import put_back
from cosmicdeploy.steps.rollout.timings import Phases


class RolloutUndo:
    """One rollout, undone service by service. `at_once`: clients are turned away meanwhile."""

    def __init__(self, ctx: Context, *, at_once: bool) -> None:
        self._ctx, self._at_once = ctx, at_once
        self._proxy = ProxyControl(ctx, Phases())
        self._error: CosmicError | None = None
        with suppress(CosmicError):
            self._proxy.adopt()

    def undo(self, name: str, before: dict[str, Any] | None) -> None:
        """Put one service's former container back; an error is kept for `end`, so that the others
        go back all the same.

        Raises `LockLost` and `EngineUnavailable`, after which nothing can go back.
        """
        try:
            self._undo(name, before)
        except (LockLost, EngineUnavailable):
            raise
        except CosmicError as error:
            self._error = self._error or error

    def _undo(self, name: str, before: dict[str, Any] | None) -> None:
        is_changed = put_back(self._ctx, name, before)
        worked = name not in self._ctx.run.known_failures.services
        if is_changed and before and before["running"] and worked and not self._at_once:
            # A proxy that cannot be told must not keep the other containers from going back.
            try:
                self._proxy.put_in_service([name], moved=False)
            except EngineUnavailable:
                raise
            except CosmicError as error:
                self._ctx.say(f"{name} is back; the proxy: {error.what}")

    def end(self) -> None:
        """Put all replicas in service; raise the first error that was kept."""
        with suppress(CosmicError):
            self._proxy.put_all_in_service()
        if self._error is not None:
            raise self._error
