"""Counts from the load balancer's access log."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from cosmicdeploy.context import Context
from cosmicdeploy.traffic.maintenance_window import Span

# nginx's combined format, and formats that begin like it: `… [time] "request" status …`.
LINE = re.compile(r'\[(?P<at>[^\]]+)\] "[^"]*" (?P<status>[1-5]\d\d) ')
TIME = "%d/%b/%Y:%H:%M:%S %z"
CLIENT_GONE, BROKEN, UNAVAILABLE = 499, 500, 503
# Seconds that reading the log may take.
PATIENCE = 3.0
# The last lines may not be written yet.
LEAST_SHARE = 0.9

Counts = TypeVar("Counts")


def count_proxy(ctx: Context, since: float, at_least: int) -> dict[str, int] | None:
    """Count the proxy's answers since a Unix time.

    None where its log cannot be read within `PATIENCE` seconds, has no such lines, or has far fewer
    than the deployer's own requests (`at_least`).
    """
    counts = _within_patience(lambda: count(_lines(ctx, since), ctx.run.maintenance.spans))
    return counts if counts and counts["answers"] >= LEAST_SHARE * at_least else None


def count_spans(ctx: Context, *spans: Span) -> list[dict[str, int]] | None:
    """As `count_proxy`, for each of these spans; the first one has to begin first."""

    def read() -> list[dict[str, int]]:
        windows, lines = ctx.run.maintenance.spans, list(_lines(ctx, spans[0][0]))
        return [count(_lines_within(lines, span), windows) or {} for span in spans]

    counts = _within_patience(read)
    return counts if counts and all(counts) else None


def _within_patience(read: Callable[[], Counts | None]) -> Counts | None:
    results: list[Counts | None] = []

    def safely() -> None:
        # An error here must not fail a run that has succeeded.
        with suppress(Exception):
            results.append(read())

    reader = threading.Thread(target=safely, name="access log", daemon=True)
    reader.start()
    reader.join(PATIENCE)
    return results[0] if results else None


def _lines(ctx: Context, since: float) -> Iterable[str]:
    name = ctx.settings.services.proxy
    container = ctx.container(name) if name else None
    return ctx.engine.log_lines(container.id, since) if container else ()


def _lines_within(lines: Iterable[str], span: Span) -> Iterator[str]:
    for line in lines:
        if (match := LINE.search(line)) and _within(match["at"], [span]):
            yield line


def count(lines: Iterable[str], windows: Sequence[Span] = ()) -> dict[str, int] | None:
    """Count `answers`, and among them `errors` (5xx), `gone` (499: the client hung up), and `held`
    (503 during maintenance, which is no error). None for no answer."""
    counted: Counter[str] = Counter()
    for status, at in statuses(lines):
        counted["answers"] += 1
        counted[_sort(status, at, windows)] += 1
    if not counted:
        return None
    return {name: counted[name] for name in ("answers", "errors", "gone", "held")}


def statuses(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the status and the time (in the form of `TIME`) of each answer."""
    for line in lines:
        if match := LINE.search(line):
            yield int(match["status"]), match["at"]


def _sort(status: int, at: str, windows: Sequence[Span]) -> str:
    if status == CLIENT_GONE:
        return "gone"
    if status == UNAVAILABLE and _within(at, windows):
        return "held"
    return "errors" if status >= BROKEN else "other"


def _within(at: str, windows: Sequence[Span]) -> bool:
    try:
        second = datetime.strptime(at, TIME).timestamp()
    except ValueError:
        return False
    # The log has whole seconds.
    return any(start - 1 < second <= end for start, end in windows)
