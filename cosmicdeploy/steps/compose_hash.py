"""Compute the label by which `docker compose up` sees whether a service has changed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.compose_tool import config_hashes
from cosmicdeploy.engine.containers.creation.hash_override import hash_override, source_overrides
from cosmicdeploy.engine.containers.creation.hash_values import hash_values
from cosmicdeploy.engine.containers.creation.references import referred_services
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.process.startup import run_early
from cosmicdeploy.stack.service_digest import digest


def config_hash(ctx: Context, name: str) -> str:
    """Return the hash that this machine's Compose computes for a service.

    If Compose gives no hash for the service, returns the hash in the label of its container in
    place, unless that container has drifted. Without either hash, returns a digest of the
    declaration.
    """
    service = ctx.service(name)
    # The hash of a service that refers to other services depends on their containers in place now,
    # so it is not taken from the run's cache.
    if referred_services(service) or service.volumes_from:
        hashes = _compose_hashes(ctx)
    else:
        # Without an answer in time, the hashes are empty. Then the next call asks again.
        hashes = ctx.lookup_cache.compose_hashes or _compose_hashes(ctx)
        ctx.lookup_cache.compose_hashes = hashes
    own = hashes.get(service.compose_name)
    return own or _carried_over(ctx, name) or digest(service)


def ask_compose_early(ctx: Context) -> None:
    """Start to ask Compose for the hashes in the background; an answer takes about a second.

    `config_hashes` caches the answer, so `config_hash` need not wait for it later.
    """

    def ask() -> None:
        with suppress(CosmicError):  # `config_hash` asks again and raises the error
            _compose_hashes(ctx)

    run_early(ask, "compose-hash")


def _compose_hashes(ctx: Context) -> Mapping[str, str]:
    """Return Compose's hash of each service; empty if Compose does not answer in time."""
    stack = ctx.stack
    images = [image.id if image else "" for image in ctx.images_of(stack.services).values()]
    # The hashes depend on the files and on this.
    state = (*images, *map(digest, stack.services.values()))
    # Each service that refers to others: as declared, and with the ids of their containers.
    pairs = [
        (service, ctx.engine.resolved(service, stack.project))
        for service in stack.services.values()
        if referred_services(service) or service.volumes_from
    ]
    default, values = stack.networks.get("default"), hash_values(stack)
    sources = source_overrides(pairs, default.name if default else "", values.services)
    files = replace(stack.compose_files, variables=(*stack.variables, *values.variables))
    return config_hashes(files, state, hash_override(pairs, values.services), sources)


def _carried_over(ctx: Context, name: str) -> str | None:
    """Return the hash in the label of a service's container; None if the container has drifted.

    None also without a container, or if the container has no such label.
    """
    container = ctx.container(name)
    if container is None or ctx.engine.differences(container.id, ctx.service(name)):
        return None
    return container.labels.get(labels.CONFIG_HASH)
