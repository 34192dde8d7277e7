"""Read how many containers a service has."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.stack.model import Service
from cosmicdeploy.stack.values.compose_value import ComposeValue


def read_replicas(service: ComposeValue) -> int:
    """Return `deploy.replicas` or `scale`; 1 if the service has neither.

    Raises `ConfigError` if the two differ, as Compose does.
    """
    deploy, scale = service.get("deploy"), service.get("scale")
    declared = deploy.get("replicas") if deploy is not None else None
    counts = [_count(each) for each in (scale, declared) if each is not None]
    if declared is not None and len(set(counts)) > 1:
        raise declared.error("and scale differ", "remove one of them")
    return counts[0] if counts else 1


def _count(entry: ComposeValue) -> int:
    count = entry.integer()
    if count < 0:
        raise entry.error("is negative", "use 0 or a larger number")
    return count


def check_replicas(entry: ComposeValue, service: Service) -> None:
    """Raise `ConfigError` if a service has several replicas that cannot run at the same time."""
    if service.replicas < 2:
        return
    for key, what in _unshareable(service):
        raise entry.child(key).error(
            f"sets {what}, which only one container can have, and {service.name} has"
            f" {service.replicas} replicas",
            f"remove it, or declare {service.replicas} services with one container each",
        )
    for port in service.ports:
        if port.published_end and len(port.choices) < service.replicas:
            raise entry.child("ports").error(
                f"{port.published}-{port.published_end} has {len(port.choices)} ports of the host,"
                f" and {service.name} has {service.replicas} replicas",
                f"publish a range of {service.replicas} ports",
            )


def _unshareable(service: Service) -> Iterator[tuple[str, str]]:
    """Yield each key whose value only one container can have, and a description of the value."""
    if service.declared_name is not None:
        yield "container_name", f"the name {service.declared_name}"
    for attachment in service.networks:
        if attachment.ipv4_address:
            yield "networks", f"the address {attachment.ipv4_address}"
    for port in service.ports:
        if port.published is not None and not port.published_end:
            yield "ports", f"the host's port {port.published}"
