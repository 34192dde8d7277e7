"""Find how images are built that the stack only pulls, in other compose files of the folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.compose import read_files
from cosmicdeploy.stack.model import Build, ComposeFiles, Service, Stack

_MOST_FILES = 5
# Words in the names of compose files whose builds are not what runs in production.
_DEVELOPMENT = re.compile(r"(?<![a-z])(?:ci|debug|dev|development|e2e|local|test|tests)(?![a-z])")


@dataclass(frozen=True)
class BuildElsewhere:
    """How another compose file, `file`, builds the image of a service of the same name."""

    build: Build
    file: Path


def builds_elsewhere(
    stack: Stack, others: Iterable[Path], env_file: Path, environ: Mapping[str, str]
) -> dict[str, BuildElsewhere]:
    """Return the builds of services that the stack does not build, by service.

    `others` are compose files beside those of the stack; one that cannot be read alone is passed
    over.
    """
    found: dict[str, BuildElsewhere] = {}
    wanted = {name for name, service in stack.services.items() if _may_be_own(service)}
    files = [each for each in others if not _DEVELOPMENT.search(each.name)]
    for file in files[:_MOST_FILES] if wanted else ():
        for name, build in _builds(file, env_file, environ):
            if name in wanted:
                found.setdefault(name, BuildElsewhere(build, file))
    return found


def _may_be_own(service: Service) -> bool:
    """Return whether a pulled image may be the stack's own; official ones have no folder: nginx."""
    return service.build is None and "/" in service.image


def _builds(file: Path, env_file: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, Build]]:
    given = ComposeFiles(files=(file.resolve(),), env_file=env_file, profiles=("*",))
    with suppress(ConfigError):
        for name, service in read_files(given, environ).services.items():
            if service.build is not None:
                yield name, service.build
