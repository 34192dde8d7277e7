"""The Traefik that runs in the proxy's container, and where its API listens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.proxy.kernel.processes import processes
from cosmicdeploy.proxy.traefik.options import API_ADDRESS, FILES, named_file, options_of, seconds

PROGRAM = "traefik"
# In seconds: the default of `providersThrottleDuration`, for which Traefik collects changes.
THROTTLE = 2.0


@dataclass(frozen=True, kw_only=True)
class Traefik:
    """A running Traefik: its container, and its static configuration.

    `options` has the options by their dotted names in lower case, as in
    `entrypoints.traefik.address`.
    """

    container: Container
    options: Mapping[str, str]

    @property
    def api(self) -> tuple[str, int]:
        """The address and port of the API; the address is "" for all of the container."""
        host, _, port = self.options.get("entrypoints.traefik.address", API_ADDRESS).rpartition(":")
        number = port.partition("/")[0]
        return host, int(number) if number.isdecimal() else 8080

    @property
    def throttle(self) -> float:
        """Seconds for which Traefik collects changes before it applies them."""
        return seconds(self.options.get("providers.providersthrottleduration", f"{THROTTLE}s"))


def find_traefik(ctx: Context) -> Traefik | None:
    """Return the Traefik in the proxy's container; None if it does not run."""
    name = ctx.settings.services.proxy
    container = ctx.container(name) if name else None
    if container is None or not container.is_running:
        return None
    arguments = _arguments(ctx, container)
    named = named_file(arguments)
    file = _first_file(ctx, container, (named,) if named else FILES)
    options = options_of(arguments, container.environment, *file)
    return Traefik(container=container, options=options)


def _arguments(ctx: Context, container: Container) -> Sequence[str]:
    own = [each.pid for each in processes(ctx, container) if each.name == PROGRAM]
    text = proc.read(ctx, container, f"{min(own)}/cmdline").text if own else ""
    words = text.rstrip("\0").split("\0")
    return words[1:] if len(words) > 1 else container.command[1:]


def _first_file(ctx: Context, container: Container, paths: Sequence[str]) -> tuple[str, str]:
    """Return the path and the text of the first of these files that exists; "" for none."""
    for path in paths:
        if (content := ctx.engine.read_file(container.id, path)) is not None:
            return path, content.decode("utf-8-sig", "replace")
    return "", ""
