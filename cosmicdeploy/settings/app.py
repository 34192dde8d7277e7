"""Settings of the application: its console, caches and features, and the verification."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import Field, model_validator

from cosmicdeploy.settings.application_keys import ApplicationKeys
from cosmicdeploy.settings.section import Section, Words


class App(ApplicationKeys):
    """How to reach the application and its console.

    With several applications: the console of the main one, and the keys that `applications` leaves
    out.
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
    """Console commands that clear caches once for each new image."""

    commands: Words = Field(default=(), description="Console commands, each with its arguments")


class Feature(Section):
    """How to switch a feature: by console commands, or by a file that exists while it is off."""

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
        if any(commands) if self.file else not all(commands):
            raise ValueError("must have either enable, disable and state, or only file")
        return self


class HeartbeatId(Section):
    """The unique id of a heartbeat: how it is sent, and where the application stores it."""

    field: str = Field(description="Key in the heartbeat's body that holds the id")
    table: str = Field(
        description="Table in which the application has stored the id when it answers 200"
    )
    column: str = Field(description="Column of that table that holds the id")


class Heartbeat(Section):
    """A request that only a working release answers as expected."""

    path: str = Field(description="Path to which heartbeats are posted")
    token_variable: str = Field(
        description="Variable that holds the token of a device that only the deployer uses"
    )
    body: dict[str, Any] = Field(default_factory=dict, description="Body of the request, as JSON")
    answers_with: str = Field(description="Key that the JSON response must have")
    id: HeartbeatId | None = Field(
        default=None,
        description="How to find a heartbeat in the database; without it, it is not looked up",
    )


class Verify(Section):
    """What the verification checks after a deploy."""

    columns: dict[str, Words] = Field(
        default_factory=dict, description="Columns that the release needs, by table"
    )
    command: str | None = Field(
        default=None, description="Scheduled console command that must be registered and run"
    )
    feature: str | None = Field(
        default=None,
        description="Feature of this command: the command does not run while it is switched off",
    )
    dry_run: Words = Field(
        default=(), description="Console arguments that try the command without changing anything"
    )
    schedule: Words = Field(
        default=("schedule:list",), description="Console arguments that list the schedule"
    )
    heartbeat: Heartbeat | None = Field(
        default=None, description="Request that only a working release answers as expected"
    )
