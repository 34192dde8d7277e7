"""What the load balancer's access log has of all requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError, EngineError
from cosmicdeploy.operations.checklist.logs import existing
from cosmicdeploy.operations.checklist.span import Figures, Span
from cosmicdeploy.probes.proof.access_log import BROKEN, CLIENT_GONE, TIME, statuses
from cosmicdeploy.traffic.response import LIMITED

# Where a span bounds what is read of a log, so many times more is read of this one.
TIMES = 5


def figures(ctx: Context, span: Span, _earlier: Figures | None) -> Figures:
    """Answers in all, and of them 5xx, 499 and 429. Raises `ConfigError` where there is no load
    balancer, `EngineError` where its log has no such lines."""
    name = ctx.settings.services.proxy
    if name is None:
        raise ConfigError("services.proxy is not configured", where=str(ctx.loaded.file))
    container = existing(ctx, name)
    if span.lines is None:
        lines: Iterable[str] = ctx.engine.log_lines(container.id, span.since)
        kept = (line.text for line in ctx.engine.log_entries(container.id))
        first = next(statuses(kept), None)
    else:
        lines = ctx.engine.logs(container.id, tail=span.lines * TIMES)
        first = next(statuses(lines), None)
    if first is None:
        raise EngineError(
            "the load balancer's log has no lines in nginx's combined format", where=name
        )
    begins = max(span.since, _moment(first[1]))
    return {
        **count(status for status, _ in statuses(lines)),
        "seconds": round(span.until - begins, 1),
    }


def _moment(at: str) -> float:
    """Unix time; 0 where the log has another form of time: then it is taken to reach back."""
    try:
        return datetime.strptime(at, TIME).timestamp()
    except ValueError:
        return 0.0


def count(found: Iterable[int]) -> dict[str, int]:
    """Statuses by what they mean."""
    counted: Counter[str] = Counter()
    for status in found:
        counted["answers"] += 1
        counted["errors"] += status >= BROKEN
        counted["gone"] += status == CLIENT_GONE
        counted["limited"] += status == LIMITED
    return {name: counted[name] for name in ("answers", "errors", "gone", "limited")}
