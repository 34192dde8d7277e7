"""Notices about how a run finds out whether the replicas of an application are ready."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.result import StackNotice


def presumed_protocols(ctx: Context) -> Iterator[StackNotice]:
    """Yield a notice for each application whose protocol only the proxy's configuration shows."""
    for application in ctx.settings.all_applications:
        presumed, names = application.presumed, ", ".join(application.services)
        if presumed and presumed.place:
            spoken = "FastCGI" if presumed.protocol == "fastcgi" else "neither HTTP nor FastCGI"
            by_script = f" by {presumed.script}" if presumed.script else ""
            rest = (
                f" or, without one, when it answers {application.health_path}{by_script}"
                if presumed.protocol == "fastcgi"
                else ""
            )
            yield StackNotice(
                kind="presumed",
                service=names,
                what=f"speaks {spoken} on port {presumed.port} ({presumed.place}): a replica is"
                f" ready when its own health check passes{rest}",
                todo=f"set {application.section}.protocol and .script in cosmicdeploy.yaml to"
                " choose it yourself (docs/php-fpm.md)",
            )


def without_readiness(ctx: Context) -> Iterator[StackNotice]:
    """Yield a notice for each application with replicas whose readiness nothing shows."""
    for application in ctx.settings.all_applications:
        names = [n for n in application.services if not _has_health_check(ctx, n)]
        if application.protocol == "other" and names:
            yield StackNotice(
                kind="presumed",
                service=", ".join(names),
                what="is sent no request (protocol other) and has no health check of its own: it"
                " counts as ready as soon as it runs",
                todo="declare a `healthcheck` in the compose file",
            )


def _has_health_check(ctx: Context, name: str) -> bool:
    declared = ctx.service(name).healthcheck
    if declared is not None:
        return declared.test != ("NONE",)
    try:
        container = ctx.container(name)
    except CosmicError:  # every check that needs the container reports this
        return True
    # Without a container it is unknown whether the image has a health check.
    return container is None or bool(container.healthcheck)
