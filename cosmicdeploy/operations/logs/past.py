"""Read past log lines of services, merged by time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, LogLine
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.events import Notice
from cosmicdeploy.operations.logs.entry import Entry
from cosmicdeploy.operations.logs.source import Source


def past(ctx: Context, sources: Mapping[str, Source]) -> Iterator[Entry]:
    """Yield the past entries of these services' sources, oldest first.

    A notice names each service whose log cannot be read. Raises `EngineUnavailable` if the engine
    does not answer, and the first `EngineError` if no log can be read.
    """
    failures: dict[str, EngineError] = {}
    streams = []
    for service, source in sources.items():
        try:
            lines = _read_first(source.past(_container(ctx, service)))
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
        raise EngineError(
            "The service has no container", where=service, todo="run `cosmicdeploy up`"
        )
    return container


def _read_first(lines: Iterator[LogLine]) -> list[Iterable[LogLine]]:
    """Read the first line, so that an error is raised now; return it and the other lines."""
    first = next(lines, None)
    return [[] if first is None else [first], lines]


def _entries(service: str, parts: Iterable[Iterable[LogLine]]) -> Iterator[Entry]:
    for lines in parts:
        for line in lines:
            yield Entry(service=service, line=line)
