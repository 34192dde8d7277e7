"""The database is backed up, and the backup read again, before anything changes."""

from __future__ import annotations

from typing import ClassVar, Literal

from cosmicdeploy.context import Context
from cosmicdeploy.database.dump import Origin, create_backup
from cosmicdeploy.database.verify import verify_backup
from cosmicdeploy.engine.labels import kept_repository
from cosmicdeploy.history import intents
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.shield import is_up


class BackupStep(Step):
    """`when: needed` makes one where another step changes something; `always` makes one anyway."""

    kind: ClassVar[str] = "backup"
    protective: ClassVar[bool] = True

    when: Literal["needed", "always"] = "needed"

    def alone(self) -> Step:
        return self.model_copy(update={"when": "always"})

    def check(self, ctx: Context) -> Change | Unchanged:
        if made := _made_earlier(ctx):
            return Unchanged(reason=f"{made} was made by the interrupted run; nobody wrote since")
        others = [kind for kind in ctx.ahead if kind != self.kind]
        if self.when == "needed" and not others:
            return Unchanged(reason="no step changes anything, so nothing needs a way back")
        why = f" before {', '.join(others)}" if others else ""
        return Change(summary=f"back up {ctx.settings.database.name}{why}")

    def apply(self, ctx: Context, change: Change) -> Result:
        images = _running_images(ctx)
        backup = create_backup(
            ctx.engine,
            ctx.database(),
            ctx.catalogue,
            Origin(release=ctx.running_release() or None, images=images),
            lambda _bytes: ctx.safe_point(),
        )
        ctx.say(f"{backup.id} is made; reading it again")
        verify_backup(backup).require()
        for image_id in set(images.values()):
            # A tag of its own keeps the image from being pruned once its container is replaced.
            ctx.engine.tag(image_id, kept_tag(ctx, image_id))
        return {"backup": backup.id}

    def verify(self, ctx: Context, change: Change) -> None:
        """The backup was read again as soon as it was made."""


def _made_earlier(ctx: Context) -> str | None:
    """The backup that a killed rollback made while clients were, and still are, turned away."""
    rollbacks = [run for run in ctx.earlier if run.command.startswith("rollback")]
    made = [str(i.facts["backup"]) for i in intents(rollbacks, BackupStep.kind) if i.done]
    return made[-1] if made and is_up(ctx) else None


def kept_tag(ctx: Context, image_id: str) -> str:
    """The name under which an image is kept for a rollback."""
    return f"{kept_repository(ctx.stack.project)}:{image_id.removeprefix('sha256:')[:12]}"


def _running_images(ctx: Context) -> dict[str, str]:
    found = {name: ctx.container(name) for name in ctx.settings.services.released}
    return {name: container.image_id for name, container in found.items() if container}
