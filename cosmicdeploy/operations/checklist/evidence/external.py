"""The point `external`: services outside the stack that a release depends on."""

from __future__ import annotations

from typing import Any

from cosmicdeploy.concurrency import map_concurrently
from cosmicdeploy.context import Context
from cosmicdeploy.operations.checklist.verdict import (
    Evidence,
    Figures,
    Point,
    Span,
    Verdict,
    unknown_point,
    worst,
)
from cosmicdeploy.settings import External
from cosmicdeploy.traffic.response import Response

POINT = "external"
WHY = "checklist.external names no service"


def figures(ctx: Context, _span: Span, _earlier: Figures | None) -> Figures:
    """Send one request to each service; return how it answers, {"why": …} for no service."""
    from cosmicdeploy.probes.http import send_request

    services = ctx.settings.checklist.external
    if not services:
        return {"why": WHY, "todo": f"name them in {ctx.loaded.file.name}, if there are any"}
    answers = map_concurrently(lambda service: send_request(service.url), services)
    found = zip(services, answers, strict=True)
    return {service.name: _figures(service, answer) for service, answer in found}


def judge(evidence: Evidence) -> Point:
    """Return the point: worse if a service fails that answered as expected before."""
    now, then = evidence.now[POINT], evidence.then(POINT)
    if unknown := unknown_point(POINT, now):
        return unknown
    return Point(
        point=POINT,
        verdict=worst(_verdict(now[name], (then or {}).get(name)) for name in now),
        found=_describe(now),
        was=_describe(then) if then else "",
        todo="bring that service to what this release needs, or correct checklist.external",
        now=now,
        before=then,
    )


def problem(service: External, answer: Response) -> str:
    """Return why an answer is not the expected one; "" where it is."""
    if answer.error:
        return answer.error
    if answer.status != service.status:
        return f"answers {answer.status}, not {service.status}"
    return "" if service.body in answer.body else f"its answer has no {service.body!r}"


def _figures(service: External, answer: Response) -> dict[str, Any]:
    found = problem(service, answer)
    return {"ok": not found, "found": found, "ms": round(answer.seconds * 1000, 1)}


def _verdict(now: Figures, then: Figures | None) -> Verdict:
    if now["ok"]:
        return Verdict.BETTER if then and not then["ok"] else Verdict.SAME
    return Verdict.SAME if then and not then["ok"] else Verdict.WORSE


def _describe(figures: Figures) -> str:
    return "; ".join(
        f"{name} answers as it should in {each['ms']:.0f} ms"
        if each["ok"]
        else f"{name}: {each['found']}"
        for name, each in figures.items()
    )
