"""Find and read `cosmicdeploy.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.yaml_reader import read
from cosmicdeploy.settings.settings import Settings
from cosmicdeploy.stack.variables.environment import variables
from cosmicdeploy.stack.variables.interpolate import interpolate_values
from cosmicdeploy.validation import validated

FILE_NAME = "cosmicdeploy.yaml"


@dataclass(frozen=True, kw_only=True)
class LoadedSettings:
    """The settings, the file they come from, and the variables they and the stack may use."""

    file: Path
    settings: Settings
    variables: Mapping[str, str] = field(repr=False)  # secrets are among them

    @property
    def directory(self) -> Path:
        """The stack's folder, which relative paths start at."""
        return self.file.parent

    @property
    def state_directory(self) -> Path:
        """The folder of the journal and the releases."""
        return self.directory / ".cosmicdeploy"

    def path(self, relative: Path) -> Path:
        """Make a path of the settings absolute. Raises `ConfigError` if a link leads to itself."""
        try:
            return (self.directory / relative).resolve()
        except RuntimeError as error:
            raise ConfigError(
                "A link leads back to itself",
                where=str(self.directory / relative),
                todo="replace the link by the file or folder it should lead to",
            ) from error

    def secret(self, variable: str) -> str:
        """Return the value of a variable. Raises `ConfigError` if it is not set or empty."""
        value = self.variables.get(variable)
        if not value:
            raise ConfigError(
                f"The variable {variable} is not set",
                where=str(self.path(self.settings.env_file)),
                todo=f"set {variable} there or in the environment",
            )
        return value


def find(start: Path) -> Path:
    """Return the nearest `cosmicdeploy.yaml`, in this folder or one above, as git finds its own.

    Raises `ConfigError` if there is none.
    """
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    raise ConfigError(
        f"There is no {FILE_NAME} here or in a folder above",
        where=str(start),
        todo="run `cosmicdeploy init` to lay one out, or name one with --config FILE",
    )


def load(file: Path, environ: Mapping[str, str]) -> LoadedSettings:
    """Read and validate a file. Raises `ConfigError` with file, line and the closest known key."""
    document = read(file.resolve())
    env_file = document.path.parent / str(document.data.get("env_file") or ".env")
    all_variables = variables(env_file, environ)
    data = interpolate_values(document, all_variables)
    settings = validated(Settings, data, document)
    return LoadedSettings(file=document.path, settings=settings, variables=all_variables)
