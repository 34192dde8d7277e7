"""Settings of the database, the cache (Redis), migrations and backups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from cosmicdeploy.database.backups.on_disk.manifest import Prove
from cosmicdeploy.database.backups.retention import RetentionPolicy
from cosmicdeploy.database.copies.destination import Destination, require_showable_urls
from cosmicdeploy.settings.sections.section import Section, Words


class Database(Section):
    """The database schema, and the user that the deployer connects as."""

    name: str = Field(description="Schema that is backed up, migrated and restored")
    user: str = Field(default="root", description="User that the deployer connects as")
    password_variable: str = Field(
        default="DB_ROOT_PASSWORD", description="Variable that holds this user's password"
    )
    port: int = Field(default=3306, description="Port of the server, in its container")


class Cache(Section):
    """Access to Redis, if `services.cache` is set."""

    password_variable: str | None = Field(
        default=None,
        description="Variable that holds Redis's password, which may be empty; null for none",
    )


class Migrate(Section):
    """What runs the migrations, and how."""

    framework: str | None = Field(
        default=None,
        description="What runs the migrations: a known framework, `none`, `commands` for those"
        " below, or the path of a file that describes one, such as ./own.yaml. Default: `laravel`"
        " if app.console is set, else `none`",
    )
    service: str | None = Field(
        default=None,
        description="Service with whose image and environment the framework's commands run."
        " Default: the first of services.app",
    )
    program: Words | None = Field(
        default=None,
        description="First words of the framework's commands. Default: app.console if they are"
        " console commands, else what the framework's file says",
    )
    commands: dict[str, Any] | None = Field(
        default=None,
        description="How to list pending migrations, run them, show their SQL and undo them, with"
        " the keys of a framework's file; only with `framework: commands`",
    )
    command: Words = Field(
        default=("migrate", "--force"),
        description="Console arguments that run the pending migrations; only with Laravel",
    )
    status: Words = Field(
        default=("migrate:status",),
        description="Console arguments that list the migrations; only with Laravel",
    )
    rollback: Words = Field(
        default=("migrate:rollback", "--force"),
        description="Console arguments that roll migrations back; --step=N is added; only with"
        " Laravel",
    )
    pretend: Words | None = Field(
        default=("migrate", "--pretend", "--force"),
        description="Console arguments that print the statements of the pending migrations without"
        " running them; null if the console cannot do that; only with Laravel",
    )
    allow: Words = Field(
        default=(), description="Names of migrations that may run although they may destroy data"
    )
    lock_wait: int = Field(
        default=10, ge=1, description="Seconds that a migration may wait for a table's lock"
    )
    timeout: float = Field(
        default=900, gt=0, description="Seconds that all migrations together may take"
    )


class Backup(Section):
    """Where backups and their copies are stored, and how many are kept."""

    directory: Path = Field(
        default=Path("data-kiosk/backups"), description="Folder for the backups"
    )
    exact: bool = Field(
        default=True,
        description="Refuse to back up a schema if the dump would round its FLOAT values",
    )
    silence: float = Field(
        default=60, gt=0, description="Seconds without output after which a dump is terminated"
    )
    prove: Prove = Field(
        default="structure",
        description="How each backup is proven to be restorable. `structure`: its tables without"
        " rows and all its objects are loaded and compared when it is made. `data`: all its rows"
        " too, during the soak of a deploy. `off`: not at all",
    )
    keep: RetentionPolicy = Field(
        default=RetentionPolicy(), description="How many good backups to keep"
    )
    signing_key_variable: str | None = Field(
        default=None,
        description="Variable that holds the key with which backups are signed; null for none."
        " With it, only a copy that was signed with this key is fetched",
    )
    copies: tuple[Destination, ...] = Field(
        default=(), description="Destinations to which every backup is copied"
    )

    @field_validator("copies")
    @classmethod
    def _are_showable(cls, destinations: tuple[Destination, ...]) -> tuple[Destination, ...]:
        require_showable_urls(destinations)
        return destinations
