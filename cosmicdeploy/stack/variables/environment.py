"""Read the variables of a compose file: those of the shell override those of the env file."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.bounds import read_bounded, require_usable
from cosmicdeploy.stack.variables.env_file import BadLine, Binding, bindings
from cosmicdeploy.stack.variables.interpolate import Budget, interpolate

# Many projects have an example beside the env file, such as `.env.example`.
_EXAMPLES = (".example", ".sample", ".template", ".dist")


def variables(env_file: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return all variables: those of the shell (`environ`) override those of the env file."""
    return {**read_env_file(env_file, environ), **environ}


def read_env_file(path: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of an env file; empty if the file does not exist.

    Variables in a value are resolved (except in single quotes), from `environ` first and then from
    the lines above. A name without "=" gets its value from `environ`, or is dropped. Raises
    `ConfigError` if the file cannot be read, or if a line is invalid or needs a missing variable.
    """
    outer = environ or {}
    values: dict[str, str] = {}
    known = ChainMap(dict(outer), values)
    budget = Budget()
    try:
        for binding in bindings(_text(path)):
            if binding.value is not None:
                values[binding.name] = _resolved(binding, binding.value, known, path)
                budget.spend(values[binding.name], f"{path}:{binding.line}")
            elif binding.name in outer:
                values[binding.name] = outer[binding.name]
    except BadLine as error:
        raise ConfigError(
            f"A line of {path.name} {error}", where=f"{path}:{error.line}", todo=error.todo
        ) from None
    return values


def read_raw_env_file(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of an env file with `format: raw`, as `docker run --env-file` reads it.

    A value is everything after the first "=": quotes and `$` have no meaning. A name without "="
    gets its value from `environ`, or is dropped. Raises `ConfigError` if the file cannot be read or
    a line is invalid.
    """
    values: dict[str, str] = {}
    for number, line in enumerate(_text(path).split("\n"), start=1):
        name, equals, value = line.removesuffix("\r").lstrip(" \t").partition("=")
        if not line.strip() or name.startswith("#"):
            continue
        if not name or re.search(r"\s", name):
            raise ConfigError(
                f"A line of {path.name} has {'a blank in its' if name else 'no'} name",
                where=f"{path}:{number}",
                todo="write NAME=value",
            )
        require_usable(value, f"{path}:{number}")
        if equals or name in environ:
            values[name] = value if equals else environ[name]
    return values


def how_to_create(file: Path) -> str:
    """Return what to do about a missing env file: many projects have an example of it."""
    for ending in _EXAMPLES:
        if file.with_name(file.name + ending).is_file():
            return f"`cp {quote(f'{file}{ending}')} {quote(str(file))}`, and fill it in"
    return "create it, or remove it here"


def source_of(name: str, path: Path, environ: Mapping[str, str]) -> str:
    """Return where a variable is set: "environment", or "file:line" of an env file.

    `environ` are the shell's variables, which override those of the file.
    """
    lines = [binding.line for binding in bindings(_text(path)) if binding.name == name]
    return "environment" if name in environ or not lines else f"{path}:{lines[-1]}"


def _resolved(binding: Binding, value: str, known: Mapping[str, str], path: Path) -> str:
    return value if binding.is_literal else interpolate(value, known, f"{path}:{binding.line}")


def _text(path: Path) -> str:
    try:
        return read_bounded(path).decode("utf-8-sig")  # carriage returns are kept
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(
            f"{path.name} cannot be read: {reason}",
            where=str(path),
            todo="check that it is a UTF-8 file and that you may read it",
        ) from None
