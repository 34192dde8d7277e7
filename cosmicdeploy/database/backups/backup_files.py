"""Read a backup from its files, and find the reasons why it is not usable."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypedDict

from cosmicdeploy.database.backups.backup import Backup, placeholder_manifest
from cosmicdeploy.database.backups.on_disk.archive import unreadable_backup
from cosmicdeploy.database.backups.on_disk.manifest import Manifest, now, parse_manifest
from cosmicdeploy.database.backups.on_disk.partial_backup import partial_path
from cosmicdeploy.database.backups.on_disk.state import State, read_state, state_path
from cosmicdeploy.database.backups.owner import Owner
from cosmicdeploy.errors import BackupError, CosmicError, to_cosmic_error
from cosmicdeploy.files.atomic import is_locked
from cosmicdeploy.files.bounds import read_own_file
from cosmicdeploy.text.formatting import format_time

INTERRUPTED = "interrupted: its process ended before the backup was complete"
DATA_MISSING = "its data file is gone"
# How far the time of a backup may be in the future, since clocks differ a little.
CLOCK_TOLERANCE = timedelta(minutes=5)


class Objections(TypedDict):
    """Why a backup is not usable; each reason is "" if it does not apply (see `Backup`)."""

    foreign: str
    from_future: str


def objections(manifest: Manifest, owner: Owner | None) -> Objections:
    """Return why a backup is not usable, as far as its manifest shows.

    If `owner` is None, every backup counts as this stack's.
    """
    is_future = manifest.created_at - now() > CLOCK_TOLERANCE
    reason = f"it is stamped in the future: {format_time(manifest.created_at)}" if is_future else ""
    return {"foreign": owner.objection(manifest) if owner else "", "from_future": reason}


def read_backup(path: Path, owner: Owner | None) -> Backup:
    """Read a backup, given the path of its manifest.

    Raises `FileNotFoundError` if there is no manifest, `BackupError` if the manifest or the state
    is damaged or cannot be read.
    """
    try:
        return _read(path, owner)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable_backup(path, error) from error


def read_listed_backup(path: Path, owner: Owner | None) -> Backup | None:
    """Read a backup for a list, even if it is damaged; None if it has just been removed."""
    try:
        return _read(path, owner)
    except FileNotFoundError:
        return None
    except (BackupError, OSError) as error:
        return _damaged(path, owner, to_cosmic_error(error))


def _read(path: Path, owner: Owner | None) -> Backup:
    data = _data_path(path)
    # The writer renames the partial file to the data file, writes the manifest, and only then
    # releases the lock. So check the locks of the partial file and then of the data file before
    # reading the manifest: this order cannot miss the writer.
    has_writer = is_locked(partial_path(data)) or is_locked(data)
    manifest = _manifest(path)
    if manifest.status == "running" and not has_writer:
        manifest = manifest.updated(status="failed", reason=INTERRUPTED)
    if manifest.status == "good" and not data.is_file():
        manifest = manifest.updated(status="failed", reason=DATA_MISSING)
    return _backup(path, owner, manifest, read_state(state_path(data)))


def _damaged(path: Path, owner: Owner | None, why: CosmicError) -> Backup | None:
    """Return a damaged backup, with its manifest if that can be read; None if it was removed.

    The manifest names the images to keep, so it is useful even if the state is damaged.
    """
    reason = f"{why.what} ({why.where})" if why.where else why.what
    with suppress(FileNotFoundError):
        try:
            return replace(_backup(path, owner, _manifest(path), State()), damaged=reason)
        except (BackupError, OSError):
            return Backup(
                manifest=placeholder_manifest(path), data=_data_path(path), damaged=reason
            )
    return None


def _manifest(path: Path) -> Manifest:
    manifest = parse_manifest(read_own_file(path).decode("utf-8", "replace"), str(path))
    if manifest.id != path.stem:
        raise BackupError(
            f"The manifest is that of another backup: {manifest.id}",
            where=str(path),
            todo="rename data and manifest to the ID in the manifest",
        )
    return manifest


def _backup(path: Path, owner: Owner | None, manifest: Manifest, state: State) -> Backup:
    data = _data_path(path)
    return Backup(manifest=manifest, data=data, state=state, **objections(manifest, owner))


def _data_path(manifest: Path) -> Path:
    return manifest.with_suffix(".sql.zst")
