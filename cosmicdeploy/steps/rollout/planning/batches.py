"""Decide which replicas a rollout replaces together, and which containers may start with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.containers.creation.references import referred_services
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.readiness import serves_now, wait_ready
from cosmicdeploy.settings import Application
from cosmicdeploy.settings.pace import Pace


def serving_replicas(ctx: Context, application: Application) -> list[str]:
    """Return the application's replicas that serve now, whether part of the rollout or not."""
    containers = {name: ctx.container(name) for name in application.services}
    return [name for name, c in containers.items() if c is not None and serves_now(ctx, c)]


def batches(replicas: Sequence[str], serving: Sequence[str], pace: Pace) -> list[list[str]]:
    """Divide the replicas of a rollout into batches, each as large as their pace allows.

    The first batch holds all replicas that do not serve now, if there are any. With the order
    stop-first, every other batch leaves one replica out if there is more than one. `serving` are
    the replicas that serve now, whether they are part of the rollout or not.
    """
    idle = [name for name in replicas if name not in serving]
    rest = [name for name in replicas if name not in idle]
    size = pace.at_a_time or len(replicas)  # no number: all at a time
    if pace.order == "stop-first":
        size = max(1, min(size, len({*replicas, *serving}) - 1))
    return [idle, *parts(rest, size)] if idle else parts(rest, size)


def parts(names: Sequence[str], size: int | None) -> list[list[str]]:
    """Divide services into parts of this size; None for a single part."""
    size = size or len(names) or 1
    return [list(names[start : start + size]) for start in range(0, len(names), size)]


def grouped(names: Iterable[str], key: Callable[[str], Hashable]) -> list[list[str]]:
    """Divide services into groups with the same key, in the order of their first members."""
    groups: dict[Hashable, list[str]] = {}
    for name in names:
        groups.setdefault(key(name), []).append(name)
    return list(groups.values())


def require_another_serving(
    ctx: Context, application: Application, batch: Sequence[str], serving_at_first: Sequence[str]
) -> None:
    """Raise `CosmicError` unless a replica of the application outside of the batch still serves.

    `serving_at_first` are the replicas that served when the restart began. If all of these are in
    the batch, nothing is required.
    """
    had_another = set(serving_at_first) > set(batch)
    if had_another and not set(serving_replicas(ctx, application)) - set(batch):
        raise CosmicError("No other replica serves any more", where=", ".join(batch))


def keep_capacity(ctx: Context, application: Application, replaced: Collection[str]) -> None:
    """Wait for the application's replicas that are not `replaced` and that worked before the run.

    These replicas have to serve while the others are replaced.
    """
    known = ctx.run.known_failures.services
    for name in application.services:
        if name in replaced or name in known:
            continue
        container = ctx.container(name)
        if container and (not container.is_running or container.health == "unhealthy"):
            wait_ready(ctx, container.id, name)


def singletons_share(ctx: Context, replaced: Collection[str]) -> bool:
    """Whether one of these services, replicas aside, refers by id to the container of another one.

    It does so if it shares that container's network or volumes, for example.
    """
    compose_names = {ctx.service(name).compose_name for name in replaced}
    names = [name for name in replaced if name not in ctx.settings.services.app]
    return any(referred_services(ctx.service(name)) & compose_names for name in names)


def addresses_are_kept(ctx: Context) -> bool:
    """Whether the address of a stopped replica stays free until the replica starts again.

    A fixed address stays free if each address pool of its network has an `ip_range`, from which the
    engine takes the addresses of other containers. Any other address is given to the container that
    starts next in its network. That matters only if a proxy knows the replicas: if a replica's
    address changes, the proxy has to load its configuration again, which closes clients' idle
    connections.
    """
    attachments = [a for name in ctx.settings.services.app for a in ctx.service(name).networks]
    if ctx.settings.services.proxy and not all(each.ipv4_address for each in attachments):
        return False
    fixed = {attachment.network for attachment in attachments if attachment.ipv4_address}
    ranged = {
        each.name
        for each in ctx.stack.networks.values()
        if each.pools and all(pool.ip_range for pool in each.pools)
    }
    return fixed <= ranged
