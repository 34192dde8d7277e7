"""Remove a backup completely or not at all, even if the process is killed.

A removal starts by renaming the manifest to `<id>.removing`, so that the backup is no longer
listed. If the removal is interrupted after that, the next prune finishes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cosmicdeploy.database.backups.backup import Backup, placeholder_manifest
from cosmicdeploy.database.backups.catalogue import ID, Catalogue
from cosmicdeploy.database.backups.on_disk.manifest import parse_manifest
from cosmicdeploy.database.backups.on_disk.partial_backup import partial_path
from cosmicdeploy.database.backups.on_disk.state import read_state, state_path
from cosmicdeploy.errors import BackupError
from cosmicdeploy.files.atomic import exclusive_lock, folder_lock, sync_folder
from cosmicdeploy.files.bounds import read_own_file

REMOVING = ".removing"


def start_removal(catalogue: Catalogue, backup: Backup) -> bool:
    """Unlist a backup and delete its data, then return True.

    Returns False, without a change, if the backup is in use or pinned. The state file, which lists
    the copies, stays until `finish_removal`. Raises `BackupError`.
    """
    manifest_path = catalogue.folder / f"{backup.id}.json"
    try:
        with _exclusive_use(backup.data), folder_lock(catalogue.folder):
            if read_state(state_path(backup.data)).pin:
                return False
            manifest_path.rename(manifest_path.with_suffix(REMOVING))
            sync_folder(catalogue.folder)
            _remove_data(backup.data)
    except BlockingIOError:
        return False
    except OSError as error:
        raise _removal_error(backup.id, error) from error
    return True


def pending_removals(catalogue: Catalogue) -> list[Backup]:
    """Return the backups of this stack whose removal has started, oldest first.

    A backup whose manifest or state cannot be read counts as this stack's.
    """
    paths = sorted(catalogue.folder.glob(f"*{REMOVING}"))
    backups = [_read(catalogue, path) for path in paths if ID.fullmatch(path.stem)]
    return [backup for backup in backups if not backup.foreign]


def finish_removal(catalogue: Catalogue, backup_id: str) -> None:
    """Delete the remaining files of a backup whose removal has started. Raises `BackupError`."""
    data = catalogue.folder / f"{backup_id}.sql.zst"
    try:
        _remove_data(data)
        state_path(data).unlink(missing_ok=True)
        (catalogue.folder / f"{backup_id}{REMOVING}").unlink(missing_ok=True)
        sync_folder(catalogue.folder)
    except OSError as error:
        raise _removal_error(backup_id, error) from error


def _remove_data(data: Path) -> None:
    data.unlink(missing_ok=True)
    partial_path(data).unlink(missing_ok=True)


def _read(catalogue: Catalogue, path: Path) -> Backup:
    data = path.with_suffix(".sql.zst")
    try:
        manifest = parse_manifest(read_own_file(path).decode("utf-8", "replace"), str(path))
        manifest = manifest.updated(id=path.stem)  # the file name decides what is removed
        state = read_state(state_path(data))
        return Backup(manifest=manifest, data=data, state=state, **catalogue.objections(manifest))
    except (BackupError, OSError):  # copies and images of a damaged backup are unknown
        return Backup(manifest=placeholder_manifest(path), data=data)


@contextmanager
def _exclusive_use(data: Path) -> Iterator[None]:
    """Lock the data files that exist; raise `BlockingIOError` if a process uses one of them."""
    with ExitStack() as held:
        for path in (data, partial_path(data)):
            if path.exists():
                held.enter_context(exclusive_lock(path))
        yield


def _removal_error(backup_id: str, error: OSError) -> BackupError:
    return BackupError(
        f"The backup {backup_id} cannot be removed: {error.strerror}",
        where=str(error.filename or ""),
        todo="fix the cause, then run `cosmicdeploy backup prune`",
    )
