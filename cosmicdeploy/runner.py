"""Apply a plan step by step: journal, go on, and unwind in reverse where a step fails."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from cosmicdeploy.context import Context
from cosmicdeploy.errors import (
    CheckFailed,
    CosmicError,
    EngineError,
    LockLost,
    NeedsPerson,
    as_ours,
)
from cosmicdeploy.events import StepEnded, StepStarted
from cosmicdeploy.plan import Finding, Plan, Planned
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged


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
    """One run's progress. Not reusable."""

    ctx: Context
    results: list[StepResult] = field(default_factory=list)
    error: CosmicError | None = None
    _applied: list[tuple[Step, Change]] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return any(result.outcome == "changed" for result in self.results)

    def fact(self, name: str) -> object:
        """What a step of this run reported under a name, or None."""
        return next((r.facts[name] for r in self.results if name in r.facts), None)

    def through(self, plan: Plan) -> None:
        """Run all steps. An error ends up in `error`, after the way back was gone."""
        try:
            for index, planned in enumerate(plan):
                self._one(planned, plan[index:])
            self.ctx.lock.require()
            self.ctx.journal.append("success")
        except BaseException as error:  # whatever it is, what was changed must be undone
            self._fail(as_ours(error), plan)
        else:
            self.ctx.interrupts.hold()
            self._settle()

    def _settle(self) -> None:
        # The run has succeeded: what cannot be tidied up now, the next run's recover step finds.
        for step, change in self._applied:
            try:
                self.ctx.lock.require()
                step.settle(self.ctx, change)
            except CosmicError as error:
                self.ctx.say(f"left for the next run to tidy up: {error.what}")

    def _one(self, planned: Planned, rest: Sequence[Planned]) -> None:
        # What looking took in the plan is the step's own time.
        self.ctx.safe_point()
        step, started = planned.step, time.monotonic() - planned.seconds
        self.ctx.emit(StepStarted(name=step.name, kind=step.kind))
        ctx = self.ctx.seeing([p.step.kind for p in rest if p.changes])
        try:
            finding = self._finding(planned, ctx)
            if isinstance(finding, Change):
                self._apply(step, finding, started)
            else:
                self._end(step, "unchanged", finding.reason, started)
        except BaseException as error:
            self._end(step, "failed", as_ours(error).what, started)
            raise

    def _finding(self, planned: Planned, ctx: Context) -> Finding:
        # What the plan saw holds until the first change is made.
        if not self._applied and isinstance(planned.finding, Change | Unchanged):
            return planned.finding
        return planned.step.check(ctx)

    def _apply(self, step: Step, change: Change, started: float) -> None:
        journal = self.ctx.journal
        self.ctx.lock.require()
        journal.append(
            "intent",
            step=step.name,
            step_kind=step.kind,
            change=change.summary,
            before=change.before,
        )
        self._applied.append((step, change))
        facts = step.apply(self.ctx, change)
        step.verify(self.ctx, change)
        self.ctx.lock.require()
        journal.append("done", step=step.name, step_kind=step.kind, facts=facts)
        self._end(step, "changed", change.summary, started, facts)

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
        self.ctx.interrupts.hold()
        self.error = error = self._lost_or(error)
        reached = {result.step.name for result in self.results}
        for planned in plan:
            if planned.step.name not in reached:
                reason = "an earlier step failed"
                self.results.append(StepResult(step=planned.step, outcome="skipped", reason=reason))
        if isinstance(error, LockLost):
            return  # the stack and its journal are the new holder's
        self._note("failed", error=error.what)
        stuck = self._unwind()
        if isinstance(stuck, LockLost):
            self.error = stuck
        elif stuck is not None:
            self.error = _needs_person(error, stuck)
        elif self._applied:
            self.error = _told_after_undo(error)

    def _lost_or(self, error: CosmicError) -> CosmicError:
        """The error, unless the lock was lost: then nothing else matters."""
        try:
            self.ctx.lock.require()
        except LockLost as lost:
            return lost
        except EngineError:
            pass  # who holds it cannot be asked; going back will meet the same engine
        return error

    def _unwind(self) -> CosmicError | None:
        """Undo all that was applied, in reverse; the first error, the rest undone all the same."""
        stuck: CosmicError | None = None
        for step, change in reversed(self._applied):
            self.ctx.say(f"undoing {step.name}")
            try:
                self.ctx.lock.require()
                step.undo(self.ctx, change)
            except LockLost as lost:
                return lost
            except Exception as error:  # half-way back is the one state that must never go untold
                stuck = stuck or as_ours(error)
                continue
            self._note("undone", step=step.name, step_kind=step.kind)
            self._mark_undone(step)
        return stuck

    def _note(self, kind: str, **facts: object) -> None:
        """Journal on the way back, where a full disk must not be in the way."""
        with suppress(OSError):
            self.ctx.journal.append(kind, **facts)

    def _mark_undone(self, step: Step) -> None:
        if not step.reversible:
            return
        for index, result in enumerate(self.results):
            if result.step.name == step.name and result.outcome == "changed":
                self.results[index] = replace(result, outcome="undone")


def _told_after_undo(error: CosmicError) -> CosmicError:
    """A failed check that was undone is a failed run: the stack is as it was."""
    if not isinstance(error, CheckFailed):
        return error
    return CosmicError(error.what, where=error.where, todo=error.todo, details=error.details)


def _needs_person(error: CosmicError, stuck: CosmicError) -> NeedsPerson:
    return NeedsPerson(
        f"{error.what}; and going back failed: {stuck.what}",
        where=stuck.where or error.where,
        todo=stuck.todo or "run `cosmicdeploy status`, then deploy again",
        details=(*error.details, *stuck.details),
    )
