"""Count responses in the load balancer's access log."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.proof.log_formats import TIME, response_in
from cosmicdeploy.traffic.maintenance_window import Span

CLIENT_GONE, SERVER_ERROR, UNAVAILABLE = 499, 500, 503
# The proxy got no response from a replica, or none in time.
GATEWAY_ERRORS = (502, 504)
# Reading the log is given up after this many seconds.
READ_TIMEOUT_SECONDS = 3.0
# The log must show at least this share of the number of responses that the deployer has received.
# It may lack some of them, since the last lines may not be written yet.
MIN_SHARE = 0.9

COUNTED = ("answers", "errors", "gateway", "gone", "held")

Counts = TypeVar("Counts")


def count_proxy(ctx: Context, since: float, at_least: int) -> dict[str, int] | None:
    """Count the proxy's responses since a Unix time, in the categories of `count`.

    None if the log cannot be read within `READ_TIMEOUT_SECONDS`, has no responses, or has far fewer
    responses than the deployer itself has received (`at_least`).
    """
    counts = _read_in_time(lambda: count(_lines(ctx, since), ctx.run.maintenance.spans))
    return counts if counts and counts["answers"] >= MIN_SHARE * at_least else None


def count_spans(
    ctx: Context, *spans: Span, gaps: Sequence[Span] = ()
) -> list[dict[str, int]] | None:
    """Count the proxy's responses in each span of time, in the categories of `count`.

    The first span must begin earliest. 5xx in the `gaps` are left out. None if the log cannot be
    read within `READ_TIMEOUT_SECONDS`, or has no response in one of the spans.
    """

    def read() -> list[dict[str, int]]:
        windows, lines = ctx.run.maintenance.spans, list(_lines(ctx, spans[0][0]))
        return [count(_lines_within(lines, span, gaps), windows) or {} for span in spans]

    counts = _read_in_time(read)
    return counts if counts and all(counts) else None


def _read_in_time(read: Callable[[], Counts | None]) -> Counts | None:
    results: list[Counts | None] = []

    def safely() -> None:
        # An error here must not fail a run that has succeeded.
        with suppress(Exception):
            results.append(read())

    reader = threading.Thread(target=safely, name="access log", daemon=True)
    reader.start()
    reader.join(READ_TIMEOUT_SECONDS)
    return results[0] if results else None


def _lines(ctx: Context, since: float) -> Iterable[str]:
    name = ctx.settings.services.proxy
    container = ctx.container(name) if name else None
    return ctx.engine.log_lines(container.id, since) if container else ()


def _lines_within(lines: Iterable[str], span: Span, gaps: Sequence[Span]) -> Iterator[str]:
    for line in lines:
        if (response := response_in(line)) and _within(response[1], [span]):
            status, at = response
            if not (status >= SERVER_ERROR and _within(at, gaps)):
                yield line


def count(lines: Iterable[str], windows: Sequence[Span] = ()) -> dict[str, int] | None:
    """Count the responses in log lines; None if there are none.

    `answers` is their number; among them are `errors` (5xx), `gone` (499: the client closed the
    connection) and `held` (503 during the maintenance `windows`, which is no error). Among the
    errors are those of the `gateway` (`GATEWAY_ERRORS`).
    """
    counted: Counter[str] = Counter()
    for status, at in statuses(lines):
        counted["answers"] += 1
        counted[_category(status, at, windows)] += 1
        counted["gateway"] += status in GATEWAY_ERRORS
    if not counted:
        return None
    return {name: counted[name] for name in COUNTED}


def statuses(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the status and the time (as text in the format `TIME`) of each response."""
    for line in lines:
        if response := response_in(line):
            yield response


def _category(status: int, at: str, windows: Sequence[Span]) -> str:
    if status == CLIENT_GONE:
        return "gone"
    if status == UNAVAILABLE and _within(at, windows):
        return "held"
    return "errors" if status >= SERVER_ERROR else "other"


def _within(at: str, windows: Sequence[Span]) -> bool:
    try:
        second = datetime.strptime(at, TIME).timestamp()
    except ValueError:
        return False
    # The log has no fractions of a second.
    return any(start - 1 < second <= end for start, end in windows)
