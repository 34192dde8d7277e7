"""Find and read the file of a framework."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cosmicdeploy.files.yaml_reader import read
from cosmicdeploy.migrations.frameworks.definition import Definition
from cosmicdeploy.migrations.frameworks.framework import Framework
from cosmicdeploy.validation import validated

FOLDER = Path(__file__).parent
# The framework of a stack whose application has a console, if the settings name none.
DEFAULT = "laravel"
NONE = "none"
# In place of a framework's name: the settings themselves contain the commands.
COMMANDS = "commands"


def known_frameworks() -> list[str]:
    """Return the names of the frameworks that have a file here, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def is_file_name(name: str) -> bool:
    """Return whether `migrate.framework` is the path of a file, not the name of a framework."""
    return "/" in name or name.endswith((".yaml", ".yml"))


@cache
def framework(name: str) -> Framework:
    """Return a known framework by its name."""
    return framework_in(FOLDER / f"{name}.yaml")


def framework_in(path: Path) -> Framework:
    """Return the framework that a file describes; raises `ConfigError` with file, line and key."""
    document = read(path)
    definition = validated(Definition, document.data, document)
    return Framework(
        name=path.stem, source=str(path), definition=definition, program=definition.program
    )
