"""Refuse variables with which Docker Compose would read the stack in another way.

`COMPOSE_PROJECT_NAME` is supported (see `project_name.py`), and `COMPOSE_PROFILES` has no effect,
since a service with profiles is refused. Compose reads `COMPOSE_FILE` and the variables of
`_EITHER` from the shell or `.env`, the others from the shell alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.variables.environment import place_of

_EITHER = {
    "COMPOSE_CONVERT_WINDOWS_PATHS": "paths are read as they stand",
    "DOCKER_DEFAULT_PLATFORM": "images are built and pulled for the engine's own platform",
}
_SHELL_ONLY = {
    "COMPOSE_ENV_FILES": "the env file is the one that env_file of cosmicdeploy.yaml names",
    "COMPOSE_DISABLE_ENV_FILE": "the env file is always read",
}
_OFF = ("", "0", "false", "f", "no", "n")


def refuse_other_meanings(
    file: Path, env_file: Path, variables: Mapping[str, str], environ: Mapping[str, str]
) -> None:
    """Raise `ConfigError`, with the variable's location, if Compose would read another stack."""
    for name, meaning in _EITHER.items():
        if variables.get(name, "").lower() not in _OFF:
            raise _refusal(name, meaning, f"remove {name}", place_of(name, env_file, environ))
    for name, meaning in _SHELL_ONLY.items():
        if environ.get(name, "").lower() not in _OFF:
            raise _refusal(name, meaning, f"run `unset {name}`", "environment")
    named = variables.get("COMPOSE_FILE")
    if named and not _is_same_file(named, file, variables):
        raise _refusal(
            "COMPOSE_FILE",
            f"compose_file of cosmicdeploy.yaml names {file.name}",
            "remove COMPOSE_FILE, or put all into one file and name it in both",
            place_of("COMPOSE_FILE", env_file, environ),
        )


def _is_same_file(named: str, file: Path, variables: Mapping[str, str]) -> bool:
    separator = variables.get("COMPOSE_PATH_SEPARATOR") or ":"
    paths = [(file.parent / each).resolve() for each in named.split(separator)]
    return paths == [file.resolve()]


def _refusal(name: str, meaning: str, todo: str, where: str) -> ConfigError:
    return ConfigError(
        f"{name} is set, which Docker Compose uses and cosmicdeploy does not: {meaning}",
        where=where,
        todo=todo,
    )
