"""A backup that is being made: its manifest, its growing data file, and how it ends."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from cosmicdeploy.database.backups.on_disk.manifest import Manifest
from cosmicdeploy.database.backups.on_disk.signing import SigningKey
from cosmicdeploy.files.atomic import lock_file, open_private, sync, sync_folder, write_atomically


class PartialBackup:
    """A backup that is being made, from a dump or from a copy, until `finish` or `fail` ends it.

    The constructor creates and locks the partial data file (`file`), then writes the manifest. A
    damaged backup that is fetched again already has a manifest, which stays unchanged until
    `finish`. With a `key`, a finished backup's manifest is signed. All methods may raise `OSError`.
    """

    def __init__(self, folder: Path, manifest: Manifest, key: SigningKey | None = None) -> None:
        self.manifest = manifest
        self._key = key
        self.data = folder / f"{manifest.id}.sql.zst"
        self.partial = partial_path(self.data)
        self._manifest_path = folder / f"{manifest.id}.json"
        self._replaces = self._manifest_path.exists()
        self._renamed = False
        self.file = open_private(self.partial, new=True)
        try:
            lock_file(self.file)
            if not self._replaces:
                write_atomically(self._manifest_path, manifest.to_json())
        except OSError:
            self._discard()
            raise

    def finish(self, manifest: Manifest) -> None:
        """Complete the backup: put its data in place on the disk, and only then this manifest."""
        sync(self.file)
        self.partial.rename(self.data)
        self._renamed = True
        sync_folder(self.data.parent)
        signed = self._key.signed(manifest) if self._key else manifest
        write_atomically(self._manifest_path, signed.to_json())
        self.file.close()

    def fail(self, reason: str, seconds: float) -> None:
        """Remove the data, and record in the manifest why the backup failed, after `seconds`.

        An earlier manifest of the same backup stays unchanged. If the new manifest cannot be
        written, the backup counts as failed all the same: it is "running" without a lock on its
        data.
        """
        self._discard()
        if self._replaces:
            return
        failed = self.manifest.updated(status="failed", reason=reason, seconds=seconds)
        with suppress(OSError):
            write_atomically(self._manifest_path, failed.to_json())

    def _discard(self) -> None:
        (self.data if self._renamed else self.partial).unlink(missing_ok=True)
        with suppress(OSError):  # closing flushes the buffer, and the disk may be full
            self.file.close()


def partial_path(data: Path) -> Path:
    """Return the file in which the data of a backup grows until it is complete."""
    return data.with_name(data.name + ".partial")
