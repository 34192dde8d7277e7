"""The step `verify`: check points of the verification; fail if a blocking point fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CheckFailed, CosmicError, NotProven
from cosmicdeploy.probes.result import CheckResult, graded
from cosmicdeploy.steps.base import Change, Step, Unchanged
from cosmicdeploy.steps.commands.device_token import require_token
from cosmicdeploy.text.formatting import counted
from cosmicdeploy.text.suggest import did_you_mean
from cosmicdeploy.verification.excused import Excused
from cosmicdeploy.verification.points import CHECKS, RENAMED, current_name, run_checks


class VerifyStep(Step):
    """Check some or all points of the verification.

    Fails if a blocking point fails or cannot be proven, unless it is excused because it failed
    before the run (see `Excused`).
    """

    kind: ClassVar[str] = "verify"
    only_checks: ClassVar[bool] = True

    only: tuple[str, ...] = Field(
        default=tuple(CHECKS),
        description="Points of the verification to check.",
        json_schema_extra={"items": {"enum": [*CHECKS, *RENAMED]}},
    )

    @field_validator("only")
    @classmethod
    def _known(cls, points: tuple[str, ...]) -> tuple[str, ...]:
        points = tuple(map(current_name, points))
        unknown = sorted(set(points) - set(CHECKS))
        if unknown:
            values = {"unknown": unknown[0], "known": ", ".join(CHECKS)}
            raise PydanticCustomError(
                "unknown_point",
                "{unknown} is none of {known}",
                {**values, "todo": did_you_mean(unknown[0], CHECKS)},
            )
        return points

    def results(self, ctx: Context) -> list[CheckResult]:
        """Check each point in `only`, and return the results."""
        return run_checks(ctx, self.only)

    def check(self, ctx: Context) -> Change | Unchanged:
        changing = ctx.run.steps_ahead.other_kinds(self.kind)
        if ctx.run.is_planning and (changing or ctx.run.is_plan_only):
            if "heartbeat" in self.only:
                require_token(ctx)
            return Unchanged(reason=f"checked in the run{self._proxy_now(ctx)}", later=True)
        excused = Excused.of(ctx)
        excused.wait_for_recovery(ctx)
        results = self.results(ctx)
        ctx.run.notes.points |= {each.point: each.model_dump(mode="json") for each in results}
        not_ok = [result for result in results if not result.ok]
        failed = [
            result for result in not_ok if result.blocking and not excused.excuses(ctx, result)
        ]
        if failed:
            raise self._error(failed)
        skipped = [result for result in results if result.skipped]
        held = len(results) - len(not_ok) - len(skipped)
        lines = [f"{held} of {counted(len(results), 'point')} {'holds' if held == 1 else 'hold'}"]
        lines += filter(None, map(graded, results))
        lines += [f"{result.point} skipped: {result.found}" for result in skipped]
        lines += [f"{result.point}: {result.found}{excused.remark(result)}" for result in not_ok]
        return Unchanged(reason="; ".join(lines))

    def _proxy_now(self, ctx: Context) -> str:
        """Return what is wrong with the proxy's present configuration; "" if nothing is.

        Only `--plan` says this, in time for a correction; a run reports it at its end.
        """
        if "proxy" not in self.only or not ctx.run.is_plan_only:
            return ""
        [result] = run_checks(ctx, ["proxy"])
        if not result.ok:
            return f"; proxy fails now: {result.found}"
        remark = graded(result)
        return f"; {remark} (`cosmicdeploy verify --only proxy` shows them)" if remark else ""

    def _error(self, failed: Sequence[CheckResult]) -> CosmicError:
        """Return `CheckFailed` if a point is wrong; `NotProven` if all points are only unproven."""
        wrong = [result for result in failed if not result.unproven]
        error_type: type[CosmicError] = CheckFailed if wrong else NotProven
        first = (wrong or failed)[0]
        if not wrong:
            verb = "cannot be proven"
        elif len(failed) == 1:
            verb = "fails"
        else:
            verb = "fail"
        return error_type(
            f"{len(failed)} of {counted(len(self.only), 'point')} {verb}",
            where=", ".join(result.point for result in failed),
            todo=first.todo,
            details=[f"{r.point}: expected {r.expected}; found {r.found}" for r in failed],
        )
