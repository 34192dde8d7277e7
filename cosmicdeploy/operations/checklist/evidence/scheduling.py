"""The scheduler ran every minute."""

from __future__ import annotations

from collections.abc import Iterable

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.operations.checklist import logs
from cosmicdeploy.operations.checklist.judging import (
    Counted,
    Evidence,
    Point,
    Verdict,
    by_count,
    unseen,
)
from cosmicdeploy.operations.checklist.span import MINUTE, Figures, Span
from cosmicdeploy.operations.checklist.words import clock, moment
from cosmicdeploy.probes.application.features import states

POINT = "scheduler"
# So many of the minutes that were missed are named.
NAMED = 5


def figures(ctx: Context, span: Span, _earlier: Figures | None) -> Figures:
    """Whole minutes that the scheduler's log tells of, and those without a run in them.

    `off` says that the command was taken off the schedule on purpose. Raises `ConfigError` where it
    is not known what a run looks like, `EngineError` where there is no log.
    """
    service, words = ctx.settings.services.scheduler, _words(ctx)
    if not service or not words:
        key = "checklist.scheduled" if service else "services.scheduler"
        raise ConfigError(f"{key} is not configured", where=str(ctx.loaded.file))
    log = logs.output(ctx, service, span)
    runs = [line.at / logs.SECOND for line in log.lines if words in line.text]
    minutes, missing = missed(runs, log.begins, span.until)
    return {
        "minutes": minutes,
        "missed": len(missing),
        "cut": log.cut(span),
        "first_missed": [moment(each) for each in missing[:NAMED]],
        # A command asks for it, which a baseline must not cost: there nobody looks.
        "off": _switched_off(ctx) if missing and span.lines is None else "",
    }


def missed(runs: Iterable[float], begins: float, until: float) -> tuple[int, list[float]]:
    """How many whole minutes there were, and the beginnings of those without a run. Unix times."""
    seen = {int(run // MINUTE) for run in runs}
    wanted = range(int(begins // MINUTE) + 1, int(until // MINUTE))
    return len(wanted), [minute * MINUTE for minute in wanted if minute not in seen]


def judge(evidence: Evidence) -> Point:
    """One minute that was missed is worse, where none was before."""
    now, then = evidence.now[POINT], evidence.then(POINT)
    if blind := unseen(POINT, now, "see `cosmicdeploy verify --only scheduler`"):
        return blind
    verdict = by_count(
        Counted(now["missed"], now["minutes"]),
        Counted(then["missed"], then["minutes"]) if then and then["minutes"] else Counted(0, 1),
        evidence.settings.checklist.ratio,
        borne=0,
    )
    why = "" if now["minutes"] else "its log tells of no whole minute yet"
    if now["missed"] and now["off"]:
        why = str(now["off"])
    return Point(
        point=POINT,
        verdict=Verdict.UNKNOWN if why else verdict,
        found=why or _told(now),
        was=_told(then) if then and then["minutes"] else "",
        why=why,
        todo="see `cosmicdeploy logs scheduler`" if now["minutes"] else "look again in two minutes",
        now=now,
        before=then,
    )


def _told(figures: Figures) -> str:
    return _minutes(figures) + ("; its log begins later" if figures["cut"] else "")


def _minutes(figures: Figures) -> str:
    if not figures["missed"]:
        return f"no minute of {figures['minutes']:,} without a run"
    named = ", ".join(clock(at) for at in figures["first_missed"])
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
