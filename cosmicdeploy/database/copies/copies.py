"""Copy backups to destinations; fetch and remove these copies.

The manifest is copied last and removed first, since data without a manifest is not a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.on_disk.archive import OnBytes, ignore_progress
from cosmicdeploy.database.backups.on_disk.manifest import now
from cosmicdeploy.database.backups.on_disk.state import CopyRecord, State
from cosmicdeploy.database.copies.destination import Destination
from cosmicdeploy.database.copies.fetch import Fetch, copied_manifest, copy_differs
from cosmicdeploy.database.copies.store import Store
from cosmicdeploy.errors import BackupError

# The recorded error from before a copy begins until it ends.
UNFINISHED = "the copy is in progress, or its process ended before the copy was complete"


class Copies:
    """Copies at the destinations that the settings name. Relative paths are relative to `base`."""

    def __init__(
        self, catalogue: Catalogue, destinations: Sequence[Destination], base: Path
    ) -> None:
        self._catalogue = catalogue
        self._base = base
        self.destinations = tuple(destinations)

    def missing(self, backup: Backup) -> list[Destination]:
        """Return the destinations that have no good copy according to the backup's state."""
        return [
            destination
            for destination in self.destinations
            if destination.name not in backup.state.copy_urls
        ]

    def copy(
        self, backup: Backup, destination: Destination, on_bytes: OnBytes = ignore_progress
    ) -> CopyRecord:
        """Copy a backup to a destination, read the copy back, compare it, and record the result.

        If the copy fails, the returned record says why. Raises `BackupError` only if the record
        cannot be written.
        """
        self._note(backup.id, CopyRecord(url=destination.name, at=now(), error=UNFINISHED))
        try:
            self._put(backup, Store(destination, self._base), on_bytes)
            error = ""
        except BackupError as failure:
            error = str(failure)
            with suppress(BackupError):  # an incomplete copy only takes up space
                _remove_files(Store(destination, self._base), backup.id)
        return self._note(backup.id, CopyRecord(url=destination.name, at=now(), error=error))

    def fetch(
        self, reference: str, url: str = "", warn: Callable[[str], None] = lambda text: None
    ) -> Backup:
        """Fetch a copy into the catalogue and compare it with its manifest.

        `reference` is an ID, or "latest" for the newest usable copy. `url` is the only destination
        to search; "" stands for all destinations of the settings, in order. `warn` is called with a
        message about each destination that fails, before the next is tried. Raises `BackupError`,
        with the candidates if there is no such copy.
        """
        return Fetch(self._catalogue, self._base, warn).fetch(reference, self._destinations(url))

    def remove(self, backup: Backup) -> None:
        """Remove all copies of a backup, each with its record in the state.

        Raises `BackupError` if a complete copy cannot be removed now. If what is left of a failed
        copy cannot be removed, it stays, and only its record is removed.
        """
        for copied in backup.state.copies:
            try:
                _remove_files(Store(self._known(copied.url), self._base), backup.id)
            except BackupError:
                if not copied.error:
                    raise
            self._catalogue.update_state(backup.id, partial(_without, copied.url))

    def _put(self, backup: Backup, store: Store, on_bytes: OnBytes) -> None:
        data, manifest = backup.data.name, f"{backup.id}.json"
        with self._catalogue.in_use(backup):
            store.put(backup.data, data)
            # Both are the size and SHA-256 of the compressed data.
            if store.content(data, on_bytes) != backup.manifest.compressed:
                raise copy_differs(backup.id, store.destination)
            store.put(self._catalogue.folder / manifest, manifest)
        if copied_manifest(store, backup.id) != backup.manifest:
            raise copy_differs(backup.id, store.destination)

    def _destinations(self, url: str) -> list[Destination]:
        """Return the destination with this URL; all destinations of the settings for ""."""
        if not url:
            return list(self.destinations)
        named = Destination(url=url)
        # The destination in the settings also has options, such as the password.
        configured = [each for each in self.destinations if each.name == named.name]
        return configured or [named]

    def _known(self, name: str) -> Destination:
        for destination in self.destinations:
            if destination.name == name:
                return destination
        raise BackupError(
            "The settings no longer name the destination of a copy",
            where=name,
            todo="add it to backup.copies again, then run `cosmicdeploy backup prune`",
        )

    def _note(self, backup_id: str, copied: CopyRecord) -> CopyRecord:
        """Store a record in the backup's state and return it."""
        self._catalogue.update_state(backup_id, lambda state: state.with_copy(copied))
        return copied


def _without(url: str, state: State) -> State:
    return state.without_copy(url)


def _remove_files(store: Store, backup_id: str) -> None:
    for name in (f"{backup_id}.json", f"{backup_id}.sql.zst"):
        store.remove(name)
