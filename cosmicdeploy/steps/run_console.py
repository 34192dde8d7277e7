"""Commands of the application's console, run in the containers that need them."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.console import last_lines


class RunConsoleStep(Step):
    """Run these commands in the running containers of these services, one after the other."""

    kind: ClassVar[str] = "run-console"

    services: tuple[str, ...] = Field(min_length=1)
    commands: tuple[str, ...] = Field(min_length=1)

    def check(self, ctx: Context) -> Change | Unchanged:
        return Change(summary=f"run {', '.join(self.commands)} in {', '.join(self.services)}")

    def apply(self, ctx: Context, change: Change) -> Result:
        for name in self.services:
            for command in self.commands:
                self._run(ctx, name, command)
        return {"services": list(self.services), "commands": list(self.commands)}

    @staticmethod
    def _run(ctx: Context, name: str, command: str) -> None:
        result = ctx.engine.exec(ctx.running(name).id, ctx.console(command))
        if result.exit_code != 0:
            raise CosmicError(
                f"{command} failed in {name} (exit code {result.exit_code})",
                where=" ".join(ctx.console(command)),
                todo="run it by hand: `cosmicdeploy exec`",
                details=last_lines(result),
            )
        ctx.say(f"{name}: {' '.join(last_lines(result, 1))}")

    def verify(self, ctx: Context, change: Change) -> None:
        """The commands' exit codes were the proof."""
