"""A backup goes, or stays as it was: never half of it is taken for a good one.

Its manifest is renamed first, to `<id>.removing`; what a kill leaves after that is not listed any
more, and is finished by the next prune.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cosmicdeploy.database.backups.backup import Backup, stand_in
from cosmicdeploy.database.backups.catalogue import ID, Catalogue
from cosmicdeploy.database.backups.manifest import parse_manifest
from cosmicdeploy.database.backups.partial_backup import partial_path
from cosmicdeploy.database.backups.state import read_state, state_path
from cosmicdeploy.errors import BackupError
from cosmicdeploy.files.atomic import exclusive_lock, folder_lock, sync_folder

REMOVING = ".removing"


def start_removal(catalogue: Catalogue, backup: Backup) -> bool:
    """Take a backup out of the catalogue and free its space; False where somebody uses it, or has
    pinned it by now.

    Copies elsewhere are still known (`condemned`) until `forget`. Raises `BackupError`.
    """
    manifest = catalogue.folder / f"{backup.id}.json"
    try:
        with _alone(backup.data), folder_lock(catalogue.folder):
            if read_state(state_path(backup.data)).pin:
                return False
            manifest.rename(manifest.with_suffix(REMOVING))
            sync_folder(catalogue.folder)
            _remove_data(backup.data)
    except BlockingIOError:
        return False
    except OSError as error:
        raise _stuck(backup.id, error) from error
    return True


def pending_removals(catalogue: Catalogue) -> list[Backup]:
    """What is being removed of this stack's, also by a process that was killed, oldest first."""
    paths = sorted(catalogue.folder.glob(f"*{REMOVING}"))
    found = [_known(catalogue, path) for path in paths if ID.fullmatch(path.stem)]
    return [backup for backup in found if not backup.foreign]


def finish_removal(catalogue: Catalogue, backup_id: str) -> None:
    """The end of a removal: the last that is known of a backup goes. Raises `BackupError`."""
    data = catalogue.folder / f"{backup_id}.sql.zst"
    try:
        _remove_data(data)
        state_path(data).unlink(missing_ok=True)
        (catalogue.folder / f"{backup_id}{REMOVING}").unlink(missing_ok=True)
        sync_folder(catalogue.folder)
    except OSError as error:
        raise _stuck(backup_id, error) from error


def _remove_data(data: Path) -> None:
    data.unlink(missing_ok=True)
    partial_path(data).unlink(missing_ok=True)


def _known(catalogue: Catalogue, path: Path) -> Backup:
    data = path.with_suffix(".sql.zst")
    try:
        manifest = parse_manifest(path.read_text("utf-8", "replace"), str(path))
        manifest = manifest.updated(id=path.stem)  # the file's name is what is removed
        state = read_state(state_path(data))
        return Backup(manifest=manifest, data=data, state=state, **catalogue.objections(manifest))
    except (BackupError, OSError):  # of a damaged one neither copies nor images are known
        return Backup(manifest=stand_in(path), data=data)


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    with ExitStack() as held:
        for path in (data, partial_path(data)):
            if path.exists():
                held.enter_context(exclusive_lock(path))
        yield


def _stuck(backup_id: str, error: OSError) -> BackupError:
    return BackupError(
        f"the backup {backup_id} cannot be removed: {error.strerror}",
        where=str(error.filename or ""),
        todo="`cosmicdeploy backup prune` again goes on with it",
    )
