"""The point `scheduler`: it ran every minute."""

from __future__ import annotations

from collections.abc import Iterable

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.operations.checklist import logs
from cosmicdeploy.operations.checklist.verdict import (
    MINUTE,
    Evidence,
    Figures,
    Point,
    Rate,
    Span,
    Verdict,
    by_rate,
    unknown_point,
)
from cosmicdeploy.probes.application.features import states
from cosmicdeploy.text.formatting import to_iso

POINT = "scheduler"
# Missed minutes that are named.
NAMED = 5


def figures(ctx: Context, span: Span, _earlier: Figures | None) -> Figures:
    """Return the whole minutes that the scheduler's log covers, and those without a run.

    `off` says that the command was switched off on purpose. Raises `ConfigError` if no setting says
    what a run looks like, `EngineError` if there is no log.
    """
    service, words = ctx.settings.services.scheduler, _words(ctx)
    if not service or not words:
        key = "checklist.scheduled" if service else "services.scheduler"
        raise ConfigError(f"`{key}` is not configured", where=str(ctx.loaded.file))
    log = logs.output(ctx, service, span)
    runs = [line.at / logs.SECOND for line in log.lines if words in line.text]
    minutes, missing = missed(runs, log.begins, span.until)
    return {
        "minutes": minutes,
        "missed": len(missing),
        "cut": log.cut(span),
        "first_missed": [to_iso(each) for each in missing[:NAMED]],
        # This runs a command in a container, which is too expensive for a baseline.
        "off": _switched_off(ctx) if missing and span.lines is None else "",
    }


def missed(runs: Iterable[float], begins: float, until: float) -> tuple[int, list[float]]:
    """Return the number of whole minutes and the beginnings of those without a run (Unix time)."""
    with_run = {int(run // MINUTE) for run in runs}
    minutes = range(int(begins // MINUTE) + 1, int(until // MINUTE))
    return len(minutes), [minute * MINUTE for minute in minutes if minute not in with_run]


def judge(evidence: Evidence) -> Point:
    """Return the point: one missed minute is worse if none was missed before."""
    now, then = evidence.now[POINT], evidence.then(POINT)
    if unknown := unknown_point(POINT, now, "see `cosmicdeploy verify --only scheduler`"):
        return unknown
    verdict = by_rate(
        Rate(now["missed"], now["minutes"]),
        Rate(then["missed"], then["minutes"]) if then and then["minutes"] else Rate(0, 1),
        evidence.settings.checklist.ratio,
        tolerance=0,
    )
    why = "" if now["minutes"] else "its log covers no whole minute yet"
    if now["missed"] and now["off"]:
        why = str(now["off"])
    return Point(
        point=POINT,
        verdict=Verdict.UNKNOWN if why else verdict,
        found=why or _describe(now),
        was=_describe(then) if then and then["minutes"] else "",
        why=why,
        todo="see `cosmicdeploy logs scheduler`" if now["minutes"] else "look again in two minutes",
        now=now,
        before=then,
    )


def _describe(figures: Figures) -> str:
    return _minutes(figures) + ("; its log begins later" if figures["cut"] else "")


def _minutes(figures: Figures) -> str:
    if not figures["missed"]:
        return f"no minute of {figures['minutes']:,} without a run"
    named = ", ".join(at[11:16] for at in figures["first_missed"])  # the time of ISO 8601
    more = ", …" if figures["missed"] > len(figures["first_missed"]) else ""
    return f"no run in {figures['missed']:,} of {figures['minutes']:,} minutes: {named}{more}"


def _words(ctx: Context) -> str:
    return ctx.settings.checklist.scheduled or ctx.settings.verify.command or ""


def _switched_off(ctx: Context) -> str:
    feature = ctx.settings.verify.feature
    for state in states(ctx, [feature]) if feature else []:
        if state.enabled is False:
            return f"the feature {state.name} is switched off{state.noted}"
    return ""
