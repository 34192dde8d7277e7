"""Read which features of the application are switched on.

A feature is switched by a file on the host or by console commands. With a file, reading the state
costs nothing. With commands, each read runs one command in a container (`features.NAME.state`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError, ProbeFailed
from cosmicdeploy.files.bounds import read_own_file
from cosmicdeploy.probes.result import FeatureState
from cosmicdeploy.process.concurrency import map_concurrently

ON = ("enabled", "on", "true", "1", "yes")
OFF = ("disabled", "off", "false", "0", "no")
# The key that replaces a service's name if a file on the host switches the feature.
HOST = "host"
LAST_LINES = 10
SILENCE_SECONDS = 15.0


def states(ctx: Context, names: Iterable[str] = ()) -> list[FeatureState]:
    """Return the states of these features, by default of all.

    Features without a file are reported by one container. Raises nothing: a state that cannot be
    read is returned as unknown.
    """
    names = tuple(names) or tuple(ctx.settings.features)
    by_command = [name for name in names if ctx.settings.features[name].file is None]
    try:
        container = console_container(ctx) if by_command else None
    except CosmicError as error:
        return [_from_host(ctx, name) or _unknown(name, error.what) for name in names]
    reported = _from_container(ctx, container, by_command) if container else {}
    return [
        reported.get(name)
        or _from_host(ctx, name)
        or _unknown(name, "no container reports its state")
        for name in names
    ]


def states_by_service(ctx: Context, name: str) -> dict[str, FeatureState]:
    """Return a feature's state by service, as each container with the console reports it.

    If a file switches the feature, there is only one state, under the key `HOST`.
    """
    if state := _from_host(ctx, name):
        return {HOST: state}
    containers = running(ctx)
    reported = map_concurrently(
        lambda container: _from_container(ctx, container, [name])[name], containers.values()
    )
    return dict(zip(containers, reported, strict=True))


def running(ctx: Context) -> dict[str, Container]:
    """Return the running containers that have the console: those of the main application."""
    return dict(_running(ctx))


def console_container(ctx: Context) -> Container:
    """Return a running container for console commands, if possible a replica.

    Raises `EngineError` if no container of the release runs.
    """
    _, container = next(_running(ctx), ("", None))
    return container or ctx.any_app()


def _running(ctx: Context) -> Iterator[tuple[str, Container]]:
    for name in ctx.settings.released_by(ctx.settings.main_application):
        container = ctx.container(name)
        if container is not None and container.is_running:
            yield name, container


def flag_file(ctx: Context, name: str) -> Path | None:
    """Return the file that exists while a feature is off; None if commands switch the feature."""
    file = ctx.settings.features[name].file
    return ctx.loaded.path(file) if file else None


def _from_host(ctx: Context, name: str) -> FeatureState | None:
    file = flag_file(ctx, name)
    if file is None:
        return None
    try:
        file.stat()
    except FileNotFoundError:
        return FeatureState(name=name, enabled=True)
    except OSError as error:
        return FeatureState(name=name, enabled=None, found=f"{file}: {error.strerror}")
    return FeatureState(name=name, enabled=False, **_record(file))


def _record(file: Path) -> dict[str, str]:
    try:
        record = json.loads(read_own_file(file))
        return {key: str(record.get(key, "")) for key in ("since", "by")}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}  # an operator may have created the file by hand, without `since` and `by`


def _from_container(
    ctx: Context, container: Container, names: Sequence[str]
) -> Mapping[str, FeatureState]:
    """Return the states of the features by name, as a container reports them.

    If several features have the same `state` command, the command runs only once.
    """

    @cache
    def output(words: tuple[str, ...]) -> str:
        result = ctx.run_console(container, *words, silence=SILENCE_SECONDS)
        if result.exit_code != 0:
            printed = (result.error_text or result.text).split("\n")
            lines = [line.strip() for line in printed if line.strip()]
            first = f": {lines[0]}" if lines else ""
            raise ProbeFailed(
                f"`{' '.join(words)}` ended with exit code {result.exit_code}{first}",
                where=container.name,
                todo="correct `features` in cosmicdeploy.yaml, or deploy a release that has this"
                " command: `cosmicdeploy deploy`",
                details=lines[-LAST_LINES:],
            )
        return result.text

    reported = {}
    for name in names:
        try:
            reported[name] = parse_state(name, output(ctx.settings.features[name].state))
        except CosmicError as error:
            reported[name] = _unknown(name, error.what)
    return reported


def parse_state(name: str, text: str) -> FeatureState:
    """Return a feature's state from a command's output.

    The last word of the output must be one of `ON` or `OFF`, or the output must be JSON that names
    the feature. Raises `ProbeFailed` if neither is the case.
    """
    words = text.split()
    last = words[-1].strip(".,;:'\"").lower() if words else ""
    if last in (*ON, *OFF):
        return FeatureState(name=name, enabled=last in ON)
    for row in _rows(text):
        if row.get("name") == name and isinstance(row.get("enabled"), bool):
            details = {key: str(row.get(key) or "") for key in ("since", "by", "description")}
            return FeatureState(name=name, enabled=row["enabled"], **details)
    raise ProbeFailed(
        f"The output of the state command does not say whether {name} is on",
        where=f"features.{name}.state",
        todo="its last word must be `enabled` or `disabled`, or it must be JSON with `name` and"
        " `enabled`",
        details=text.splitlines()[-LAST_LINES:],
    )


def _rows(text: str) -> list[dict[str, Any]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return []
    rows = data if isinstance(data, list) else [data]
    return [row for row in rows if isinstance(row, dict)]


def _unknown(name: str, reason: str) -> FeatureState:
    return FeatureState(name=name, enabled=None, found=reason)
