"""A migration: a file named by date and purpose, with SQL statements for both directions."""

from __future__ import annotations

import runpy
from dataclasses import dataclass
from pathlib import Path


class MigrationFailed(Exception):
    """A statement failed. The earlier ones stay: the database commits each DDL statement."""


@dataclass(frozen=True, kw_only=True)
class Migration:
    """A migration; `up` and `down` are the SQL statements that apply and undo it, in order."""

    name: str
    up: tuple[str, ...]
    down: tuple[str, ...]


def migration_names(folder: Path) -> list[str]:
    """Return the names of all migrations in the folder, oldest first."""
    return sorted(path.stem for path in folder.glob("[0-9]*.py"))


def load_migration(folder: Path, name: str) -> Migration | None:
    """Load a migration, or return None if its file is missing."""
    path = folder / f"{name}.py"
    if not path.is_file():
        return None
    content = runpy.run_path(str(path))
    return Migration(name=name, up=tuple(content["up"]()), down=tuple(content["down"]()))
