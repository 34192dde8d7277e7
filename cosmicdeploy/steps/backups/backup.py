"""The step `backup`: back up the database and verify the backup before anything changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar, Literal

from pydantic import Field

from cosmicdeploy.context import Context
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.dump.dump import DumpOptions, Origin, create_backup
from cosmicdeploy.database.restore.verify import verify_and_record
from cosmicdeploy.errors import BackupError
from cosmicdeploy.journal.interrupted_run import first_backup, intents
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import MIGRATE
from cosmicdeploy.steps.backups.kept_images import kept_tag
from cosmicdeploy.steps.backups.prune import copies_of, prune
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.containers.maintenance import is_maintenance_on

REPORT_EVERY = 3.0


class BackupStep(Step):
    """Create a verified backup of the database, and its copies."""

    kind: ClassVar[str] = "backup"
    # The backup is verified as soon as it is created.
    is_checked_again: ClassVar[bool] = False

    when: Literal["needed", "always"] = Field(
        default="needed", description="`needed`: only if another step changes something."
    )

    @property
    def protective(self) -> bool:
        return True

    def alone(self) -> Step:
        return self.model_copy(update={"when": "always"})

    def check(self, ctx: Context) -> Change | Unchanged:
        if made := _made_earlier(ctx):
            return Unchanged(
                reason=f"{made} was made by the interrupted run", facts={"backup": made}
            )
        others = ctx.run.steps_ahead.other_kinds(self.kind)
        if self.when == "needed" and not others:
            return Unchanged(reason="no step changes anything, so nothing needs a way back")
        why = f" before {', '.join(others)}" if others else ""
        return Change(summary=f"back up {ctx.settings.database.name}{why}")

    def apply(self, ctx: Context, change: Change) -> Result:
        images = _running_images(ctx)
        for image_id in set(images.values()):
            # This tag keeps the image from being pruned once its container is replaced. It comes
            # first, so that no usable backup is without its images.
            ctx.engine.tag(image_id, kept_tag(ctx, image_id))
        backup = create_backup(
            ctx.engine,
            ctx.database(),
            ctx.catalogue,
            Origin(release=ctx.running_release() or None, images=images),
            _progress(ctx, "dumped"),
            DumpOptions(exact=ctx.settings.backup.exact, silence=ctx.settings.backup.silence),
        )
        for warning in backup.manifest.warnings:
            ctx.warn(warning)
        ctx.say(f"{backup.id} is made; reading it again")
        verify_and_record(ctx.catalogue, backup, _progress(ctx, "read again")).require()
        return {"backup": backup.id, **copy_to_destinations(ctx, backup)}

    def settle(self, ctx: Context, change: Change) -> None:
        if not ctx.settings.backup.keep.is_set:
            return
        try:
            pruned = prune(ctx)
        except OSError as error:  # the run has succeeded all the same
            raise BackupError(f"Old backups cannot be pruned: {error}") from error
        if pruned.backups:
            ctx.say(f"no rule keeps these backups any more, removed: {', '.join(pruned.backups)}")
        for warning in pruned.warnings:
            ctx.warn(warning)


def _made_earlier(ctx: Context) -> str | None:
    """Return the id of an interrupted run's backup, if the state that it holds is gone: data was
    swapped, or migrations began."""
    rollbacks = [run for run in ctx.run.resumed_runs if run.kind is RunKind.ROLLBACK]
    if rollbacks:
        return first_backup(rollbacks) if is_maintenance_on(ctx) else None
    return first_backup(ctx.run.resumed_runs) if intents(ctx.run.resumed_runs, MIGRATE) else None


def copy_to_destinations(ctx: Context, backup: Backup) -> Result:
    """Copy a backup to each destination without one; return `copies` created and `warnings`.

    Raises `BackupError` if a required copy fails; the backup itself stays usable.
    """
    copies, made, warnings = copies_of(ctx), [], []
    for place in copies.missing(backup):
        ctx.safe_point()
        ctx.say(f"copying {backup.id} to {place.name}")
        copied = copies.copy(backup, place, _progress(ctx, "read back"))
        if not copied.error:
            made.append(copied.url)
        elif place.required:
            raise BackupError(
                f"The backup {backup.id} is good, but was not copied to a required destination",
                where=place.name,
                todo="check the destination, or remove its `required` in `backup.copies`",
                details=(copied.error,),
            )
        else:
            ctx.warn(f"no copy at {place.name}: {copied.error}")
            warnings.append(copied.error)
    return {"copies": made, "warnings": warnings} if copies.destinations else {}


def _progress(ctx: Context, what: str) -> Callable[[int], None]:
    """Return a callback that reports progress every few seconds and is a safe point."""
    told = time.monotonic()

    def tell(done: int) -> None:
        nonlocal told
        ctx.safe_point()
        if time.monotonic() - told >= REPORT_EVERY:
            told = time.monotonic()
            ctx.say(f"{done // 1_000_000} MB {what}")

    return tell


def _running_images(ctx: Context) -> dict[str, str]:
    found = {name: ctx.container(name) for name in ctx.settings.services.released}
    return {name: container.image_id for name, container in found.items() if container}
