"""Merge a stack's files with `docker compose config`, and report what Compose refuses."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.merging.document import MergedDocument
from cosmicdeploy.stack.merging.output import restore
from cosmicdeploy.stack.merging.program import ComposeFailed, NoComposeV2, config
from cosmicdeploy.stack.merging.sources import Need, Sources
from cosmicdeploy.stack.model import ComposeFiles
from cosmicdeploy.stack.variables.environment import how_to_create

_INSTALL = (
    "install Docker Compose v2 (the package docker-compose-plugin, on Ubuntu docker-compose-v2, on"
    " Debian 13 docker-compose), or write one plain file, as `docker compose config` prints it"
)
# A key path in Compose's errors, such as "services.web.ports.0" or "services.web.ports[0]".
_PATH = re.compile(r"\b(?:services|networks|volumes|secrets|configs)(?:[.\[][\w-]+\]?)+")
_UNKNOWN_KEY = re.compile(r"Additional property (\S+) is not allowed")
# Compose's error about a dependency on a service that is not declared, or has no active profile.
_ABSENT = re.compile(r'undefined service "?([\w.-]+)"?')
_NO_ENV_FILE = re.compile(r"env file (\S+) not found")
_SERVICE = re.compile(r'service "([\w.-]+)"')
# Parts of Compose's errors that may hold a secret: expressions with variables, and quoted values.
_SECRET = re.compile(r"(invalid interpolation format).*|`[^`]*`|\$\{?\w+[^ ]*")
# Shorter values of variables are not hidden: they also occur in ordinary words.
_SHORTEST_SECRET = 4


def merged(
    sources: Sources,
    need: Need,
    files: ComposeFiles,
    environ: Mapping[str, str],
    own: Mapping[str, str],
) -> MergedDocument:
    """Return the stack's files as Compose merges them, with variables resolved.

    Error messages name `need`, the feature that only Compose can resolve. `own` are the variables
    of the env file; errors hide their values. Raises `ConfigError` if Compose v2 is not installed,
    refuses the files or takes too long.
    """
    try:
        printed = config(files, environ)
    except NoComposeV2:
        raise ConfigError(
            f"The stack uses {need.what}, which only Docker Compose v2 resolves, and Compose v2 is"
            " not installed",
            where=need.where,
            todo=_INSTALL,
        ) from None
    except subprocess.TimeoutExpired as error:
        raise ConfigError(
            f"Docker Compose did not resolve {need.what} within {error.timeout:.0f} s",
            where=need.where,
            todo="run `docker compose config --quiet` to see why",
        ) from None
    except ComposeFailed as error:
        raise _refusal(str(error), sources, own) from None
    # `config` writes each `$` twice, in keys as well.
    data = json.loads(printed.replace("$$", "$"))
    restore(data)
    return MergedDocument(path=sources.named[0].path, data=data, sources=sources)


def _refusal(stderr: str, sources: Sources, own: Mapping[str, str]) -> ConfigError:
    lines = [line for line in stderr.splitlines() if line.strip() and "level=warning" not in line]
    message = _without_secrets("; ".join(line.strip() for line in lines), own)
    return ConfigError(
        f"Docker Compose refuses the files: {message or 'it gives no reason'}",
        where=_where(message, sources),
        todo=_todo(message, sources),
    )


def _without_secrets(message: str, own: Mapping[str, str]) -> str:
    message = _SECRET.sub(lambda match: f"{match[1] or ''} …".strip(), message)
    for value in sorted(own.values(), key=len, reverse=True):
        if len(value) >= _SHORTEST_SECRET:
            message = message.replace(value, "…")
    return message


def _todo(message: str, sources: Sources) -> str:
    absent = _ABSENT.search(message)
    if absent is not None and absent[1] in sources.service_names:
        return (
            f"add a profile of {absent[1]} to COMPOSE_PROFILES, or to `profiles` in"
            " cosmicdeploy.yaml; or remove the dependency"
        )
    missing = _NO_ENV_FILE.search(message)
    if missing is not None:
        return how_to_create(Path(missing[1]))
    return "correct the files; `docker compose config --quiet` checks them"


def _where(message: str, sources: Sources) -> str:
    """Return the location of the mistake, as far as Compose's message names a file or a key."""
    keys = _keys(message)
    for document in sources.all:
        if str(document.path) in message:
            return document.location(*keys)
    if keys:
        merged_files = MergedDocument(path=sources.named[0].path, data={}, sources=sources)
        return merged_files.location(*keys)
    return ", ".join(str(document.path) for document in sources.named)


def _keys(message: str) -> tuple[Any, ...]:
    """Return the key path that a message of Compose names; empty if it names none."""
    if (path := _PATH.search(message)) is not None:
        words = re.split(r"[.\[\]]+", path[0].rstrip("]"))
        words += _UNKNOWN_KEY.findall(message)
        return tuple(int(word) if word.isdecimal() else word for word in words)
    service = _SERVICE.search(message)
    return ("services", service[1]) if service else ()
