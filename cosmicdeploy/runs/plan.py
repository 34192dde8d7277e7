"""Plan a run: find out what each step would change, or why it changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError, NeedsPerson, Refused
from cosmicdeploy.steps.base import Change, Finding, Step, Unchanged, Undecided


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A step with the result of its check, and the seconds that the check took."""

    step: Step
    finding: Finding
    seconds: float = 0.0

    @property
    def changes(self) -> bool:
        """Whether the step changes something; also true if that is not known yet."""
        return not isinstance(self.finding, Unchanged)


Plan = Sequence[Planned]


def make_plan(steps: Sequence[Step], ctx: Context) -> Plan:
    """Check every step; return the steps with their findings, in the same order.

    Protective steps, for example backups, are needed only if another step changes something, so
    they are checked last. If a check fails and an earlier step changes something, the finding is
    `Undecided`, since that step may remove the cause. Without such a step, raises the error.
    `Refused` and `NeedsPerson` are raised in either case.
    """
    ctx = ctx.with_run(is_planning=True)
    planned: dict[str, Planned] = {}
    for step in sorted(steps, key=lambda step: step.protective):
        ctx.safe_point()
        ctx.say(f"checking {step.name}")
        started = time.monotonic()
        before = [planned[each.name] for each in steps if each.name in planned]
        steps_ahead = with_steps_ahead(ctx, before)
        finding = _check(step, steps_ahead.with_run(images_ahead=_images_ahead(planned)))
        seconds = time.monotonic() - started
        planned[step.name] = Planned(step=step, finding=finding, seconds=seconds)
    return [planned[step.name] for step in steps]


def _check(step: Step, ctx: Context) -> Finding:
    try:
        # A new cache for each check: the stack may have changed while an earlier check waited.
        return step.check(ctx.with_cached_facts())
    except (Refused, NeedsPerson):
        raise
    except CosmicError as error:
        if not ctx.run.steps_ahead:
            raise
        return Undecided(reason=f"known after {ctx.run.steps_ahead}: {error.what}")


def with_steps_ahead(ctx: Context, planned: Iterable[Planned]) -> Context:
    """Return the context whose steps ahead are the planned steps that change something."""
    changing = [each for each in planned if each.changes]
    return ctx.with_steps_ahead([each.step for each in changing], _affected(changing))


def _affected(changing: Iterable[Planned]) -> frozenset[str] | None:
    """Return the services whose containers these steps create or replace; None if unknown."""
    names = frozenset[str]()
    for each in changing:
        if not (each.step.replaces_containers or each.step.starts_services):
            continue
        if not isinstance(each.finding, Change):
            return None
        names |= each.step.affected(each.finding)
    return names


def _images_ahead(planned: Mapping[str, Planned]) -> frozenset[str] | None:
    """Return the names of the images that these steps build or pull; None if not known yet."""
    names = set[str]()
    for each in planned.values():
        if not (each.step.builds_images and each.changes):
            continue
        if not isinstance(each.finding, Change):
            return None
        names.update(each.finding.before["tags"])
    return frozenset(names)
