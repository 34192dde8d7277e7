"""Judge the 5xx that the proxy answered to all clients since a run's first change.

The deployer's own requests show only the pages that they ask for, at their own rate. The access log
shows what clients got from the other pages too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.proof.access_log import count_spans
from cosmicdeploy.probes.proof.soak_comparison import too_many_failures
from cosmicdeploy.traffic.maintenance_window import Span
from cosmicdeploy.traffic.traffic_stats import TrafficStats

Counts = Mapping[str, int]


def judge_client_failures(ctx: Context, traffic: TrafficStats) -> None:
    """Store in `traffic.client_failures` how many 5xx clients got, if they are too many; else "".

    The proxy itself answers 502 and 504 if it got no response from a replica. If there were none
    before the first change, a single one is a failure. Otherwise their share must not exceed the
    larger of `watch.max_error_rate` and the share before the change. The share of all 5xx together
    is limited in this way even if there were none before. A 5xx in an announced gap or a 503 during
    maintenance does not count. Stores "" if the run has changed no container, or if the log does
    not cover the time before and after the change.
    """
    traffic.client_failures = _judged(ctx, traffic)


def _judged(ctx: Context, traffic: TrafficStats) -> str:
    if traffic.changed_at is None or not traffic.counts_clients:
        return ""
    # The log has whole seconds. The second of the change counts as after the change. The last
    # second in which failures were excused does not count.
    before = (traffic.began_at, traffic.changed_at - 1)
    after = (max(traffic.changed_at, traffic.excused_until + 1), time.time())
    counts = count_spans(ctx, before, after, gaps=list(_gaps(ctx)))
    if counts is None:
        return ""
    lines = (_gateway_failures(ctx, *counts), _all_failures(ctx, *counts))
    return next(filter(None, lines), "")


def _gateway_failures(ctx: Context, before: Counts, after: Counts) -> str:
    tolerated = _tolerated(ctx, before, "gateway") if before["gateway"] else 0.0
    if not too_many_failures(after["gateway"], after["answers"], tolerated):
        return ""
    return _described("502 or 504", "gateway", before, after)


def _all_failures(ctx: Context, before: Counts, after: Counts) -> str:
    if not too_many_failures(after["errors"], after["answers"], _tolerated(ctx, before, "errors")):
        return ""
    return _described("5xx", "errors", before, after)


def _tolerated(ctx: Context, before: Counts, category: str) -> float:
    return max(ctx.settings.watch.max_error_rate, before[category] / before["answers"])


def _described(what: str, category: str, before: Counts, after: Counts) -> str:
    return (
        f"the proxy answered {what} to {after[category]} of {after['answers']} requests of clients"
        f" (before the first change {before[category]} of {before['answers']})"
    )


def _gaps(ctx: Context) -> Iterator[Span]:
    """Yield the announced gaps in Unix times."""
    offset = time.time() - time.monotonic()
    for gap in ctx.run.gaps.all:
        ended = time.monotonic() if gap.ended is None else gap.ended
        # A response that began in the gap may be logged in the second after it.
        yield gap.began + offset, ended + offset + 1
