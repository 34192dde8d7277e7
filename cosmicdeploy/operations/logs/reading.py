"""From what was asked for to entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError, UsageError
from cosmicdeploy.operations.durations import since_when
from cosmicdeploy.operations.logs.entry import Entry, Grep
from cosmicdeploy.operations.logs.files import Files
from cosmicdeploy.operations.logs.follow import Follower
from cosmicdeploy.operations.logs.outputs import Outputs
from cosmicdeploy.operations.logs.past import past
from cosmicdeploy.operations.logs.source import Source
from cosmicdeploy.steps.service_names import services_named

# A log file may be large, and nobody reads all of it.
LINES_OF_A_FILE = 100
TOGETHER = 500


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """`services` as people name them, none for those of the application; `file` is a path in their
    containers; `app` stands for the one that the settings name. `seconds` is how long to follow."""

    services: Sequence[str] = ()
    tail: int | None = None
    since: str = ""
    grep: str = ""
    file: str = ""
    app: bool = False
    follow: bool = False
    seconds: float | None = None


class Reading:
    """One reading of logs. Raises `UsageError` where it cannot be what was asked for."""

    def __init__(self, ctx: Context, wanted: Wanted) -> None:
        self._ctx, self._wanted = ctx, wanted
        named = services_named(ctx, wanted.services)
        self.services: Sequence[str] = named or ctx.settings.services.released
        self._file = _file(ctx, wanted)
        self._since = _since(wanted)
        self._wants = Grep(wanted.grep)

    def entries(self) -> Iterator[Sequence[Entry]]:
        """What is wanted, some at a time; while nothing is written, none now and then."""
        sources = self._sources()
        yield from _together(filter(self._wants, past(self._ctx, sources)))
        if self._wanted.follow or self._wanted.seconds is not None:
            for found in Follower(self._ctx, sources).entries(self._wanted.seconds):
                yield list(filter(self._wants, found))

    def _sources(self) -> Mapping[str, Source]:
        engine, tail = self._ctx.engine, self._wanted.tail
        if not self._file:
            return {name: Outputs(engine, since=self._since, tail=tail) for name in self.services}
        count = LINES_OF_A_FILE if tail is None else tail
        return {name: Files(engine, self._file, count) for name in self.services}


def _file(ctx: Context, wanted: Wanted) -> str:
    if not wanted.app:
        return wanted.file
    if wanted.file:
        raise UsageError("These exclude each other", where="--app, --file")
    if ctx.settings.app.log_file is None:
        raise ConfigError(
            "It is not known which file the application logs to",
            where=f"{ctx.loaded.file}: app",
            todo="set app.log_file, or name the file: --file PATH",
        )
    return str(ctx.settings.app.log_file)


def _since(wanted: Wanted) -> int | None:
    if not wanted.since:
        return None
    if wanted.file or wanted.app:
        raise UsageError(
            "The lines of a file have no times to go by",
            where="--since",
            todo="say how many lines: --tail N",
        )
    return int(since_when(wanted.since, datetime.now().astimezone()).timestamp() * 1e6) * 1000


def _together(entries: Iterator[Entry]) -> Iterator[Sequence[Entry]]:
    found: list[Entry] = []
    for entry in entries:
        found.append(entry)
        if len(found) == TOGETHER:
            yield found
            found = []
    yield found
