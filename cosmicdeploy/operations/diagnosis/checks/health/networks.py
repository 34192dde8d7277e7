"""Check that each container is connected to the networks of its service.

A container that was disconnected from a network continues to run and may even be healthy, although
it cannot reach the proxy or the database.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.operations.diagnosis.finding import Finding, Remedy, ok, problem
from cosmicdeploy.operations.diagnosis.remedies import replace
from cosmicdeploy.stack.model import Attachment, Service

NETWORKS = "networks"
FIX = "cosmicdeploy diagnose unhealthy --fix"


def networks(ctx: Context) -> Iterator[Finding]:
    """Check that each active container has the networks and fixed addresses of its service."""
    connected = []
    for name in ctx.settings.services.all:
        container = ctx.container(name)
        if container is None or not container.is_active:
            continue
        if faults := network_faults(ctx, name, container):
            yield _finding(ctx, name, container, faults)
        elif ctx.service(name).networks:
            connected.append(name)
    if connected:
        yield ok(NETWORKS, f"as declared: {', '.join(connected)}")


def network_faults(
    ctx: Context, name: str, container: Container
) -> Sequence[tuple[Attachment, str]]:
    """Return the networks on which a container is not as its service declares, and what is wrong.

    A replica that is disconnected from its network cannot be probed, and a restart does not connect
    it again.
    """
    declared = ctx.service(name).networks
    return [(each, text) for each in declared if (text := _fault(each, container))]


def _fault(attachment: Attachment, container: Container) -> str:
    """Return what is wrong with a container's connection to a network; "" if nothing is wrong."""
    if attachment.network not in container.networks:
        return f"is not on the network {attachment.network}"
    declared, address = attachment.ipv4_address, container.addresses.get(attachment.network)
    if declared and container.is_running and address != declared:
        return f"has the address {address or 'unknown'} in {attachment.network}, not {declared}"
    return ""


def _finding(
    ctx: Context, name: str, container: Container, faults: Sequence[tuple[Attachment, str]]
) -> Finding:
    remedies = _remedies(ctx, name, container)
    commands = [_connect(ctx.service(name), container, each) for each, _ in faults]
    return problem(
        NETWORKS,
        f"{name} {', and '.join(text for _, text in faults)}",
        FIX if remedies else "; ".join(commands),
        remedies=remedies,
        services=[name],
    )


def _remedies(ctx: Context, name: str, container: Container) -> Sequence[Remedy]:
    """Return the remedy to replace the container, if it runs the release's image.

    Infrastructure is not replaced, since its clients would notice: the operator connects it.
    """
    image = ctx.image_of(name)
    is_current = image is not None and image.id == container.image_id
    return [replace([name])] if is_current and name in ctx.settings.services.released else []


def _connect(service: Service, container: Container, attachment: Attachment) -> str:
    """Return the commands that connect a container to a network as its service declares."""
    aliases = dict.fromkeys((service.compose_name, *attachment.aliases))
    options = [option for alias in aliases for option in ("--alias", alias)]
    if attachment.ipv4_address:
        options += ["--ip", attachment.ipv4_address]
    connect = ["docker", "network", "connect", *options, attachment.network, container.name]
    disconnect = ["docker", "network", "disconnect", attachment.network, container.name]
    commands = [disconnect, connect] if attachment.network in container.networks else [connect]
    return " && ".join(map(shlex.join, commands))
