"""Which backup is the newest usable one, and what is passed over for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.errors import BackupError
from cosmicdeploy.text.formatting import counted, format_time

SHOWN = 10


def newest_first(backups: Iterable[Backup]) -> list[Backup]:
    """By the time of making; an ID decides between those of one second."""
    return sorted(backups, key=lambda b: (b.manifest.created_at, b.id), reverse=True)


def passed_over(backups: Sequence[Backup]) -> Iterator[str]:
    """A line for each of these that is not usable; many of another stack's are one line."""
    unusable = [backup for backup in backups if not backup.usable]
    own = [backup for backup in unusable if not backup.foreign]
    for backup in own[:SHOWN]:
        yield f"passed over {backup.id}: {backup.why}"
    if len(own) > SHOWN:
        yield f"passed over {counted(len(own) - SHOWN, 'more backup')}: `cosmicdeploy backup list`"
    foreign = [backup for backup in unusable if backup.foreign]
    if foreign:
        more = f", and {counted(len(foreign) - 1, 'more of another stack', 'more of others')}"
        yield f"passed over {foreign[0].id}: {foreign[0].why}" + more * (len(foreign) > 1)


def no_good_backup(backups: Sequence[Backup], where: str) -> BackupError:
    """The error where none is usable: what there is and why it does not count, and the ways on."""
    own = [backup for backup in backups if not backup.foreign]
    todo = "make one: `cosmicdeploy backup create`"
    unproven = next(
        (backup for backup in own if backup.whole and backup.state.restore_failure), None
    )
    if unproven:
        todo += f"; or prove one again: `cosmicdeploy backup verify {unproven.id} --restore`"
    return BackupError(
        "There is no good backup",
        where=where,
        todo=todo,
        details=[
            f"{backup.id}  {backup.status}  {format_time(backup.manifest.created_at)}  {backup.why}"
            for backup in backups[:SHOWN]
        ],
    )
