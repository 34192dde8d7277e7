"""How the steps of a run ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from cosmicdeploy.runs.plan import Plan
from cosmicdeploy.runs.undo.undo import Applied
from cosmicdeploy.steps.base import Result, Step


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """How one step ended; `facts` are what it reported.

    `outcome` is "changed", "unchanged", "passed", "failed", "skipped" or "undone".
    """

    step: Step
    outcome: str
    reason: str
    seconds: float = 0.0
    facts: Result = field(default_factory=dict)


def skipped(plan: Plan, results: Iterable[StepResult]) -> list[StepResult]:
    """Return a result for each planned step that a failed run did not reach."""
    reached = {result.step.name for result in results}
    return [
        StepResult(step=planned.step, outcome="skipped", reason="an earlier step failed")
        for planned in plan
        if planned.step.name not in reached
    ]


def with_undone(results: Iterable[StepResult], undone: Sequence[Applied]) -> list[StepResult]:
    """Return the results; steps whose changes were undone have the outcome `undone`."""
    descriptions = {a.step.name: a.description() for a in undone if a.step.reversible}
    return [
        replace(result, outcome="undone", reason=descriptions[result.step.name])
        if result.outcome == "changed" and result.step.name in descriptions
        else result
        for result in results
    ]
