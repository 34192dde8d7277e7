"""Which framework runs the migrations, by the settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.yaml_reader import Document
from cosmicdeploy.migrations.frameworks.definition import Definition
from cosmicdeploy.migrations.frameworks.framework import Framework
from cosmicdeploy.migrations.frameworks.reading import (
    COMMANDS,
    DEFAULT,
    NONE,
    framework,
    framework_in,
    is_file_name,
    known_frameworks,
)
from cosmicdeploy.settings.sections.database import Migrate
from cosmicdeploy.settings.settings import Settings
from cosmicdeploy.text.suggest import did_you_mean
from cosmicdeploy.validation import validated

# Keys of Laravel's file → the keys of `migrate` whose values replace theirs. To change another
# framework's commands, an operator writes a file.
OF_LARAVEL = {"run": "command", "pending": "status", "down": "rollback", "sql": "pretend"}


def framework_of(settings: Settings, document: Document) -> Framework:
    """Return the framework that the settings name; by default Laravel if there is a console.

    Its commands begin with the words of `migrate.program`. Without that key, console commands begin
    with `app.console`, and other commands with what the framework's file says. Raises
    `ConfigError`, with file and line, if there is no such framework, if its file is not valid, or
    if other keys contradict it.
    """
    migrate, console = settings.migrate, settings.app.console
    name = migrate.framework or (DEFAULT if console else NONE)
    _require_consistent(migrate, name, document)
    chosen = _read(migrate, name, document)
    if name == DEFAULT:
        chosen = replace(
            chosen,
            definition=_with_settings(chosen.definition, migrate),
            settings={key: f"migrate.{setting}" for key, setting in OF_LARAVEL.items()},
        )
    if migrate.program is not None:
        return replace(chosen, program=migrate.program)
    if console and chosen.definition.console:
        return replace(chosen, program=console)
    return chosen


def _read(migrate: Migrate, name: str, document: Document) -> Framework:
    """Read a framework from `migrate.commands`, from the operator's file, or from a shipped one."""
    if name == COMMANDS:
        at = ("migrate", "commands")
        definition = validated(Definition, migrate.commands, document, at=at)
        source = f"{document.location(*at)}: migrate.commands"
        return Framework(
            name=name, source=source, definition=definition, program=definition.program
        )
    if is_file_name(name):
        return framework_in(document.path.parent / name)
    if name not in known_frameworks():
        names = [*known_frameworks(), COMMANDS]
        raise ConfigError(
            f"Unknown framework {name!r}",
            where=document.location("migrate", "framework"),
            todo=did_you_mean(name, names)
            or f"choose from {', '.join(names)}, or name a file that describes it, such as"
            " ./own.yaml (docs/migrations.md)",
        )
    return framework(name)


def _require_consistent(migrate: Migrate, name: str, document: Document) -> None:
    """Raise `ConfigError` if other keys than `framework` contradict it."""
    if name == COMMANDS and migrate.commands is None:
        raise ConfigError(
            "The framework is `commands`, but migrate.commands is missing",
            where=document.location("migrate", "framework"),
            todo="add migrate.commands, with the keys of a framework's file (docs/migrations.md)",
        )
    if name != COMMANDS and migrate.commands is not None:
        raise ConfigError(
            "The key migrate.commands has no effect without `framework: commands`",
            where=document.location("migrate", "commands"),
            todo="set migrate.framework to commands, or remove migrate.commands",
        )
    changed = [key for key in OF_LARAVEL.values() if key in migrate.model_fields_set]
    if changed and migrate.framework not in (None, DEFAULT):
        raise ConfigError(
            f"The key migrate.{changed[0]} is for Laravel, but the framework is {name}",
            where=document.location("migrate", changed[0]),
            todo=f"remove {', '.join(f'migrate.{key}' for key in changed)}; other commands than"
            " those of a known framework belong in a file of your own (docs/migrations.md)",
        )


def _with_settings(laravel: Definition, migrate: Migrate) -> Definition:
    """Return Laravel's definition with the commands that the settings have for it."""
    changes = {
        "run": migrate.command,
        "pending": _changed(laravel.pending, command=migrate.status),
        "down": _changed(laravel.down, command=migrate.rollback),
        "sql": _changed(laravel.sql, all=migrate.pretend) if migrate.pretend else None,
    }
    return laravel.model_copy(update=changes)


def _changed(part: Any, **changes: Any) -> Any:
    return part.model_copy(update=changes)
