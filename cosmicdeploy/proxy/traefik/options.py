"""Traefik's static configuration: from its command, its environment and a file.

Options have their dotted names in lower case, as in `entrypoints.traefik.address`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from cosmicdeploy.files.yaml_reader import PlainLoader

# The static configuration is read from the first of these that exists, unless an argument names it.
FILES = ("/etc/traefik/traefik.toml", "/etc/traefik/traefik.yaml", "/etc/traefik/traefik.yml")
API_ADDRESS = ":8080"
VARIABLE = "TRAEFIK_"
UNITS = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600}
PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smh]?)")
# Traefik's spellings of true.
TRUE = ("true", "1", "t")

Options = Mapping[str, str]


def options_of(
    arguments: Sequence[str], environment: Mapping[str, str], path: str, text: str
) -> Options:
    """Return the options of a Traefik; `text` is the content of its file at `path`."""
    variables = {
        key.removeprefix(VARIABLE).replace("_", ".").lower(): value
        for key, value in environment.items()
        if key.startswith(VARIABLE)
    }
    return {**dict(_of_file(path, text)), **variables, **dict(_of_arguments(arguments))}


def named_file(arguments: Sequence[str]) -> str:
    """Return the path of the file that the arguments name; "" for none."""
    return dict(_of_arguments(arguments)).get("configfile", "")


def is_on(options: Options, name: str) -> bool:
    """Return whether an option is true, or a part of Traefik is switched on by options below it."""
    value = options.get(name, "")
    return value.lower() in TRUE if value else any(key.startswith(f"{name}.") for key in options)


def seconds(text: str) -> float:
    """Convert a duration of Traefik to seconds: `500ms`, `2s`, `1m30s`; without a unit, seconds."""
    return sum(float(number) * UNITS[unit] for number, unit in PART.findall(text))


def parsed(path: str, text: str) -> Any:
    """Return the content of a file in YAML or TOML; None if it cannot be parsed."""
    try:
        if path.endswith(".toml"):
            return tomllib.loads(text)
        return yaml.load(text, PlainLoader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _of_arguments(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and value of each option: `--a.b=c`, `--a.b c`, or `--a.b` for "true"."""
    following = [*arguments[1:], ""]
    for word, after in zip(arguments, following, strict=False):
        if word.startswith("-"):
            name, mark, value = word.lstrip("-").partition("=")
            has_next = not mark and after and not after.startswith("-")
            yield name.lower(), value if mark else (after if has_next else "true")


def _of_file(path: str, text: str) -> Iterator[tuple[str, str]]:
    content = parsed(path, text)
    try:
        yield from list(_flattened(content, "")) if isinstance(content, dict) else ()
    except RecursionError:
        return


def _flattened(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flattened(inner, f"{name}.{key}".lstrip(".").lower())
    elif isinstance(value, bool) or value in (None, {}):
        # `docker: {}` switches the provider on.
        yield name, "false" if value is False else "true"
    elif isinstance(value, str | int | float):
        yield name, str(value)
