"""The command `logs`: read the log entries that its options select."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from shlex import quote

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, UsageError
from cosmicdeploy.operations.durations import parse_time
from cosmicdeploy.operations.logs.entry import Entry, Grep
from cosmicdeploy.operations.logs.files import Files
from cosmicdeploy.operations.logs.follow import Follower
from cosmicdeploy.operations.logs.outputs import Outputs
from cosmicdeploy.operations.logs.past import past
from cosmicdeploy.operations.logs.source import Source
from cosmicdeploy.steps.service_names import services_named

# A log file may be large: without --tail, only this many of its last lines are read.
LINES_OF_A_FILE = 100
# Number of past lines that are returned together.
BATCH_LINES = 500


@dataclass(frozen=True, kw_only=True)
class LogOptions:
    """Which log lines to read.

    `services` are names or roles; empty for all services of the application. `tail` is the number
    of last lines per service. `since` is an age or a time, as an operator writes it. `grep` is a
    text that the lines contain.

    `file` is a path in the containers; that file is read instead of the containers' output. `app`
    stands for the file that the setting `app.log_file` names; if no services are named, only the
    services of the main application are read.

    `seconds` is how long to follow new lines. With `follow` and no `seconds`, following never ends.
    """

    services: Sequence[str] = ()
    tail: int | None = None
    since: str = ""
    grep: str = ""
    file: str = ""
    app: bool = False
    follow: bool = False
    seconds: float | None = None


class LogReader:
    """Reads the log entries that the options select. Not reusable.

    The constructor raises `UsageError` for an unknown service or time, and for options that exclude
    each other. It raises `ConfigError` if `--app` is given but `app.log_file` is not set.
    """

    def __init__(self, ctx: Context, options: LogOptions) -> None:
        self._ctx, self._options = ctx, options
        named = services_named(ctx, options.services)
        settings = ctx.settings
        default = settings.services.released
        if options.app:
            default = settings.released_by(settings.main_application)
        self.services: Sequence[str] = named or default
        self._file = _file(ctx, options)
        self._since = _since(options)
        self._matches = Grep(options.grep)

    def entries(self) -> Iterator[Sequence[Entry]]:
        """Yield entries in batches; a batch may be empty. Raises `EngineError`."""
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
        raise UsageError("`--app` and `--file` exclude each other", todo="give one of them")
    if ctx.settings.app.log_file is None:
        raise ConfigError(
            "`app.log_file` is not set, so the application's log file is unknown",
            where=f"{ctx.loaded.file}: app",
            todo="set it, or name the file: `cosmicdeploy logs --file PATH`",
        )
    return str(ctx.settings.app.log_file)


def _since(options: LogOptions) -> int | None:
    """Return `--since` in nanoseconds since 1970; None without it."""
    if not options.since:
        return None
    if options.file or options.app:
        source = "--app" if options.app else f"--file {quote(options.file)}"
        raise UsageError(
            "`--since` does not work for a log file, whose lines need not have times",
            where="--since",
            todo=f"give a number of lines instead: `cosmicdeploy logs {source} --tail 500`",
        )
    # A float has no digits for nanoseconds.
    return int(parse_time(options.since, datetime.now().astimezone()).timestamp() * 1e6) * 1000


def _batches(entries: Iterator[Entry]) -> Iterator[Sequence[Entry]]:
    batch: list[Entry] = []
    for entry in entries:
        batch.append(entry)
        if len(batch) == BATCH_LINES:
            yield batch
            batch = []
    yield batch
