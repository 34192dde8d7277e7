"""Check Traefik for the point `proxy`: it finds every replica and loses no request in a rollout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.probes.result import CheckResult, skipped
from cosmicdeploy.proxy.draining import drain_files
from cosmicdeploy.proxy.draining.unproven import unproven_drains
from cosmicdeploy.proxy.findings import (
    Finding,
    Inspection,
    judged,
    missing_replicas,
    out_of_service,
    unused_maintenance_file,
)
from cosmicdeploy.proxy.replicas import names
from cosmicdeploy.proxy.traefik.api import RoutedService, read_services, using
from cosmicdeploy.proxy.traefik.labels import conflicts
from cosmicdeploy.proxy.traefik.noticing import slow_checks
from cosmicdeploy.proxy.traefik.process import Traefik, find_traefik
from cosmicdeploy.proxy.traefik.reading import Reading, declared_replicas, read_traefik
from cosmicdeploy.text.formatting import counted

EXPECTED_CHECK = "a health check that fails while a drain file exists"

EXPECTED = "a Traefik that finds every replica"
# Measured with Traefik 3.7, with 3 replicas: 507 of 4,082 requests during five rollouts failed.
UNDRAINED = "about one of ten requests during the rollout, and those in flight"
NOT_FOUND = "all requests: Traefik answers 404 while both run"


def check(ctx: Context) -> CheckResult:
    """Check that Traefik knows the replicas, and that each of them can be drained."""
    traefik = find_traefik(ctx)
    if traefik is None:
        return skipped("proxy", "the proxy does not run")
    services = read_services(ctx, traefik)
    found = _inspected(ctx, Reading(options=traefik.options, traefik=traefik), services)
    what = f"Traefik knows {counted(len(found.known), 'replica')}"
    if services is None:
        what = "Traefik runs; its API does not answer"
    return judged(EXPECTED, what, [*found.findings, *unused_maintenance_file(ctx, "Traefik")])


def inspect(ctx: Context) -> Inspection:
    """Return what Traefik's configuration and the replicas' labels lack.

    Raises as `read_traefik` does.
    """
    reading = read_traefik(ctx)
    services = read_services(ctx, reading.traefik) if reading.traefik is not None else None
    return _inspected(ctx, reading, services)


def _inspected(
    ctx: Context, reading: Reading, services: Sequence[RoutedService] | None
) -> Inspection:
    """Return what was found out; `services` is None if Traefik's API does not answer."""
    known = declared_replicas(ctx, reading) if services is None else list(_known(ctx, services))
    has_api = services is not None or (reading.traefik is None and reading.has_api)
    expected, todo = "a server of a service in Traefik", "see its labels and its health"
    flaws = [
        *([] if has_api else [_silent_api(reading.traefik)]),
        *([] if reading.reads_labels else [_without_labels()]),
        *missing_replicas(ctx, known, expected, todo=todo),
        *_not_drainable(ctx),
        *slow_checks(ctx),
        *unproven_drains(ctx, ctx.settings.services.app),
        *_out_of_service(ctx),
        *_declared_conflicts(ctx),
    ]
    return Inspection(source=reading.source, known=known, findings=flaws)


def _known(ctx: Context, services: Sequence[RoutedService]) -> Iterator[str]:
    for name in ctx.settings.services.app:
        container = ctx.container(name)
        addresses = container.addresses.values() if container is not None else ()
        # The provider for files knows replicas by their names.
        if using(services, {*addresses, *names(ctx, name)}):
            yield name


def _without_labels() -> Finding:
    return Finding(
        "providers",
        "the provider for Docker, with which Traefik follows the health of replicas",
        "none",
        "requests",
        todo="add `--providers.docker=true` to Traefik's command, and labels to the replicas"
        " (docs/traefik.md)",
        lost=UNDRAINED,
    )


def _silent_api(traefik: Traefik | None) -> Finding:
    """Return the finding for an API that does not answer, or that is not declared."""
    host, port = traefik.api if traefik is not None else ("", 0)
    return Finding(
        "api",
        "an API at which the deployer sees who gets requests",
        f"no answer at {host or 'its own address'}:{port}" if traefik is not None else "none",
        "deploys",
        todo="add `--api.insecure=true` to Traefik's command, and do not publish its port"
        " (docs/traefik.md)",
    )


def is_drained(ctx: Context, name: str, container: Container | None) -> bool:
    """Return whether a replica has a check for a drain file, or will have one once it exists."""
    if container is not None:
        return drain_files.drain_file(ctx, container) is not None
    if ctx.settings.proxy.drain_file is not None:
        return True
    return bool(drain_files.labels_with_check(ctx, ctx.service(name)))


def _not_drainable(ctx: Context) -> Iterator[Finding]:
    for name in ctx.settings.services.app:
        container = ctx.container(name)
        if is_drained(ctx, name, container):
            continue
        has_shell = drain_files.has_shell(ctx, ctx.service(name))
        todo = "the next deploy creates its container with one" if has_shell else (
            "add a shell to its image, or let its own check look for `proxy.drain_file`"
        )  # fmt: skip
        yield Finding(name, EXPECTED_CHECK, "none", "requests", todo=todo, lost=UNDRAINED)


def _out_of_service(ctx: Context) -> Iterator[Finding]:
    for name in ctx.settings.services.app:
        container = ctx.container(name)
        if container is not None and drain_files.exists(ctx, container):
            file = drain_files.drain_file(ctx, container)
            yield out_of_service(name, f"remove {file} in {container.name}")


def _declared_conflicts(ctx: Context) -> Iterator[Finding]:
    """Yield a finding for replicas whose labels in the compose file contradict each other."""
    for application in ctx.settings.all_applications:
        first, *others = application.services
        for name in others:
            for what in conflicts(ctx.service(first).labels, ctx.service(name).labels):
                todo = "give both the same labels, or another name to one of the two"
                found = f"another definition than in {first}"
                yield Finding(
                    f"{name}, {what}", "the same labels", found, "requests", "", todo, NOT_FOUND
                )
