"""Refuse variables that make Docker Compose read the stack differently.

`COMPOSE_PROJECT_NAME` and `COMPOSE_PROFILES` are supported (see `declaration/project_name.py` and
`declaration/profiles.py`), and so is `COMPOSE_FILE` unless the settings name other files. Compose
reads these three and the variables in `_SHELL_OR_ENV_FILE` from the shell or `.env`. It reads the
variables in `_SHELL_ONLY` only from the shell.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.variables.environment import source_of

# Each refused variable, and what cosmicdeploy does regardless of the variable's value.
_SHELL_OR_ENV_FILE = {
    "COMPOSE_CONVERT_WINDOWS_PATHS": "paths are not converted",
    "DOCKER_DEFAULT_PLATFORM": "images are built and pulled for the engine's own platform",
}
_SHELL_ONLY = {
    "COMPOSE_ENV_FILES": "the only env file is `env_file` in cosmicdeploy.yaml",
    "COMPOSE_DISABLE_ENV_FILE": "the env file is always read",
}
_OFF = ("", "0", "false", "f", "no", "n")


def refuse_conflicting_variables(
    files: tuple[Path, ...],
    env_file: Path,
    variables: Mapping[str, str],
    environ: Mapping[str, str],
) -> None:
    """Raise `ConfigError` for a variable that would make Compose read another stack.

    `environ` are the shell's variables; `variables` also has those of the env file. The error names
    the place where the variable is set.
    """
    for name, behaviour in _SHELL_OR_ENV_FILE.items():
        if variables.get(name, "").lower() not in _OFF:
            raise _refusal(name, behaviour, f"remove {name}", source_of(name, env_file, environ))
    for name, behaviour in _SHELL_ONLY.items():
        if environ.get(name, "").lower() not in _OFF:
            raise _refusal(name, behaviour, f"run `unset {name}`", "environment")
    folder = files[0].parent
    named = [(folder / name).resolve() for name in files_of_variable(variables)]
    if named and named != [file.resolve() for file in files]:
        names = ", ".join(file.name for file in files)
        raise _refusal(
            "COMPOSE_FILE",
            f"`compose_file` in cosmicdeploy.yaml names {names}",
            "remove COMPOSE_FILE, or remove `compose_file` so that COMPOSE_FILE counts",
            source_of("COMPOSE_FILE", env_file, environ),
        )


def files_of_variable(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the files that COMPOSE_FILE names, as written; none if it is unset or empty."""
    separator = variables.get("COMPOSE_PATH_SEPARATOR") or ":"
    named = variables.get("COMPOSE_FILE")
    return tuple(named.split(separator)) if named else ()


def _refusal(name: str, behaviour: str, todo: str, where: str) -> ConfigError:
    return ConfigError(
        f"{name} is set, which Docker Compose uses and cosmicdeploy does not: {behaviour}",
        where=where,
        todo=todo,
    )
