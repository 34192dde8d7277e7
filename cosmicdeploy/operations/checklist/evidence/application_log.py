"""Error lines in the application's logs."""

from __future__ import annotations

from collections import Counter

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, EngineError
from cosmicdeploy.operations.checklist import logs
from cosmicdeploy.operations.checklist.span import Figures, Span

HOUR = 3600.0


def figures(ctx: Context, span: Span, _earlier: Figures | None) -> Figures:
    """How many lines tell of an error, and how many of a schema that is not as the code needs it.

    `hours` are those that the logs of all services tell of, added up: a line of three replicas in
    one hour is one in three. `unread` says why some have no log. Raises `EngineError` where all
    have none.
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
        raise EngineError(f"no log of the application can be read: {unread.popitem()[1]}")
    return {
        "lines": counts["lines"],
        "errors": counts["errors"],
        "migration_errors": counts["migration_errors"],
        "hours": round(hours, 4),
        "unread": unread,
    }


def _count(ctx: Context, service: str, span: Span, counts: Counter[str]) -> float:
    """Add a service's lines; the Unix time from which on they tell."""
    wanted, begins = ctx.settings.checklist, span.until
    for log in (logs.output(ctx, service, span), *logs.file(ctx, service, span)):
        begins = min(begins, log.begins)
        for line in log.lines:
            counts["lines"] += 1
            counts["errors"] += wanted.errors.search(line.text) is not None
            counts["migration_errors"] += wanted.migration_errors.search(line.text) is not None
    return begins
