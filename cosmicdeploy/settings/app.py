"""Settings of the application: console, caches, features, and what a working release must pass."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import Field, model_validator

from cosmicdeploy.settings.section import Section, Words


class App(Section):
    """How to reach the application and its console."""

    console: Words = Field(
        min_length=1, description="Command that starts the application's console in a container"
    )
    user: str | None = Field(
        default=None,
        description="User that runs the console; null for the container's own user",
    )
    log_file: PurePosixPath | None = Field(
        default=None, description="Log file in the application's containers, for `logs --app`"
    )
    port: int = Field(default=80, description="Port that a replica listens on, in its container")
    health_path: str = Field(
        default="/api/health", description="Path that answers 200 if a replica is ready"
    )
    release_variable: str = Field(
        default="APP_VERSION", description="Build argument and variable that name the release"
    )
    release_header: str | None = Field(
        default=None, description="Response header that carries the release"
    )


class CacheClear(Section):
    """Console commands that clear caches once for each new image."""

    commands: Words = Field(default=(), description="Console commands, each with its arguments")


class Feature(Section):
    """How a feature is switched: by console commands, or by a file that exists while it is off."""

    enable: Words = Field(default=(), description="Console arguments that switch the feature on")
    disable: Words = Field(default=(), description="Console arguments that switch the feature off")
    state: Words = Field(
        default=(),
        description="Console arguments that print the state: the last word is enabled or disabled,"
        " or JSON, a list of objects with name and enabled",
    )
    file: Path | None = Field(
        default=None, description="File that exists while the feature is off, instead of commands"
    )

    @model_validator(mode="after")
    def _has_one_way(self) -> Feature:
        commands = (self.enable, self.disable, self.state)
        if any(commands) if self.file else not all(commands):
            raise ValueError("must have enable, disable and state, or file alone")
        return self


class BeatId(Section):
    """Where a heartbeat's own id is sent, and where the application stores it."""

    field: str = Field(description="Key of the heartbeat's body that takes the id")
    table: str = Field(description="Table that holds the id once the heartbeat is answered 200")
    column: str = Field(description="Column of that table")


class Heartbeat(Section):
    """A request that only a working release answers well."""

    path: str = Field(description="Path that heartbeats are posted to")
    token_variable: str = Field(
        description="Variable that holds the token of a device used by the deployer alone"
    )
    body: dict[str, Any] = Field(default_factory=dict, description="Body of the request, as JSON")
    answers_with: str = Field(description="Key that the JSON response must have")
    id: BeatId | None = Field(
        default=None,
        description="How to find a heartbeat in the database; without it they are only counted",
    )


class Verify(Section):
    """What must hold after a deploy."""

    columns: dict[str, Words] = Field(
        default_factory=dict, description="Columns that the release needs, by table"
    )
    command: str | None = Field(
        default=None, description="Console command that must be registered and scheduled"
    )
    feature: str | None = Field(
        default=None,
        description="Feature that takes this command off the schedule while it is switched off",
    )
    dry_run: Words = Field(
        default=(), description="Console arguments that try the command without changing anything"
    )
    schedule: Words = Field(
        default=("schedule:list",), description="Console arguments that list the schedule"
    )
    heartbeat: Heartbeat | None = Field(
        default=None, description="Request that only a working release answers well"
    )
