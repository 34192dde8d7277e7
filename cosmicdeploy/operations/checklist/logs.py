"""Read services' logs within a span of time, and find out how far back the logs reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, LogLine
from cosmicdeploy.errors import EngineError
from cosmicdeploy.operations.checklist.verdict import MINUTE, Span
from cosmicdeploy.operations.logs.files import Files

# A log file has no index by time. If a span sets no limit, this many of the last lines are read.
LINES_OF_A_FILE = 20_000
SECOND = 10**9


@dataclass(frozen=True, kw_only=True)
class Log:
    """A service's log lines within a span; iterating over `lines` reads them.

    `begins` (Unix time) is how far back the log reaches: older lines were not read, were rotated
    away, or belonged to a container that was removed.
    """

    service: str
    begins: float
    lines: Iterable[LogLine]

    def is_cut_short(self, span: Span) -> bool:
        """Whether the log begins more than a minute after the span does."""
        return self.begins > span.since + MINUTE


def output(ctx: Context, service: str, span: Span) -> Log:
    """Return the output of a service's container within a span.

    Raises `EngineError` if the service has no container.
    """
    container = require_container(ctx, service)
    if span.lines is not None:
        last = list(ctx.engine.timed_log_lines(container.id, tail=span.lines))
        return Log(service=service, begins=_begins(last, span), lines=_within(last, span))
    first = next(ctx.engine.timed_log_lines(container.id), None)
    lines = ctx.engine.timed_log_lines(container.id, since=int(span.since) * SECOND)
    begins = _begins([first] if first else [], span)
    return Log(service=service, begins=begins, lines=_within(lines, span))


def file(ctx: Context, service: str, span: Span) -> Iterator[Log]:
    """Yield one log: the lines in `app.log_file` of a service's container, within a span.

    Yields nothing if `app.log_file` is not set, if `monitoring.log_file` is off, or if the file
    does not exist yet. Also yields nothing for a service of another application than the main one.
    Raises `EngineError` if the file cannot be read, or if the service has no container.
    """
    path, settings = ctx.settings.app.log_file, ctx.settings
    if path is None or not settings.monitoring.log_file:
        return
    if service not in settings.released_by(settings.main_application):
        return
    container = require_container(ctx, service)
    source = Files(ctx.engine, str(path), span.lines or LINES_OF_A_FILE)
    try:
        timed = [line for line in source.past(container) if line.at]
    except EngineError:
        if _is_not_created_yet(ctx, container, path):
            return
        raise
    yield Log(service=service, begins=_begins(timed, span), lines=_within(timed, span))


def _is_not_created_yet(ctx: Context, container: Container, path: PurePosixPath) -> bool:
    """Whether the file is missing although its directory exists."""
    test = ["sh", "-c", '[ -d "$1" ] && [ ! -e "$2" ]', "sh", str(path.parent), str(path)]
    return ctx.engine.exec(container.id, test).exit_code == 0


def require_container(ctx: Context, service: str) -> Container:
    """Return a service's container, running or not. Raises `EngineError` if it has none."""
    container = ctx.container(service)
    if container is None:
        raise EngineError(
            "The service has no container", where=service, todo="run `cosmicdeploy up`"
        )
    return container


def _begins(lines: Sequence[LogLine], span: Span) -> float:
    """Return how far back these lines reach within the span, as Unix time.

    Returns the end of the span if there are no lines.
    """
    return min(span.until, max(span.since, lines[0].at / SECOND)) if lines else span.until


def _within(lines: Iterable[LogLine], span: Span) -> Iterator[LogLine]:
    return (line for line in lines if span.since <= line.at / SECOND <= span.until)
