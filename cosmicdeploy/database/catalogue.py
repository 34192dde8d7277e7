"""The folder of backups: `<id>.sql.zst` with the data, `<id>.json` with the manifest.

An entry exists before its dump starts, so that a backup which never ended is seen as a failed one.
The writer holds a lock on its data file; a "running" entry that nobody holds has lost its writer.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.database.draft import Draft, partial_path
from cosmicdeploy.database.files import is_held
from cosmicdeploy.database.manifest import Manifest, now, parse_manifest
from cosmicdeploy.errors import BackupError

LATEST = "latest"
ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
INTERRUPTED = "interrupted: the process that made it ended before it was done"
SHOWN_CANDIDATES = 10


@dataclass(frozen=True, kw_only=True)
class Backup:
    """One entry of the catalogue, as it counts now."""

    manifest: Manifest
    data: Path

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def good(self) -> bool:
        return self.manifest.status == "good"


class Catalogue:
    """All backups of one folder. The folder is made, 0700, with the first backup."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def list(self) -> list[Backup]:
        """Every backup, newest first. Raises `BackupError` where a manifest is damaged."""
        paths = sorted(self.folder.glob("*.json"), reverse=True)
        return [self._read(path) for path in paths if ID.fullmatch(path.stem)]

    def get(self, reference: str) -> Backup:
        """A backup by its ID; "latest" is the newest good one.

        Raises `BackupError`, with the candidates, where there is none.
        """
        path = self.folder / f"{reference}.json"
        if ID.fullmatch(reference) and path.is_file():
            return self._read(path)
        backups = self.list()
        good = [backup for backup in backups if backup.good]
        if reference == LATEST and good:
            return good[0]
        raise self._unknown(reference, backups)

    def begin(self, manifest: Manifest) -> Draft:
        """Enter a backup that is about to be made. Raises `BackupError`."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._remove_leftovers()
            return Draft(self.folder, manifest)
        except OSError as error:
            raise BackupError(
                f"the backup folder cannot be used: {error.strerror}",
                where=str(self.folder),
                todo="give the deployer a folder that it may write to",
            ) from error

    def _read(self, path: Path) -> Backup:
        data = path.with_suffix(".sql.zst")
        # In the writer's own order, so that it cannot slip by: the partial file becomes the data
        # file, the manifest is written, and only then the lock goes.
        alive = is_held(partial_path(data)) or is_held(data)
        manifest = parse_manifest(path.read_text(encoding="utf-8"), str(path))
        if manifest.status == "running" and not alive:
            manifest = manifest.updated(status="failed", reason=INTERRUPTED)
        return Backup(manifest=manifest, data=data)

    def _remove_leftovers(self) -> None:
        for path in self.folder.glob("*.sql.zst.partial"):
            if not is_held(path):
                path.unlink(missing_ok=True)

    def _unknown(self, reference: str, backups: Sequence[Backup]) -> BackupError:
        lines = [
            f"{backup.id}  {backup.manifest.status}  {backup.manifest.created_at.isoformat()}"
            for backup in backups[:SHOWN_CANDIDATES]
        ]
        what = "there is no good backup" if reference == LATEST else f"no backup {reference!r}"
        todo = "name one of these" if lines else "take one: cosmicdeploy backup create"
        return BackupError(what, where=str(self.folder), todo=todo, details=lines)


def new_id() -> str:
    """An ID for a backup made now; sorts by time."""
    return f"{now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
