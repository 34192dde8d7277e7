"""Find what Compose leaves out of a compose file without a word, so that the operator is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cosmicdeploy.stack.compose_value import ComposeValue
from cosmicdeploy.stack.model import ComposeFiles, Remark
from cosmicdeploy.stack.values.words import split
from cosmicdeploy.stack.variables.compose_variables import files_of_variable

# Without -f and COMPOSE_FILE, Compose reads the first of these and its override file.
_DEFAULT_NAMES = ("compose", "docker-compose")
_ENDINGS = (".yaml", ".yml")


def unread_override(files: ComposeFiles, variables: Mapping[str, str]) -> Iterator[Remark]:
    """Yield a remark if Compose, called without options, would read an override file as well."""
    only = files.files[0].name
    if len(files.files) > 1 or files_of_variable(variables):
        return
    if only not in [name + ending for name in _DEFAULT_NAMES for ending in _ENDINGS]:
        return
    for name in [f"{name}.override{ending}" for name in _DEFAULT_NAMES for ending in _ENDINGS]:
        if (files.directory / name).is_file():
            yield Remark(
                service="",
                what=f"{name}: `docker compose` without options reads this file too, and no run"
                " here does",
                todo=f"write `compose_file: [{only}, {name}]` in cosmicdeploy.yaml, or set"
                f" COMPOSE_FILE={only} in .env",
            )


def cut_commands(entries: ComposeValue) -> Iterator[Remark]:
    """Yield a remark for each command line that ends at an operator. The line is never shown."""
    for name, service in entries.mapping().items():
        for key in ("command", "entrypoint"):
            entry = service.get(key)
            if entry is None or not isinstance(entry.data, str):
                continue
            dropped = split(entry.data).dropped
            if dropped:
                yield Remark(
                    service=name,
                    what=f"its {key} ends before the first '{dropped[0]}' ({entry.where}): no shell"
                    " runs it, and Compose drops the rest",
                    todo=f'write {key}: ["sh", "-c", "…"], or put the sign in quotes',
                )
