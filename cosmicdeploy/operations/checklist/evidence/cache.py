"""The cache's hit ratio improved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError, ProbeFailed
from cosmicdeploy.operations.checklist.judging import Evidence, Point, Verdict, by_share, unseen
from cosmicdeploy.operations.checklist.span import Figures, Span
from cosmicdeploy.operations.checklist.words import percent
from cosmicdeploy.probes.cache import open_cache
from cosmicdeploy.text.formatting import format_duration

POINT = "cache"
# A ratio of fewer look-ups is chance.
ENOUGH = 100


def counters(ctx: Context) -> Figures:
    """Redis's own counters, and which life of it they are of. Raises `ConfigError` where there is
    none, `EngineError` where it does not run, `ProbeFailed` where it does not say."""
    import redis  # slow to import

    name = ctx.settings.services.cache
    if name is None:
        raise ConfigError("services.cache is not configured", where=str(ctx.loaded.file))
    client = open_cache(ctx, name)
    try:
        said: Mapping[str, Any] = client.info()
    except redis.AuthenticationError as error:
        raise ProbeFailed(
            "Redis wants a password", where=name, todo="set cache.password_variable"
        ) from error
    except redis.RedisError as error:
        raise ProbeFailed(f"Redis does not answer: {error}", where=name) from error
    finally:
        client.close()
    return {
        "life": said["run_id"],
        "seconds": said["uptime_in_seconds"],
        "hits": said["keyspace_hits"],
        "misses": said["keyspace_misses"],
    }


def figures(ctx: Context, _span: Span, earlier: Figures | None) -> Figures:
    """Look-ups since the `earlier` counters, and the share that found something; since the start of
    Redis where there are none, or where it was started anew. Raises as `counters`."""
    return ratio(counters(ctx), earlier)


def ratio(now: Figures, earlier: Figures | None) -> Figures:
    """What counters tell of the time between."""
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
    """By the share of look-ups that found something."""
    now, then = evidence.now[POINT], evidence.then(POINT)
    if blind := unseen(POINT, now):
        return blind
    borne = evidence.settings.checklist.borne.hits
    few = [when for when, each in (("now", now), ("before", then)) if _few(each)]
    why = f"fewer than {ENOUGH} look-ups {' and '.join(few)}" if few else ""
    comparable = then if not few else None
    verdict = by_share(now["ratio"] or 0, comparable["ratio"] if comparable else None, borne)
    return Point(
        point=POINT,
        verdict=verdict,
        found=_told(now),
        was=_told(then) if then else "",
        why=why,
        todo="see which keys expire too early, or are no longer asked for, by `redis-cli monitor`"
        if verdict is Verdict.WORSE
        else "look again after more traffic",
        now=now,
        before=then,
    )


def _few(figures: Figures | None) -> bool:
    return figures is None or figures["lookups"] < ENOUGH


def _told(figures: Figures) -> str:
    if not figures["lookups"]:
        return f"no look-up in {format_duration(figures['seconds'])}"
    share = percent(figures["ratio"])
    return (
        f"{share} of {figures['lookups']:,} look-ups hit in {format_duration(figures['seconds'])}"
    )
