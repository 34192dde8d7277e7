"""Explain which backups are not usable, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.errors import BackupError
from cosmicdeploy.text.formatting import counted, format_time

SHOWN = 10


def skipped_lines(backups: Sequence[Backup]) -> Iterator[str]:
    """Yield a line for each unusable backup; those of other stacks share one line."""
    unusable = [backup for backup in backups if not backup.is_rollback_target]
    own = [backup for backup in unusable if not backup.foreign]
    for backup in own[:SHOWN]:
        yield f"skipped {backup.id}: {backup.why}"
    if len(own) > SHOWN:
        yield f"skipped {counted(len(own) - SHOWN, 'more backup')}: `cosmicdeploy backup list`"
    foreign = [backup for backup in unusable if backup.foreign]
    if foreign:
        more = f", and {counted(len(foreign) - 1, 'more of another stack', 'more of other stacks')}"
        yield f"skipped {foreign[0].id}: {foreign[0].why}" + more * (len(foreign) > 1)


# What to do if there is none, with and without a database.
TAKE_ONE = "take one: `cosmicdeploy backup create`"
DEPLOY_FIRST = "`cosmicdeploy deploy` keeps the images that run before it replaces them"


def no_good_backup(backups: Sequence[Backup], where: str) -> BackupError:
    """Return the error that no backup is usable, with the reason for each."""
    own = [backup for backup in backups if not backup.foreign]
    todo = TAKE_ONE
    failed = next(
        (backup for backup in own if backup.is_intact and backup.state.restore_failure), None
    )
    if failed:
        todo += f"; or test a failed one again: `cosmicdeploy backup verify {failed.id} --restore`"
    return BackupError(
        "There is no good backup",
        where=where,
        todo=todo,
        details=[
            f"{backup.id}  {backup.status}  {format_time(backup.manifest.created_at)}  {backup.why}"
            for backup in backups[:SHOWN]
        ],
    )
