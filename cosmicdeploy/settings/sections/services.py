"""The section `services`: the roles of the compose file's services."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from pydantic import Field, PrivateAttr

from cosmicdeploy.settings.sections.section import Section, Words

Role = Literal["app", "scheduler", "worker", "other"]
Support = Literal["database", "cache", "proxy", "stateful"]


class Services(Section):
    """Which service of the compose file has which role."""

    app: Words = Field(
        min_length=1,
        description="Replicas of the application behind the proxy, in the order of a rollout; with"
        " several `applications`, the services of all of them, those of the main one first",
    )
    scheduler: str | None = Field(default=None, description="The scheduler")
    worker: Words = Field(default=(), description="The queue workers")
    database: str | None = Field(default=None, description="The database server")
    cache: str | None = Field(default=None, description="Redis")
    proxy: str | None = Field(default=None, description="The load balancer")
    left_alone: Words = Field(
        default=(),
        description="Services that no command touches; every other service without a role is"
        " deployed too",
    )
    stateful: Words = Field(
        default=(),
        description="Services without a role that keep data, in addition to those that are"
        " detected: a deploy replaces them only with --include",
    )
    stateless: Words = Field(
        default=(),
        description="Services without a role that a deploy replaces although they seem to keep"
        " data",
    )

    one_shot: Words = Field(
        default=(),
        description="Services without a role that a deploy runs to their end, once for each"
        " release, in addition to those for whose end other services wait",
    )

    _other: Words = PrivateAttr(default=())
    _stateful: Words = PrivateAttr(default=())

    @property
    def released(self) -> Words:
        """All services that run an image of the applications, in the order of a rollout."""
        return (*self.app, *self.singletons)

    @property
    def other(self) -> Words:
        """The services without a role that a deploy replaces, ordered by their dependencies."""
        return self._other

    @property
    def keeping_data(self) -> Words:
        """The services without a role that keep data, in the order of their dependencies."""
        return self._stateful

    @property
    def deployed(self) -> Words:
        """All services whose containers a deploy replaces if they have drifted."""
        return (*self.released, *self.other)

    @property
    def singletons(self) -> Words:
        """The scheduler and the workers, which serve no requests."""
        return (*((self.scheduler,) if self.scheduler else ()), *self.worker)

    def of(self, roles: Iterable[Role | Support]) -> Words:
        """Return the services that have these roles, in the order of the roles."""
        by_role: Mapping[str, Words | str | None] = {
            **dict(self),
            "other": self.other,
            "stateful": self.keeping_data,
        }
        named = (by_role[role] for role in roles)
        return tuple(
            name
            for names in named
            if names
            for name in ((names,) if isinstance(names, str) else names)
        )

    def with_replicas(self, replicas: Mapping[str, Sequence[str]]) -> Services:
        """Return a copy in which a service's name becomes the names of its replicas.

        `replicas` maps a service to the names of its replicas. Other services keep their name.
        """
        app, worker = named_replicas(self.app, replicas), named_replicas(self.worker, replicas)
        copy = self.model_copy(update={"app": app, "worker": worker})
        copy._other = named_replicas(self.other, replicas)
        copy._stateful = named_replicas(self.keeping_data, replicas)
        return copy

    def with_other(
        self, names: Iterable[str], ending: Collection[str], keeping_data: Collection[str] = ()
    ) -> Services:
        """Return a copy that also knows the services without a role, grouped by how they run.

        `names` may include any service; those with a role and those left alone are ignored.
        `ending` are the services for whose end others wait; `one_shot` has them too in the copy.
        `keeping_data` are those that seem to keep data; the settings `stateful` and `stateless`
        override this.
        """
        ending, known = {*ending, *self.one_shot}, {*self.all, *self.left_alone}
        stateful = {*keeping_data, *self.stateful} - {*self.stateless, *ending}
        rest = [name for name in names if name not in known]
        one_shot = tuple(name for name in rest if name in ending)
        copy = self.model_copy(update={"one_shot": one_shot})
        copy._stateful = tuple(name for name in rest if name in stateful)
        copy._other = tuple(name for name in rest if name not in {*ending, *stateful})
        return copy

    def without(self, names: Collection[str]) -> Services:
        """Return a copy without these services; at least one service must be left in `app`.

        Only services that a deploy replaces may be named.
        """
        kept = {
            "app": without(self.app, names),
            "worker": without(self.worker, names),
            "scheduler": None if self.scheduler in names else self.scheduler,
        }
        copy = self.model_copy(update={**kept, "left_alone": (*self.left_alone, *sorted(names))})
        copy._other = without(self.other, names)
        return copy

    @property
    def single(self) -> Words:
        """The services that must have exactly one container.

        A second container would do the same work twice, or write to the same data.
        """
        return (*((self.scheduler,) if self.scheduler else ()), *self.support)

    @property
    def support(self) -> Words:
        """The database, the cache and the proxy: without one of them no client can be served."""
        return self.of(("database", "cache", "proxy"))

    @property
    def infrastructure(self) -> Words:
        """The services that no run replaces without `--include`.

        These are the database, the cache, the proxy, and the other services that keep data.
        """
        return (*self.support, *self.keeping_data)

    @property
    def all(self) -> Words:
        """All services that the deployer looks after, infrastructure first.

        Omits services that run once and end (`one_shot`), and services that are left alone.
        """
        return (*self.infrastructure, *self.deployed)


def without(services: Words, names: Collection[str]) -> Words:
    """Return the services without those that have one of these names."""
    return tuple(name for name in services if name not in names)


def named_replicas(names: Words, replicas: Mapping[str, Sequence[str]]) -> Words:
    """Return the names; the name of a service in `replicas` becomes the names of its replicas."""
    return tuple(replica for name in names for replica in replicas.get(name, (name,)))
