"""The step `console`: run a command of the application's console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import NotConfigured
from cosmicdeploy.steps.commands.command import CommandStep
from cosmicdeploy.steps.commands.new_image import in_new_image
from cosmicdeploy.steps.refusing import refusing
from cosmicdeploy.steps.service_names import running_named, services_of_step


class ConsoleStep(CommandStep):
    """Run a command of the application's console (`app.console`).

    Without `service`, the command runs in the image that the application's tag names: in a replica
    or a trial container (which serves no client) of this image, else in a container of its own.
    """

    kind: ClassVar[str] = "console"

    service: str = Field(
        default="", description="Run in the container of this service or role instead."
    )

    def require(self, ctx: Context) -> None:
        with refusing(NotConfigured):
            ctx.console()
        if self.service:
            services_of_step(ctx, [self.service], self.place)

    def call(self, ctx: Context, words: Sequence[str]) -> ExecResult:
        if not self.service:
            return in_new_image(ctx, words, runs_once=True)
        _, container = running_named(ctx, self.service)
        return ctx.run_console(container, *words)
