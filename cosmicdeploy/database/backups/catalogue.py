"""The folder of backups: `<id>.sql.zst` with the data, `<id>.json` with the manifest, and
`<id>.state.json` with what became of it since.

An entry exists before its dump starts, so that a backup which never ended is seen as a failed one.
The writer holds a lock on its data file; a "running" entry that nobody holds has lost its writer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from cosmicdeploy.database.backups.archive import unreadable_backup
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.backup_files import (
    Objections,
    objections,
    read_backup,
    read_listed_backup,
)
from cosmicdeploy.database.backups.manifest import Manifest
from cosmicdeploy.database.backups.owner import Owner
from cosmicdeploy.database.backups.partial_backup import PartialBackup
from cosmicdeploy.database.backups.selection import newest_first, no_good_backup, passed_over
from cosmicdeploy.database.backups.state import State, read_state, state_path
from cosmicdeploy.errors import BackupError, BackupUnreadable, UnknownBackup
from cosmicdeploy.files.atomic import folder_lock, is_locked, shared_lock, write_atomically
from cosmicdeploy.text.formatting import format_time
from cosmicdeploy.text.suggest import did_you_mean

__all__ = ["ID", "LATEST", "Backup", "Catalogue", "new_id"]

LATEST = "latest"
ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
SHOWN_CANDIDATES = 10


class Catalogue:
    """All backups of one folder. The folder is made, 0700, with the first backup.

    `owner` is the stack whose backups count; without one all do. `warn` hears what `latest` passes
    over.
    """

    def __init__(
        self,
        folder: Path,
        owner: Owner | None = None,
        warn: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.folder = folder
        self.owner = owner
        self.warn = warn

    def list(self) -> list[Backup]:
        """Every backup, the one made last first; one whose manifest is damaged says so.

        Raises `BackupUnreadable` where the folder is there and cannot be read.
        """
        found = (read_listed_backup(path, self.owner) for path in self._manifests())
        return newest_first(backup for backup in found if backup is not None)

    def get(self, reference: str) -> Backup:
        """A backup of this stack by its ID; "latest" is the newest usable one.

        Raises `ForeignBackup` for another stack's; else as `look`.
        """
        found = self.look(reference)
        if found.foreign and self.owner:
            raise self.owner.refused(found.manifest, str(self.folder))
        return found

    def look(self, reference: str) -> Backup:
        """As `get`, for what only looks: another stack's as well.

        Raises `UnknownBackup`, with the candidates, for a name that none has; `BackupError` where
        there is no good one, and where it is damaged.
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
        usable = next((backup for backup in backups if backup.usable), None)
        if usable is None:
            raise no_good_backup(backups, str(self.folder))
        for line in passed_over(backups[: backups.index(usable)]):
            self.warn(line)
        return usable

    def objections(self, manifest: Manifest) -> Objections:
        """What speaks against using a backup, whatever its data is."""
        return objections(manifest, self.owner)

    def begin(self, manifest: Manifest) -> PartialBackup:
        """Enter a backup that is about to be made. Raises `BackupError`."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with folder_lock(self.folder):  # nobody sees a draft's file before it is held
                self._remove_leftovers()
                return PartialBackup(self.folder, manifest)
        except OSError as error:
            raise BackupError(
                f"the backup folder cannot be used: {error.strerror}",
                where=str(self.folder),
                todo="give the deployer a folder that it may write to",
            ) from error

    def note(self, backup_id: str, change: Callable[[State], State]) -> State:
        """Change what is known of a backup since its dump; the new state. Raises `BackupError`."""
        path = state_path(self.folder / f"{backup_id}.sql.zst")
        try:
            with folder_lock(self.folder):
                state = change(read_state(path))
                write_atomically(path, state.model_dump_json(indent=2) + "\n")
        except OSError as error:
            raise BackupError(
                f"what is known of {backup_id} cannot be written: {error.strerror}", where=str(path)
            ) from error
        return state

    @contextmanager
    def in_use(self, backup: Backup) -> Iterator[None]:
        """Nobody removes a backup's data within the block. Raises `BackupError` where it is being
        removed or cannot be read; where there is none, whoever reads it says so better."""
        with ExitStack() as held:
            try:
                held.enter_context(shared_lock(backup.data))
            except FileNotFoundError:
                pass
            except BlockingIOError as error:
                raise BackupError(
                    "the backup is being made or removed",
                    where=str(backup.data),
                    todo="wait, and see `cosmicdeploy backup list`",
                ) from error
            except OSError as error:
                raise unreadable_backup(backup.data, error) from error
            yield

    def _manifests(self) -> Sequence[Path]:
        try:  # a glob takes a folder that may not be read for an empty one
            paths = [*self.folder.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise BackupUnreadable(
                f"The folder of backups cannot be read: {error.strerror}",
                where=str(self.folder),
                todo="run this as the user who makes the backups, or let yourself read the folder",
            ) from error
        return [path for path in paths if path.suffix == ".json" and ID.fullmatch(path.stem)]

    def _remove_leftovers(self) -> None:
        for path in self.folder.glob("*.sql.zst.partial"):
            with suppress(OSError):  # what cannot be removed is in no new backup's way
                if not is_locked(path):
                    path.unlink(missing_ok=True)

    def _unknown(self, reference: str, backups: Sequence[Backup]) -> BackupError:
        lines = [
            f"{backup.id}  {backup.status}  {format_time(backup.manifest.created_at)}"
            for backup in backups
            if not backup.foreign
        ][:SHOWN_CANDIDATES]
        todo = "name one of these" if lines else "make one: `cosmicdeploy backup create`"
        where = str(self.folder)
        if lines and not ID.fullmatch(reference):  # all ids look much like each other
            todo = did_you_mean(reference, [LATEST, *(backup.id for backup in backups)]) or todo
        what = f"There is no backup {reference!r}"
        return UnknownBackup(what, where=where, todo=todo, details=lines)


def new_id() -> str:
    """An ID for a backup made now. It sorts by time: its last part counts 65536ths of a second,
    since two small backups may well be made within one."""
    made = datetime.now(UTC)
    return f"{made:%Y%m%d-%H%M%S}-{made.microsecond * 0x10000 // 1_000_000:04x}"
