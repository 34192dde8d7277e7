"""The Traefik that runs in the proxy's container, and where its API listens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.files.yaml_reader import PlainLoader
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.proxy.kernel.processes import processes

PROGRAM = "traefik"
# The static configuration is read from the first of these that exists, unless an argument names it.
FILES = ("/etc/traefik/traefik.yml", "/etc/traefik/traefik.yaml")
API_ADDRESS = ":8080"
# In seconds: the default of `providersThrottleDuration`, for which Traefik collects changes.
THROTTLE = 2.0
UNITS = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600}
PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smh]?)")
VARIABLE = "TRAEFIK_"


@dataclass(frozen=True, kw_only=True)
class Traefik:
    """A running Traefik: its container, and its static configuration.

    `options` has the options by their dotted names in lower case, as in
    `entrypoints.traefik.address`.
    """

    container: Container
    options: Mapping[str, str]

    @property
    def api(self) -> tuple[str, int]:
        """The address and port of the API; the address is "" for all of the container."""
        host, _, port = self.options.get("entrypoints.traefik.address", API_ADDRESS).rpartition(":")
        number = port.partition("/")[0]
        return host, int(number) if number.isdecimal() else 8080

    @property
    def throttle(self) -> float:
        """Seconds for which Traefik collects changes before it applies them."""
        return seconds(self.options.get("providers.providersthrottleduration", f"{THROTTLE}s"))


def find_traefik(ctx: Context) -> Traefik | None:
    """Return the Traefik in the proxy's container; None if it does not run."""
    name = ctx.settings.services.proxy
    container = ctx.container(name) if name else None
    if container is None or not container.is_running:
        return None
    variables = {
        key.removeprefix(VARIABLE).replace("_", ".").lower(): value
        for key, value in container.environment.items()
        if key.startswith(VARIABLE)
    }
    arguments = dict(_options(_arguments(ctx, container)))
    named = arguments.get("configfile")
    file = _file_options(ctx, container, (named,) if named else FILES)
    return Traefik(container=container, options={**file, **variables, **arguments})


def seconds(text: str) -> float:
    """Convert a duration of Traefik to seconds: `500ms`, `2s`, `1m30s`; without a unit, seconds."""
    return sum(float(number) * UNITS[unit] for number, unit in PART.findall(text))


def _arguments(ctx: Context, container: Container) -> Sequence[str]:
    own = [each.pid for each in processes(ctx, container) if each.name == PROGRAM]
    text = proc.read(ctx, container, f"{min(own)}/cmdline").text if own else ""
    words = text.rstrip("\0").split("\0")
    return words[1:] if len(words) > 1 else container.command[1:]


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and value of each option: `--a.b=c`, `--a.b c`, or `--a.b` for "true"."""
    following = [*arguments[1:], ""]
    for word, after in zip(arguments, following, strict=False):
        if word.startswith("-"):
            name, mark, value = word.lstrip("-").partition("=")
            has_next = not mark and after and not after.startswith("-")
            yield name.lower(), value if mark else (after if has_next else "true")


def _file_options(ctx: Context, container: Container, paths: Sequence[str]) -> Mapping[str, str]:
    """Return the options of the first of these files that exists; only YAML is read."""
    for path in paths:
        content = ctx.engine.read_file(container.id, path)
        if content is None:
            continue
        try:
            loaded = yaml.load(content.decode("utf-8-sig"), PlainLoader)  # noqa: S506
            return dict(_flattened(loaded, ""))
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
            return {}
    return {}


def _flattened(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flattened(inner, f"{name}.{key}".lstrip(".").lower())
    elif isinstance(value, str | int | float):
        yield name, str(value)
