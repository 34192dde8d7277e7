"""The containers that ran before take their places again, whatever is in the way of one of them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, EngineUnavailable, LockLost
from cosmicdeploy.steps.rollout.replace import put_back
from cosmicdeploy.steps.rollout.serving import Serving
from cosmicdeploy.steps.rollout.timings import Phases


class WayBack:
    """One roll, undone service by service. `at_once`: nobody is let in anyway."""

    def __init__(self, ctx: Context, *, at_once: bool) -> None:
        self._ctx, self._at_once = ctx, at_once
        self._serving = Serving(ctx, Phases())
        self._error: CosmicError | None = None
        with suppress(CosmicError):
            self._serving.adopt()

    def take(self, name: str, before: dict[str, Any] | None) -> None:
        """Put one service back. An error is kept for the `end`: the others go back all the same.

        Raises `LockLost` and `EngineUnavailable`, after which nothing can.
        """
        try:
            self._take(name, before)
        except (LockLost, EngineUnavailable):
            raise
        except CosmicError as error:
            self._error = self._error or error

    def _take(self, name: str, before: dict[str, Any] | None) -> None:
        returned = put_back(self._ctx, name, before)
        works = name not in self._ctx.known_failures.services
        if returned and before and before["running"] and works and not self._at_once:
            # What the proxy is told matters less than what runs.
            try:
                self._serving.back([name], moved=False)
            except EngineUnavailable:
                raise
            except CosmicError as error:
                self._ctx.say(f"{name} is back; the proxy: {error.what}")

    def end(self) -> None:
        """Raises what was in the way first."""
        with suppress(CosmicError):
            self._serving.put_in_service()
        if self._error is not None:
            raise self._error
