"""Apply a plan step by step with journal records; undo in reverse if a step fails."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.lookup_cache import LookupCache
from cosmicdeploy.errors import (
    CosmicError,
    EngineError,
    ExitCode,
    LockLost,
    ProbeFailed,
    to_cosmic_error,
)
from cosmicdeploy.events import StepEnded, StepStarted
from cosmicdeploy.journal.unfinished.interrupted_run import InterruptedRun
from cosmicdeploy.probes.proof.client_failures import judge_client_failures
from cosmicdeploy.runs.plan import Plan, Planned, with_steps_ahead
from cosmicdeploy.runs.results import StepResult, skipped, with_undone
from cosmicdeploy.runs.undo.settle import settle_all
from cosmicdeploy.runs.undo.snapshot import State
from cosmicdeploy.runs.undo.undo import Applied, applied_by, note, undo_all
from cosmicdeploy.runs.undo.undo_error import UndoProof, after_undo, prove_undo, undo_failed
from cosmicdeploy.steps.base import Change, Finding, Result, Step, Unchanged
from cosmicdeploy.traffic.traffic_stats import FAILURES_SHOWN


@dataclass(kw_only=True)
class Run:
    """One run and its progress. Not reusable.

    `before` is the state that an undo has to restore: the state before the first of the runs that
    this run resumes, else before this run. If it is None, an undo is not checked.
    `superseded` are interrupted runs that are over once this run succeeds.
    `is_deploy`: failed requests fail a deploy if `probe.on_failure` is `rollback`.
    """

    ctx: Context
    before: State | None = None
    superseded: Sequence[InterruptedRun] = ()
    is_deploy: bool = False
    results: list[StepResult] = field(default_factory=list)
    error: CosmicError | None = None
    _applied: list[Applied] = field(default_factory=list)
    # How many steps this run has begun to apply; `_applied` also has those of the resumed runs.
    _applied_here: int = 0
    # The services whose containers this run has created or replaced.
    _affected: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._applied = applied_by(self.ctx.run.resumed_runs)

    @property
    def outcome(self) -> str:
        """How the run ended: "changed", "unchanged", "failed" or "interrupted"."""
        if self.error is None:
            return "changed" if self.changed else "unchanged"
        return "interrupted" if self.error.exit_code == ExitCode.INTERRUPTED else "failed"

    @property
    def changed(self) -> bool:
        """Whether a step has changed the stack and its change was not undone."""
        return any(result.outcome == "changed" for result in self.results)

    @property
    def has_applied(self) -> bool:
        """Whether this run began to apply a step.

        A step that only checks something counts as well. The steps of resumed runs do not count.
        """
        return bool(self._applied_here)

    def fact(self, name: str) -> object:
        """Return a fact that a step of this run reported; None if no step did."""
        return next((r.facts[name] for r in self.results if name in r.facts), None)

    def execute(self, plan: Plan) -> None:
        """Run all steps of the plan.

        Never raises. On failure, undoes this run and the runs that it resumes, and stores the error
        in `error`. If the lock was lost, the undo is left to the new lock holder.
        """
        try:
            for index, planned in enumerate(plan):
                self._run_step(planned, plan[index:])
            self._judge_requests()
            self.ctx.lock.require()
            over = [*self._resumed_ids, *(run.id for run in self.superseded)]
            self.ctx.journal.append("success", resolves=over)
        except BaseException as error:  # also Ctrl-C: what was changed must be undone
            self._fail(to_cosmic_error(error), plan)
        else:
            self.ctx.interrupts.ignore_from_now_on()
            settle_all(self.ctx, self._applied)

    def _judge_requests(self) -> None:
        """Raise `ProbeFailed` if requests of a deploy failed and `on_failure` is `rollback`."""
        traffic = self.ctx.run.traffic
        if not (self.is_deploy and self._applied and traffic):
            return
        if self.ctx.settings.probe.on_failure != "rollback":
            return
        traffic.settle()
        judge_client_failures(self.ctx, traffic)
        if traffic.broken:
            raise ProbeFailed(
                f"Clients would have noticed this deploy: {traffic.failure_summary()}",
                where="probe.on_failure is rollback",
                todo="see the requests in the report; `probe.on_failure: report` would leave the"
                " release in place",
                details=traffic.failures[:FAILURES_SHOWN],
            )

    @property
    def _resumed_ids(self) -> list[str]:
        return [run.id for run in self.ctx.run.resumed_runs]

    def _run_step(self, planned: Planned, rest: Sequence[Planned]) -> None:
        self.ctx.safe_point()
        # The duration of the step includes that of its check in the plan.
        step, started = planned.step, time.monotonic() - planned.seconds
        self.ctx.emit(StepStarted(name=step.name, kind=step.kind))
        ctx = with_steps_ahead(self.ctx, rest)
        try:
            finding = self._finding(planned, ctx)
            if isinstance(finding, Change):
                self._apply(step, finding, started)
                self._affected |= step.affected(finding)
            else:
                facts = finding.facts if isinstance(finding, Unchanged) else {}
                self._end(step, step.outcome(applied=False), finding.reason, started, facts)
            self._stop_excusing(step, rest)
        except BaseException as error:
            self._end(step, "failed", to_cosmic_error(error).what, started)
            raise

    def _stop_excusing(self, step: Step, rest: Sequence[Planned]) -> None:
        """Count lost requests from now on if this was the last step that puts services in place."""
        later = [p.step for p in rest if p.changes and p.step is not step]
        is_last = _places_services(step) and not any(map(_places_services, later))
        if self.ctx.run.traffic and is_last:
            touched = self.ctx.settings.applications_with(self._affected)
            self.ctx.run.traffic.stop_excusing([each.name for each in touched])

    def _finding(self, planned: Planned, ctx: Context) -> Finding:
        # The plan's findings hold until the run changes something.
        if not self._applied_here and isinstance(planned.finding, Change | Unchanged):
            return planned.finding
        return planned.step.check(ctx.with_cached_facts())

    def _apply(self, step: Step, change: Change, started: float) -> None:
        journal = self.ctx.journal
        self.ctx.lock.require()
        journal.append(
            "intent",
            step=step.name,
            step_kind=step.kind,
            options=step.model_dump(mode="json"),
            change=change.summary,
            before=change.before,
        )
        self._applied_here += 1
        if self.ctx.run.traffic and (step.migrates or step.replaces_containers):
            self.ctx.run.traffic.note_change()
        self.ctx = replace(self.ctx, lookup_cache=LookupCache())
        self._applied.append(Applied(step=step, change=change, run=journal.run))
        facts = step.apply(self.ctx, change)
        step.verify(self.ctx, change)
        self.ctx.lock.require()
        # Once clients are let in again, nothing undoes the resumed runs any more.
        over = {"resolves": self._resumed_ids} if step.resumes_clients else {}
        journal.append("done", step=step.name, step_kind=step.kind, facts=facts, **over)
        self._end(step, step.outcome(applied=True), change.summary, started, facts)

    def _end(
        self, step: Step, outcome: str, reason: str, started: float, facts: Result | None = None
    ) -> None:
        seconds = time.monotonic() - started
        result = StepResult(
            step=step, outcome=outcome, reason=reason, seconds=seconds, facts=facts or {}
        )
        self.results.append(result)
        self.ctx.emit(
            StepEnded(
                name=step.name, kind=step.kind, outcome=outcome, reason=reason, seconds=seconds
            )
        )

    def _fail(self, error: CosmicError, plan: Plan) -> None:
        self.ctx.interrupts.ignore_from_now_on()
        self.error = error = self._or_lock_lost(error)
        self.results += skipped(plan, self.results)
        if isinstance(error, LockLost):
            return  # the stack and the journal belong to the new lock holder
        note(self.ctx.journal, "failed", error=error.what)
        undo = undo_all(self.ctx, self._applied)
        self.results = with_undone(self.results, undo.undone)
        if isinstance(undo.error, LockLost):
            self.error = undo.error
            return
        proof = UndoProof() if undo.error else prove_undo(self.ctx, self.before, self._applied)
        if undo_error := undo.error or proof.error:
            self.error = undo_failed(error, undo_error, self._applied)
        elif self._applied:
            self.error = after_undo(self.ctx, error, self._applied, proof.compared)
        whole = undo.error is None
        note(self.ctx.journal, "ended", whole=whole, resolves=self._resumed_ids if whole else [])

    def _or_lock_lost(self, error: CosmicError) -> CosmicError:
        """Return the error, or `LockLost` if the lock was lost: it outweighs every other error."""
        try:
            self.ctx.lock.require()
        except LockLost as lost:
            return lost
        except EngineError:
            pass  # the engine does not say which run holds the lock; the undo reports the error
        return error


def _places_services(step: Step) -> bool:
    return step.replaces_containers or step.starts_services
