"""Copies of backups at other places, and the way back from there.

The manifest is written last and removed first: data without one is no copy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from cosmicdeploy.database.backups.archive import OnBytes, ignore_progress
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.manifest import now
from cosmicdeploy.database.backups.state import CopyRecord, State
from cosmicdeploy.database.copies.destination import Destination
from cosmicdeploy.database.copies.fetch import Fetch, copied_manifest, copy_differs
from cosmicdeploy.database.copies.store import Store
from cosmicdeploy.errors import BackupError

UNFINISHED = "the process that copied it ended before it was done"


class Copies:
    """What the settings name as places. A relative path starts at `base`."""

    def __init__(self, catalogue: Catalogue, places: Sequence[Destination], base: Path) -> None:
        self._catalogue = catalogue
        self._base = base
        self.places = tuple(places)

    def missing(self, backup: Backup) -> list[Destination]:
        """The places where no good copy of a backup is recorded."""
        return [place for place in self.places if place.name not in backup.state.copy_urls]

    def copy(
        self, backup: Backup, place: Destination, on_bytes: OnBytes = ignore_progress
    ) -> CopyRecord:
        """Bring a backup to a place, read it back and compare; what came of it is recorded.

        Raises `BackupError` only where the record cannot be written.
        """
        self._note(backup.id, CopyRecord(url=place.name, at=now(), error=UNFINISHED))
        try:
            self._put(backup, Store(place, self._base), on_bytes)
            error = ""
        except BackupError as failure:
            error = str(failure)
            with suppress(BackupError):  # what is half there takes room for nothing
                _clear(Store(place, self._base), backup.id)
        return self._note(backup.id, CopyRecord(url=place.name, at=now(), error=error))

    def fetch(
        self, reference: str, url: str = "", tell: Callable[[str], None] = lambda text: None
    ) -> Backup:
        """Bring a copy back into the catalogue, compared with its manifest.

        `reference` is an ID, or "latest" for the newest copy of all places; without `url` those of
        the settings are asked, in order. A place that fails is told, and the next one is tried.
        Raises `BackupError`, with the candidates where there is no such copy.
        """
        return Fetch(self._catalogue, self._base, tell).fetch(reference, self._asked(url))

    def remove(self, backup: Backup) -> None:
        """Remove all copies of a backup. Raises `BackupError` where one has to wait."""
        for copied in backup.state.copies:
            try:
                _clear(Store(self._known(copied.url), self._base), backup.id)
            except BackupError:
                if not copied.error:  # what never was a copy is not worth waiting for
                    raise
            self._catalogue.note(backup.id, partial(_without, copied.url))

    def _put(self, backup: Backup, store: Store, on_bytes: OnBytes) -> None:
        data, manifest = backup.data.name, f"{backup.id}.json"
        with self._catalogue.in_use(backup):
            store.put(backup.data, data)
            if store.content(data, on_bytes) != backup.manifest.compressed:
                raise copy_differs(backup.id, store.place)
            store.put(self._catalogue.folder / manifest, manifest)
        if copied_manifest(store, backup.id) != backup.manifest:
            raise copy_differs(backup.id, store.place)

    def _asked(self, url: str) -> list[Destination]:
        if not url:
            return list(self.places)
        wanted = Destination(url=url)
        return [place for place in self.places if place.name == wanted.name] or [wanted]

    def _known(self, name: str) -> Destination:
        for place in self.places:
            if place.name == name:
                return place
        raise BackupError(
            "a copy is at a place that the settings no longer name",
            where=name,
            todo="name it in backup.copies again, so that prune can remove the copy",
        )

    def _note(self, backup_id: str, copied: CopyRecord) -> CopyRecord:
        self._catalogue.note(backup_id, lambda state: state.with_copy(copied))
        return copied


def _without(url: str, state: State) -> State:
    return state.without_copy(url)


def _clear(store: Store, backup_id: str) -> None:
    for name in (f"{backup_id}.json", f"{backup_id}.sql.zst"):
        store.remove(name)
