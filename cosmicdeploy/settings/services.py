"""Settings of the roles of the compose file's services."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from cosmicdeploy.settings.section import Section, Words

Role = Literal["app", "scheduler", "worker"]
Support = Literal["database", "cache", "proxy"]


class Services(Section):
    """Which service of the compose file has which role."""

    app: Words = Field(
        min_length=1, description="The replicas behind the proxy, in the order of a rollout"
    )
    scheduler: str | None = Field(default=None, description="The scheduler")
    worker: Words = Field(default=(), description="The queue workers")
    database: str | None = Field(default=None, description="The database server")
    cache: str | None = Field(default=None, description="Redis")
    proxy: str | None = Field(default=None, description="The load balancer")

    @property
    def released(self) -> Words:
        """All services that run the application's own image, in the order of a rollout."""
        return (*self.app, *self.singletons)

    @property
    def singletons(self) -> Words:
        """The scheduler and the workers, which serve no requests."""
        return (*((self.scheduler,) if self.scheduler else ()), *self.worker)

    def of(self, roles: Iterable[Role | Support]) -> Words:
        """Return the services that have these roles, in the order of the roles."""
        by_role: Mapping[str, Words | str | None] = dict(self)
        named = (by_role[role] for role in roles)
        return tuple(
            name
            for names in named
            if names
            for name in ((names,) if isinstance(names, str) else names)
        )

    @property
    def infrastructure(self) -> Words:
        """The services that a deploy never replaces."""
        return self.of(("database", "cache", "proxy"))

    @property
    def all(self) -> Words:
        return (*self.infrastructure, *self.released)
