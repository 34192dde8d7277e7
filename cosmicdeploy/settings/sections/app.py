"""Settings of the application: console, caches, features, and what the verification checks."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import Field, model_validator

from cosmicdeploy.settings.sections.application_keys import ApplicationKeys
from cosmicdeploy.settings.sections.section import Section, Words


class App(ApplicationKeys):
    """How to reach the application and its console.

    If the stack has several applications, the console is that of the main application, and the
    other keys apply to each application that does not set its own. `reached_at` applies to the main
    application only.
    """

    console: Words = Field(
        default=(), description="Command that starts the application's console in a container"
    )
    user: str | None = Field(
        default=None,
        description="User that runs the console; null for the container's default user",
    )
    log_file: PurePosixPath | None = Field(
        default=None, description="Log file in the application's containers, shown by `logs --app`"
    )


class CacheClear(Section):
    """Console commands that clear the application's caches; they run once for each new image."""

    commands: Words = Field(default=(), description="Console commands, each with its arguments")


class Feature(Section):
    """How to switch a feature: by console commands, or by a file."""

    enable: Words = Field(default=(), description="Console arguments that switch the feature on")
    disable: Words = Field(default=(), description="Console arguments that switch the feature off")
    state: Words = Field(
        default=(),
        description="Console arguments that print the state: a text whose last word is enabled or"
        " disabled, or a JSON list of objects with name and enabled",
    )
    file: Path | None = Field(
        default=None, description="File that exists while the feature is off, instead of commands"
    )

    @model_validator(mode="after")
    def _has_commands_or_file(self) -> Feature:
        commands = (self.enable, self.disable, self.state)
        is_valid = not any(commands) if self.file else all(commands)
        if not is_valid:
            raise ValueError("must have either enable, disable and state, or only file")
        return self


class HeartbeatId(Section):
    """The unique id of a heartbeat: how it is sent, and where the application stores it."""

    field: str = Field(description="Key in the heartbeat's body that holds the id")
    table: str = Field(
        description="Table in which the application stores the id before it answers 200"
    )
    column: str = Field(description="Column of that table that holds the id")


class Heartbeat(Section):
    """A request that only a working release answers as expected."""

    path: str = Field(description="Path to which heartbeats are posted")
    token_variable: str = Field(
        description="Variable that holds the token of a device; only the deployer uses that device"
    )
    body: dict[str, Any] = Field(default_factory=dict, description="Body of the request, as JSON")
    answers_with: str = Field(description="Key that the JSON response must have")
    id: HeartbeatId | None = Field(
        default=None,
        description="How to find a heartbeat in the database; null to not look heartbeats up",
    )


class Verify(Section):
    """What the verification of a release checks in the application and its database."""

    columns: dict[str, Words] = Field(
        default_factory=dict, description="Columns that the release needs, by table"
    )
    command: str | None = Field(
        default=None, description="Console command that must be registered and run on schedule"
    )
    feature: str | None = Field(
        default=None,
        description="Feature of this command: while the feature is off, the command does not run",
    )
    dry_run: Words = Field(
        default=(),
        description="Console arguments that run the command without changing anything. Without"
        " them, each verification runs the command itself, with all that it changes",
    )
    schedule: Words = Field(
        default=("schedule:list",), description="Console arguments that list the schedule"
    )
    heartbeat: Heartbeat | None = Field(
        default=None, description="Request that only a working release answers as expected"
    )

    @property
    def runs_command(self) -> bool:
        """Whether the verification runs the command itself, since there is no dry run of it."""
        return bool(self.command) and not self.dry_run
