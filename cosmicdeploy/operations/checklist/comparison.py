"""Compare present evidence with the baseline, point by point."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import running_release
from cosmicdeploy.errors import UsageError
from cosmicdeploy.operations.checklist import baseline
from cosmicdeploy.operations.checklist.baseline import Baseline
from cosmicdeploy.operations.checklist.collect import BAD_FIGURES, collect, counters
from cosmicdeploy.operations.checklist.evidence import (
    cache,
    database,
    devices,
    external,
    failures,
    migrations,
    rate_limit,
    scheduling,
)
from cosmicdeploy.operations.checklist.verdict import (
    DAY,
    Evidence,
    Point,
    Span,
    Verdict,
    baseline_span,
)
from cosmicdeploy.text.formatting import to_iso
from cosmicdeploy.text.timestamp import now

# The nine points of the operator's guide (docs/guide.md), in its order.
POINTS: Mapping[str, Callable[[Evidence], Point]] = {
    migrations.POINT: migrations.judge,
    devices.POINT: devices.judge,
    devices.FLAPPING: devices.judge_flapping,
    rate_limit.POINT: rate_limit.judge,
    scheduling.POINT: scheduling.judge,
    database.POINT: database.judge,
    cache.POINT: cache.judge,
    failures.POINT: failures.judge,
    external.POINT: external.judge,
}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The points of the checklist, each with its verdict.

    The present evidence begins at `since` (ISO 8601) and covers `seconds`. `baseline` is None if no
    run has recorded one.
    """

    points: Sequence[Point]
    since: str
    seconds: float
    baseline: Baseline | None

    @property
    def is_worse(self) -> bool:
        """Whether any point is worse than in the baseline."""
        return any(point.verdict is Verdict.WORSE for point in self.points)


def compare(ctx: Context, *, since: float | None = None, probe: bool = False) -> Comparison:
    """Compare the evidence since a point in time with the baseline.

    `since` is Unix time; by default the time that the newest baseline names, or else the time of
    the last release, or else a day ago. `probe` tests the rate limit: it sends up to twice
    `checklist.burst` heartbeats of the configured device, one after the other. The application
    stores the heartbeats that it accepts. Raises `UsageError` for a time in the future.
    """
    recorded = baseline.newest(ctx)
    begin = since if since is not None else _default_begin(ctx, recorded)
    span = Span(since=begin)
    if begin > span.until:
        raise UsageError(
            "The start time is in the future", where="--since", todo="give an earlier time"
        )
    earlier = recorded.after if recorded else {}
    extra = {rate_limit.BURST: rate_limit.burst} if probe else {}
    evidence = Evidence(
        settings=ctx.settings,
        now=collect(ctx, span, earlier, extra),
        before=recorded.before if recorded else {},
    )
    return Comparison(
        points=[_judge(judge, evidence) for judge in POINTS.values()],
        since=to_iso(begin),
        seconds=round(span.until - begin, 1),
        baseline=recorded,
    )


def _judge(judge: Callable[[Evidence], Point], evidence: Evidence) -> Point:
    """Judge a point; the verdict is unknown if its figures in the baseline cannot be read."""
    if not evidence.before:
        return judge(evidence)
    try:
        return judge(evidence)
    except BAD_FIGURES as error:
        present = judge(replace(evidence, before={}))
        why = f"the point's figures in the baseline cannot be read: {error!r}"
        return replace(present, verdict=Verdict.UNKNOWN, why=why)


def record(ctx: Context) -> Baseline:
    """Record the last day as the new baseline. A later `checklist` judges the time since now.

    Raises `EngineUnavailable`, and `OSError` if the baseline cannot be written.
    """
    last = baseline.newest(ctx)
    release = running_release(ctx)
    recorded = Baseline(
        run=f"{time.strftime('%Y%m%d-%H%M%S')}-by-hand",
        command="checklist --record",
        at=now(),
        release_before=release,
        before=collect(ctx, baseline_span(), last.after if last else {}),
        release=release,
        in_place_at=now(),
        after=counters(ctx),
    )
    baseline.write(ctx, recorded)
    return recorded


def _default_begin(ctx: Context, recorded: Baseline | None) -> float:
    """Return the Unix time from which the evidence counts if the operator names none.

    A baseline names this time: when its release was put in place, or when an operator recorded the
    baseline. Without a baseline, it is the time of the last release in the journal, or a day ago.
    """
    if recorded:
        return min(recorded.in_place_timestamp, time.time())
    released = ctx.journal.last("release")
    at = datetime.fromisoformat(released["at"]).timestamp() if released else 0.0
    return at if 0 < at <= time.time() else time.time() - DAY
