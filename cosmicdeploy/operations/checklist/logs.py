"""Services' logs within a span, and how far back they reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container, LogLine
from cosmicdeploy.errors import EngineError
from cosmicdeploy.operations.checklist.verdict import MINUTE, Span
from cosmicdeploy.operations.logs.files import Files

# Lines that are read of a log file where the span sets no limit: a file has no index by time.
LINES_OF_A_FILE = 20_000
SECOND = 10**9


@dataclass(frozen=True, kw_only=True)
class Log:
    """A service's lines, read while they are iterated over.

    `begins` (Unix time) is how far back they reach: older lines were rotated away, or were those of
    a container that is gone.
    """

    service: str
    begins: float
    lines: Iterable[LogLine]

    def cut(self, span: Span) -> bool:
        """Whether the log does not cover the whole span."""
        return self.begins > span.since + MINUTE


def output(ctx: Context, service: str, span: Span) -> Log:
    """Return the output of a service's container. Raises `EngineError` if there is none."""
    container = existing(ctx, service)
    if span.lines is not None:
        read = list(ctx.engine.timed_log_lines(container.id, tail=span.lines))
        return Log(service=service, begins=_begins(read, span), lines=_within(read, span))
    first = next(ctx.engine.timed_log_lines(container.id), None)
    lines = ctx.engine.timed_log_lines(container.id, since=int(span.since) * SECOND)
    begins = _begins([first] if first else [], span)
    return Log(service=service, begins=begins, lines=_within(lines, span))


def file(ctx: Context, service: str, span: Span) -> Iterator[Log]:
    """Yield the lines that a service wrote to `app.log_file`.

    Yields nothing where `monitoring.log_file` is off, or where the file does not exist yet. Raises
    `EngineError` if it cannot be read.
    """
    path = ctx.settings.app.log_file
    if path is None or not ctx.settings.monitoring.log_file:
        return
    container = existing(ctx, service)
    source = Files(ctx.engine, str(path), span.lines or LINES_OF_A_FILE)
    try:
        timed = [line for line in source.past(container) if line.at]
    except EngineError:
        if _does_not_exist_yet(ctx, container, path):
            return
        raise
    yield Log(service=service, begins=_begins(timed, span), lines=_within(timed, span))


def _does_not_exist_yet(ctx: Context, container: Container, path: PurePosixPath) -> bool:
    test = ["sh", "-c", '[ -d "$1" ] && [ ! -e "$2" ]', "sh", str(path.parent), str(path)]
    return ctx.engine.exec(container.id, test).exit_code == 0


def existing(ctx: Context, service: str) -> Container:
    """Return a service's container, running or not; raises `EngineError` if there is none."""
    container = ctx.container(service)
    if container is None:
        raise EngineError("There is no container", where=service, todo="run `cosmicdeploy up`")
    return container


def _begins(read: Sequence[LogLine], span: Span) -> float:
    """Return how far back these lines reach; the span's end where there are none."""
    return min(span.until, max(span.since, read[0].at / SECOND)) if read else span.until


def _within(lines: Iterable[LogLine], span: Span) -> Iterator[LogLine]:
    return (line for line in lines if span.since <= line.at / SECOND <= span.until)
