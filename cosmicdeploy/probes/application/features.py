"""Which features of the application are switched off, as its containers tell it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cosmicdeploy.concurrency import map_concurrently
from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError, ProbeFailed
from cosmicdeploy.text.formatting import format_timestamp

ON = ("enabled", "on", "true", "1", "yes")
OFF = ("disabled", "off", "false", "0", "no")
# Where a feature is switched by a file of the host, this is in place of containers.
HOST = "host"
LAST_LINES = 10
SILENCE_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True)
class FeatureState:
    """Whether a feature is on; None where that cannot be seen, and `found` says why.

    `since` and `by` are of who switched it off, as far as that was noted.
    """

    name: str
    enabled: bool | None
    since: str = ""
    by: str = ""
    description: str = ""
    found: str = ""

    @property
    def noted(self) -> str:
        """Since when, in this machine's zone, and by whom; as far as that is known."""
        since = f" since {format_timestamp(self.since)}" if self.since else ""
        return since + (f" by {self.by}" if self.by else "")


def states(ctx: Context, names: Iterable[str] = ()) -> list[FeatureState]:
    """These features, or all, as one running container tells them; never raises for one of them."""
    wanted = tuple(names) or tuple(ctx.settings.features)
    by_command = [name for name in wanted if ctx.settings.features[name].file is None]
    try:
        place = first_running(ctx) if by_command else None
    except CosmicError as error:
        return [_of_host(ctx, name) or _unknown(name, error) for name in wanted]
    told = _told_by(ctx, place, by_command) if place else {}
    return [told.get(name) or _of_host(ctx, name) or _lost(name) for name in wanted]


def state_everywhere(ctx: Context, name: str) -> dict[str, FeatureState]:
    """One feature as each running container of the release tells it, by service."""
    if found := _of_host(ctx, name):
        return {HOST: found}
    places = running(ctx)
    told = map_concurrently(lambda place: _told_by(ctx, place, [name])[name], places.values())
    return dict(zip(places, told, strict=True))


def running(ctx: Context) -> dict[str, Container]:
    """The running containers of the release, by service."""
    return dict(_running(ctx))


def first_running(ctx: Context) -> Container:
    """A container to run console commands in, a replica where one runs; raises `EngineError`."""
    _, found = next(_running(ctx), ("", None))
    return found or ctx.any_app()


def _running(ctx: Context) -> Iterator[tuple[str, Container]]:
    for name in ctx.settings.services.released:
        found = ctx.container(name)
        if found is not None and found.is_running:
            yield name, found


def flag_file(ctx: Context, name: str) -> Path | None:
    """The file that is there while a feature is off, where it is switched in that way."""
    file = ctx.settings.features[name].file
    return ctx.loaded.path(file) if file else None


def _of_host(ctx: Context, name: str) -> FeatureState | None:
    file = flag_file(ctx, name)
    if file is None:
        return None
    try:
        file.stat()
    except FileNotFoundError:
        return FeatureState(name=name, enabled=True)
    except OSError as error:
        return FeatureState(name=name, enabled=None, found=f"{file}: {error.strerror}")
    return FeatureState(name=name, enabled=False, **_noted(file))


def _noted(file: Path) -> dict[str, str]:
    try:
        note = json.loads(file.read_text(encoding="utf-8"))
        return {key: str(note.get(key, "")) for key in ("since", "by")}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}  # somebody made it by hand


def _told_by(ctx: Context, place: Container, names: Sequence[str]) -> Mapping[str, FeatureState]:
    """Features often share the command that tells them: it runs once."""

    @cache
    def printed(words: tuple[str, ...]) -> str:
        result = ctx.run_console(place, *words, silence=SILENCE_SECONDS)
        if result.exit_code != 0:
            said = (result.error_text or result.text).split("\n")
            lines = [line.strip() for line in said if line.strip()]
            raise ProbeFailed(
                f"`{' '.join(words)}` ended with exit code {result.exit_code}: "
                + " ".join(lines[:1]),
                where=place.name,
                todo="correct `features`, or deploy a release that has this command",
                details=lines[-LAST_LINES:],
            )
        return result.text

    told = {}
    for name in names:
        try:
            told[name] = understood(name, printed(ctx.settings.features[name].state))
        except CosmicError as error:
            told[name] = _unknown(name, error)
    return told


def understood(name: str, text: str) -> FeatureState:
    """A feature's state from what a command printed: the last word, or JSON with its name.

    Raises `ProbeFailed` where it is neither.
    """
    words = text.split()
    last = words[-1].strip(".,;:'\"").lower() if words else ""
    if last in (*ON, *OFF):
        return FeatureState(name=name, enabled=last in ON)
    for row in _rows(text):
        if row.get("name") == name and isinstance(row.get("enabled"), bool):
            more = {key: str(row.get(key) or "") for key in ("since", "by", "description")}
            return FeatureState(name=name, enabled=row["enabled"], **more)
    raise ProbeFailed(
        f"what its command printed does not tell whether {name} is on",
        where=f"features.{name}.state",
        todo="let it end in `enabled` or `disabled`, or be JSON with `name` and `enabled`",
        details=text.splitlines()[-LAST_LINES:],
    )


def _rows(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    rows = found if isinstance(found, list) else [found]
    return [row for row in rows if isinstance(row, dict)]


def _unknown(name: str, error: CosmicError) -> FeatureState:
    return FeatureState(name=name, enabled=None, found=error.what)


def _lost(name: str) -> FeatureState:
    return FeatureState(name=name, enabled=None, found="no container tells it")
