"""How the image of a service is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class BuildSecret:
    """A secret that `RUN --mount=type=secret,id=…` reads; either `file` or `variable` is set.

    `value` is that of the variable, from the shell or the env file. It must reach the builder
    through its environment, never through its command line.
    """

    id: str
    file: Path | None = None
    variable: str | None = None
    value: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Build:
    """How an image is built. `args` are resolved; `dockerfile` is relative to `context`.

    `dockerfile_inline` is the text of the Dockerfile; `dockerfile` then has no meaning.
    `additional_contexts` are absolute paths, or references such as `docker-image://…` and
    `service:…`. `ssh` maps ids to a path of a key or socket, "" for the agent of the operator.
    `network` is as in the engine's API, or `service:…`. `provenance` and `sbom` are what is
    written in the file ("true", "mode=max"). Sizes are in bytes. `own_folders` are those of the
    deployer, for its journal and its backups: they are never part of the context.
    """

    context: Path
    dockerfile: str = "Dockerfile"
    dockerfile_inline: str | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    additional_contexts: Mapping[str, str] = field(default_factory=dict)
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    entitlements: tuple[str, ...] = ()
    extra_hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    network: str | None = None
    no_cache: bool = False
    no_cache_filter: tuple[str, ...] = ()
    own_folders: tuple[Path, ...] = ()
    platforms: tuple[str, ...] = ()
    privileged: bool = False
    provenance: str | None = None
    pull: bool = False
    sbom: str | None = None
    secrets: tuple[BuildSecret, ...] = ()
    shm_size: int | None = None
    ssh: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    ulimits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
