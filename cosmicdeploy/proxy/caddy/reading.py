"""Read Caddy's configuration: from Caddy if it runs, else from the mounted Caddyfile."""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ProbeFailed
from cosmicdeploy.proxy.caddy.declared import declared_configuration
from cosmicdeploy.proxy.caddy.process import Caddy, Json, find_caddy
from cosmicdeploy.proxy.declared.unread import nothing_mounted


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A configuration of Caddy.

    `caddy` is None if Caddy does not run: then the configuration is that of the mounted file.
    """

    configuration: Json
    caddy: Caddy | None = None

    @property
    def source(self) -> str:
        return "Caddy's configuration" if self.caddy else "the mounted Caddyfile"


def read_caddy(ctx: Context) -> Reading:
    """Return the configuration with which Caddy runs, or would start.

    Raises `ConfigError` if Caddy would not start with its present files, and `ProbeFailed` if its
    configuration cannot be read, or if it neither runs nor has a Caddyfile among its mounts.
    """
    name = str(ctx.settings.services.proxy)
    if (caddy := find_caddy(ctx)) is None:
        configuration = declared_configuration(ctx.service(name))
        if configuration is None:
            raise nothing_mounted(ctx, name, "Caddy")
        return Reading(configuration=configuration)
    if caddy.problem is not None:
        raise caddy.problem
    if not caddy.configuration:
        raise ProbeFailed(
            "Caddy's configuration cannot be read",
            where=caddy.container.name,
            todo="let its admin endpoint answer (`admin localhost:2019`, docs/caddy.md)",
        )
    return Reading(configuration=caddy.configuration, caddy=caddy)
