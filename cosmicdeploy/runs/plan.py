"""A playbook checked against live facts: what would change, and why the rest need not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, NeedsPerson, Refused
from cosmicdeploy.steps.base import Finding, Step, Unchanged, Undecided


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A step with what its check found, and the seconds that looking took."""

    step: Step
    finding: Finding
    seconds: float = 0.0

    @property
    def changes(self) -> bool:
        return not isinstance(self.finding, Unchanged)


Plan = Sequence[Planned]


def make_plan(steps: Sequence[Step], ctx: Context) -> Plan:
    """Check every step. Raises what a check raises where no earlier change could mend it.

    Protective steps are judged last, when it is known what they would protect.
    """
    ctx = ctx.with_run(is_planning=True)
    found: dict[str, Planned] = {}
    for step in sorted(steps, key=lambda step: step.protective):
        ctx.safe_point()
        ctx.say(f"looking at {step.name}")
        started = time.monotonic()
        finding = _find(step, ctx.with_steps_ahead(_ahead(steps, found)))
        seconds = time.monotonic() - started
        found[step.name] = Planned(step=step, finding=finding, seconds=seconds)
    return [found[step.name] for step in steps]


def _find(step: Step, ctx: Context) -> Finding:
    try:
        # One look each: a check may wait, and what it saw before is old then.
        return step.check(ctx.with_cached_facts())
    except (Refused, NeedsPerson):
        raise
    except CosmicError as error:
        if not ctx.run.steps_ahead:
            raise
        return Undecided(reason=f"seen after {ctx.run.steps_ahead}: {error.what}")


def _ahead(steps: Sequence[Step], found: dict[str, Planned]) -> list[Step]:
    return [step for step in steps if step.name in found and found[step.name].changes]
