"""The point `cache`: its hit ratio is as high as before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError, ProbeFailed
from cosmicdeploy.operations.checklist.verdict import (
    Evidence,
    Figures,
    Point,
    Span,
    Verdict,
    by_share,
    unknown_point,
)
from cosmicdeploy.probes.cache import open_cache
from cosmicdeploy.text.formatting import format_duration, format_percent

POINT = "cache"
# The ratio of fewer look-ups is a matter of chance.
ENOUGH = 100


def counters(ctx: Context) -> Figures:
    """Return Redis's own counters; `life` identifies its last start.

    Raises `ConfigError` if there is no cache, `EngineError` if it does not run, and `ProbeFailed`
    if it does not answer.
    """
    import redis  # slow to import

    name = ctx.settings.services.cache
    if name is None:
        raise ConfigError("`services.cache` is not configured", where=str(ctx.loaded.file))
    client = open_cache(ctx, name)
    try:
        info: Mapping[str, Any] = client.info()
    except redis.AuthenticationError as error:
        raise ProbeFailed(
            "Redis requires a password", where=name, todo="set `cache.password_variable`"
        ) from error
    except redis.RedisError as error:
        raise ProbeFailed(f"Redis does not answer: {error}", where=name) from error
    finally:
        client.close()
    return {
        "life": info["run_id"],
        "seconds": info["uptime_in_seconds"],
        "hits": info["keyspace_hits"],
        "misses": info["keyspace_misses"],
    }


def figures(ctx: Context, _span: Span, earlier: Figures | None) -> Figures:
    """Return the look-ups since the `earlier` counters, and the share of hits.

    They are those since the start of Redis where there are no earlier counters, or where it was
    restarted since. Raises as `counters`.
    """
    return ratio(counters(ctx), earlier)


def ratio(now: Figures, earlier: Figures | None) -> Figures:
    """Return the look-ups between two readings of the counters, and the share of hits."""
    keys = ("hits", "misses", "seconds")
    goes_on = (
        earlier is not None
        and earlier["life"] == now["life"]
        and all(now[key] >= earlier[key] for key in keys)
    )
    grown = {key: now[key] - earlier[key] if goes_on and earlier else now[key] for key in keys}
    lookups = grown["hits"] + grown["misses"]
    return {
        "lookups": lookups,
        "ratio": round(grown["hits"] / lookups, 4) if lookups else None,
        "seconds": grown["seconds"],
    }


def judge(evidence: Evidence) -> Point:
    """Return the point, by the share of hits."""
    now, then = evidence.now[POINT], evidence.then(POINT)
    if unknown := unknown_point(POINT, now):
        return unknown
    tolerance = evidence.settings.checklist.borne.hits
    few = [when for when, each in (("now", now), ("before", then)) if _few(each)]
    why = f"fewer than {ENOUGH} look-ups {' and '.join(few)}" if few else ""
    comparable = then if not few else None
    verdict = by_share(now["ratio"] or 0, comparable["ratio"] if comparable else None, tolerance)
    return Point(
        point=POINT,
        verdict=verdict,
        found=_describe(now),
        was=_describe(then) if then else "",
        why=why,
        todo="see which keys expire too early, or are no longer asked for, by `redis-cli monitor`"
        if verdict is Verdict.WORSE
        else "look again after more traffic",
        now=now,
        before=then,
    )


def _few(figures: Figures | None) -> bool:
    return figures is None or figures["lookups"] < ENOUGH


def _describe(figures: Figures) -> str:
    if not figures["lookups"]:
        return f"no look-up in {format_duration(figures['seconds'])}"
    share = format_percent(figures["ratio"])
    return (
        f"{share} of {figures['lookups']:,} look-ups hit in {format_duration(figures['seconds'])}"
    )
