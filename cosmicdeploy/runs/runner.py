"""Apply a plan step by step: journal, go on, and unwind in reverse where a step fails."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from cosmicdeploy.abort_advice import with_abort_advice
from cosmicdeploy.context import Context
from cosmicdeploy.errors import (
    CheckFailed,
    CosmicError,
    EngineError,
    LockLost,
    NeedsPerson,
    ProbeFailed,
    join_errors,
    to_cosmic_error,
)
from cosmicdeploy.events import StepEnded, StepStarted
from cosmicdeploy.journal.unfinished import PastRun
from cosmicdeploy.lookup_cache import LookupCache
from cosmicdeploy.runs.plan import Plan, Planned
from cosmicdeploy.runs.snapshot import State, changed, compared, observe
from cosmicdeploy.runs.undo import Applied, Unwound, applied_by, exchanged_data, note, unwind
from cosmicdeploy.steps.base import Change, Finding, Result, Step, Unchanged
from cosmicdeploy.traffic.request_stats import FAILURES_SHOWN
from cosmicdeploy.verification.still_failing import still_failing


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """How one step ended; `facts` are what came of it."""

    step: Step
    outcome: str
    reason: str
    seconds: float = 0.0
    facts: Result = field(default_factory=dict)


@dataclass(kw_only=True)
class Run:
    """One run's progress. Not reusable.

    `before` is the state that a failure has to lead back to: that of the first run which this one
    goes on from, else its own. Without it nothing is proven after the way back. `over` are runs
    that need nothing but that this one succeeds. `promise`: nobody is to notice this run.
    """

    ctx: Context
    before: State | None = None
    over: Sequence[PastRun] = ()
    promise: bool = False
    results: list[StepResult] = field(default_factory=list)
    error: CosmicError | None = None
    _applied: list[Applied] = field(default_factory=list)
    _own: int = 0
    _compared: str = ""

    def __post_init__(self) -> None:
        self._applied = applied_by(self.ctx.run.resumed_runs)

    @property
    def changed(self) -> bool:
        """Whether a step changed the stack, and it was not undone."""
        return any(result.outcome == "changed" for result in self.results)

    @property
    def has_applied(self) -> bool:
        """Whether a step of this run had something to do, be it a check."""
        return bool(self._own)

    def fact(self, name: str) -> object:
        """What a step of this run reported under a name, or None."""
        return next((r.facts[name] for r in self.results if name in r.facts), None)

    def through(self, plan: Plan) -> None:
        """Run all steps. An error ends up in `error`, after the way back was gone."""
        try:
            for index, planned in enumerate(plan):
                self._one(planned, plan[index:])
            self._keep_promise()
            self.ctx.lock.require()
            over = [*self._earlier, *(run.id for run in self.over)]
            self.ctx.journal.append("success", resolves=over)
        except BaseException as error:  # whatever it is, what was changed must be undone
            self._fail(to_cosmic_error(error), plan)
        else:
            self.ctx.interrupts.ignore_from_now_on()
            self._settle()

    def _keep_promise(self) -> None:
        """Where one lost request is to undo a deploy, here it does; raises `ProbeFailed`."""
        traffic = self.ctx.run.traffic
        if not (self.promise and self._applied and traffic):
            return
        if self.ctx.settings.probe.on_failure != "rollback":
            return
        traffic.settle()
        if traffic.broken:
            raise ProbeFailed(
                f"Clients would have noticed this deploy: {traffic.failure_summary()}",
                where="probe.on_failure is rollback",
                todo="see the requests in the report; with `report` it would be left in place",
                details=traffic.failures[:FAILURES_SHOWN],
            )

    @property
    def _earlier(self) -> list[str]:
        return [run.id for run in self.ctx.run.resumed_runs]

    def _settle(self) -> None:
        """Side by side, but for steps of one kind, of this run and of those that it went on from:
        no kind needs what another one keeps."""
        kinds: dict[str, list[Applied]] = {}
        for one in self._applied:
            kinds.setdefault(one.step.kind, []).append(one)
        with ThreadPoolExecutor(max_workers=len(kinds) or 1) as pool:
            list(pool.map(self._settle_kind, kinds.values()))

    def _settle_kind(self, steps: Sequence[Applied]) -> None:
        # The run has succeeded: what cannot be tidied up now, the next run's recover step finds.
        for one in steps:
            try:
                self.ctx.lock.require()
                one.step.settle(self.ctx, one.change)
            except CosmicError as error:
                self.ctx.say(f"left for the next run to tidy up: {error.what}")

    def _one(self, planned: Planned, rest: Sequence[Planned]) -> None:
        # What looking took in the plan is the step's own time.
        self.ctx.safe_point()
        step, started = planned.step, time.monotonic() - planned.seconds
        self.ctx.emit(StepStarted(name=step.name, kind=step.kind))
        ctx = self.ctx.with_steps_ahead([p.step for p in rest if p.changes])
        try:
            finding = self._finding(planned, ctx)
            if isinstance(finding, Change):
                self._apply(step, finding, started)
            else:
                facts = finding.facts if isinstance(finding, Unchanged) else {}
                self._end(step, step.outcome(applied=False), finding.reason, started, facts)
        except BaseException as error:
            self._end(step, "failed", to_cosmic_error(error).what, started)
            raise

    def _finding(self, planned: Planned, ctx: Context) -> Finding:
        # What the plan saw holds until the first change is made.
        if not self._own and isinstance(planned.finding, Change | Unchanged):
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
        self._own += 1
        self.ctx = replace(self.ctx, lookup_cache=LookupCache())
        self._applied.append(Applied(step=step, change=change, run=journal.run))
        facts = step.apply(self.ctx, change)
        step.verify(self.ctx, change)
        if step.replaces_containers and self.ctx.run.traffic:
            self.ctx.run.traffic.stop_excusing()
        self.ctx.lock.require()
        # With clients let in again, what this run went on from is in place as well.
        ended = {"resolves": self._earlier} if step.resumes_clients else {}
        journal.append("done", step=step.name, step_kind=step.kind, facts=facts, **ended)
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

    # --- the way back

    def _fail(self, error: CosmicError, plan: Plan) -> None:
        self.ctx.interrupts.ignore_from_now_on()
        self.error = error = self._lost_or(error)
        reached = {result.step.name for result in self.results}
        for planned in plan:
            if planned.step.name not in reached:
                reason = "an earlier step failed"
                self.results.append(StepResult(step=planned.step, outcome="skipped", reason=reason))
        if isinstance(error, LockLost):
            return  # the stack and its journal are the new holder's
        note(self.ctx.journal, "failed", error=error.what)
        unwound = unwind(self.ctx, self._applied)
        self._mark_undone(unwound)
        if isinstance(unwound.stuck, LockLost):
            self.error = unwound.stuck
            return
        stuck = unwound.stuck or self._unproven()
        if stuck is not None:
            self.error = _needs_person(error, stuck, data=exchanged_data(self._applied))
        elif self._applied:
            self.error = self._told_after_undo(error)
        whole = unwound.stuck is None
        note(self.ctx.journal, "ended", whole=whole, resolves=self._earlier if whole else [])

    def _lost_or(self, error: CosmicError) -> CosmicError:
        """The error, unless the lock was lost: then nothing else matters."""
        try:
            self.ctx.lock.require()
        except LockLost as lost:
            return lost
        except EngineError:
            pass  # who holds it cannot be asked; going back will meet the same engine
        return error

    def _unproven(self) -> CosmicError | None:
        """Why the stack is not as it was, although all was undone without an error."""
        if self.before is None or not any(one.step.reversible for one in self._applied):
            return None
        try:
            after = observe(self.ctx)
            differences = changed(self.before, after)
        except CosmicError as error:
            return error
        if not differences:
            self._compared = compared(self.before, after)
            return None
        return CosmicError(
            "The stack is not as it was before",
            where=differences[0],
            todo="see `cosmicdeploy status`, then deploy again or roll back",
            details=differences,
        )

    def _mark_undone(self, unwound: Unwound) -> None:
        undone = {one.step.name: one for one in unwound.undone if one.step.reversible}
        for index, result in enumerate(self.results):
            if result.outcome == "changed" and (one := undone.get(result.step.name)):
                self.results[index] = replace(result, outcome="undone", reason=one.told())

    def _told_after_undo(self, error: CosmicError) -> CosmicError:
        """What the failure left: a failed check that was undone is a failed run, not a failed
        check."""
        kind = CosmicError if isinstance(error, CheckFailed) else type(error)
        details = list(error.details)
        if self._compared:
            details.append(f"undone, and seen to be as before: {self._compared}")
        details += filter(None, (one.step.left_standing(one.change) for one in self._applied))
        details += still_failing(self.ctx)
        return kind(error.what, where=error.where, todo=error.todo, details=details)


def _needs_person(error: CosmicError, stuck: CosmicError, *, data: bool) -> NeedsPerson:
    return NeedsPerson(
        join_errors(error.what, "; and going back failed: ", stuck.what),
        where=stuck.where or error.where,
        todo=with_abort_advice(stuck.todo, data=data),
        details=(*error.details, *stuck.details),
    )
