"""Read the environment of a service's container."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.stack.variables.environment import (
    how_to_create,
    read_env_file,
    read_raw_env_file,
)


def read_environment(service: ComposeValue, scope: Scope) -> dict[str, str]:
    """Return the variables of `env_file` and `environment`; the last value of a name wins.

    A file may use the variables of the files before it. A name without a value in `environment`
    gets its value from the shell or the stack's env file. If neither has a value, the variable is
    dropped, even if an `env_file` sets it.
    """
    values: dict[str, str] = {}
    for item in _env_files(service.get("env_file")):
        values.update(_env_file_values(item, scope, {**scope.variables, **values}))
    own = service.get("environment")
    if own is None:
        return values
    unset = {key for key, value in own.pairs().items() if value is None}
    kept = {key: value for key, value in values.items() if key not in unset}
    return {**kept, **own.pairs_from_variables(scope.variables)}


def _env_files(entry: ComposeValue | None) -> list[ComposeValue]:
    if entry is None:
        return []
    return entry.items() if isinstance(entry.data, list) else [entry]


def _env_file_values(item: ComposeValue, scope: Scope, known: Mapping[str, str]) -> dict[str, str]:
    required, is_raw, path = True, False, item
    if isinstance(item.data, dict):
        fields = item.mapping(("path", "required", "format"))
        if "path" not in fields:
            raise item.error("has no path")
        path = fields["path"]
        required = "required" not in fields or fields["required"].flag()
        is_raw = "format" in fields and fields["format"].one_of(("raw",)) == "raw"
    file = Path(scope.path(path, path.text()))
    if required and not file.exists():
        raise path.error(f"'{file}' not found", how_to_create(file))
    return read_raw_env_file(file, known) if is_raw else read_env_file(file, known)
