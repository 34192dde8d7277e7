"""The point `errors`: error rates have not increased."""

from __future__ import annotations

from cosmicdeploy.operations.checklist.verdict import (
    Evidence,
    Figures,
    Point,
    Rate,
    Verdict,
    by_rate,
    incomparable,
    names_with,
    worst,
)
from cosmicdeploy.text.formatting import counted, format_duration, format_percent

POINT = "errors"
SORTS = {"errors": "5xx", "gone": "499"}


def judge(evidence: Evidence) -> Point:
    """Return the point: worse if more requests fail than before, or there are more error lines."""
    proxy, logs = evidence.now["proxy"], evidence.now["application"]
    verdicts = {**_requests(evidence), **_lines(evidence)}
    verdict, worse = worst(verdicts.values()), names_with(verdicts, Verdict.WORSE)
    then = {key: evidence.then(key) for key in ("proxy", "application")}
    why = "; ".join(str(each["why"]) for each in (proxy, logs) if "why" in each)
    return Point(
        point=POINT,
        verdict=verdict,
        found=_describe(proxy, logs) + (f"; worse: {worse}" if worse else ""),
        was=_describe(then["proxy"], then["application"]),
        why=why or incomparable(verdicts) if verdict is Verdict.UNKNOWN else "",
        todo="see `cosmicdeploy logs proxy --since 1h` and `cosmicdeploy logs app`",
        now={"requests": proxy, "logs": logs},
        before=then if any(then.values()) else None,
    )


def _requests(evidence: Evidence) -> dict[str, Verdict]:
    now, then, settings = evidence.now["proxy"], evidence.then("proxy"), evidence.settings
    if "why" in now:
        return {"requests": Verdict.UNKNOWN} if settings.services.proxy else {}
    found = {}
    for key, name in SORTS.items():
        count = Rate(now[key], now["answers"])
        before = Rate(then[key], then["answers"]) if then else None
        tolerance = settings.checklist.borne.failures * now["answers"]
        found[name] = by_rate(count, before, settings.checklist.ratio, tolerance)
        # Without a baseline the error rate that a deploy tolerates is the limit.
        if found[name] is Verdict.UNKNOWN and now[key] > settings.watch.max_error_rate * count.of:
            found[name] = Verdict.WORSE
    return found


def _lines(evidence: Evidence) -> dict[str, Verdict]:
    now, then = evidence.now["application"], evidence.then("application")
    if "why" in now:
        return {"error lines": Verdict.UNKNOWN}
    checklist = evidence.settings.checklist
    before = Rate(then["errors"], then["hours"]) if then else None
    count = Rate(now["errors"], now["hours"])
    return {"error lines": by_rate(count, before, checklist.ratio, checklist.borne.error_lines)}


def _describe(proxy: Figures | None, logs: Figures | None) -> str:
    parts = []
    if proxy and "why" not in proxy:
        counts = ", ".join(_of(proxy, key, name) for key, name in SORTS.items())
        requests = f"{proxy['answers']:,} requests in {format_duration(proxy['seconds'])}"
        parts.append(f"{counts} of {requests}")
    if logs and "why" not in logs:
        read = f"{logs['lines']:,} in {format_duration(logs['hours'] * 3600)} of logs"
        parts.append(f"{counted(logs['errors'], 'error line')} among {read}")
    return "; ".join(parts) or ("neither log can be read" if proxy else "")


def _of(proxy: Figures, key: str, name: str) -> str:
    share = proxy[key] / proxy["answers"] if proxy["answers"] else 0.0
    return f"{proxy[key]:,} {name} ({format_percent(share)})"
