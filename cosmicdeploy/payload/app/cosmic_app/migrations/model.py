"""A migration: a file, named by date and purpose, with statements for both ways."""

from __future__ import annotations

import runpy
from dataclasses import dataclass
from pathlib import Path


class MigrationFailed(Exception):
    """A statement was refused. What ran before it stays: the database commits each by itself."""


@dataclass(frozen=True, kw_only=True)
class Migration:
    """`up` and `down` are SQL statements, in order."""

    name: str
    up: tuple[str, ...]
    down: tuple[str, ...]


def migration_names(folder: Path) -> list[str]:
    """The names of the migrations there are, oldest first."""
    return sorted(path.stem for path in folder.glob("[0-9]*.py"))


def load_migration(folder: Path, name: str) -> Migration | None:
    """The migration in this file, or None where there is no such file."""
    path = folder / f"{name}.py"
    if not path.is_file():
        return None
    content = runpy.run_path(str(path))
    return Migration(name=name, up=tuple(content["up"]()), down=tuple(content["down"]()))
