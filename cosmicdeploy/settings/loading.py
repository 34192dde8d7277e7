"""Find and read `cosmicdeploy.yaml`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.yaml_reader import Document, read
from cosmicdeploy.migrations.frameworks.framework import Framework
from cosmicdeploy.settings.framework import framework_of
from cosmicdeploy.settings.settings import Settings
from cosmicdeploy.stack.default_files import default_files
from cosmicdeploy.stack.model import ComposeFiles
from cosmicdeploy.stack.variables.compose_variables import files_of_variable
from cosmicdeploy.stack.variables.environment import variables
from cosmicdeploy.stack.variables.interpolate import interpolate_values
from cosmicdeploy.validation import validated

FILE_NAME = "cosmicdeploy.yaml"
# What to do in a folder without settings: if it has a compose file, and if it has none.
WRITE_ONE = "write one for the compose file here with `cosmicdeploy adopt`"
CREATE_STACK = "create a stack with `cosmicdeploy init`"


@dataclass(frozen=True, kw_only=True)
class LoadedSettings:
    """The settings, their file, and the variables that this file and the compose file may use.

    `framework` runs the application's migrations.
    """

    file: Path
    settings: Settings
    framework: Framework
    variables: Mapping[str, str] = field(repr=False)  # includes secrets

    @property
    def directory(self) -> Path:
        """The stack's folder, to which the paths in the settings are relative."""
        return self.file.parent

    @property
    def state_directory(self) -> Path:
        """The folder of the journal and of the deployer's other records."""
        return self.directory / ".cosmicdeploy"

    @property
    def pages_directory(self) -> Path:
        """The folder of the pages of runs."""
        return self.state_directory / "pages"

    def path(self, relative: Path) -> Path:
        """Return a path from the settings as an absolute path.

        Raises `ConfigError` if a symbolic link points to itself.
        """
        try:
            return (self.directory / relative).resolve()
        except RuntimeError as error:
            raise ConfigError(
                "A symbolic link points to itself",
                where=str(self.directory / relative),
                todo="replace the link by the file or folder that it should point to",
            ) from error

    @property
    def compose_files(self) -> ComposeFiles:
        """The compose files that the settings name, else those in COMPOSE_FILE, else the default.

        Raises `ConfigError` if a symbolic link points to itself.
        """
        settings = self.settings
        named: Sequence[Path] = settings.compose_file
        if "compose_file" not in settings.model_fields_set:
            named = [Path(name) for name in files_of_variable(self.variables)] or named
        return ComposeFiles(
            files=tuple(self.path(each) for each in named),
            env_file=self.path(settings.env_file),
            project=settings.project,
            profiles=settings.profiles,
        )

    def secret(self, variable: str, *, may_be_empty: bool = False) -> str:
        """Return the value of a variable.

        Raises `ConfigError` if it is unset, or if it is empty but may not be.
        """
        value = self.variables.get(variable)
        if value is None or not (value or may_be_empty):
            state = "not set" if value is None else "empty"
            raise ConfigError(
                f"The variable {variable} is {state}",
                where=str(self.path(self.settings.env_file)),
                todo=f"set {variable} in this file or in the environment",
            )
        return value


def find(start: Path) -> Path:
    """Return the nearest `cosmicdeploy.yaml`, in the folder `start` or above it.

    Raises `ConfigError` if there is none.
    """
    for folder in (start, *start.parents):
        # A broken link or a folder of this name counts too: the operator does not mean a stack
        # above it.
        if os.path.lexists(folder / FILE_NAME):
            return folder / FILE_NAME
    has_stack = bool(default_files(start))
    raise ConfigError(
        f"There is no {FILE_NAME} here or in a folder above",
        where=str(start),
        todo=f"{WRITE_ONE if has_stack else CREATE_STACK}, or name a file with --config FILE",
    )


def load(file: Path, environ: Mapping[str, str]) -> LoadedSettings:
    """Read and validate a settings file; raises `ConfigError`, with file, line and key."""
    return load_document(read(file.resolve()), environ)


def load_document(document: Document, environ: Mapping[str, str]) -> LoadedSettings:
    """Validate settings that were read from a file, or that are to be written to one.

    Raises the same errors as `load`.
    """
    # Read from the raw document: the settings can be validated only with the variables filled in.
    env_file = document.path.parent / str(document.data.get("env_file") or ".env")
    all_variables = variables(env_file, environ)
    data = interpolate_values(document, all_variables)
    settings = validated(Settings, data, document)
    return LoadedSettings(
        file=document.path,
        settings=settings,
        framework=framework_of(settings, document),
        variables=all_variables,
    )
