"""Refuse settings that need a database or a console if the stack has none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pydantic import BaseModel

from cosmicdeploy.validation import ConflictingKey

if TYPE_CHECKING:
    from cosmicdeploy.settings.settings import Settings

# Keys and sections that have no meaning without a database.
OF_DATABASE = (
    "backup.exact",
    "backup.silence",
    "backup.copies",
    "migrate",
    "verify.columns",
    "verify.heartbeat.id",
    "monitoring.devices",
    "monitoring.transitions",
    "diagnose.slow_after",
    "diagnose.end_after",
    "diagnose.connections",
)
# Keys and sections that mean nothing without a console. The section `migrate` is not among them: it
# needs a console only if the settings name no framework.
OF_CONSOLE = (
    "cache_clear.commands",
    "verify.command",
    "verify.feature",
    "verify.dry_run",
    "verify.schedule",
)


def require_database_and_role(settings: Settings) -> None:
    """Raise `ConflictingKey` if only one of `services.database` and `database` is set."""
    name = settings.services.database
    if name is not None and settings.database is None:
        raise ConflictingKey(
            "services.database",
            f"names {name!r}, but the section `database` is missing",
            "add the section (`database: {name: SCHEMA}`), or remove services.database",
        )
    if name is None and settings.database is not None:
        raise ConflictingKey(
            "database",
            "services.database is missing",
            "add services.database, the name of the database server in the compose file, or remove"
            " the section `database`",
        )


def require_no_use_of_absent_parts(settings: Settings) -> None:
    """Raise `ConflictingKey` if a key needs a database or a console that the stack does not have.

    A key that has its default value is never refused.
    """
    if settings.database is None:
        _require_unused(
            settings,
            [key for key in OF_DATABASE if not (key == "migrate" and _runs_none(settings))],
            "needs a database, and the stack has none",
            "remove it, or add services.database and the section `database`",
        )
    if not settings.app.console:
        if not settings.migrate.framework:
            _require_unused(
                settings,
                ("migrate",),
                "needs the application's console, and app.console is not set",
                "remove it, set app.console, or name what runs the migrations in migrate.framework",
            )
        keys = (*OF_CONSOLE, *_switched_by_console(settings))
        _require_unused(
            settings,
            keys,
            "needs the application's console, and app.console is not set",
            "remove it, or set app.console",
        )


def _runs_none(settings: Settings) -> bool:
    """Return whether the section `migrate` only says that no migration is run."""
    return settings.migrate == type(settings.migrate)(framework="none")


def _require_unused(settings: Settings, keys: Iterable[str], problem: str, todo: str) -> None:
    for key in keys:
        if _is_used(settings, key.split(".")):
            raise ConflictingKey(key, problem, todo)


def _is_used(section: BaseModel | Mapping[str, BaseModel], path: list[str]) -> bool:
    """Return whether the value at this path differs from its default, or is in a mapping."""
    key, *rest = path
    if isinstance(section, Mapping):
        return True  # an entry exists only if the file names it
    value = getattr(section, key)
    if rest:
        return value is not None and _is_used(value, rest)
    return bool(value != type(section).model_fields[key].get_default(call_default_factory=True))


def _switched_by_console(settings: Settings) -> Iterator[str]:
    """Yield the keys of the features that are switched by console commands."""
    return (f"features.{name}" for name, each in settings.features.items() if each.file is None)
