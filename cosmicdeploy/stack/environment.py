"""Where the variables of a compose file come from: the shell, and the `.env` file beneath it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream
from dotenv.variables import parse_variables

from cosmicdeploy.errors import ConfigError


def variables(env_file: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """All variables that a compose file can name; the shell's win over the file's."""
    return {**read_env_file(env_file, environ), **environ}


def read_env_file(path: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of an env file; none where there is no file.

    `${NAME}` and `${NAME:-default}` in a value are resolved (except between single quotes), from
    `environ` first and then from the lines above. A name without "=" takes its value from
    `environ`. Raises `ConfigError` where the file cannot be read or a line has no meaning.
    """
    outer = environ or {}
    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(_text(path))):
        if binding.error:
            raise _bad_line(path, binding)
        if binding.key is None:
            continue
        if binding.value is not None:
            values[binding.key] = _resolve(binding, {**values, **outer})
        elif binding.key in outer:
            values[binding.key] = outer[binding.key]
    return values


def _resolve(binding: Binding, known: Mapping[str, str]) -> str:
    value = binding.value or ""
    if binding.original.string.partition("=")[2].lstrip().startswith("'"):
        return value
    return "".join(atom.resolve(known) for atom in parse_variables(value))


def _bad_line(path: Path, binding: Binding) -> ConfigError:
    """The line itself is not shown: it may hold a secret."""
    blank = len(binding.original.string) - len(binding.original.string.lstrip())
    line = binding.original.line + binding.original.string[:blank].count("\n")
    return ConfigError(
        f"a line of {path.name} is not NAME=value",
        where=f"{path}:{line}",
        todo="check the name and the quotes",
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(
            f"{path.name} cannot be read: {reason}",
            where=str(path),
            todo="check that it is a UTF-8 file and that you may read it",
        ) from None
