"""The database and Redis: how to reach them, how to migrate, where backups are kept."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from cosmicdeploy.database.backups.retention import RetentionPolicy
from cosmicdeploy.database.copies.destination import Destination, require_showable_urls
from cosmicdeploy.settings.section import Section, Words


class Database(Section):
    """The schema, and who may read and write it."""

    name: str
    user: str = "root"
    password_variable: str = "DB_ROOT_PASSWORD"  # noqa: S105 - the name of a variable
    port: int = 3306


class Cache(Section):
    """Redis, where `services.cache` names one."""

    password_variable: str | None = None


class Migrate(Section):
    """Console arguments, times in seconds; `allow` names migrations that may destroy."""

    command: Words = ("migrate", "--force")
    status: Words = ("migrate:status",)
    rollback: Words = ("migrate:rollback", "--force")
    pretend: Words | None = ("migrate", "--pretend", "--force")
    allow: Words = ()
    lock_wait: int = Field(default=10, ge=1)
    timeout: float = Field(default=900, gt=0)


class Backup(Section):
    """Where backups are kept, which of them stay, and where copies go; a dump that prints nothing
    for `silence` seconds is ended."""

    directory: Path = Path("data-kiosk/backups")
    exact: bool = True
    silence: float = Field(default=60, gt=0)
    keep: RetentionPolicy = RetentionPolicy()
    copies: tuple[Destination, ...] = ()

    @field_validator("copies")
    @classmethod
    def _tellable(cls, places: tuple[Destination, ...]) -> tuple[Destination, ...]:
        require_showable_urls(places)
        return places
