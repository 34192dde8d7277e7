"""The point `migrations`: no migration failed, and the logs have no migration errors."""

from __future__ import annotations

from datetime import datetime

from cosmicdeploy.context.context import Context
from cosmicdeploy.journal.step_kinds import MIGRATE
from cosmicdeploy.journal.unfinished.interrupted_migration import interrupted_migration
from cosmicdeploy.lock import holder_pid
from cosmicdeploy.operations.checklist.verdict import (
    Evidence,
    Figures,
    Point,
    Rate,
    Span,
    Verdict,
    compare_rates,
    unknown_point,
    why_unknown,
)
from cosmicdeploy.text.formatting import counted

POINT = "migrations"
_AT_WORK = "a run is at work, and a migration that has begun is not done yet"
_WAIT = "wait until it ends: `cosmicdeploy lock status`"
_SEE = "see `cosmicdeploy migrate`, and `cosmicdeploy logs app` for the lines"


def figures(ctx: Context, span: Span, _earlier: Figures | None) -> Figures:
    """Return what the journal says about migrations.

    `failed_runs` is the number of runs that failed within the span, after they had begun to
    migrate. `half_done` says whether a migration has begun and is neither done nor resolved yet. It
    is None for such a migration while a run is at work, since that run may be migrating or
    resolving it.
    """
    runs_that_migrated: set[str] = set()
    failed = 0
    for record in ctx.journal.search(_is_relevant, since=span.since):
        run = record.get("run", "")
        if record["kind"] == "intent" and record["step_kind"] == MIGRATE:
            runs_that_migrated.add(run)
        elif record["kind"] == "failed" and run in runs_that_migrated:
            failed += _timestamp(record["at"]) >= span.since
    return {"failed_runs": failed, "half_done": _half_done(ctx)}


def _half_done(ctx: Context) -> bool | None:
    if interrupted_migration(ctx.journal) is None:
        return False
    return True if holder_pid(ctx.engine, ctx.stack.project) is None else None


def _is_relevant(line: bytes) -> bool:
    return b'"failed"' in line or b'"migrate"' in line


def judge(evidence: Evidence) -> Point:
    """Judge the point.

    Worse if a migration is half done, if a run failed after it had begun to migrate, or if
    migration errors in the application's logs are more frequent than before. Otherwise the point is
    unknown while a run that has begun to migrate is at work.
    """
    journal, logs = evidence.now["migrations"], evidence.now["application"]
    if unknown := unknown_point(POINT, journal):
        return unknown
    if unknown := unknown_point(POINT, logs, "see `cosmicdeploy status`"):
        if not (journal["failed_runs"] or journal["half_done"]):
            return unknown
        # The journal alone shows that the point is worse.
        logs = {"migration_errors": 0, "lines": 0, "hours": 0}
    before = evidence.in_baseline("application")
    verdict = compare_rates(
        Rate(logs["migration_errors"], logs["hours"]),
        Rate(before["migration_errors"], before["hours"]) if before else None,
        evidence.settings.checklist.ratio,
        tolerance=0,
    )
    if journal["failed_runs"] or journal["half_done"]:
        verdict = Verdict.WORSE
    is_at_work = journal["half_done"] is None and verdict is not Verdict.WORSE
    return Point(
        point=POINT,
        verdict=Verdict.UNKNOWN if is_at_work else verdict,
        found=_describe(journal, logs),
        was=_describe_lines(before) if before else "",
        why=_AT_WORK if is_at_work else why_unknown({"log lines": verdict}),
        todo=_WAIT if is_at_work else _SEE,
        now={**journal, **_line_figures(logs)},
        before=_line_figures(before) if before else None,
    )


def _describe(journal: Figures, logs: Figures) -> str:
    parts = ["a migration is half done"] if journal["half_done"] else []
    if journal["failed_runs"]:
        parts.append(f"{counted(journal['failed_runs'], 'run')} failed after migrating began")
    return "; ".join([*parts, _describe_lines(logs)])


def _line_figures(logs: Figures) -> Figures:
    return {"lines": logs["lines"], "errors": logs["migration_errors"]}


def _describe_lines(logs: Figures) -> str:
    return f"{counted(logs['migration_errors'], 'migration error')} in {logs['lines']:,} log lines"


def _timestamp(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()
