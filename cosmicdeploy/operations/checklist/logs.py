"""Services' logs within a span: their lines, and how far back these reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container, LogLine
from cosmicdeploy.errors import EngineError
from cosmicdeploy.operations.checklist.span import MINUTE, Span
from cosmicdeploy.operations.logs.files import Files

# So much of a log file is read where a span does not bound it: its lines have no index by time.
LINES_OF_A_FILE = 20_000
SECOND = 10**9


@dataclass(frozen=True, kw_only=True)
class Log:
    """A service's lines, read as they are asked for. `begins` (Unix time) is how far back they
    tell: what came before was rotated away, or written by a container that is gone."""

    service: str
    begins: float
    lines: Iterable[LogLine]

    def cut(self, span: Span) -> bool:
        """Whether part of the span is not told of."""
        return self.begins > span.since + MINUTE


def output(ctx: Context, service: str, span: Span) -> Log:
    """What a service's container wrote. Raises `EngineError` where there is no container."""
    container = existing(ctx, service)
    if span.lines is not None:
        read = list(ctx.engine.log_entries(container.id, tail=span.lines))
        return Log(service=service, begins=_begins(read, span), lines=_within(read, span))
    first = next(ctx.engine.log_entries(container.id), None)
    lines = ctx.engine.log_entries(container.id, since=int(span.since) * SECOND)
    begins = _begins([first] if first else [], span)
    return Log(service=service, begins=begins, lines=_within(lines, span))


def file(ctx: Context, service: str, span: Span) -> Iterator[Log]:
    """What a service wrote to `app.log_file`; none where that file is not followed, or where it has
    written nothing yet."""
    path = ctx.settings.app.log_file
    if path is None or not ctx.settings.monitoring.log_file:
        return
    container = existing(ctx, service)
    source = Files(ctx.engine, str(path), span.lines or LINES_OF_A_FILE)
    try:
        timed = [line for line in source.past(container) if line.at]
    except EngineError:
        if _is_still_to_come(ctx, container, path):
            return
        raise
    yield Log(service=service, begins=_begins(timed, span), lines=_within(timed, span))


def _is_still_to_come(ctx: Context, container: Container, path: PurePosixPath) -> bool:
    look = ["sh", "-c", '[ -d "$1" ] && [ ! -e "$2" ]', "sh", str(path.parent), str(path)]
    return ctx.engine.exec(container.id, look).exit_code == 0


def existing(ctx: Context, service: str) -> Container:
    """A service's container, running or not; raises `EngineError` where there is none."""
    found = ctx.container(service)
    if found is None:
        raise EngineError("there is no container", where=service, todo="run `cosmicdeploy up`")
    return found


def _begins(read: Sequence[LogLine], span: Span) -> float:
    """Where nothing was written before the span's end, nothing can be known of it."""
    return min(span.until, max(span.since, read[0].at / SECOND)) if read else span.until


def _within(lines: Iterable[LogLine], span: Span) -> Iterator[LogLine]:
    return (line for line in lines if span.since <= line.at / SECOND <= span.until)
