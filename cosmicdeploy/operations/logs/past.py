"""What is there already, of all services, by time."""

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
    """All entries of these services (service → source), oldest first.

    What one service has not is told, and raised (`EngineError`) where no other has any.
    """
    failures: dict[str, EngineError] = {}
    streams = []
    for service, source in sources.items():
        try:
            lines = _begun(source.past(_container(ctx, service)))
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
    found = ctx.container(service)
    if found is None:
        raise EngineError("There is no container", where=service, todo="run `cosmicdeploy up`")
    return found


def _begun(lines: Iterator[LogLine]) -> list[Iterable[LogLine]]:
    """The same lines, with the first one read: an error is met now."""
    first = next(lines, None)
    return [[] if first is None else [first], lines]


def _entries(service: str, parts: Iterable[Iterable[LogLine]]) -> Iterator[Entry]:
    for lines in parts:
        for line in lines:
            yield Entry(service=service, line=line)
