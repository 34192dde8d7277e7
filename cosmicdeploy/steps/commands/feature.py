"""The step `feature`: switch a feature of the application on or off."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import UsageError
from cosmicdeploy.probes.application.features import states_by_service
from cosmicdeploy.steps.base import Change, Finding, Result, Step, Unchanged, Undecided
from cosmicdeploy.steps.commands.feature_flags import require_known, switch
from cosmicdeploy.steps.refusing import refusing


class FeatureStep(Step):
    """Switch a feature of the application on or off in all containers."""

    kind: ClassVar[str] = "feature"

    feature: str = Field(description="A name in `features` of cosmicdeploy.yaml.")
    switch: Literal["on", "off"] = Field(description="The state after the step.")

    @property
    def _on(self) -> bool:
        return self.switch == "on"

    def check(self, ctx: Context) -> Finding:
        with refusing(UsageError, self.place):
            require_known(ctx, self.feature)
        states = states_by_service(ctx, self.feature)
        if states and all(state.enabled is self._on for state in states.values()):
            reason = f"{self.feature} is {self.switch} in {', '.join(states)}"
            if ctx.run.is_planning and self.kind in ctx.run.steps_ahead.kinds:
                return Undecided(reason=f"{reason} now; an earlier step may switch it")
            return Unchanged(reason=reason)
        first = next(iter(states.values()), None)
        return Change(
            summary=f"switch {self.feature} {self.switch}",
            before={"enabled": first.enabled if first else None},
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        return {"places": list(switch(ctx, self.feature, on=self._on).places)}

    def undo(self, ctx: Context, change: Change) -> None:
        """Switch the feature back, unless its former state could not be read."""
        if change.before["enabled"] is not None:
            switch(ctx, self.feature, on=change.before["enabled"])
