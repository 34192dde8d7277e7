"""Configuration files of a load balancer that the compose file mounts into its container.

Files inside an image are not read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cosmicdeploy.stack.model import Mount, Service

# A reference to the environment: `${NAME}` in a template of nginx, `{$NAME}` or `{$NAME:default}`
# in a Caddyfile.
VARIABLE = re.compile(r"\$\{(\w+)\}")
CADDY_VARIABLE = re.compile(r"\{\$(\w+)(?::([^}\n]*))?\}")
MAX_BYTES = 256 << 10


@dataclass(frozen=True, kw_only=True)
class Location:
    """Where a load balancer looks for its configuration in its container.

    `suffixes` are those of its files in the `folder`.
    """

    folder: str
    suffixes: Collection[str]


@dataclass(frozen=True, kw_only=True)
class MountedFile:
    """A configuration file: its path in the container, its path on the host, and its text."""

    target: str
    source: Path
    text: str


def mounted_files(
    service: Service, location: Location, named: Collection[str] = ()
) -> Iterator[MountedFile]:
    """Yield the configuration files that are mounted into the location, in the order of mounts.

    `named` are paths of further files in the container, such as those that a command names.
    """
    for mount in service.mounts:
        if mount.type == "bind":
            yield from _of_mount(mount, location, named)


def filled(text: str, environment: Mapping[str, str]) -> str:
    """Replace references to the environment by the values that the compose file declares.

    A reference in a Caddyfile without a declared value becomes its default. Any other reference
    without a value stays as it is: `${NAME}` may also be a variable of nginx itself.
    """
    text = VARIABLE.sub(lambda match: environment.get(match[1], match[0]), text)
    return CADDY_VARIABLE.sub(lambda m: environment.get(m[1], m[0] if m[2] is None else m[2]), text)


def _of_mount(mount: Mount, location: Location, named: Collection[str]) -> Iterator[MountedFile]:
    is_inside = f"{mount.target}/".startswith(f"{location.folder}/")
    source, target = Path(mount.source), PurePosixPath(mount.target)
    files = _files_at(source) if is_inside else []
    own = [PurePosixPath(path) for path in named]
    files += [source / path.relative_to(target) for path in own if path.is_relative_to(target)]
    for file in dict.fromkeys(files):
        inside = target / file.relative_to(source)
        if inside.suffix in location.suffixes or inside in own:
            yield from _read(file, str(inside))


def _files_at(path: Path) -> list[Path]:
    """Return what a folder contains, at any depth; for a file, only the file."""
    return sorted(path.rglob("*")) if path.is_dir() else [path]


def _read(path: Path, target: str) -> Iterator[MountedFile]:
    try:
        if path.is_file() and path.stat().st_size <= MAX_BYTES:
            yield MountedFile(target=target, source=path, text=path.read_text())
    except (OSError, UnicodeDecodeError):
        return  # not a text file, or the deployer may not read it
