"""Figures from the load balancer's access log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, EngineError
from cosmicdeploy.operations.checklist.logs import require_container
from cosmicdeploy.operations.checklist.verdict import Figures, Span
from cosmicdeploy.probes.proof.access_log import CLIENT_GONE, SERVER_ERROR, statuses
from cosmicdeploy.probes.proof.log_formats import TIME
from cosmicdeploy.traffic.response import RATE_LIMITED

# This log has a line for each request, so the span's limit of lines is multiplied by this.
LINES_FACTOR = 5


def figures(ctx: Context, span: Span, _earlier: Figures | None) -> Figures:
    """Return how many requests were answered, and how many of them with 5xx, 499 and 429.

    `seconds` is the time that the log covers. Raises `ConfigError` if `services.proxy` is not set,
    and `EngineError` if the load balancer has no container, or if its log has no responses in a
    known format.
    """
    name = ctx.settings.services.proxy
    if name is None:
        raise ConfigError("`services.proxy` is not configured", where=str(ctx.loaded.file))
    container = require_container(ctx, name)
    if span.lines is None:
        lines: Iterable[str] = ctx.engine.log_lines(container.id, span.since)
        # The whole log, of which only the first response is read: it says how far the log reaches.
        whole = (line.text for line in ctx.engine.timed_log_lines(container.id))
        first = next(statuses(whole), None)
    else:
        lines = ctx.engine.logs(container.id, tail=span.lines * LINES_FACTOR)
        first = next(statuses(lines), None)
    if first is None:
        raise EngineError(
            "The load balancer's log has no responses in a known format (docs/proxy.md)",
            where=name,
        )
    begins = max(span.since, _timestamp(first[1]))
    return {
        **count(status for status, _ in statuses(lines)),
        "seconds": round(span.until - begins, 1),
    }


def _timestamp(at: str) -> float:
    """Parse a log's time to Unix time.

    Returns 0 for a time in another format, so that the log counts as covering the whole span.
    """
    try:
        return datetime.strptime(at, TIME).timestamp()
    except ValueError:
        return 0.0


def count(all_statuses: Iterable[int]) -> dict[str, int]:
    """Count all answers, and the answers with 5xx, 499 (client gone) and 429 (rate limited)."""
    counted: Counter[str] = Counter()
    for status in all_statuses:
        counted["answers"] += 1
        counted["errors"] += status >= SERVER_ERROR
        counted["gone"] += status == CLIENT_GONE
        counted["limited"] += status == RATE_LIMITED
    return {name: counted[name] for name in ("answers", "errors", "gone", "limited")}
