"""A playbook checked against live facts: what would change, and why the rest need not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.steps.base import Change, Step, Unchanged


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """Can only be seen once an earlier step has made its change."""

    reason: str


Finding = Change | Unchanged | Undecided


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A step with what its check found."""

    step: Step
    finding: Finding

    @property
    def changes(self) -> bool:
        return not isinstance(self.finding, Unchanged)


Plan = Sequence[Planned]


def make_plan(steps: Sequence[Step], ctx: Context) -> Plan:
    """Check every step. Raises what a check raises where no earlier change could mend it.

    Protective steps are judged last, when it is known what they would protect.
    """
    findings: dict[str, Finding] = {}
    for step in sorted(steps, key=lambda step: step.protective):
        findings[step.name] = _find(step, ctx.seeing(_ahead(steps, findings)))
    return [Planned(step=step, finding=findings[step.name]) for step in steps]


def _find(step: Step, ctx: Context) -> Finding:
    try:
        return step.check(ctx)
    except CosmicError as error:
        if not ctx.ahead:
            raise
        return Undecided(reason=f"seen after {', '.join(ctx.ahead)}: {error.what}")


def _ahead(steps: Sequence[Step], findings: dict[str, Finding]) -> list[str]:
    changing = {name for name, found in findings.items() if not isinstance(found, Unchanged)}
    return [step.kind for step in steps if step.name in changing]
