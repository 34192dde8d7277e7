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

from cosmicdeploy.database.archive import unreadable
from cosmicdeploy.database.draft import Draft, partial_path
from cosmicdeploy.database.entry import Backup, stand_in
from cosmicdeploy.database.files import alone_in, is_held, shared, write_atomically
from cosmicdeploy.database.manifest import Manifest, parse_manifest
from cosmicdeploy.database.state import State, read_state, state_path
from cosmicdeploy.errors import BackupError, BackupUnreadable, UnknownBackup
from cosmicdeploy.words import moment
from cosmicdeploy.yamlfile import nearest

__all__ = ["ID", "LATEST", "Backup", "Catalogue", "new_id"]

LATEST = "latest"
ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
INTERRUPTED = "interrupted: the process that made it ended before it was done"
GONE = "its data file is gone"
SHOWN_CANDIDATES = 10


class Catalogue:
    """All backups of one folder. The folder is made, 0700, with the first backup."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def list(self) -> list[Backup]:
        """Every backup, newest first; one whose manifest is damaged says so.

        Raises `BackupUnreadable` where the folder is there and cannot be read.
        """
        paths = sorted(self._manifests(), reverse=True)
        found = (self._listed(path) for path in paths)
        return [backup for backup in found if backup is not None]

    def get(self, reference: str) -> Backup:
        """A backup by its ID; "latest" is the newest usable one.

        Raises `UnknownBackup`, with the candidates, for a name that none has; `BackupError` where
        there is no good one, and where it is damaged.
        """
        path = self.folder / f"{reference}.json"
        with suppress(FileNotFoundError):
            if ID.fullmatch(reference):
                return self._get(path)
        backups = self.list()
        usable = [backup for backup in backups if backup.usable]
        if reference == LATEST and usable:
            return usable[0]
        raise self._unknown(reference, backups)

    def begin(self, manifest: Manifest) -> Draft:
        """Enter a backup that is about to be made. Raises `BackupError`."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with alone_in(self.folder):  # nobody sees a draft's file before it is held
                self._remove_leftovers()
                return Draft(self.folder, manifest)
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
            with alone_in(self.folder):
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
                held.enter_context(shared(backup.data))
            except FileNotFoundError:
                pass
            except BlockingIOError as error:
                raise BackupError(
                    "the backup is being made or removed",
                    where=str(backup.data),
                    todo="wait, and see `cosmicdeploy backup list`",
                ) from error
            except OSError as error:
                raise unreadable(backup.data, error) from error
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

    def _get(self, path: Path) -> Backup:
        try:
            return self._read(path)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise unreadable(path, error) from error

    def _listed(self, path: Path) -> Backup | None:
        try:
            return self._read(path)
        except FileNotFoundError:  # removed since the folder was listed
            return None
        except (BackupError, OSError) as error:
            why = error.what if isinstance(error, BackupError) else str(error)
            return Backup(manifest=stand_in(path), data=_data_path(path), damaged=why)

    def _read(self, path: Path) -> Backup:
        data = _data_path(path)
        # In the writer's own order, so that it cannot slip by: the partial file becomes the data
        # file, the manifest is written, and only then the lock goes.
        alive = is_held(partial_path(data)) or is_held(data)
        manifest = parse_manifest(path.read_text("utf-8", "replace"), str(path))
        if manifest.id != path.stem:
            raise BackupError(
                f"the manifest is that of {manifest.id}",
                where=str(path),
                todo="give data and manifest their own names again",
            )
        if manifest.status == "running" and not alive:
            manifest = manifest.updated(status="failed", reason=INTERRUPTED)
        if manifest.status == "good" and not data.is_file():
            manifest = manifest.updated(status="failed", reason=GONE)
        return Backup(manifest=manifest, data=data, state=read_state(state_path(data)))

    def _remove_leftovers(self) -> None:
        for path in self.folder.glob("*.sql.zst.partial"):
            if not is_held(path):
                path.unlink(missing_ok=True)

    def _unknown(self, reference: str, backups: Sequence[Backup]) -> BackupError:
        lines = [
            f"{backup.id}  {backup.status}  {moment(backup.manifest.created_at)}"
            for backup in backups[:SHOWN_CANDIDATES]
        ]
        todo = "name one of these" if lines else "make one: `cosmicdeploy backup create`"
        where = str(self.folder)
        if reference == LATEST:
            return BackupError("There is no good backup", where=where, todo=todo, details=lines)
        if lines and not ID.fullmatch(reference):  # all ids look much like each other
            todo = nearest(reference, [LATEST, *(backup.id for backup in backups)]) or todo
        what = f"There is no backup {reference!r}"
        return UnknownBackup(what, where=where, todo=todo, details=lines)


def _data_path(manifest: Path) -> Path:
    return manifest.with_suffix(".sql.zst")


def new_id() -> str:
    """An ID for a backup made now. It sorts by time: its last part counts 65536ths of a second,
    since two small backups may well be made within one."""
    made = datetime.now(UTC)
    return f"{made:%Y%m%d-%H%M%S}-{made.microsecond * 0x10000 // 1_000_000:04x}"
