"""The point `errors`: failed requests and error lines have not become more frequent."""

from __future__ import annotations

from cosmicdeploy.operations.checklist.verdict import (
    Evidence,
    Figures,
    Point,
    Rate,
    Verdict,
    compare_rates,
    names_with,
    why_unknown,
    worst,
)
from cosmicdeploy.text.formatting import counted, format_duration, format_percent

POINT = "errors"
# Figures of the access log by which the point is judged, and the statuses that they count.
STATUS_NAMES = {"errors": "5xx", "gone": "499"}


def judge(evidence: Evidence) -> Point:
    """Judge the point: worse if a larger share of requests fails, or there are more error lines."""
    proxy, logs = evidence.now["proxy"], evidence.now["application"]
    verdicts = {**_judge_requests(evidence), **_judge_lines(evidence)}
    verdict, worse = worst(verdicts.values()), names_with(verdicts, Verdict.WORSE)
    before = {key: evidence.in_baseline(key) for key in ("proxy", "application")}
    why = "; ".join(str(each["why"]) for each in (proxy, logs) if "why" in each)
    return Point(
        point=POINT,
        verdict=verdict,
        found=_describe(proxy, logs) + (f"; worse: {worse}" if worse else ""),
        was=_describe(before["proxy"], before["application"]),
        why=(why or why_unknown(verdicts)) if verdict is Verdict.UNKNOWN else "",
        todo="see `cosmicdeploy logs proxy --since 1h` and `cosmicdeploy logs app`",
        now={"requests": proxy, "logs": logs},
        before=before if any(before.values()) else None,
    )


def _judge_requests(evidence: Evidence) -> dict[str, Verdict]:
    now, before, settings = evidence.now["proxy"], evidence.in_baseline("proxy"), evidence.settings
    if "why" in now:
        return {"requests": Verdict.UNKNOWN} if settings.services.proxy else {}
    verdicts = {}
    for key, name in STATUS_NAMES.items():
        rate = Rate(now[key], now["answers"])
        rate_before = Rate(before[key], before["answers"]) if before else None
        tolerance = settings.checklist.borne.failures * now["answers"]
        verdict = compare_rates(rate, rate_before, settings.checklist.ratio, tolerance)
        # Without a baseline, the error rate that a deploy tolerates is the limit.
        limit = settings.watch.max_error_rate * now["answers"]
        if verdict is Verdict.UNKNOWN and now[key] > limit:
            verdict = Verdict.WORSE
        verdicts[name] = verdict
    return verdicts


def _judge_lines(evidence: Evidence) -> dict[str, Verdict]:
    now, before = evidence.now["application"], evidence.in_baseline("application")
    if "why" in now:
        return {"error lines": Verdict.UNKNOWN}
    checklist = evidence.settings.checklist
    rate = Rate(now["errors"], now["hours"])
    rate_before = Rate(before["errors"], before["hours"]) if before else None
    verdict = compare_rates(rate, rate_before, checklist.ratio, checklist.borne.error_lines)
    return {"error lines": verdict}


def _describe(proxy: Figures | None, logs: Figures | None) -> str:
    parts = []
    if proxy and "why" not in proxy:
        counts = ", ".join(_describe_share(proxy, key, name) for key, name in STATUS_NAMES.items())
        requests = f"{proxy['answers']:,} requests in {format_duration(proxy['seconds'])}"
        parts.append(f"{counts} of {requests}")
    if logs and "why" not in logs:
        lines = f"{logs['lines']:,} in {format_duration(logs['hours'] * 3600)} of logs"
        parts.append(f"{counted(logs['errors'], 'error line')} among {lines}")
    unread = "neither the proxy's nor the application's log can be read"
    return "; ".join(parts) or (unread if proxy else "")


def _describe_share(proxy: Figures, key: str, name: str) -> str:
    share = proxy[key] / proxy["answers"] if proxy["answers"] else 0.0
    return f"{proxy[key]:,} {name} ({format_percent(share)})"
