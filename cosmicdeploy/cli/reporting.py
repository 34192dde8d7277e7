"""From runs and plans to reports."""

from __future__ import annotations

from cosmicdeploy.cli.edge import Call
from cosmicdeploy.errors import CosmicError, ExitCode
from cosmicdeploy.plan import Plan, Undecided
from cosmicdeploy.probes.traffic import Traffic
from cosmicdeploy.report.model import ErrorReport, Report, StepReport
from cosmicdeploy.runner import Run
from cosmicdeploy.steps.base import Change


def run_report(call: Call, run: Run, measured: Traffic | None) -> Report:
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
