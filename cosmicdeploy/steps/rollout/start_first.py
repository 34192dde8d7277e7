"""Put a new container in an old one's place while the old one still serves.

Names tell a later run what an interrupted one left, as in `replace`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.model import Service
from cosmicdeploy.steps.containers.stopping import end
from cosmicdeploy.steps.rollout.replace import aside_of, create_next, set_aside, set_old_aside
from cosmicdeploy.steps.rollout.timings import Phases


def require_room_beside(service: Service) -> None:
    """Raises `ConfigError` where two containers of a service cannot run at the same time."""
    fixed = [a.ipv4_address for a in service.networks if a.ipv4_address]
    published = [str(port.published) for port in service.ports if port.published]
    if fixed or published:
        what = f"address {fixed[0]}" if fixed else f"port {published[0]}"
        raise ConfigError(
            f"The new container of {service.name} cannot start before the old one stops: both "
            f"would need the {what}",
            where="restart.order",
            todo="let it be stop-first, or give the service no fixed address and no host port",
        )


def start_beside(ctx: Context, name: str, phases: Phases) -> str:
    """Start the service's new container under a temporary name; its id."""
    made = create_next(ctx, name, phases)
    with phases.of(name, "start"):
        ctx.engine.start(made)
    return made


def take_places(ctx: Context, made: Mapping[str, str]) -> None:
    """The new containers get their services' names; the old ones are set aside and run on."""
    for name, container_id in made.items():
        old = ctx.container(name)
        if old is not None:
            set_old_aside(ctx, name, old)
        ctx.engine.rename(container_id, ctx.service(name).container_name)


def still_beside(ctx: Context, names: Iterable[str]) -> list[str]:
    """Services of which something that was set aside runs on beside what took its place."""
    running = [c for c in ctx.out_of_place() if c.is_running]
    old = [c for c in running if "-before-" in c.name]
    return [name for name in names if aside_of(ctx.service(name), old)]


def stop_displaced(ctx: Context, name: str, phases: Phases) -> None:
    """What was set aside ends its requests and stops."""
    service = ctx.service(name)
    with phases.of(name, "drain"):
        for old in set_aside(ctx, service):
            if old.is_running:
                end(ctx, name, old.id)
