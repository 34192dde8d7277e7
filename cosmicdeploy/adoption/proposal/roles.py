"""The role of each service, as the deployer understands the proposed settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cosmicdeploy.context.replicas import with_compose_services
from cosmicdeploy.settings import Services, Settings
from cosmicdeploy.stack.data_keepers import data_keepers
from cosmicdeploy.stack.model import Stack

NO_ROLE, KEEPS_DATA, ONE_SHOT = "none", "keeps data", "one-shot"


@dataclass(frozen=True)
class ServiceRole:
    """A service, its role, and the evidence; `application` is "" unless there are several."""

    service: str
    role: str
    application: str
    evidence: str


def service_roles(
    settings: Settings, stack: Stack, evidence: Mapping[str, str]
) -> list[ServiceRole]:
    """Return the role of each service of the compose file, with its `evidence`."""
    services = with_compose_services(settings.services, stack)
    roles = dict(_roles(services))
    keepers = data_keepers(stack, services.released)
    applications = settings.all_applications
    names = {name: each.name for each in applications for name in each.services}
    return [
        ServiceRole(
            service=name,
            role=roles.get(name, NO_ROLE),
            application=names.get(name, "") if len(applications) > 1 else "",
            evidence=evidence.get(name) or keepers.get(name, ""),
        )
        for name in stack.services
    ]


def _roles(services: Services) -> Iterator[tuple[str, str]]:
    """Yield the services with their roles; a later role of a service replaces an earlier one."""
    for name in services.keeping_data:
        yield name, KEEPS_DATA
    for name in services.one_shot:
        yield name, ONE_SHOT
    for name in services.left_alone:
        yield name, "left alone"
    for role in ("app", "scheduler", "worker", "database", "cache", "proxy"):
        for name in services.of([role]):
            yield name, role
