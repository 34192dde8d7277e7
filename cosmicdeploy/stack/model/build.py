"""How the image of a service is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class BuildSecret:
    """A secret that `RUN --mount=type=secret,id=…` reads; either `file` or `variable` is set.

    `value` is the value of the variable, from the shell or the env file. It must reach the builder
    in an environment variable, never on a command line.
    """

    id: str
    file: Path | None = None
    variable: str | None = None
    value: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Build:
    """How an image is built.

    `dockerfile` is relative to `context`; it has no meaning if `dockerfile_inline` has the text of
    the Dockerfile. Variables in `args` are resolved. `additional_contexts` are absolute paths, or
    references such as `docker-image://…` and `service:…`. `ssh` maps ids to the path of a key or
    socket; "" stands for the operator's SSH agent. `network` is a network mode of the engine, or
    `service:…`. `provenance` and `sbom` are the texts in the file ("true", "mode=max"). `shm_size`
    is in bytes. `ulimits` are pairs of a soft and a hard limit. `own_folders` are the deployer's
    folders for its journal and backups, which are never part of the context.
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
