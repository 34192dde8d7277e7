"""A container that a rollout replaces, or restarts in place."""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.stack.model import Service


@dataclass(frozen=True, kw_only=True)
class Target:
    """A service as declared and its container in place; None if it has none.

    It is looked up once for each replacement and passed on, so that all of the replacement works on
    the same container. `ordinal` numbers the containers of one service from 1.
    """

    service: Service
    container: Container | None
    ordinal: int = 1

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
