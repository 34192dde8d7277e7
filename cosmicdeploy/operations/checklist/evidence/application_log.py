"""Figures from the application's logs: error lines."""

from __future__ import annotations

from collections import Counter

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError, EngineError
from cosmicdeploy.operations.checklist import logs
from cosmicdeploy.operations.checklist.verdict import Figures, Span

HOUR = 3600.0


def figures(ctx: Context, span: Span, _earlier: Figures | None) -> Figures:
    """Return the number of lines, error lines and migration errors in the application's logs.

    `hours` is the time that the logs cover, added up over the services: one hour of three services
    counts as three hours. `unread` maps each service whose log cannot be read to the reason. Raises
    `EngineError` if no log can be read.
    """
    counts, hours = Counter[str](), 0.0
    unread: dict[str, str] = {}
    for service in ctx.settings.services.released:
        try:
            begins = _count(ctx, service, span, counts)
            hours += (span.until - begins) / HOUR
        except CosmicError as error:
            unread[service] = error.what
    if len(unread) == len(ctx.settings.services.released):
        raise EngineError(f"No log of the application can be read: {unread.popitem()[1]}")
    return {
        "lines": counts["lines"],
        "errors": counts["errors"],
        "migration_errors": counts["migration_errors"],
        "hours": round(hours, 4),
        "unread": unread,
    }


def _count(ctx: Context, service: str, span: Span, counts: Counter[str]) -> float:
    """Add a service's lines to the counts; return the Unix time at which its logs begin."""
    patterns, begins = ctx.settings.checklist, span.until
    for log in (logs.output(ctx, service, span), *logs.file(ctx, service, span)):
        begins = min(begins, log.begins)
        for line in log.lines:
            counts["lines"] += 1
            counts["errors"] += patterns.errors.search(line.text) is not None
            counts["migration_errors"] += patterns.migration_errors.search(line.text) is not None
    return begins
