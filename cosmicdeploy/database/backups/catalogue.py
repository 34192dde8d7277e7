"""The catalogue of backups: a folder with up to three files for each backup.

`<id>.sql.zst` is the data, `<id>.json` the manifest. `<id>.state.json` is the state: what happened
to the backup after its dump. The manifest is written before the dump starts, so that an interrupted
backup is listed as failed. The process that makes a backup holds a lock on its data file. If the
data file of a "running" backup is not locked, that process has ended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from cosmicdeploy.database.backups.backup import Backup, newest_first
from cosmicdeploy.database.backups.backup_files import (
    Objections,
    objections,
    read_backup,
    read_listed_backup,
)
from cosmicdeploy.database.backups.on_disk.archive import unreadable_backup
from cosmicdeploy.database.backups.on_disk.manifest import Manifest
from cosmicdeploy.database.backups.on_disk.partial_backup import PartialBackup
from cosmicdeploy.database.backups.on_disk.signing import SigningKey
from cosmicdeploy.database.backups.on_disk.state import State, read_state, state_path
from cosmicdeploy.database.backups.owner import Owner
from cosmicdeploy.database.backups.unusable import (
    DEPLOY_FIRST,
    TAKE_A_BACKUP,
    no_usable_backup,
    skipped_lines,
)
from cosmicdeploy.errors import BackupError, BackupUnreadable, UnknownBackup
from cosmicdeploy.files.atomic import folder_lock, is_locked, shared_lock, write_atomically
from cosmicdeploy.text.formatting import format_time
from cosmicdeploy.text.suggest import did_you_mean

__all__ = ["ID", "LATEST", "Backup", "Catalogue", "new_id"]

LATEST = "latest"
ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
SHOWN_CANDIDATES = 10
NO_DATA = "images only: the stack has no database"


class Catalogue:
    """All backups of one folder, which is created (0700) with the first backup.

    Only backups of the stack `owner` are usable; if `owner` is None, those of all stacks are. A
    caller that does not know the database server's identity yet sets `owner` again once it does.
    `warn` is called with lines about the backups that "latest" skips. With a `key`, new backups are
    signed, and fetched ones must be signed with it.
    """

    def __init__(
        self,
        folder: Path,
        owner: Owner | None = None,
        warn: Callable[[str], None] = lambda _text: None,
        key: SigningKey | None = None,
    ) -> None:
        self.folder = folder
        self.owner = owner
        self.warn = warn
        self.key = key

    def list(self) -> list[Backup]:
        """Return every backup, newest first, including damaged ones and those of other stacks.

        Raises `BackupUnreadable` if the folder exists but cannot be read.
        """
        backups = (read_listed_backup(path, self.owner) for path in self._manifests())
        return newest_first(backup for backup in backups if backup is not None)

    def get(self, reference: str) -> Backup:
        """Return this stack's backup with this ID; for "latest", the newest rollback target.

        Raises `ForeignBackup` if the backup belongs to another stack, and what `find` raises.
        """
        backup = self.find(reference)
        if backup.foreign and self.owner:
            raise self.owner.refused(backup.manifest, str(self.folder))
        return backup

    def find(self, reference: str) -> Backup:
        """Return a backup like `get`, but also one of another stack if its ID is given.

        Raises `UnknownBackup` if there is no such ID, with the newest candidates, or if a stack
        without a database has nothing to go back to. Raises `BackupError` if the backup is damaged
        or cannot be read, or if no backup is usable as "latest".
        """
        path = self.folder / f"{reference}.json"
        with suppress(FileNotFoundError):
            if ID.fullmatch(reference):
                return read_backup(path, self.owner)
        backups = self.list()
        if reference != LATEST:
            raise self._unknown(reference, backups)
        return self._latest(backups)

    def _latest(self, backups: Sequence[Backup]) -> Backup:
        """Return the newest rollback target, and warn of the newer backups that it skips."""
        usable = next((backup for backup in backups if backup.is_rollback_target), None)
        if usable is None and self.owner and not self.owner.has_data:
            raise UnknownBackup("Nothing to go back to", where=str(self.folder), todo=DEPLOY_FIRST)
        if usable is None:
            raise no_usable_backup(backups, str(self.folder))
        for line in skipped_lines(backups[: backups.index(usable)]):
            self.warn(line)
        return usable

    def objections(self, manifest: Manifest) -> Objections:
        """Return why a backup must not be used, as far as its manifest shows."""
        return objections(manifest, self.owner)

    def begin(self, manifest: Manifest) -> PartialBackup:
        """Start a backup: write its manifest and lock its data file. Raises `BackupError`."""
        with self._writable():  # no other process may see the new data file unlocked
            self._remove_leftovers()
            return PartialBackup(self.folder, manifest, self.key)

    def add_without_data(self, manifest: Manifest) -> Backup:
        """Add a backup without data, which only names images. Raises `BackupError`."""
        path = self.folder / f"{manifest.id}.json"
        with self._writable():
            status = {"status": "no data", "reason": NO_DATA}
            write_atomically(path, manifest.updated(**status).to_json())
        return self.get(manifest.id)

    @contextmanager
    def _writable(self) -> Iterator[None]:
        """Hold the folder's lock in the block; create the folder if it does not exist.

        Raises `BackupError` instead of any `OSError` of the block.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with folder_lock(self.folder):
                yield
        except OSError as error:
            raise BackupError(
                f"The backup folder cannot be used: {error.strerror}",
                where=str(self.folder),
                todo="let the deployer write to this folder, or choose another: backup.directory",
            ) from error

    def update_state(self, backup_id: str, change: Callable[[State], State]) -> State:
        """Change the state of a backup and return the new state. Raises `BackupError`."""
        path = state_path(self.folder / f"{backup_id}.sql.zst")
        try:
            with folder_lock(self.folder):
                state = change(read_state(path))
                write_atomically(path, state.model_dump_json(indent=2) + "\n")
        except OSError as error:
            raise BackupError(
                f"The state of {backup_id} cannot be written: {error.strerror}",
                where=str(path),
                todo="check the disk and the permissions of the folder, then try again",
            ) from error
        return state

    @contextmanager
    def in_use(self, backup: Backup) -> Iterator[None]:
        """Keep other processes from removing a backup's data within the block.

        Raises `BackupError` if the backup is being made or removed, or its data cannot be read.
        Missing data is no error here: the code that reads it has a better message.
        """
        with ExitStack() as held:
            try:
                held.enter_context(shared_lock(backup.data))
            except FileNotFoundError:
                pass
            except BlockingIOError as error:
                raise BackupError(
                    "The backup is being made or removed",
                    where=str(backup.data),
                    todo="wait until `cosmicdeploy backup list` no longer shows it as running, then"
                    " try again",
                ) from error
            except OSError as error:
                raise unreadable_backup(backup.data, error) from error
            yield

    def _manifests(self) -> Sequence[Path]:
        try:  # `glob` would treat a folder that it may not read as empty
            paths = [*self.folder.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise BackupUnreadable(
                f"The backup folder cannot be read: {error.strerror}",
                where=str(self.folder),
                todo="run this as the user who makes the backups, or make the folder readable",
            ) from error
        return [path for path in paths if path.suffix == ".json" and ID.fullmatch(path.stem)]

    def _remove_leftovers(self) -> None:
        for path in self.folder.glob("*.sql.zst.partial"):
            with suppress(OSError):  # a leftover that cannot be removed does not block a new backup
                if not is_locked(path):
                    path.unlink(missing_ok=True)

    def _unknown(self, reference: str, backups: Sequence[Backup]) -> BackupError:
        lines = [
            f"{backup.id}  {backup.status}  {format_time(backup.manifest.created_at)}"
            for backup in backups
            if not backup.foreign
        ][:SHOWN_CANDIDATES]
        if lines:
            todo = "name one of these"
        elif self.owner is None or self.owner.has_data:
            todo = TAKE_A_BACKUP
        else:
            todo = DEPLOY_FIRST
        # All IDs look alike, so for a mistyped ID a suggestion would not help.
        if lines and not ID.fullmatch(reference):
            todo = did_you_mean(reference, [LATEST, *(backup.id for backup in backups)]) or todo
        what = f"There is no backup {reference!r}"
        return UnknownBackup(what, where=str(self.folder), todo=todo, details=lines)


def new_id() -> str:
    """Return an ID for a backup that starts now; IDs sort by time.

    The last part of an ID is the fraction of the second in hexadecimal (0000 to ffff), since two
    small backups may start in the same second.
    """
    now = datetime.now(UTC)
    return f"{now:%Y%m%d-%H%M%S}-{now.microsecond * 0x10000 // 1_000_000:04x}"
