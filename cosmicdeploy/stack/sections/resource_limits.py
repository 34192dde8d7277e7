"""Read limits of CPU, memory, processes and open files, also those in the `deploy` section."""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.stack.compose_value import ComposeValue
from cosmicdeploy.stack.units import size


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of a container: CPUs, memory in bytes, number of processes; None for no limit."""

    cpus: float | None = None
    memory: int | None = None
    pids: int | None = None


def read_limits(service: ComposeValue) -> Limits:
    """Read `cpus`, `mem_limit` and `pids_limit`, or `deploy.resources.limits`."""
    plain = Limits(
        cpus=_cpus(service.get("cpus")),
        memory=_size(service.get("mem_limit")),
        pids=_integer(service.get("pids_limit")),
    )
    entry = _deploy_limits(service.get("deploy"))
    if entry is None:
        return plain
    deployed = Limits(
        cpus=_cpus(entry.get("cpus")),
        memory=_size(entry.get("memory")),
        pids=_integer(entry.get("pids")),
    )
    return _merged(entry, plain, deployed)


def read_ulimits(entry: ComposeValue | None) -> dict[str, tuple[int, int]]:
    """Return the soft and hard limit by name."""
    return {} if entry is None else {key: _ulimit(item) for key, item in entry.mapping().items()}


def _deploy_limits(deploy: ComposeValue | None) -> ComposeValue | None:
    if deploy is None:
        return None
    fields = deploy.mapping(("replicas", "resources"))
    if "replicas" in fields:
        refuse_replicas(fields["replicas"])
    resources = fields.get("resources")
    limits = resources.mapping(("limits",)).get("limits") if resources else None
    if limits is not None:
        limits.mapping(("cpus", "memory", "pids"))
    return limits


def refuse_replicas(entry: ComposeValue) -> None:
    """Refuse a count other than 1: each replica is a service of its own."""
    if entry.integer() != 1:
        raise entry.error("other than 1 is not supported", "write one service per replica")


def _merged(entry: ComposeValue, plain: Limits, deployed: Limits) -> Limits:
    for name in ("cpus", "memory", "pids"):
        one, other = getattr(plain, name), getattr(deployed, name)
        if None not in (one, other) and one != other:
            raise entry.error(f"and the service's own limit differ on {name}", "remove one of them")
    return Limits(
        cpus=deployed.cpus if plain.cpus is None else plain.cpus,
        memory=deployed.memory if plain.memory is None else plain.memory,
        pids=deployed.pids if plain.pids is None else plain.pids,
    )


def _ulimit(item: ComposeValue) -> tuple[int, int]:
    if not isinstance(item.data, dict):
        return item.integer(), item.integer()
    fields = item.mapping(("soft", "hard"))
    if not item.data:  # `docker compose config --format json` omits a limit of 0
        return 0, 0
    if set(fields) != {"soft", "hard"}:
        raise item.error("must have both soft and hard")
    return fields["soft"].integer(), fields["hard"].integer()


def _cpus(entry: ComposeValue | None) -> float | None:
    return None if entry is None else entry.number()


def _size(entry: ComposeValue | None) -> int | None:
    return None if entry is None else size(entry)


def _integer(entry: ComposeValue | None) -> int | None:
    return None if entry is None else entry.integer()
