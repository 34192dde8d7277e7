"""The point `cache`: the hit ratio of Redis is as high as before."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.operations.checklist.verdict import (
    Evidence,
    Figures,
    Point,
    Span,
    Verdict,
    compare_shares,
    unknown_point,
)
from cosmicdeploy.probes.cache import cache_session, read_info
from cosmicdeploy.text.formatting import format_duration, format_percent

POINT = "cache"
# With fewer look-ups, the hit ratio is a matter of chance.
MIN_LOOKUPS = 100


def counters(ctx: Context) -> Figures:
    """Return Redis's counters since its last start; `life` is an id that changes at each start.

    Raises `ConfigError` if `services.cache` is not set, `EngineError` if Redis does not run, and
    `ProbeFailed` if Redis does not answer.
    """
    name = ctx.settings.services.cache
    if name is None:
        raise ConfigError("`services.cache` is not configured", where=str(ctx.loaded.file))
    with cache_session(ctx, name) as client:
        info = read_info(client)
    return {
        "life": info["run_id"],
        "seconds": info["uptime_in_seconds"],
        "hits": info["keyspace_hits"],
        "misses": info["keyspace_misses"],
    }


def figures(ctx: Context, _span: Span, earlier: Figures | None) -> Figures:
    """Return the look-ups since the `earlier` counters, and the share of hits.

    Counts from the start of Redis if there are no earlier counters or Redis was restarted since.
    Raises the errors of `counters`.
    """
    return ratio(counters(ctx), earlier)


def ratio(now: Figures, earlier: Figures | None) -> Figures:
    """Return the look-ups from the earlier counters to the present ones, and the share of hits."""
    keys = ("hits", "misses", "seconds")
    continues = (
        earlier is not None
        and earlier["life"] == now["life"]
        and all(now[key] >= earlier[key] for key in keys)
    )
    counted = {key: now[key] - earlier[key] if continues and earlier else now[key] for key in keys}
    lookups = counted["hits"] + counted["misses"]
    return {
        "lookups": lookups,
        "ratio": round(counted["hits"] / lookups, 4) if lookups else None,
        "seconds": counted["seconds"],
    }


def judge(evidence: Evidence) -> Point:
    """Judge the point by the share of hits; unknown with few look-ups or without a baseline."""
    now, before = evidence.now[POINT], evidence.in_baseline(POINT)
    if unknown := unknown_point(POINT, now):
        return unknown
    tolerance = evidence.settings.checklist.borne.hits
    why, verdict = _why_unknown(now, before), Verdict.UNKNOWN
    if before and not why:
        verdict = compare_shares(now["ratio"], before["ratio"], tolerance)
    return Point(
        point=POINT,
        verdict=verdict,
        found=_describe(now),
        was=_describe(before) if before else "",
        why=why,
        todo="find keys that expire too early: `cosmicdeploy exec cache redis-cli monitor`"
        if verdict is Verdict.WORSE
        else "run `cosmicdeploy checklist` again after more traffic",
        now=now,
        before=before,
    )


def _why_unknown(now: Figures, before: Figures | None) -> str:
    """Return why the shares cannot be compared; "" if they can."""
    spans = {"now": now, **({"before": before} if before else {})}
    few = [when for when, figures in spans.items() if figures["lookups"] < MIN_LOOKUPS]
    reasons = [f"fewer than {MIN_LOOKUPS} look-ups {' and '.join(few)}"] if few else []
    if before is None:
        reasons.append("the baseline has nothing to compare with")
    return "; ".join(reasons)


def _describe(figures: Figures) -> str:
    if not figures["lookups"]:
        return f"no look-up in {format_duration(figures['seconds'])}"
    share = format_percent(figures["ratio"])
    return (
        f"{share} of {figures['lookups']:,} look-ups hit in {format_duration(figures['seconds'])}"
    )
