"""The pace at which a service's containers are replaced.

`restart` in `cosmicdeploy.yaml` decides. For a key that it leaves out, `deploy.update_config` in
the compose file decides. Where neither says in which order, the only replica of an application is
replaced start-first, if nothing prevents that: stopped first, it would leave clients unserved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from cosmicdeploy.settings.sections.applications import Application
from cosmicdeploy.settings.sections.rollout import Order, Restart
from cosmicdeploy.settings.sections.services import Services
from cosmicdeploy.stack.model import Port, RolloutSettings, Service

ROLES_WITH_ORDER = ("app", "worker")


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How the containers of one service are replaced.

    `at_a_time` is how many are replaced together; None for all. `delay` is how many seconds pass
    before the next ones are replaced. `monitor` is for how many seconds after its replacement a
    container is watched: if it fails, so does the rollout.
    """

    order: Order = "stop-first"
    at_a_time: int | None = 1
    delay: float = 0.0
    monitor: float = 0.0


@dataclass(frozen=True, kw_only=True)
class NotFollowed:
    """A key of `update_config` that the rollout does not follow, and why."""

    key: str
    why: str


class HasPace(Protocol):
    """The part of the settings that decides about the pace."""

    @property
    def restart(self) -> Restart: ...

    @property
    def services(self) -> Services: ...

    def application_of(self, service: str) -> Application | None: ...


def pace_of(settings: HasPace, service: Service) -> Pace:
    """Return the pace of a service.

    The order is stop-first if two containers of the service cannot run at the same time.
    Infrastructure is always replaced one container after the other, since two containers would use
    the same data.
    """
    if service.name in settings.services.infrastructure:
        return Pace()
    restart, role = settings.restart, _role(settings.services, service)
    update = service.deploy.update or RolloutSettings()
    order = _order(settings, role, update, service)
    return Pace(
        order=order,
        at_a_time=_at_a_time(restart, role, order, update),
        delay=update.delay or 0.0,
        monitor=update.monitor or 0.0,
    )


def not_followed(settings: HasPace, service: Service) -> Iterator[NotFollowed]:
    """Yield the keys of the service's `update_config` that its rollout does not follow."""
    update, pace, services = service.deploy.update, pace_of(settings, service), settings.services
    if update is None:
        return
    if service.name in services.infrastructure:
        why = "infrastructure is replaced only with --include, and stop-first"
        yield NotFollowed(key="update_config", why=why)
        return
    if update.order not in (None, pace.order):
        yield NotFollowed(key="order", why=_why_other_order(settings, service))
    if update.parallelism is not None and pace.at_a_time != (update.parallelism or None):
        key = "max_surge" if pace.order == "start-first" else "max_unavailable"
        why = f"restart.{key} in cosmicdeploy.yaml says {pace.at_a_time}"
        yield NotFollowed(key="parallelism", why=why)
    elif update.parallelism == 0 and _keeps_one(services, service, pace):
        yield NotFollowed(key="parallelism", why="at least one replica continues to serve")


def start_first_obstacle(service: Service) -> str:
    """Return what both containers would need if the new one started first; "" for nothing."""
    addresses = (
        address
        for each in service.networks
        for address in (each.ipv4_address, each.ipv6_address, each.mac_address)
    )
    needed = [
        *(f"address {address}" for address in (*addresses, service.mac_address) if address),
        *(f"port {_shown(port)}" for port in service.ports if _is_used_up(port, service)),
        *([f"ports of {service.shared_network}"] if service.shared_network else []),
    ]
    return needed[0] if needed else ""


def shared_data(service: Service) -> str:
    """Return where two containers of a service would write to the same data; "" for nowhere."""
    written = (mount.target for mount in service.mounts if mount.source and not mount.read_only)
    return next(written, "")


def _role(services: Services, service: Service) -> str:
    for role in ("app", "worker", "scheduler"):
        if service.name in services.of([role]):
            return role
    return "other"


def starts_first_as_only_replica(settings: HasPace, service: Service) -> bool:
    """Return whether a service is replaced start-first only because it has no other replica."""
    role, update = _role(settings.services, service), service.deploy.update or RolloutSettings()
    if role != "app" or role in settings.restart.order.model_fields_set or update.order:
        return False
    application = settings.application_of(service.name)
    is_only = application is not None and len(application.services) == 1
    # Like a service without a role, it must not write to data that another container writes to.
    return is_only and not _obstacle("other", service)


def _order(settings: HasPace, role: str, update: RolloutSettings, service: Service) -> Order:
    restart = settings.restart
    if starts_first_as_only_replica(settings, service):
        return "start-first"
    if role in ROLES_WITH_ORDER and role in restart.order.model_fields_set:
        return "start-first" if getattr(restart.order, role) == "start-first" else "stop-first"
    is_declared = update.order == "start-first"
    return "start-first" if is_declared and not _obstacle(role, service) else "stop-first"


def _obstacle(role: str, service: Service) -> str:
    """Return why the service cannot be replaced start-first; "" if it can."""
    if role == "scheduler":
        return "two schedulers would run each job twice"
    if needed := start_first_obstacle(service):
        return f"both containers would need the {needed}"
    if role == "other" and (written := shared_data(service)):
        return f"two containers would write to its data in {written}"
    return ""


def _why_other_order(settings: HasPace, service: Service) -> str:
    restart, role = settings.restart, _role(settings.services, service)
    if role in ROLES_WITH_ORDER and role in restart.order.model_fields_set:
        return f"restart.order.{role} in cosmicdeploy.yaml says {getattr(restart.order, role)}"
    return _obstacle(role, service)


def _at_a_time(restart: Restart, role: str, order: Order, update: RolloutSettings) -> int | None:
    key = "max_surge" if order == "start-first" else "max_unavailable"
    if role == "app" and (key in restart.model_fields_set or update.parallelism is None):
        return int(getattr(restart, key))
    if update.parallelism is not None:
        return update.parallelism or None
    # Workers serve no client, so start-first they all start at the same time.
    return None if role == "worker" and order == "start-first" else 1


def _keeps_one(services: Services, service: Service, pace: Pace) -> bool:
    return pace.order == "stop-first" and service.name in services.app and len(services.app) > 1


def _is_used_up(port: Port, service: Service) -> bool:
    """Whether the replicas use all host ports that the compose file gives them."""
    return bool(port.choices) and len(port.choices) <= service.replicas


def _shown(port: Port) -> str:
    return f"{port.published}-{port.published_end}" if port.published_end else f"{port.published}"
