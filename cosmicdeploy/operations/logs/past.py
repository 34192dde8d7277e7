"""Past log lines of services, merged by time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container, LogLine
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.events import Notice
from cosmicdeploy.operations.logs.entry import Entry
from cosmicdeploy.operations.logs.source import Source


def past(ctx: Context, sources: Mapping[str, Source]) -> Iterator[Entry]:
    """Yield the entries of these services (service → source), oldest first.

    A service whose log cannot be read is reported; if that is so for all, the first `EngineError`
    is raised.
    """
    failures: dict[str, EngineError] = {}
    streams = []
    for service, source in sources.items():
        try:
            lines = _with_first(source.past(_container(ctx, service)))
        except EngineUnavailable:
            raise
        except EngineError as error:
            failures[service] = error
        else:
            streams.append(_entries(service, lines))
    if failures and not streams:
        raise next(iter(failures.values()))
    for service, failure in failures.items():
        ctx.emit(Notice(text=f"{service}: {failure}"))
    yield from heapq.merge(*streams, key=lambda entry: entry.line.at)


def _container(ctx: Context, service: str) -> Container:
    container = ctx.container(service)
    if container is None:
        raise EngineError("There is no container", where=service, todo="run `cosmicdeploy up`")
    return container


def _with_first(lines: Iterator[LogLine]) -> list[Iterable[LogLine]]:
    """Return the same lines with the first one read, so that an error is raised now."""
    first = next(lines, None)
    return [[] if first is None else [first], lines]


def _entries(service: str, parts: Iterable[Iterable[LogLine]]) -> Iterator[Entry]:
    for lines in parts:
        for line in lines:
            yield Entry(service=service, line=line)
