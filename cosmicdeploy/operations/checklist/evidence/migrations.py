"""The point `migrations`: no migration errors in the logs."""

from __future__ import annotations

from datetime import datetime

from cosmicdeploy.context import Context
from cosmicdeploy.journal.interrupted_migration import interrupted_migration
from cosmicdeploy.journal.step_kinds import MIGRATE
from cosmicdeploy.operations.checklist.verdict import (
    Evidence,
    Figures,
    Point,
    Rate,
    Span,
    Verdict,
    by_rate,
    incomparable,
    unknown_point,
)
from cosmicdeploy.text.formatting import counted

POINT = "migrations"


def figures(ctx: Context, span: Span, _earlier: Figures | None) -> Figures:
    """Return, from the journal, how many runs failed after they had begun to migrate, and whether a
    migration is half done."""
    begun: set[str] = set()
    failed = 0
    for record in ctx.journal.records():
        run = record.get("run", "")
        if record["kind"] == "intent" and record["step_kind"] == MIGRATE:
            begun.add(run)
        elif record["kind"] == "failed" and run in begun and _at(record["at"]) >= span.since:
            failed += 1
    return {"failed_runs": failed, "half_done": interrupted_migration(ctx.journal) is not None}


def judge(evidence: Evidence) -> Point:
    """Return the point: worse with a half-done migration, a failed one, or more error lines."""
    journal, logs = evidence.now["migrations"], evidence.now["application"]
    if unknown := unknown_point(POINT, logs, "see `cosmicdeploy status`"):
        if not (journal["failed_runs"] or journal["half_done"]):
            return unknown
        logs = {"migration_errors": 0, "lines": 0, "hours": 0}
    then = evidence.then("application")
    verdict = by_rate(
        Rate(logs["migration_errors"], logs["hours"]),
        Rate(then["migration_errors"], then["hours"]) if then else None,
        evidence.settings.checklist.ratio,
        tolerance=0,
    )
    if journal["failed_runs"] or journal["half_done"]:
        verdict = Verdict.WORSE
    return Point(
        point=POINT,
        verdict=verdict,
        found=_describe(journal, logs),
        was=_lines(then) if then else "",
        why=incomparable({"log lines": verdict}),
        todo="see `cosmicdeploy migrate`, and `cosmicdeploy logs app` for the lines",
        now={**journal, "lines": logs["lines"], "errors": logs["migration_errors"]},
        before={"lines": then["lines"], "errors": then["migration_errors"]} if then else None,
    )


def _describe(journal: Figures, logs: Figures) -> str:
    parts = ["a migration is half done"] if journal["half_done"] else []
    if journal["failed_runs"]:
        parts.append(f"{counted(journal['failed_runs'], 'run')} failed at a migration")
    return "; ".join([*parts, _lines(logs)])


def _lines(logs: Figures) -> str:
    return f"{counted(logs['migration_errors'], 'migration error')} in {logs['lines']:,} log lines"


def _at(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
