"""Undo a rollout service by service; an error of one service does not stop the others."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, EngineUnavailable, LockLost
from cosmicdeploy.steps.rollout.proxy_control import ProxyControl
from cosmicdeploy.steps.rollout.replace import put_back
from cosmicdeploy.steps.rollout.timings import Phases


class RolloutUndo:
    """The undo of one rollout. Not reusable. `at_once`: clients are turned away meanwhile."""

    def __init__(self, ctx: Context, *, at_once: bool) -> None:
        self._ctx, self._at_once = ctx, at_once
        self._proxy = ProxyControl(ctx, Phases())
        self._error: CosmicError | None = None
        with suppress(CosmicError):
            self._proxy.adopt()

    def undo(self, name: str, before: dict[str, Any] | None) -> None:
        """Put back a service's former container; `end` raises an error of this.

        Raises `LockLost` and `EngineUnavailable` at once: no other container could be put back.
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
            # An error of the proxy must not stop the undo of other services.
            try:
                self._proxy.put_in_service([name], moved=False)
            except EngineUnavailable:
                raise
            except CosmicError as error:
                self._ctx.say(f"{name} is back; the proxy: {error.what}")

    def end(self) -> None:
        """Put all replicas in service; raise the first error of a service."""
        with suppress(CosmicError):
            self._proxy.put_all_in_service()
        if self._error is not None:
            raise self._error
