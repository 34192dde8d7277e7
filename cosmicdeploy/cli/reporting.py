"""From runs and plans to reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from cosmicdeploy.abort_advice import ACCEPT
from cosmicdeploy.cli.edge import Call
from cosmicdeploy.context import Context
from cosmicdeploy.database.restore.verify import Verification
from cosmicdeploy.errors import CosmicError, ExitCode
from cosmicdeploy.journal.unfinished import PastRun, unfinished
from cosmicdeploy.lock import holder_pid
from cosmicdeploy.probes.application.features import FeatureState, states
from cosmicdeploy.probes.preconditions.notices import StackNotice
from cosmicdeploy.probes.proof import TrafficStats
from cosmicdeploy.report.model import (
    CheckReport,
    ErrorReport,
    FeatureReport,
    NoticeReport,
    Report,
    StepReport,
    UnfinishedReport,
)
from cosmicdeploy.runs.failing_before import way_back_is_gone
from cosmicdeploy.runs.plan import Plan
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.runs.undo import Applied
from cosmicdeploy.steps.base import Change, Undecided


def run_report(call: Call, run: Run, measured: TrafficStats | None) -> Report:
    """What a run did."""
    error = run.error
    call.trace(error)
    return call.report(
        outcome=_outcome(run),
        exit_code=int(error.exit_code) if error else 0,
        release=_release(run),
        backup=run.fact("backup"),
        steps=[
            StepReport(
                name=result.step.name,
                kind=result.step.kind,
                outcome=result.outcome,  # type: ignore[arg-type]  # the model checks it
                reason=result.reason,
                seconds=round(result.seconds, 3),
                facts=result.facts,
            )
            for result in run.results
        ],
        requests=measured.facts() if measured else None,
        turned_away_seconds=round(run.ctx.window.seconds, 1) or None,
        error=ErrorReport.of(error) if error else None,
    )


def _release(run: Run) -> str | None:
    try:
        return run.ctx.running_release() or None
    except CosmicError:  # the engine is gone; the run's own outcome is what must be told
        return None


def _outcome(run: Run) -> str:
    if run.error is None:
        return "changed" if run.changed else "unchanged"
    return "interrupted" if run.error.exit_code == ExitCode.INTERRUPTED else "failed"


def plan_report(call: Call, plan: Plan) -> Report:
    """What a run would do."""
    steps = []
    for planned in plan:
        found = planned.finding
        change = isinstance(found, Change | Undecided)
        steps.append(
            StepReport(
                name=planned.step.name,
                kind=planned.step.kind,
                outcome="planned" if change else "unchanged",
                reason=found.summary if isinstance(found, Change) else found.reason,
                facts=found.facts if isinstance(found, Change) else {},
            )
        )
    changes = any(step.outcome == "planned" for step in steps)
    return call.report(outcome="planned" if changes else "unchanged", steps=steps)


def noting(report: Report, notices: Iterable[StackNotice]) -> Report:
    """The report with what the command passed over or took for granted."""
    found = tuple(NoticeReport.model_validate(asdict(notice)) for notice in notices)
    return report.model_copy(update={"notices": found})


def feature_reports(ctx: Context) -> list[FeatureReport]:
    """The application's features as they are now."""
    return [feature_report(state) for state in states(ctx)]


def feature_report(state: FeatureState) -> FeatureReport:
    """One of them."""
    return FeatureReport.model_validate(asdict(state))


def unfinished_reports(ctx: Context) -> list[UnfinishedReport]:
    """Runs that are not over and that nobody is at, oldest first, each with the commands that end
    it."""
    at_work = holder_pid(ctx.engine, ctx.stack.project)
    return [
        UnfinishedReport(
            run=run.id,
            command=run.command,
            at=run.at,
            who=run.who,
            told=run.told(),
            todo=_ways_on(run, way_back_is_gone(ctx, run)),
        )
        for run in unfinished(ctx.journal)
        if str(run.pid) != at_work
    ]


def _ways_on(run: PastRun, gone: Sequence[str]) -> str:
    if gone:
        names = ", ".join(gone)
        told = f"it cannot be undone, for the container before it is gone ({names}): {ACCEPT}"
        return f"{forward} finishes it; {told}" if (forward := _forward(run)) else told
    if run.lost:
        return "`cosmicdeploy deploy --abort` undoes what is known of it"
    if run.command.startswith("deploy") and run.failed:
        return "`cosmicdeploy deploy --abort` undoes it, `cosmicdeploy deploy` then deploys again"
    if run.command.startswith("deploy"):
        return "`cosmicdeploy deploy --resume` goes on, `cosmicdeploy deploy --abort` undoes it"
    if run.target:
        return _ways_on_from_a_rollback(run)
    return f"`cosmicdeploy {run.command}` again"


def _forward(run: PastRun) -> str:
    """The command that goes on from a run; "" where none does."""
    if run.failed or run.lost:
        return ""
    if run.target:
        return f"`cosmicdeploy {run.command} --to {run.target}`"
    return f"`cosmicdeploy {run.command}`"


def _ways_on_from_a_rollback(run: PastRun) -> str:
    if run.failed:
        return "`cosmicdeploy deploy --abort` undoes it, as does the next deploy or rollback"
    return f"{_forward(run)} goes on, `cosmicdeploy deploy --abort` undoes it"


def abort_report(call: Call, undone: Sequence[Applied]) -> Report:
    """What of interrupted runs was undone."""
    steps = [
        StepReport(
            name=one.step.name,
            kind=one.step.kind,
            outcome="undone",
            reason=one.told(),
        )
        for one in undone
        if one.step.reversible
    ]
    return call.report(outcome="changed" if steps else "unchanged", steps=steps)


def proof_report(call: Call, found: Verification, *, restore: bool) -> Report:
    """What a verification of a backup found."""
    expected = "it restores as its manifest says" if restore else "it is what its manifest says"
    check = CheckReport(
        point=found.backup_id,
        ok=found.good,
        expected=expected,
        found="; ".join(found.reasons) or expected,
        todo="take another: `cosmicdeploy backup create`",
    )
    return call.report(
        outcome="done" if found.good else "failed",
        exit_code=0 if found.good else int(ExitCode.CHECK_FAILED),
        backup=found.backup_id,
        checks=[check],
    )
