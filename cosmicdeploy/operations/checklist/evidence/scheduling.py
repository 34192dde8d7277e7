"""The point `scheduler`: the scheduler ran every minute."""

from __future__ import annotations

from collections.abc import Iterable

from cosmicdeploy.context.context import Context
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
    compare_rates,
    unknown_point,
)
from cosmicdeploy.probes.application.features import states
from cosmicdeploy.text.formatting import to_iso

POINT = "scheduler"
# Number of missed minutes that are named.
MAX_NAMED = 5


def figures(ctx: Context, span: Span, _earlier: Figures | None) -> Figures:
    """Return how many whole minutes the scheduler's log covers, and how many of them had no run.

    `cut` says whether the log begins more than a minute later than the span. `off` is a sentence if
    the command is switched off, else "". It is looked up only if a minute had no run, and never for
    a baseline.
    Raises `ConfigError` if a setting is missing, and `EngineError` if the scheduler has no
    container.
    """
    service, run_text = ctx.settings.services.scheduler, _run_text(ctx)
    if not service or not run_text:
        key = "checklist.scheduled" if service else "services.scheduler"
        raise ConfigError(f"`{key}` is not configured", where=str(ctx.loaded.file))
    log = logs.output(ctx, service, span)
    runs = [line.at / logs.SECOND for line in log.lines if run_text in line.text]
    minutes, missing = missed_minutes(runs, log.begins, span.until)
    return {
        "minutes": minutes,
        "missed": len(missing),
        "cut": log.is_cut_short(span),
        "first_missed": [to_iso(each) for each in missing[:MAX_NAMED]],
        # Looking up whether the command is off runs a console command in a container, which would
        # slow down the recording of a baseline. Only the span of a baseline limits the lines.
        "off": _switched_off(ctx) if missing and span.lines is None else "",
    }


def missed_minutes(runs: Iterable[float], begins: float, until: float) -> tuple[int, list[float]]:
    """Return the number of whole minutes, and when each minute without a run began (Unix time)."""
    with_run = {int(run // MINUTE) for run in runs}
    minutes = range(int(begins // MINUTE) + 1, int(until // MINUTE))
    return len(minutes), [minute * MINUTE for minute in minutes if minute not in with_run]


def judge(evidence: Evidence) -> Point:
    """Judge the point: worse if more minutes were missed than in the baseline.

    Without a baseline, the point is worse after a single missed minute. If the command is switched
    off, missed minutes prove nothing, and the point is unknown.
    """
    now, before = evidence.now[POINT], evidence.in_baseline(POINT)
    if unknown := unknown_point(POINT, now, "see `cosmicdeploy verify --only scheduler`"):
        return unknown
    comparable = before if before and before["minutes"] else None
    verdict = compare_rates(
        Rate(now["missed"], now["minutes"]),
        Rate(comparable["missed"], comparable["minutes"]) if comparable else Rate(0, 1),
        evidence.settings.checklist.ratio,
        tolerance=0,
    )
    why = "" if now["minutes"] else "the scheduler's log covers no whole minute yet"
    if now["missed"] and now["off"]:
        why = str(now["off"])
    return Point(
        point=POINT,
        verdict=Verdict.UNKNOWN if why else verdict,
        found=why or _describe(now),
        was=_describe(comparable) if comparable else "",
        why=why,
        todo="see `cosmicdeploy logs scheduler`"
        if now["minutes"]
        else "run `cosmicdeploy checklist` again in two minutes",
        now=now,
        before=before,
    )


def _describe(figures: Figures) -> str:
    return _describe_minutes(figures) + (
        "; the log does not cover the whole period" if figures["cut"] else ""
    )


def _describe_minutes(figures: Figures) -> str:
    if not figures["missed"]:
        return f"a run in each of {figures['minutes']:,} minutes"
    named = ", ".join(at[11:16] for at in figures["first_missed"])  # the time of ISO 8601
    more = ", …" if figures["missed"] > len(figures["first_missed"]) else ""
    return f"no run in {figures['missed']:,} of {figures['minutes']:,} minutes: {named}{more}"


def _run_text(ctx: Context) -> str:
    """Return the text that marks a run in the scheduler's log; "" if no setting has it."""
    return ctx.settings.checklist.scheduled or ctx.settings.verify.command or ""


def _switched_off(ctx: Context) -> str:
    """Return a sentence if the command's feature is switched off, else ""."""
    feature = ctx.settings.verify.feature
    for state in states(ctx, [feature]) if feature else []:
        if state.enabled is False:
            return f"the feature {state.name} is switched off{state.noted}"
    return ""
