"""Read the labels of a service's container."""

from __future__ import annotations

from pathlib import Path

from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.stack.variables.environment import read_env_file


def read_labels(service: ComposeValue, scope: Scope) -> dict[str, str]:
    """Return the labels of `label_file`, which has the format of an env file, and of `labels`.

    The last value of a name wins.
    """
    values: dict[str, str] = {}
    entry = service.get("label_file")
    if entry is not None:
        for item in entry.items() if isinstance(entry.data, list) else [entry]:
            file = Path(scope.path(item, item.text()))
            if not file.exists():
                raise item.error(f"'{file}' not found", "create it, or remove it here")
            values.update(read_env_file(file, {**scope.variables, **values}))
    return {**values, **(service.optional("labels", ComposeValue.filled_pairs) or {})}
