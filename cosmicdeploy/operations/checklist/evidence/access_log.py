"""Evidence from the load balancer's access log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError, EngineError
from cosmicdeploy.operations.checklist.logs import existing
from cosmicdeploy.operations.checklist.verdict import Figures, Span
from cosmicdeploy.probes.proof.access_log import BROKEN, CLIENT_GONE, TIME, statuses
from cosmicdeploy.traffic.response import LIMITED

# This log has a line per request: this many times the span's limit of lines is read.
TIMES = 5


def figures(ctx: Context, span: Span, _earlier: Figures | None) -> Figures:
    """Return the number of answers, and of 5xx, 499 and 429 among them.

    Raises `ConfigError` if there is no load balancer, and `EngineError` if its log has no lines in
    nginx's combined format.
    """
    name = ctx.settings.services.proxy
    if name is None:
        raise ConfigError("`services.proxy` is not configured", where=str(ctx.loaded.file))
    container = existing(ctx, name)
    if span.lines is None:
        lines: Iterable[str] = ctx.engine.log_lines(container.id, span.since)
        kept = (line.text for line in ctx.engine.timed_log_lines(container.id))
        first = next(statuses(kept), None)
    else:
        lines = ctx.engine.logs(container.id, tail=span.lines * TIMES)
        first = next(statuses(lines), None)
    if first is None:
        raise EngineError(
            "The load balancer's log has no lines in nginx's combined format", where=name
        )
    begins = max(span.since, _moment(first[1]))
    return {
        **count(status for status, _ in statuses(lines)),
        "seconds": round(span.until - begins, 1),
    }


def _moment(at: str) -> float:
    """Return a log time as Unix time; 0, as if the log covered the span, for another form."""
    try:
        return datetime.strptime(at, TIME).timestamp()
    except ValueError:
        return 0.0


def count(each_status: Iterable[int]) -> dict[str, int]:
    """Count answers, and those that are 5xx, 499 and 429."""
    counted: Counter[str] = Counter()
    for status in each_status:
        counted["answers"] += 1
        counted["errors"] += status >= BROKEN
        counted["gone"] += status == CLIENT_GONE
        counted["limited"] += status == LIMITED
    return {name: counted[name] for name in ("answers", "errors", "gone", "limited")}
