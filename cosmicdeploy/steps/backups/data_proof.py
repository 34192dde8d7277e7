"""Prove the data of a run's backup: during the soak, or directly after `backup create`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.restore.background_proof import BackgroundProof
from cosmicdeploy.database.restore.verify import RestoreTest, verify_restore_and_record
from cosmicdeploy.errors import CosmicError, to_cosmic_error
from cosmicdeploy.journal.unfinished.interrupted_run import first_backup
from cosmicdeploy.steps.base import Result

# How often to report the progress of a proof that takes longer than the soak.
REPORT_EVERY_SECONDS = 10.0
NOT_PROVEN = "backup.prove is off: no backup is proven to be restorable"


def plan_text(ctx: Context, *, is_alone: bool) -> str:
    """Return what the plan of a backup says about its proof; "" if only the structure is proven.

    `is_alone`: the step runs without the other steps of its playbook, so no soak follows. Otherwise
    one may follow: a deploy has a soak, a rollback has none.
    """
    when = "immediately" if is_alone else "during the soak, if the playbook has one"
    return {
        "off": "; NOT proven to be restorable: backup.prove is off",
        "structure": "",
        "data": f"; its data is proven by a restore {when}",
    }[ctx.settings.backup.prove]


def prove_now(ctx: Context, backup: Backup) -> None:
    """Load a backup into a scratch schema and compare all rows; raise `BackupError` on failure."""
    ctx.say(f"restoring {backup.id} into a temporary schema, to prove its data")
    verify_restore_and_record(
        ctx.engine,
        ctx.database(),
        ctx.catalogue,
        backup,
        lambda _: ctx.safe_point(),
        RestoreTest(data=True),
    ).require()


@contextmanager
def proving_data(ctx: Context) -> Iterator[Result]:
    """Prove the data of this run's backup while the block watches the release.

    Yields the facts of the proof for the report. They are complete after the block, and stay empty
    if no backup waits for a proof. A failed proof is only a warning: the release is in place, and
    the backup is marked as not restorable. After the block, waits until the proof has ended. If the
    block or the wait raises, the proof is abandoned.
    """
    proof, facts = ctx.run.data_proof, Result()
    _take_over(ctx)
    if not proof.is_pending:
        yield facts
        return
    began = time.monotonic()
    proof.start(ctx.engine, ctx.database(), ctx.catalogue)
    try:
        yield facts
        _wait(ctx, proof)
    except BaseException:
        proof.abandon()
        raise
    facts["data_proof"] = {
        **_outcome(ctx, proof),
        "seconds": round(time.monotonic() - began, 1),
    }


def warn_of_missing_proof(ctx: Context) -> None:
    """Warn if the data of this run's backup is still unproven because no soak ran."""
    proof = ctx.run.data_proof
    _take_over(ctx)
    if proof.backup is not None and proof.is_pending:
        backup_id = proof.backup.id
        ctx.warn(
            f"the data of {backup_id} is not proven, since no soak ran:"
            f" `cosmicdeploy backup verify {backup_id} --data`"
        )


def _take_over(ctx: Context) -> None:
    """Make the backup of a resumed run the one whose data this run proves.

    Does nothing if this run has a backup to prove itself, or if `backup.prove` is not `data`; nor
    if the resumed run's backup is damaged, or its data was proven or disproven before. Warns if
    that backup cannot be read.
    """
    proof, backup_id = ctx.run.data_proof, first_backup(ctx.run.resumed_runs)
    if proof.backup is not None or backup_id is None or not ctx.has_database:
        return
    if ctx.settings.backup.prove != "data":
        return
    try:
        backup = ctx.catalogue.get(backup_id)
    except CosmicError as error:
        ctx.warn(f"the data of {backup_id} is not proven: {error.what}")
        return
    if backup.is_good and backup.state.data is None:
        proof.backup = backup


def _wait(ctx: Context, proof: BackgroundProof) -> None:
    """Wait until the proof has ended; report its progress."""
    next_report = 0.0
    while proof.is_running:
        if time.monotonic() >= next_report:
            next_report = time.monotonic() + REPORT_EVERY_SECONDS
            ctx.say(
                "the soak is over; waiting for the proof of the backup's data"
                f" ({proof.megabytes} MB loaded)"
            )
        ctx.sleep(0.25)


def _outcome(ctx: Context, proof: BackgroundProof) -> Result:
    """Say how the proof ended, as a warning if it failed; return the facts for the report."""
    backup_id = proof.backup.id if proof.backup else ""
    again = f"`cosmicdeploy backup verify {backup_id} --data`"
    try:
        result = proof.result()
    except Exception as error:  # no error of the proof is a reason to undo the release
        what = to_cosmic_error(error).what
        ctx.warn(f"the data of {backup_id} could not be proven: {what}; try again: {again}")
        return {"backup": backup_id, "passed": False, "reasons": [what]}
    if result.passed:
        ctx.say(f"the data of {backup_id} is restored and compared: {_proof(ctx, backup_id)}")
    else:
        ctx.warn(
            f"{backup_id} DOES NOT RESTORE, so no rollback uses it: {result.reasons[0]}; take"
            " another backup: `cosmicdeploy backup create`"
        )
    return {"backup": backup_id, "passed": result.passed, "reasons": list(result.reasons)}


def _proof(ctx: Context, backup_id: str) -> str:
    return ctx.catalogue.get(backup_id).proof
