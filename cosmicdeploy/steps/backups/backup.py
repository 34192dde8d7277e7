"""The step `backup`: back up the database and verify the backup before anything changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar, Literal

from pydantic import Field, PrivateAttr

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import running_by_service, running_release
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.dump.options import DumpOptions, Origin
from cosmicdeploy.database.restore.verify import verify_and_record
from cosmicdeploy.errors import BackupError
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import MIGRATE
from cosmicdeploy.journal.unfinished.interrupted_run import first_backup, intents
from cosmicdeploy.steps.backups.data_proof import (
    NOT_PROVEN,
    plan_text,
    prove_now,
    warn_of_missing_proof,
)
from cosmicdeploy.steps.backups.images_only import images_to_keep, record_images, running_images
from cosmicdeploy.steps.backups.kept_images import kept_tag
from cosmicdeploy.steps.backups.prune import copies_of, prune
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.containers.maintenance.maintenance import is_maintenance_on

REPORT_EVERY_SECONDS = 3.0


class BackupStep(Step):
    """Back up the database, verify the backup and copy it to the destinations.

    Without a database, keep the images that run, so that a rollback can go back to them.
    """

    kind: ClassVar[str] = "backup"
    # The backup is verified as soon as it is created.
    is_checked_again: ClassVar[bool] = False

    when: Literal["needed", "always"] = Field(
        default="needed",
        description="`needed`: only if a step that needs a backup changes something.",
    )

    _is_alone: bool = PrivateAttr(default=False)

    @property
    def protective(self) -> bool:
        return True

    def alone(self) -> Step:
        step = self.model_copy(update={"when": "always"})
        step._is_alone = True
        return step

    def check(self, ctx: Context) -> Change | Unchanged:
        if backup := _backup_of_interrupted_run(ctx):
            return Unchanged(
                reason=f"{backup} was created by the interrupted run", facts={"backup": backup}
            )
        others = ctx.run.steps_ahead.needing_backup(self.kind)
        if self.when == "needed" and not others:
            return Unchanged(reason=self._why_not_needed(ctx))
        why = f" before {', '.join(others)}" if others else ""
        if ctx.settings.database is None:
            return images_to_keep(ctx, why)
        proof = plan_text(ctx, is_alone=self._is_alone)
        return Change(summary=f"back up {ctx.settings.database.name}{why}{proof}")

    def _why_not_needed(self, ctx: Context) -> str:
        """Return why the run needs no backup: no step changes something that a backup protects."""
        kinds = ctx.run.steps_ahead.other_kinds(self.kind)
        if not kinds:
            reason = "no step changes anything"
        elif len(kinds) == 1:
            reason = f"only {kinds[0]} changes something"
        else:
            reason = f"only {', '.join(kinds)} change something"
        if ctx.has_database:
            return f"{reason}, so no backup is needed"
        return f"{reason}, so no images need to be kept"

    def apply(self, ctx: Context, change: Change) -> Result:
        images = running_images(ctx)
        for image_id in set(images.values()):
            # The tag keeps the image from being pruned once its container is replaced. It is set
            # before the backup is created, so that no usable backup lacks its images.
            ctx.engine.tag(image_id, kept_tag(ctx, image_id))
        if not ctx.has_database:
            return {"backup": record_images(ctx, images).id}
        backup = create_backup(
            ctx.engine,
            ctx.database(),
            ctx.catalogue,
            Origin(
                release=running_release(ctx) or None,
                images=images,
                digests=ctx.digests_of((*ctx.settings.services.deployed, *ctx.run.left_out)),
                releases=running_by_service(ctx),
            ),
            _progress(ctx, "dumped"),
            DumpOptions(
                exact=ctx.settings.backup.exact,
                silence=ctx.settings.backup.silence,
                prove=ctx.settings.backup.prove,
            ),
        )
        for warning in backup.manifest.warnings:
            ctx.warn(warning)
        ctx.say(f"{backup.id} is created{_proven(backup)}; reading it again")
        verify_and_record(ctx.catalogue, backup, _progress(ctx, "read again")).require()
        self._prove(ctx, backup)
        # Read from the catalogue, which has recorded the proofs since the backup was created.
        proof = ctx.catalogue.get(backup.id).proof
        return {
            "backup": backup.id,
            "proof": proof,
            **_structure_proof(backup),
            **copy_to_destinations(ctx, backup),
        }

    def _prove(self, ctx: Context, backup: Backup) -> None:
        """If `backup.prove` is `data`, prove the data now or leave that to the soak.

        Warns if `backup.prove` is `off`.
        """
        prove = ctx.settings.backup.prove
        if prove == "off":
            ctx.warn(NOT_PROVEN)
        elif prove == "data" and self._is_alone:
            prove_now(ctx, backup)
        elif prove == "data":
            ctx.run.data_proof.backup = backup

    def settle(self, ctx: Context, change: Change) -> None:
        """Warn if the backup's data was not proven; remove the backups that no rule keeps."""
        warn_of_missing_proof(ctx)
        if not ctx.settings.backup.keep.is_set:
            return
        pruned = prune(ctx)
        if pruned.backups:
            ctx.say(f"removed backups that no rule keeps: {', '.join(pruned.backups)}")
        for warning in pruned.warnings:
            ctx.warn(warning)


