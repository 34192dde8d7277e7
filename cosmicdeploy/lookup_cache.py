"""Caches of a context: expensive lookups, and what the engine says about containers and images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cosmicdeploy.engine.facts import Container, Image


@dataclass(kw_only=True)
class LookupCache:
    """Results of expensive lookups; a run starts a new cache when a step has changed something.

    `rate_limit_wait_failed`: a wait for the application's rate limit was in vain.
    `passed_checks`: health checks that have passed: command, image id.
    `passed_starts`: starts of a container since which its check has passed: id, start time.
    `migration_status`: the console's list of migrations, by image id; None without a table of them.
    `compose_hashes`: the hashes that Compose computes, by service; empty if it gave none in time.
    `writable_mounts`: whether a folder of the host is mounted in a container, by its id, and the
    deployer may write in it.
    """

    rate_limit_wait_failed: bool = False
    passed_checks: set[tuple[tuple[str, ...], str]] = field(default_factory=set)
    passed_starts: set[tuple[str, str]] = field(default_factory=set)
    migration_status: dict[str, str | None] = field(default_factory=dict)
    compose_hashes: Mapping[str, str] = field(default_factory=dict)
    writable_mounts: dict[tuple[str, Path], bool] = field(default_factory=dict)


class FactsSource(Protocol):
    """Answers which containers and images there are: the engine, or a cache of it."""

    def container(self, reference: str) -> Container | None: ...

    def containers(self, project: str, except_names: frozenset[str] = ...) -> list[Container]: ...

    def image(self, reference: str) -> Image | None: ...


class FactsCache:
    """Ask the engine for each container and image once."""

    def __init__(self, engine: FactsSource) -> None:
        self._engine = engine
        self._container: dict[str, Container | None] = {}
        self._containers: dict[tuple[str, frozenset[str]], list[Container]] = {}
        self._image: dict[str, Image | None] = {}

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
