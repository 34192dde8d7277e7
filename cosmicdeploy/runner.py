"""Apply a plan step by step: journal, go on, and unwind in reverse where a step fails."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CheckFailed, CosmicError, ExitCode, NeedsPerson
from cosmicdeploy.events import StepEnded, StepStarted
from cosmicdeploy.plan import Finding, Plan, Planned
from cosmicdeploy.steps.base import Change, NotReversible, Result, Step, Unchanged


class Interrupted(CosmicError):
    """Stopped by Ctrl-C or SIGTERM."""

    exit_code = ExitCode.INTERRUPTED


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
            self.ctx.journal.append("success")
            for step, change in self._applied:
                step.settle(self.ctx, change)
        except CosmicError as error:
            self._fail(error, plan)
        except KeyboardInterrupt:
            self._fail(Interrupted("Interrupted", todo="run the same command again"), plan)

    def _one(self, planned: Planned, rest: Sequence[Planned]) -> None:
        # What looking took in the plan is the step's own time.
        self.ctx.interrupts.safe_point()
        step, started = planned.step, time.monotonic() - planned.seconds
        self.ctx.emit(StepStarted(name=step.name, kind=step.kind))
        ctx = self.ctx.seeing([p.step.kind for p in rest if p.changes])
        try:
            finding = self._finding(planned, ctx)
            if isinstance(finding, Change):
                self._apply(step, finding, started)
            else:
                self._end(step, "unchanged", finding.reason, started)
        except (CosmicError, KeyboardInterrupt) as error:
            reason = error.what if isinstance(error, CosmicError) else "interrupted"
            self._end(step, "failed", reason, started)
            raise

    def _finding(self, planned: Planned, ctx: Context) -> Finding:
        # What the plan saw holds until the first change is made.
        if not self._applied and isinstance(planned.finding, Change | Unchanged):
            return planned.finding
        return planned.step.check(ctx)

    def _apply(self, step: Step, change: Change, started: float) -> None:
        journal = self.ctx.journal
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
        journal.append("done", step=step.name, facts=facts)
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
        self.error = error
        self.ctx.interrupts.hold()
        self.ctx.journal.append("failed", error=error.what)
        reached = {result.step.name for result in self.results}
        for planned in plan:
            if planned.step.name not in reached:
                reason = "an earlier step failed"
                self.results.append(StepResult(step=planned.step, outcome="skipped", reason=reason))
        try:
            self._unwind()
        except (CosmicError, KeyboardInterrupt) as stuck:
            self.error = _needs_person(error, stuck)
        else:
            self.error = _told_after_undo(error) if self._applied else error

    def _unwind(self) -> None:
        for step, change in reversed(self._applied):
            self.ctx.say(f"undoing {step.name}")
            try:
                step.undo(self.ctx, change)
            except NotReversible as error:
                raise NeedsPerson(error.what, where=error.where, todo=error.todo) from error
            self.ctx.journal.append("undone", step=step.name)
            self._mark_undone(step)

    def _mark_undone(self, step: Step) -> None:
        for index, result in enumerate(self.results):
            if result.step.name == step.name and result.outcome == "changed":
                self.results[index] = StepResult(
                    step=step, outcome="undone", reason=result.reason, seconds=result.seconds
                )


def _told_after_undo(error: CosmicError) -> CosmicError:
    """A failed check that was undone is a failed run: the stack is as it was."""
    if not isinstance(error, CheckFailed):
        return error
    return CosmicError(error.what, where=error.where, todo=error.todo, details=error.details)


def _needs_person(error: CosmicError, stuck: BaseException) -> NeedsPerson:
    second = stuck if isinstance(stuck, CosmicError) else None
    return NeedsPerson(
        f"{error.what}; and going back failed: {second.what if second else 'interrupted'}",
        where=second.where if second else error.where,
        todo=(second.todo if second else "") or "run `cosmicdeploy status`, then deploy again",
        details=(*error.details, *(second.details if second else ())),
    )
