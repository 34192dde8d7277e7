"""The step `cache-clear`: clear the application's caches once for each new image."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context.context import NO_CONSOLE, Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.commands.new_image import in_new_image, last_lines


class CacheClearStep(Step):
    """Run the console commands of `cache_clear`, once for each new image.

    A cleared cache leaves no trace in the cache itself, so the journal records for which image the
    caches were cleared.
    """

    kind: ClassVar[str] = "cache-clear"
    # The commands' exit codes are the verification.
    is_checked_again: ClassVar[bool] = False

    def check(self, ctx: Context) -> Change | Unchanged:
        commands = ctx.settings.cache_clear.commands
        if not commands:
            return Unchanged(reason="no command is configured" if ctx.has_console else NO_CONSOLE)
        image = self._image(ctx)
        cleared = ctx.journal.last("cache-cleared")
        if cleared and cleared["image"] == image and not ctx.run.steps_ahead.build_images:
            return Unchanged(reason=f"cleared for this image at {cleared['at']}")
        return Change(summary=f"run {', '.join(commands)} in the new image")

    def apply(self, ctx: Context, change: Change) -> Result:
        # One after the other: several at the same time would slow down a small host for its
        # clients.
        for command in ctx.settings.cache_clear.commands:
            result = in_new_image(ctx, [command])
            if result.exit_code != 0:
                raise CosmicError(
                    f"{command} failed (exit code {result.exit_code})",
                    where=" ".join(ctx.console(command)),
                    todo="run it by hand in an app container",
                    details=last_lines(result),
                )
            for line in last_lines(result, 1):  # a command may print nothing
                ctx.say(line)
        ctx.lock.require()
        ctx.journal.append("cache-cleared", image=self._image(ctx))
        return {"commands": list(ctx.settings.cache_clear.commands)}

    @staticmethod
    def _image(ctx: Context) -> str:
        image = ctx.image_of(ctx.settings.services.app[0])
        return image.id if image else ""
