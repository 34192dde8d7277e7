"""Caddy's configuration files, which `caddy reload` makes it read again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError, EngineError
from cosmicdeploy.proxy.caddy.process import Caddy, run_caddy
from cosmicdeploy.proxy.load_balancer import Effect


class CaddyConfiguration:
    """The `Configuration` of a Caddy whose admin endpoint answers, which a reload needs."""

    # Tried with Caddy 2.11: 15 reloads closed each kept connection; no new connection failed.
    reload_cost, reload_gap = "closes clients' idle connections", "closed idle connections"

    def __init__(self, ctx: Context, caddy: Caddy) -> None:
        self._ctx, self._caddy = ctx, caddy

    @property
    def container(self) -> Container:
        return self._caddy.container

    def loaded_at(self) -> float:
        return 0.0  # only the deployer's own record says when it was reloaded

    def effect_of(self, target: str, how: str) -> Effect:
        folder = PurePosixPath(self._caddy.file).parent
        if not PurePosixPath(target).is_relative_to(folder):
            return "container"
        return "none" if self._caddy.is_loaded else "reload"

    def require_valid(self) -> None:
        run_caddy(self._ctx, self.container, "validate", *self._caddy.options)

    def missing_hosts(self, error: ConfigError) -> Sequence[str]:
        return ()  # Caddy resolves names only for a request

    def reload(self) -> None:
        if run_caddy(self._ctx, self.container, "reload", *self._caddy.options) is None:
            raise EngineError(
                "Caddy cannot be reloaded: its program cannot be run in its container",
                where=self.container.name,
                todo="run `caddy reload` there by hand",
            )
