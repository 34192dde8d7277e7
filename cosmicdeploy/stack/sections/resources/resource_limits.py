"""Read a service's limits of CPU, memory and processes, its memory reservation and its ulimits."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.stack.values.units import size


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of a container: CPUs, memory in bytes, number of processes; None for no limit.

    `reservation` is the memory, in bytes, that the engine tries to leave to the container while the
    host is short of memory.
    """

    cpus: float | None = None
    memory: int | None = None
    pids: int | None = None
    reservation: int | None = None


def read_limits(service: ComposeValue, scope: Scope) -> Limits:
    """Read each limit from the service's own key or from `deploy.resources`; 0 means no limit.

    Raises `ConfigError` if both set a limit, to different values. Adds a remark to
    `scope.remarks` for each reservation that has no effect.
    """
    plain = Limits(
        cpus=service.optional("cpus", ComposeValue.number) or None,
        memory=service.optional("mem_limit", size) or None,
        pids=service.optional("pids_limit", ComposeValue.integer),
        reservation=service.optional("mem_reservation", size) or None,
    )
    deploy = service.get("deploy")
    resources = deploy.get("resources") if deploy else None
    if resources is None:
        return plain
    resources.mapping(("limits", "reservations"))
    return _merged(resources, plain, _deployed(resources, scope))


def _deployed(resources: ComposeValue, scope: Scope) -> Limits:
    limits, reservations = resources.get("limits"), resources.get("reservations")
    found = Limits()
    if limits is not None:
        limits.mapping(("cpus", "memory", "pids"))
        found = Limits(
            cpus=limits.optional("cpus", ComposeValue.number) or None,
            memory=limits.optional("memory", size) or None,
            pids=limits.optional("pids", ComposeValue.integer),
        )
    if reservations is None:
        return found
    reservations.mapping(("cpus", "devices", "generic_resources", "memory"))
    for key in ("cpus", "generic_resources"):
        if (item := reservations.get(key)) is not None:
            scope.ignore(item, "the engine reserves memory and devices only")
    return replace(found, reservation=reservations.optional("memory", size))


def read_ulimits(entry: ComposeValue | None) -> dict[str, tuple[int, int]]:
    """Return the soft and the hard limit of each resource in `ulimits`, by its name."""
    return {} if entry is None else {key: _ulimit(item) for key, item in entry.mapping().items()}


def _merged(entry: ComposeValue, plain: Limits, deployed: Limits) -> Limits:
    merged = {}
    for field in fields(Limits):
        one, other = getattr(plain, field.name), getattr(deployed, field.name)
        if None not in (one, other) and one != other:
            raise entry.error(
                f"and the service's own limit differ on {field.name}", "remove one of them"
            )
        merged[field.name] = other if one is None else one
    return Limits(**merged)


def _ulimit(item: ComposeValue) -> tuple[int, int]:
    if not isinstance(item.data, dict):
        return item.integer(), item.integer()
    fields = item.mapping(("soft", "hard"))
    if not item.data:  # `docker compose config --format json` omits a limit of 0
        return 0, 0
    if set(fields) != {"soft", "hard"}:
        raise item.error("must have both soft and hard")
    return fields["soft"].integer(), fields["hard"].integer()
