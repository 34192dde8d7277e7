"""The step `console`: run a command of the application's console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.steps.commands.command import CommandStep
from cosmicdeploy.steps.commands.new_image import in_new_image
from cosmicdeploy.steps.service_names import running_named, wanted_services


class ConsoleStep(CommandStep):
    """Run a command of the application's console (app.console), in the image that is built.

    Runs in a replica of that image, else in a container of its own; with `service` in its
    container.
    """

    kind: ClassVar[str] = "console"

    service: str = Field(default="", description="A service or a role in whose container it runs.")

    def require(self, ctx: Context) -> None:
        if self.service:
            wanted_services(ctx, [self.service], self.place)

    def call(self, ctx: Context, words: Sequence[str]) -> ExecResult:
        if not self.service:
            return in_new_image(ctx, words, once=True)
        _, place = running_named(ctx, self.service)
        return ctx.run_console(place, *words)
