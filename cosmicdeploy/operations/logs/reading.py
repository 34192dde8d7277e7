"""The command `logs`: from its options to entries."""

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

# A log file may be large: without --tail only its last lines are read.
LINES_OF_A_FILE = 100
BATCH_LINES = 500


@dataclass(frozen=True, kw_only=True)
class LogOptions:
    """Which lines to read.

    `services` are names or roles, none for the services of the application. `file` is a path in
    their containers, `app` stands for the file in `app.log_file`. `seconds` is how long to follow.
    """

    services: Sequence[str] = ()
    tail: int | None = None
    since: str = ""
    grep: str = ""
    file: str = ""
    app: bool = False
    follow: bool = False
    seconds: float | None = None


class Reading:
    """One reading of logs.

    Raises `UsageError` if options exclude each other, `ConfigError` if `app.log_file` is not set.
    """

    def __init__(self, ctx: Context, options: LogOptions) -> None:
        self._ctx, self._options = ctx, options
        named = services_named(ctx, options.services)
        self.services: Sequence[str] = named or ctx.settings.services.released
        self._file = _file(ctx, options)
        self._since = _since(options)
        self._matches = Grep(options.grep)

    def entries(self) -> Iterator[Sequence[Entry]]:
        """Yield entries, several at a time; while nothing is written, an empty batch at times."""
        sources = self._sources()
        yield from _batches(filter(self._matches, past(self._ctx, sources)))
        if self._options.follow or self._options.seconds is not None:
            for batch in Follower(self._ctx, sources).entries(self._options.seconds):
                yield list(filter(self._matches, batch))

    def _sources(self) -> Mapping[str, Source]:
        engine, tail = self._ctx.engine, self._options.tail
        if not self._file:
            return {name: Outputs(engine, since=self._since, tail=tail) for name in self.services}
        count = LINES_OF_A_FILE if tail is None else tail
        return {name: Files(engine, self._file, count) for name in self.services}


def _file(ctx: Context, options: LogOptions) -> str:
    if not options.app:
        return options.file
    if options.file:
        raise UsageError("These exclude each other", where="--app, --file")
    if ctx.settings.app.log_file is None:
        raise ConfigError(
            "It is not known which file the application logs to",
            where=f"{ctx.loaded.file}: app",
            todo="set app.log_file, or name the file: --file PATH",
        )
    return str(ctx.settings.app.log_file)


def _since(options: LogOptions) -> int | None:
    """Return `--since` in nanoseconds since 1970."""
    if not options.since:
        return None
    if options.file or options.app:
        raise UsageError(
            "The lines of a file have no times to go by",
            where="--since",
            todo="say how many lines: --tail N",
        )
    return int(since_when(options.since, datetime.now().astimezone()).timestamp() * 1e6) * 1000


def _batches(entries: Iterator[Entry]) -> Iterator[Sequence[Entry]]:
    batch: list[Entry] = []
    for entry in entries:
        batch.append(entry)
        if len(batch) == BATCH_LINES:
            yield batch
            batch = []
    yield batch
