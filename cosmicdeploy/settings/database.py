"""Settings of the database and of Redis: access, migrations, backups."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from cosmicdeploy.database.backups.retention import RetentionPolicy
from cosmicdeploy.database.copies.destination import Destination, require_showable_urls
from cosmicdeploy.settings.section import Section, Words


class Database(Section):
    """The schema, and who may read and write it."""

    name: str = Field(description="Schema that is backed up, migrated and restored")
    user: str = Field(default="root", description="User of the database server")
    password_variable: str = Field(
        default="DB_ROOT_PASSWORD", description="Variable that holds this user's password"
    )
    port: int = Field(default=3306, description="Port of the server, in its container")


class Cache(Section):
    """Redis, if `services.cache` names one."""

    password_variable: str | None = Field(
        default=None, description="Variable that holds Redis's password; null if it needs none"
    )


class Migrate(Section):
    """How migrations run; the defaults are Artisan's."""

    command: Words = Field(
        default=("migrate", "--force"), description="Console arguments that migrate"
    )
    status: Words = Field(
        default=("migrate:status",), description="Console arguments that list the migrations"
    )
    rollback: Words = Field(
        default=("migrate:rollback", "--force"),
        description="Console arguments that roll back; --step=N is added",
    )
    pretend: Words | None = Field(
        default=("migrate", "--pretend", "--force"),
        description="Console arguments that print the statements only; null if there are none",
    )
    allow: Words = Field(
        default=(), description="Names of migrations that run although they may destroy data"
    )
    lock_wait: int = Field(
        default=10, ge=1, description="Seconds that a migration may wait for the lock on a table"
    )
    timeout: float = Field(
        default=900, gt=0, description="Seconds that all migrations together may take"
    )


class Backup(Section):
    """Where backups are kept, which of them stay, and where copies go."""

    directory: Path = Field(
        default=Path("data-kiosk/backups"), description="Folder that backups are kept in"
    )
    exact: bool = Field(
        default=True,
        description="Whether a schema is refused if the dump would round its FLOAT values",
    )
    silence: float = Field(
        default=60, gt=0, description="Seconds after which a dump that prints nothing is ended"
    )
    keep: RetentionPolicy = Field(
        default=RetentionPolicy(), description="How many good backups stay"
    )
    copies: tuple[Destination, ...] = Field(
        default=(), description="Destinations that every backup is copied to"
    )

    @field_validator("copies")
    @classmethod
    def _are_showable(cls, destinations: tuple[Destination, ...]) -> tuple[Destination, ...]:
        require_showable_urls(destinations)
        return destinations
