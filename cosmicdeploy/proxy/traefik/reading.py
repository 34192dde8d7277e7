"""Read Traefik's configuration: from its container if it runs, else from the stack's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy.declared.passes import passes_to
from cosmicdeploy.proxy.declared.unread import nothing_mounted
from cosmicdeploy.proxy.traefik.declared import DeclaredTraefik, declared_options
from cosmicdeploy.proxy.traefik.labels import is_enabled, is_routed
from cosmicdeploy.proxy.traefik.options import Options, is_on
from cosmicdeploy.proxy.traefik.process import Traefik, find_traefik

DOCKER, EXPOSED, API = "providers.docker", "providers.docker.exposedbydefault", "api"
CONSTRAINTS = "providers.docker.constraints"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The static configuration of Traefik; `traefik` is None if Traefik does not run."""

    options: Options
    traefik: Traefik | None = None

    @property
    def source(self) -> str:
        return "Traefik's configuration" if self.traefik else "the options and files of Traefik"

    @property
    def reads_labels(self) -> bool:
        """Whether Traefik finds replicas by their labels, or its options cannot be read."""
        return not self.options or is_on(self.options, DOCKER)

    @property
    def exposes_by_default(self) -> bool:
        """Whether Traefik looks at containers without the label `traefik.enable`."""
        return self.options.get(EXPOSED, "true").lower() != "false"

    @property
    def is_constrained(self) -> bool:
        """Whether Traefik looks only at containers that meet a condition, which is not read."""
        return bool(self.options.get(CONSTRAINTS))

    def routes_to(self, labels: Mapping[str, str]) -> bool:
        """Return whether Traefik has to list a healthy container with these labels.

        If there is a condition, the container is assumed to meet it.
        """
        return self.reads_labels and is_routed(labels, by_default=self.exposes_by_default)

    @property
    def has_api(self) -> bool:
        """Whether Traefik is declared to have an API."""
        return is_on(self.options, API)


def read_traefik(ctx: Context) -> Reading:
    """Return the configuration with which Traefik runs, or would start.

    Raises `ProbeFailed` if Traefik does not run and the stack's files have no option of it.
    """
    traefik = find_traefik(ctx)
    if traefik is not None:
        return Reading(options=traefik.options, traefik=traefik)
    name = str(ctx.settings.services.proxy)
    options = declared_options(ctx.service(name))
    if not options:
        raise nothing_mounted(ctx, name, "Traefik")
    return Reading(options=options)


def declared_replicas(ctx: Context, reading: Reading) -> list[str]:
    """Return the replicas to which Traefik sends requests by their labels or its mounted files."""
    kind = DeclaredTraefik()
    files = kind.files(ctx.service(str(ctx.settings.services.proxy)))
    passes = kind.passes_in({each.target: each.text for each in files})
    services = {name: ctx.service(name) for name in ctx.settings.services.app}
    return [
        name
        for name, service in services.items()
        if (
            reading.reads_labels
            and is_enabled(service.labels, by_default=reading.exposes_by_default)
        )
        or passes_to(service, passes)
    ]
