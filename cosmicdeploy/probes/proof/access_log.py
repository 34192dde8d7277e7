"""What the load balancer itself counted, from its access log."""

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

# nginx's combined format and what begins like it: `… [time] "request" status …`.
LINE = re.compile(r'\[(?P<at>[^\]]+)\] "[^"]*" (?P<status>[1-5]\d\d) ')
TIME = "%d/%b/%Y:%H:%M:%S %z"
CLIENT_GONE, BROKEN, UNAVAILABLE = 499, 500, 503
PATIENCE = 3.0
# The last lines may not be there yet.
LEAST_SHARE = 0.9

Found = TypeVar("Found")


def count_proxy(ctx: Context, since: float, at_least: int) -> dict[str, int] | None:
    """Answers of the proxy since then (Unix time); None where its log cannot be had, has no such
    lines or far fewer than our own requests, or cannot be read within `PATIENCE` seconds."""
    found = _patiently(lambda: count(_lines(ctx, since), ctx.window.spans))
    return found if found and found["answers"] >= LEAST_SHARE * at_least else None


def count_spans(ctx: Context, *spans: Span) -> list[dict[str, int]] | None:
    """As `count_proxy`, of each of these times, of which the first one begins first."""

    def read() -> list[dict[str, int]]:
        windows, lines = ctx.window.spans, list(_lines(ctx, spans[0][0]))
        return [count(_told_within(lines, span), windows) or {} for span in spans]

    found = _patiently(read)
    return found if found and all(found) else None


def _patiently(read: Callable[[], Found | None]) -> Found | None:
    found: list[Found | None] = []

    def safely() -> None:
        # Whatever goes wrong here must not fail a run that has succeeded.
        with suppress(Exception):
            found.append(read())

    reader = threading.Thread(target=safely, name="access log", daemon=True)
    reader.start()
    reader.join(PATIENCE)
    return found[0] if found else None


def _lines(ctx: Context, since: float) -> Iterable[str]:
    name = ctx.settings.services.proxy
    found = ctx.container(name) if name else None
    return ctx.engine.log_lines(found.id, since) if found else ()


def _told_within(lines: Iterable[str], span: Span) -> Iterator[str]:
    for line in lines:
        if (found := LINE.search(line)) and _within(found["at"], [span]):
            yield line


def count(lines: Iterable[str], windows: Sequence[Span] = ()) -> dict[str, int] | None:
    """`answers` in all, `errors` (5xx), `gone` (499: the client hung up), and apart from the errors
    `held`: 503 while clients were turned away on purpose."""
    counted: Counter[str] = Counter()
    for status, at in statuses(lines):
        counted["answers"] += 1
        counted[_sort(status, at, windows)] += 1
    if not counted:
        return None
    return {name: counted[name] for name in ("answers", "errors", "gone", "held")}


def statuses(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Of each answer its status, and when it was given, in the form of `TIME`."""
    for line in lines:
        if found := LINE.search(line):
            yield int(found["status"]), found["at"]


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
    # The log tells whole seconds.
    return any(start - 1 < second <= end for start, end in windows)
