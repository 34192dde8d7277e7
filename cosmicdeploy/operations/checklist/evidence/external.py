"""The point `external`: services outside the stack, which the release needs, respond."""

from __future__ import annotations

from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.operations.checklist.verdict import (
    Evidence,
    Figures,
    Point,
    Span,
    Verdict,
    unknown_point,
    worst,
)
from cosmicdeploy.process.concurrency import map_concurrently
from cosmicdeploy.settings import External
from cosmicdeploy.traffic.response import Response

POINT = "external"
WHY = "checklist.external names no service"


def figures(ctx: Context, _span: Span, _earlier: Figures | None) -> Figures:
    """Send a request to each service of `checklist.external`; return the response of each.

    Returns {"why": …, "todo": …} if no service is configured.
    """
    from cosmicdeploy.probes.http import send_request

    services = ctx.settings.checklist.external
    if not services:
        return {"why": WHY, "todo": f"name the external services in {ctx.loaded.file.name}, if any"}
    responses = map_concurrently(lambda service: send_request(service.url), services)
    pairs = zip(services, responses, strict=True)
    return {service.name: _figures(service, response) for service, response in pairs}


def judge(evidence: Evidence) -> Point:
    """Judge the point: worse if a service fails now and did not fail in the baseline."""
    now, before = evidence.now[POINT], evidence.in_baseline(POINT)
    if unknown := unknown_point(POINT, now):
        return unknown
    return Point(
        point=POINT,
        verdict=worst(_verdict(now[name], (before or {}).get(name)) for name in now),
        found=_describe(now),
        was=_describe(before) if before else "",
        todo="fix that service, or correct `checklist.external` in the settings",
        now=now,
        before=before,
    )


def mismatch(service: External, response: Response) -> str:
    """Return why a response is not as expected; "" if it is."""
    if response.error:
        return response.error
    if response.status != service.status:
        return f"answers {response.status}, not {service.status}"
    return "" if service.body in response.body else f"its answer has no {service.body!r}"


def _figures(service: External, response: Response) -> dict[str, Any]:
    reason = mismatch(service, response)
    return {"ok": not reason, "found": reason, "ms": round(response.seconds * 1000, 1)}


def _verdict(now: Figures, before: Figures | None) -> Verdict:
    failed_before = bool(before and not before["ok"])
    if now["ok"]:
        return Verdict.BETTER if failed_before else Verdict.SAME
    return Verdict.SAME if failed_before else Verdict.WORSE


def _describe(figures: Figures) -> str:
    return "; ".join(
        f"{name} answers as it should in {each['ms']:.0f} ms"
        if each["ok"]
        else f"{name}: {each['found']}"
        for name, each in figures.items()
    )
