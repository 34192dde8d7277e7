"""No migration errors in the logs."""

from __future__ import annotations

from datetime import datetime

from cosmicdeploy.context import Context
from cosmicdeploy.journal.begun_migrations import unresolved
from cosmicdeploy.journal.step_kinds import MIGRATE
from cosmicdeploy.operations.checklist.judging import (
    Counted,
    Evidence,
    Point,
    Verdict,
    by_count,
    incomparable,
    unseen,
)
from cosmicdeploy.operations.checklist.span import Figures, Span
from cosmicdeploy.text.formatting import counted

POINT = "migrations"


def figures(ctx: Context, span: Span, _earlier: Figures | None) -> Figures:
    """What the journal tells: runs that failed after they had begun to migrate, and whether one was
    left half done."""
    begun: set[str] = set()
    failed = 0
    for record in ctx.journal.records():
        run = record.get("run", "")
        if record["kind"] == "intent" and record["step_kind"] == MIGRATE:
            begun.add(run)
        elif record["kind"] == "failed" and run in begun and _at(record["at"]) >= span.since:
            failed += 1
    return {"failed_runs": failed, "half_done": unresolved(ctx.journal) is not None}


def judge(evidence: Evidence) -> Point:
    """Worse with a half-done migration, a run that failed at one, or lines that tell of either."""
    journal, logs = evidence.now["migrations"], evidence.now["application"]
    if blind := unseen(POINT, logs, "see `cosmicdeploy status`"):
        if not (journal["failed_runs"] or journal["half_done"]):
            return blind
        logs = {"migration_errors": 0, "lines": 0, "hours": 0}
    then = evidence.then("application")
    verdict = by_count(
        Counted(logs["migration_errors"], logs["hours"]),
        Counted(then["migration_errors"], then["hours"]) if then else None,
        evidence.settings.checklist.ratio,
        borne=0,
    )
    if journal["failed_runs"] or journal["half_done"]:
        verdict = Verdict.WORSE
    return Point(
        point=POINT,
        verdict=verdict,
        found=_told(journal, logs),
        was=_lines(then) if then else "",
        why=incomparable({"log lines": verdict}),
        todo="see `cosmicdeploy migrate`, and `cosmicdeploy logs app` for the lines",
        now={**journal, "lines": logs["lines"], "errors": logs["migration_errors"]},
        before={"lines": then["lines"], "errors": then["migration_errors"]} if then else None,
    )


def _told(journal: Figures, logs: Figures) -> str:
    parts = ["a migration is half done"] if journal["half_done"] else []
    if journal["failed_runs"]:
        parts.append(f"{counted(journal['failed_runs'], 'run')} failed at a migration")
    return "; ".join([*parts, _lines(logs)])


def _lines(logs: Figures) -> str:
    return f"{counted(logs['migration_errors'], 'migration error')} in {logs['lines']:,} log lines"


def _at(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
