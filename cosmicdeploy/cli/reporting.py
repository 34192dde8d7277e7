"""Build the reports of runs, plans, aborts and backup verifications."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from cosmicdeploy.cli.edge.edge import Call
from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import releases_ahead, running_releases
from cosmicdeploy.database.restore.verify import Verification
from cosmicdeploy.errors import CosmicError, ExitCode
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.lock import holder_pid
from cosmicdeploy.probes.proof import TrafficStats
from cosmicdeploy.probes.result import CheckResult, StackNotice
from cosmicdeploy.report.model import (
    ErrorReport,
    Report,
    StepReport,
    UnfinishedReport,
)
from cosmicdeploy.runs.interrupted.ways_on import ways_on
from cosmicdeploy.runs.plan import Plan, Planned
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.runs.undo.undo import Applied
from cosmicdeploy.steps.base import Change, Unchanged


def run_report(call: Call, run: Run, traffic: TrafficStats | None) -> Report:
    """Return the report of a run; `traffic` has the requests of the run, None if it sent none."""
    error = run.error
    call.print_traceback(error)
    return call.report(
        outcome=run.outcome,
        exit_code=int(error.exit_code) if error else 0,
        **_releases_of_run(run),
        backup=run.fact("backup"),
        run=run.ctx.journal.run or None,
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
        requests=traffic.facts() if traffic else None,
        turned_away_seconds=round(run.ctx.run.maintenance.seconds, 1) or None,
        gaps=run.ctx.run.gaps.facts(probed=traffic is not None),
        error=ErrorReport.of(error) if error else None,
    )


def release_fields(ctx: Context, *, ahead: bool = False) -> Mapping[str, object]:
    """Return a report's fields `release` and `releases`: what runs now.

    `release` is the main application's; `releases` is empty unless there are several applications.
    With `ahead`, the fields have the releases that a deploy puts in place.
    """
    releases = releases_ahead(ctx) if ahead else running_releases(ctx)
    main = next(iter(releases.values()))
    return {"release": main or None, "releases": releases if len(releases) > 1 else {}}


def _releases_of_run(run: Run) -> Mapping[str, object]:
    try:
        return release_fields(run.ctx)
    except CosmicError:  # without an engine, the report still has the run's outcome
        return {}


def plan_report(call: Call, plan: Plan, ctx: Context) -> Report:
    """Return the report of a plan.

    The report has a `release` if the plan has a step that builds or pulls images.
    """
    has_images = any(planned.step.builds_images for planned in plan)
    steps = []
    for planned in plan:
        finding = planned.finding
        steps.append(
            StepReport(
                name=planned.step.name,
                kind=planned.step.kind,
                outcome=_planned_outcome(planned),
                reason=finding.summary if isinstance(finding, Change) else finding.reason,
                facts=finding.facts if isinstance(finding, Change) else {},
            )
        )
    return call.report(
        outcome="planned" if any(planned.changes for planned in plan) else "unchanged",
        **(release_fields(ctx, ahead=True) if has_images else {}),
        steps=steps,
    )


def _planned_outcome(planned: Planned) -> Literal["planned", "passed", "changed", "unchanged"]:
    """Return a step's outcome in a plan; "planned" also if only the run can check the step."""
    left_to_the_run = isinstance(planned.finding, Unchanged) and planned.finding.later
    if planned.changes or left_to_the_run:
        return "planned"
    return planned.step.outcome(applied=False)


def with_notices(report: Report, notices: Iterable[StackNotice]) -> Report:
    """Return the report with notices, which say what each run on this stack omits or assumes."""
    return report.model_copy(update={"notices": tuple(notices)})


def unfinished_reports(ctx: Context) -> list[UnfinishedReport]:
    """Return the interrupted runs, oldest first, each with the commands that end it.

    Leaves out the run that holds the lock, since that run is in progress.
    """
    pid_in_progress = holder_pid(ctx.engine, ctx.stack.project)
    return [
        UnfinishedReport(
            run=run.id,
            command=run.command,
            at=run.at,
            who=run.who,
            told=run.description(),
            todo=ways_on(ctx, run),
        )
        for run in unfinished(ctx.journal)
        if str(run.pid) != pid_in_progress
    ]


def abort_report(call: Call, undone: Sequence[Applied]) -> Report:
    """Return the report of `deploy --abort`, which undid the steps `undone`.

    Leaves out checks and other steps that have nothing to undo.
    """
    steps = [
        StepReport(
            name=applied.step.name,
            kind=applied.step.kind,
            outcome="undone",
            reason=applied.description(),
        )
        for applied in undone
        if applied.step.reversible
    ]
    return call.report(outcome="changed" if steps else "unchanged", steps=steps)


def verification_report(call: Call, result: Verification, *, restore: bool) -> Report:
    """Return the report of a backup's verification; `restore`: the backup was also restored."""
    expected = "restores to what its manifest says" if restore else "matches its manifest"
    check = CheckResult(
        point=result.backup_id,
        ok=result.passed,
        expected=expected,
        found="; ".join(result.reasons) or expected,
        todo="create another backup: `cosmicdeploy backup create`",
        warnings=result.notes,
    )
    return call.report(
        outcome="done" if result.passed else "failed",
        exit_code=0 if result.passed else int(ExitCode.CHECK_FAILED),
        backup=result.backup_id,
        checks=[check],
    )
