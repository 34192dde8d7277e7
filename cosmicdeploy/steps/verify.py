"""The verification checklist as a step: it changes nothing, and fails where a point does."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CheckFailed, ConfigError
from cosmicdeploy.probes.checklist import CHECKS, run_checks
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.steps.base import Change, Step, Unchanged
from cosmicdeploy.steps.excused import Excused
from cosmicdeploy.steps.refusing import refusing
from cosmicdeploy.words import counted
from cosmicdeploy.yamlfile import nearest


class VerifyStep(Step):
    """Run some or all points of the checklist."""

    kind: ClassVar[str] = "verify"

    only: tuple[str, ...] = Field(
        default=tuple(CHECKS),
        description="These points of the checklist.",
        json_schema_extra={"items": {"enum": [*CHECKS]}},
    )

    @field_validator("only")
    @classmethod
    def _known(cls, points: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(points) - set(CHECKS))
        if unknown:
            told = {"unknown": unknown[0], "known": ", ".join(CHECKS)}
            raise PydanticCustomError(
                "unknown_point",
                "{unknown} is none of {known}",
                {**told, "todo": nearest(unknown[0], CHECKS)},
            )
        return points

    def results(self, ctx: Context) -> list[CheckResult]:
        """Every point's result."""
        return run_checks(ctx, self.only)

    def check(self, ctx: Context) -> Change | Unchanged:
        changing = [kind for kind in ctx.ahead if kind != self.kind]
        if ctx.planning and (changing or ctx.only_plan):
            self._require_token(ctx)
            return Unchanged(reason="looked at by the run itself")
        excused = Excused.of(ctx)
        excused.give_time(ctx)
        found = [result for result in self.results(ctx) if not result.ok]
        failed = [result for result in found if result.blocking and not excused.has(ctx, result)]
        if failed:
            raise CheckFailed(
                f"{len(failed)} of {counted(len(self.only), 'point')}"
                f" {'fails' if len(failed) == 1 else 'fail'}",
                where=", ".join(result.point for result in failed),
                todo=failed[0].todo,
                details=[f"{r.point}: expected {r.expected}; found {r.found}" for r in failed],
            )
        count = len(self.only)
        held = f"{count - len(found)} of {counted(count, 'point')}"
        told = [f"{held} {'holds' if count == 1 else 'hold'}"]
        told += [f"{result.point}: {result.found}{excused.told(result)}" for result in found]
        return Unchanged(reason="; ".join(told))

    def _require_token(self, ctx: Context) -> None:
        """Known now, so it is said now, and not after a whole roll that would have to go back."""
        beat = ctx.settings.verify.heartbeat
        if beat is None or "heartbeat" not in self.only:
            return
        with refusing(ConfigError):
            ctx.loaded.secret(beat.token_variable)
