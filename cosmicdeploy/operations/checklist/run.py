"""The checklist's points, judged by what is found now beside the baseline."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cosmicdeploy.context import Context
from cosmicdeploy.errors import UsageError
from cosmicdeploy.journal.journal import now
from cosmicdeploy.operations.checklist import baseline
from cosmicdeploy.operations.checklist.baseline import Baseline
from cosmicdeploy.operations.checklist.collect import NOT_FIGURES, collect, counters
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
from cosmicdeploy.operations.checklist.judging import Evidence, Point, Verdict
from cosmicdeploy.operations.checklist.span import DAY, Span, before_a_deploy
from cosmicdeploy.operations.checklist.words import moment

# The guide's nine, in its order.
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
class Checklist:
    """The points, by evidence since a moment (ISO 8601), so many seconds of it; and what they are
    compared with, None where no run recorded anything."""

    points: Sequence[Point]
    since: str
    seconds: float
    baseline: Baseline | None

    @property
    def worse(self) -> bool:
        """Whether any point is."""
        return any(point.verdict is Verdict.WORSE for point in self.points)


def checklist(ctx: Context, *, since: float | None = None, probe: bool = False) -> Checklist:
    """Look since a moment (Unix time), by default since the last release was in place. With `probe`
    a burst of heartbeats tries the rate limit. Raises `UsageError` for a moment that is to come."""
    known = baseline.newest(ctx)
    begin = since if since is not None else _begin(ctx, known)
    span = Span(since=begin)
    if begin > span.until:
        raise UsageError(
            "That moment is still to come", where="--since", todo="name an earlier one"
        )
    earlier = known.after if known else {}
    more = {rate_limit.BURST: rate_limit.burst} if probe else {}
    evidence = Evidence(
        settings=ctx.settings,
        now=collect(ctx, span, earlier, more),
        before=known.before if known else {},
    )
    return Checklist(
        points=[_judged(judge, evidence) for judge in POINTS.values()],
        since=moment(begin),
        seconds=round(span.until - begin, 1),
        baseline=known,
    )


def _judged(judge: Callable[[Evidence], Point], evidence: Evidence) -> Point:
    """A point whose figures in the baseline are none (somebody else wrote it) is unknown."""
    if not evidence.before:
        return judge(evidence)
    try:
        return judge(evidence)
    except NOT_FIGURES as error:
        alone = judge(replace(evidence, before={}))
        why = f"its figures in the baseline cannot be read: {error!r}"
        return replace(alone, verdict=Verdict.UNKNOWN, why=why)


def record(ctx: Context) -> Baseline:
    """Take the stack as it is now for the time before; from now on evidence is new.

    Raises `OSError`.
    """
    last = baseline.newest(ctx)
    release = ctx.running_release()
    made = Baseline(
        run=f"{time.strftime('%Y%m%d-%H%M%S')}-by-hand",
        command="checklist --record",
        at=now(),
        release_before=release,
        before=collect(ctx, before_a_deploy(), last.after if last else {}),
        release=release,
        in_place_at=now(),
        after=counters(ctx),
    )
    baseline.keep(ctx, made)
    return made


def _begin(ctx: Context, known: Baseline | None) -> float:
    """When the release came in place: as the baseline says, else the journal; else a day ago."""
    if known:
        return known.began
    released = ctx.journal.last("release")
    at = datetime.fromisoformat(released["at"]).timestamp() if released else 0.0
    return at if 0 < at <= time.time() else time.time() - DAY
