"""Find the compose files of a folder by their names."""

from __future__ import annotations

import re
from pathlib import Path

# Without -f and COMPOSE_FILE, Compose reads the first file of `DEFAULT_NAMES` that exists, and over
# it the first file of `OVERRIDE_NAMES` that exists.
DEFAULT_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDE_NAMES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
# The names that people give to the file for production.
_PRODUCTION = re.compile(r"(?:docker-)?compose[._-]prod(?:uction)?\.ya?ml")
_ANY = re.compile(r"(?:[\w.-]*[._-])?compose(?:[._-][\w.-]*)?\.ya?ml")


def default_files(folder: Path) -> list[Path]:
    """Return the compose files in a folder, without override files.

    Those for production come first, then those with `DEFAULT_NAMES` in that order, then all others
    by name. Returns none if the folder cannot be read.
    """
    try:
        names = sorted(each.name for each in folder.iterdir() if each.is_file())
    except OSError:
        return []
    found = [name for name in names if _ANY.fullmatch(name) and name not in OVERRIDE_NAMES]
    return [folder / name for name in sorted(found, key=_rank)]


def override_file(file: Path) -> Path | None:
    """Return the override file that Compose reads by default over a file; None if there is none."""
    if file.name not in DEFAULT_NAMES:
        return None
    candidates = (file.with_name(name) for name in OVERRIDE_NAMES)
    return next((each for each in candidates if each.is_file()), None)


def is_for_production(file: Path) -> bool:
    """Return whether a compose file is one for production, by its name."""
    return _PRODUCTION.fullmatch(file.name) is not None


def _rank(name: str) -> tuple[bool, int, str]:
    is_default = name in DEFAULT_NAMES
    position = DEFAULT_NAMES.index(name) if is_default else len(DEFAULT_NAMES)
    return _PRODUCTION.fullmatch(name) is None, position, name
