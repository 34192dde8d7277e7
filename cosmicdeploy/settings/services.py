"""Which service plays which part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from cosmicdeploy.settings.section import Section, Words

Role = Literal["app", "scheduler", "worker"]
Support = Literal["database", "cache", "proxy"]


class Services(Section):
    """Which service of the compose file plays which part."""

    app: Words = Field(min_length=1)
    scheduler: str | None = None
    worker: Words = ()
    database: str
    cache: str | None = None
    proxy: str | None = None

    @property
    def released(self) -> Words:
        """All services that run the application's own image, in the order of a roll."""
        return (*self.app, *self.singletons)

    @property
    def singletons(self) -> Words:
        """Scheduler and workers: what acts by itself."""
        return (*((self.scheduler,) if self.scheduler else ()), *self.worker)

    def of(self, roles: Iterable[Role | Support]) -> Words:
        """The services that play these parts, in the order of the roles."""
        named: Mapping[str, Words | str | None] = dict(self)
        found = (named[role] for role in roles)
        return tuple(
            name for part in found if part for name in ((part,) if isinstance(part, str) else part)
        )

    @property
    def infrastructure(self) -> Words:
        """What a deploy never replaces."""
        return self.of(("database", "cache", "proxy"))

    @property
    def all(self) -> Words:
        return (*self.infrastructure, *self.released)
