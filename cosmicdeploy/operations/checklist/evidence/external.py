"""Services beside the stack that a release has to be coordinated with."""

from __future__ import annotations

from typing import Any

from cosmicdeploy.concurrency import map_concurrently
from cosmicdeploy.context import Context
from cosmicdeploy.operations.checklist.judging import Evidence, Point, Verdict, together, unseen
from cosmicdeploy.operations.checklist.span import Figures, Span
from cosmicdeploy.settings import External
from cosmicdeploy.traffic.response import Response

POINT = "external"
WHY = "checklist.external names no service"


def figures(ctx: Context, _span: Span, _earlier: Figures | None) -> Figures:
    """How each of them answers; {"why": …} where none is configured."""
    from cosmicdeploy.probes.http import ask

    wanted = ctx.settings.checklist.external
    if not wanted:
        return {"why": WHY, "todo": f"name them in {ctx.loaded.file.name}, if there are any"}
    answers = map_concurrently(lambda service: ask(service.url), wanted)
    found = zip(wanted, answers, strict=True)
    return {service.name: _figures(service, answer) for service, answer in found}


def judge(evidence: Evidence) -> Point:
    """One that does not answer as it should is worse, unless it did not before."""
    now, then = evidence.now[POINT], evidence.then(POINT)
    if blind := unseen(POINT, now):
        return blind
    return Point(
        point=POINT,
        verdict=together(_verdict(now[name], (then or {}).get(name)) for name in now),
        found=_told(now),
        was=_told(then) if then else "",
        todo="bring that service to what this release needs, or correct checklist.external",
        now=now,
        before=then,
    )


def problem(wanted: External, answer: Response) -> str:
    """Why an answer is not the expected one; "" where it is."""
    if answer.error:
        return answer.error
    if answer.status != wanted.status:
        return f"answers {answer.status}, not {wanted.status}"
    return "" if wanted.body in answer.body else f"its answer has no {wanted.body!r}"


def _figures(wanted: External, answer: Response) -> dict[str, Any]:
    found = problem(wanted, answer)
    return {"ok": not found, "found": found, "ms": round(answer.seconds * 1000, 1)}


def _verdict(now: Figures, then: Figures | None) -> Verdict:
    if now["ok"]:
        return Verdict.BETTER if then and not then["ok"] else Verdict.SAME
    return Verdict.SAME if then and not then["ok"] else Verdict.WORSE


def _told(figures: Figures) -> str:
    return "; ".join(
        f"{name} answers as it should in {each['ms']:.0f} ms"
        if each["ok"]
        else f"{name}: {each['found']}"
        for name, each in figures.items()
    )
