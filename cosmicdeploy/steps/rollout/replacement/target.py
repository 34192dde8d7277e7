"""A container that a rollout replaces, or restarts in place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.stack.model import Service


@dataclass(frozen=True, kw_only=True)
class Target:
    """A service as declared, and its container in place; None if it has no container.

    A target is looked up once for each replacement and passed on, so that every part of the
    replacement works on the same container.
    """

    service: Service
    container: Container | None

    @property
    def name(self) -> str:
        """The service's name."""
        return self.service.name

    @property
    def is_running(self) -> bool:
        return self.container is not None and self.container.is_running

    def require_container(self) -> Container:
        """Return the container; raises `EngineError` if there is none."""
        if self.container is None:
            raise EngineError(
                f"{self.name} has no container", where=self.name, todo="run `cosmicdeploy up`"
            )
        return self.container


def look_up(ctx: Context, name: str) -> Target:
    """Return the target of this service; raises `NeedsPerson` if it is not declared."""
    return Target(service=ctx.service(name), container=ctx.container(name))


def existing_targets(ctx: Context, names: Iterable[str]) -> list[Target]:
    """Return the targets of services that are still declared and have a container."""
    targets = [look_up(ctx, name) for name in names if name in ctx.stack.services]
    return [target for target in targets if target.container is not None]


def has_moved(ctx: Context, target: Target, container: Container) -> bool:
    """Whether the proxy has to use another address for the target's new container.

    Compares the addresses in the networks that the replica shares with the proxy, or in all of the
    replica's networks if it shares none with the proxy. False if the replica had no container or no
    address.
    """
    before = target.container.addresses if target.container else {}
    proxy_name = ctx.settings.services.proxy
    proxy = ctx.container(proxy_name) if proxy_name and before else None
    shared = {net: before[net] for net in before if proxy and net in proxy.addresses}
    return any(
        container.addresses.get(network) != address
        for network, address in (shared or before).items()
    )