def _proven(backup: Backup) -> str:
    """Return what the progress says about the proof of the structure; "" without a proof."""
    proof = backup.manifest.structure_proof
    return f", its structure restored in {proof.seconds:.1f} s" if proof else ""


def _structure_proof(backup: Backup) -> Result:
    """Return the report's field about the proof of the structure; empty without a proof."""
    proof = backup.manifest.structure_proof
    return {"structure_proof": proof.model_dump(mode="json")} if proof else {}


def _backup_of_interrupted_run(ctx: Context) -> str | None:
    """Return the id of a resumed run's backup that a new backup cannot replace; else None.

    A new backup may lack the state before the resumed run in three cases: the stack has no
    database, the resumed run began a migration, or it is a rollback and maintenance is on.
    """
    if not ctx.has_database:  # some containers may run the new images already
        return first_backup(ctx.run.resumed_runs)
    rollbacks = [run for run in ctx.run.resumed_runs if run.kind is RunKind.ROLLBACK]
    if rollbacks:
        return first_backup(rollbacks) if is_maintenance_on(ctx) else None
    return first_backup(ctx.run.resumed_runs) if intents(ctx.run.resumed_runs, MIGRATE) else None


def copy_to_destinations(ctx: Context, backup: Backup) -> Result:
    """Copy a backup to each destination that lacks it; return the new `copies` and the `warnings`.

    The result is empty if the settings have no destination. A copy that is not required only
    warns if it fails.

    Raises `BackupError` if a required copy fails; the backup itself stays usable.
    """
    copies, created, warnings = copies_of(ctx), [], []
    for destination in copies.missing(backup):
        ctx.safe_point()
        ctx.say(f"copying {backup.id} to {destination.name}")
        copied = copies.copy(backup, destination, _progress(ctx, "read back"))
        if not copied.error:
            created.append(copied.url)
        elif destination.required:
            raise BackupError(
                f"The backup {backup.id} is good, but was not copied to a required destination",
                where=destination.name,
                todo="check the destination, or remove its `required` in `backup.copies`",
                details=(copied.error,),
            )
        else:
            ctx.warn(f"no copy at {destination.name}: {copied.error}")
            warnings.append(copied.error)
    return {"copies": created, "warnings": warnings} if copies.destinations else {}


def _progress(ctx: Context, what: str) -> Callable[[int], None]:
    """Return a callback that reports the bytes done every few seconds.

    Each call is a safe point: it raises if the run has to stop.
    """
    last_report = time.monotonic()

    def report(done: int) -> None:
        nonlocal last_report
        ctx.safe_point()
        if time.monotonic() - last_report >= REPORT_EVERY_SECONDS:
            last_report = time.monotonic()
            ctx.say(f"{done // 1_000_000} MB {what}")

    return report
