"""The step `feature`: switch a feature of the application on or off."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from cosmicdeploy.context import Context
from cosmicdeploy.errors import UsageError
from cosmicdeploy.probes.application.features import states_by_service
from cosmicdeploy.steps.base import Change, Finding, Result, Step, Unchanged, Undecided
from cosmicdeploy.steps.commands.feature_flags import require_known, switch
from cosmicdeploy.steps.refusing import refusing


class FeatureStep(Step):
    """Switch a feature of `features` in cosmicdeploy.yaml in all containers.

    Undone by switching it back.
    """

    kind: ClassVar[str] = "feature"

    feature: str = Field(description="The feature's name in `features` of cosmicdeploy.yaml.")
    switch: Literal["on", "off"] = Field(description="Whether it is on or off afterwards.")

    @property
    def _on(self) -> bool:
        return self.switch == "on"

    def check(self, ctx: Context) -> Finding:
        with refusing(UsageError, self.place):
            require_known(ctx, self.feature)
        seen = states_by_service(ctx, self.feature)
        if seen and all(state.enabled is self._on for state in seen.values()):
            told = f"{self.feature} is {self.switch} in {', '.join(seen)}"
            # A step before this one may switch the same feature.
            if ctx.run.is_planning and self.kind in ctx.run.steps_ahead.kinds:
                return Undecided(reason=f"{told}; seen again after the step that switches before")
            return Unchanged(reason=told)
        first = next(iter(seen.values()), None)
        return Change(
            summary=f"switch {self.feature} {self.switch}",
            before={"enabled": first.enabled if first else None},
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        return {"places": list(switch(ctx, self.feature, on=self._on).places)}

    def undo(self, ctx: Context, change: Change) -> None:
        """Leave the feature as it is if its former state could not be read."""
        if change.before["enabled"] is not None:
            switch(ctx, self.feature, on=change.before["enabled"])
