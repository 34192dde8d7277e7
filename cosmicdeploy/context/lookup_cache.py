"""The caches of a `Context`: for expensive lookups, and for the engine's containers and images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cosmicdeploy.engine.facts import Container, FileFacts, Image
from cosmicdeploy.errors import DatabaseSilent
from cosmicdeploy.migrations.frameworks.answers.listing import Listing


@dataclass(kw_only=True)
class LookupCache:
    """Results of expensive lookups. A run starts a new cache before each step that makes a change.

    `rate_limit_wait_failed`: whether the application's rate limit still refused requests after the
    longest wait.
    `passed_checks`: the health checks that passed in some container, as (command, image id).
    `passed_starts`: the containers whose health check passed, as (container id, start time).
    `listed_migrations`: the migrations that the framework lists, by image id; None if no migration
    has run on the schema yet.
    `compose_hashes`: the configuration hashes that Compose computes, by service; empty until
    Compose has answered.
    `adopted`: for existing images that a new build has just reproduced, image id → digest of that
    build's sources. An image whose label holds this digest is not among them.
    `recorded_adoptions`: the same mapping as recorded in the journal; None until the journal is
    read.
    `writable_mounts`: by (container id, folder of the host), whether the container has the folder
    mounted and the deployer may write to it.
    `load_balancers`: by (container id, start time), which known load balancer runs there; "" for
    none.
    `unreachable_ports`: by (container id, port), the ports to which the deployer cannot connect.
    `image_shells`: by image id, whether the image has a shell.
    `image_files`: by (image id, folder), the files of the image below the folder, by path; without
    placeholders such as `.gitkeep`.
    """

    rate_limit_wait_failed: bool = False
    passed_checks: set[tuple[tuple[str, ...], str]] = field(default_factory=set)
    passed_starts: set[tuple[str, str]] = field(default_factory=set)
    listed_migrations: dict[str, Listing | None] = field(default_factory=dict)
    compose_hashes: Mapping[str, str] = field(default_factory=dict)
    adopted: dict[str, str] = field(default_factory=dict)
    recorded_adoptions: Mapping[str, str] | None = None
    writable_mounts: dict[tuple[str, Path], bool] = field(default_factory=dict)
    load_balancers: dict[tuple[str, str], str] = field(default_factory=dict)
    unreachable_ports: set[tuple[str, int]] = field(default_factory=set)
    image_shells: dict[str, bool] = field(default_factory=dict)
    image_files: dict[tuple[str, str], Mapping[str, FileFacts]] = field(default_factory=dict)


class FactsSource(Protocol):
    """A source of containers and images: the engine, or a cache in front of it."""

    def container(self, reference: str) -> Container | None: ...

    def containers(self, project: str, except_names: frozenset[str] = ...) -> list[Container]: ...

    def image(self, reference: str) -> Image | None: ...


class FactsCache:
    """A cache in front of the engine, which it asks only once for the same arguments.

    `silent_database` is the error of a database that did not answer; None if it has answered so
    far, or was not asked.
    """

    def __init__(self, engine: FactsSource) -> None:
        self._engine = engine
        self._container: dict[str, Container | None] = {}
        self._containers: dict[tuple[str, frozenset[str]], list[Container]] = {}
        self._image: dict[str, Image | None] = {}
        self.silent_database: DatabaseSilent | None = None

    def container(self, reference: str) -> Container | None:
        if reference not in self._container:
            self._container[reference] = self._engine.container(reference)
        return self._container[reference]

    def containers(
        self, project: str, except_names: frozenset[str] = frozenset()
    ) -> list[Container]:
        key = (project, except_names)
        if key not in self._containers:
            self._containers[key] = self._engine.containers(project, except_names)
        return list(self._containers[key])

    def image(self, reference: str) -> Image | None:
        if reference not in self._image:
            self._image[reference] = self._engine.image(reference)
        return self._image[reference]
