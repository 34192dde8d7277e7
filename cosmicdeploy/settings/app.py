"""The application: its console, its caches, the switches of its features."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from pydantic import Field, model_validator

from cosmicdeploy.settings.section import Section, Words


class App(Section):
    """How to talk to the application; `log_file` is a path in its containers. `user` runs the
    console, None for the containers' own."""

    console: Words = Field(min_length=1)
    user: str | None = None
    log_file: PurePosixPath | None = None
    port: int = 80
    health_path: str = "/api/health"
    release_variable: str = "APP_VERSION"
    release_header: str | None = None


class CacheClear(Section):
    """Console commands that are run once for each new image."""

    commands: Words = ()


class Feature(Section):
    """How a feature is switched: by console arguments, or by a `file` that is there while it is
    off."""

    enable: Words = ()
    disable: Words = ()
    state: Words = ()
    file: Path | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Feature:
        commands = (self.enable, self.disable, self.state)
        if any(commands) if self.file else not all(commands):
            raise ValueError("must have enable, disable and state, or file alone")
        return self
