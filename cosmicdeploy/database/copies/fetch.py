"""Fetch a copy of a backup from the first destination that has an intact one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import ID, LATEST, Catalogue
from cosmicdeploy.database.backups.on_disk.archive import Digest, read_raw
from cosmicdeploy.database.backups.on_disk.disk_space import require_room
from cosmicdeploy.database.backups.on_disk.manifest import Manifest, now, parse_manifest
from cosmicdeploy.database.backups.on_disk.partial_backup import PartialBackup, partial_path
from cosmicdeploy.database.backups.on_disk.signing import BY_HAND
from cosmicdeploy.database.backups.on_disk.state import CopyRecord
from cosmicdeploy.database.backups.removal import pending_removals
from cosmicdeploy.database.copies.destination import Destination
from cosmicdeploy.database.copies.store import Store
from cosmicdeploy.database.dump_format.opening import OPENING_BYTES, has_sandbox_line
from cosmicdeploy.errors import BackupError, ForeignBackup
from cosmicdeploy.files.atomic import is_locked
from cosmicdeploy.files.bounds import RECORD_BYTES
from cosmicdeploy.text.formatting import counted

# Backup ID → the destinations that have a copy of it.
StoresById = dict[str, list[Store]]

SHOWN_CANDIDATES = 10
# The catalogue reads no larger manifest.
MANIFEST_BYTES = RECORD_BYTES


class Fetch:
    """Fetches a copy into the catalogue.

    `warn` is called with a message about each destination that fails. Relative paths of
    destinations are relative to `base`.
    """

    def __init__(self, catalogue: Catalogue, base: Path, warn: Callable[[str], None]) -> None:
        self._catalogue = catalogue
        self._base = base
        self._warn = warn
        self._failed: list[str] = []

    def fetch(self, reference: str, destinations: Sequence[Destination]) -> Backup:
        """Fetch the first intact copy of a backup.

        `reference` is an ID, or "latest" for the newest usable copy. Raises `ForeignBackup` if the
        copy is another stack's. Raises `BackupError` if the backup is already in the catalogue, or
        is being made, fetched or removed. If no destination has an intact copy, raises
        `BackupError` with the error of each destination.
        """
        stores = self._find(destinations)
        backup_id = self._latest(stores) if reference == LATEST else reference
        if backup_id not in stores:
            raise self._no_copy(reference, stores, destinations)
        self._require_absent(backup_id)
        advice = set[str]()
        for store in stores[backup_id]:
            try:
                return self._fetch_from(backup_id, store)
            except ForeignBackup:
                raise
            except BackupError as error:
                self._report(store.destination, error)
                advice.add(error.todo)
        raise BackupError(
            f"No destination has an intact copy of {backup_id}",
            where=", ".join(store.destination.name for store in stores[backup_id]),
            todo=advice.pop()
            if len(advice) == 1
            else "check the destinations, or name another backup",
            details=self._failed,
        )

    def _report(self, destination: Destination, error: BackupError) -> None:
        self._failed.append(f"{destination.name}: {error.what}")
        self._warn(self._failed[-1])

    def _find(self, destinations: Iterable[Destination]) -> StoresById:
        stores: StoresById = {}
        for destination in destinations:
            try:
                store = Store(destination, self._base)
                for backup_id in _ids(store):
                    stores.setdefault(backup_id, []).append(store)
            except BackupError as error:
                self._report(destination, error)
        return stores

    def _latest(self, stores: StoresById) -> str:
        """Return the ID of the newest usable copy; "" if there is none.

        Warns of the newer copies that it skips.
        """
        # The copy of a backup whose test restore failed has the same data.
        failed = {
            b.id: b.why for b in self._catalogue.list() if b.is_intact and b.state.restore_failure
        }
        skipped = 0
        for backup_id in sorted(stores, reverse=True):
            why = failed.get(backup_id) or self._objection(backup_id, stores[backup_id])
            if not why:
                break
            skipped += 1
            if skipped <= SHOWN_CANDIDATES:
                self._catalogue.warn(f"skipped {backup_id}: {why}")
        else:
            backup_id = ""
        if skipped > SHOWN_CANDIDATES:
            more = counted(skipped - SHOWN_CANDIDATES, "more copy", "more copies")
            self._catalogue.warn(f"skipped {more}")
        return backup_id

    def _objection(self, backup_id: str, stores: Sequence[Store]) -> str:
        """Return why the copies of a backup must not be used; "" if they may be used.

        Decides by the first manifest that can be read and, if there is a key, is signed with it.
        """
        why = ""
        for store in stores:
            try:
                manifest = copied_manifest(store, backup_id)
            except BackupError as error:
                why = f"{store.destination.name}: {error.what}"
                continue
            if self._catalogue.key:
                try:
                    self._catalogue.key.require_signed(manifest, store.destination.name)
                except BackupError as error:
                    why = f"{store.destination.name}: {error.what}"
                    continue
            objections = self._catalogue.objections(manifest)
            return objections["foreign"] or objections["from_future"]
        return why

    def _fetch_from(self, backup_id: str, store: Store) -> Backup:
        manifest = copied_manifest(store, backup_id)
        key = self._catalogue.key
        if key:
            key.require_signed(manifest, store.destination.name)
        if self._catalogue.owner and self._catalogue.objections(manifest)["foreign"]:
            raise self._catalogue.owner.refused(manifest, store.destination.name)
        partial_backup = self._catalogue.begin(manifest.updated(status="running"))
        try:
            _fill(partial_backup, manifest, store)
            if not key:
                _require_sandbox_line(partial_backup, store)
            partial_backup.finish(manifest)
        except OSError as error:
            partial_backup.fail(f"fetching it failed: {error.strerror}", 0)
            raise BackupError(
                f"The copy cannot be written: {error.strerror}",
                where=str(self._catalogue.folder),
                todo="check the disk and the permissions of the folder, then fetch it again",
            ) from error
        except BaseException as error:
            partial_backup.fail(f"fetching it failed: {error}", 0)
            raise
        copied = CopyRecord(url=store.destination.name, at=now())
        # The recorded verification read a former data file of this backup, so forget its result.
        self._catalogue.update_state(
            backup_id, lambda state: state.with_copy(copied).updated(read=None)
        )
        return self._catalogue.get(backup_id)

    def _require_absent(self, backup_id: str) -> None:
        listed = [b for b in self._catalogue.list() if b.id == backup_id]
        if any(b.status == "running" or is_locked(partial_path(b.data)) for b in listed):
            raise BackupError(
                f"The backup {backup_id} is being made or fetched",
                where=str(self._catalogue.folder),
                todo="wait until that has ended, then check it:"
                f" `cosmicdeploy backup verify {backup_id}`",
            )
        if any(b.is_intact for b in listed):
            raise BackupError(
                f"The backup {backup_id} is already in the catalogue",
                where=str(self._catalogue.folder),
                todo=f"check it: `cosmicdeploy backup verify {backup_id}`",
            )
        if any(b.id == backup_id for b in pending_removals(self._catalogue)):
            raise BackupError(
                f"The backup {backup_id} is being removed",
                where=str(self._catalogue.folder),
                todo="finish that first: `cosmicdeploy backup prune`",
            )

    def _no_copy(
        self, reference: str, stores: StoresById, destinations: Sequence[Destination]
    ) -> BackupError:
        newest = sorted(stores, reverse=True)
        copies = [
            f"{backup_id}  {store.destination.name}"
            for backup_id in newest
            for store in stores[backup_id]
        ]
        searched = "No destination that answers" if self._failed else "No destination"
        sought = "a usable copy" if reference == LATEST else f"a copy of {reference!r}"
        return BackupError(
            f"{searched} has {sought}",
            where=", ".join(destination.name for destination in destinations),
            todo="name one of these" if copies else "name a destination that has one: --from URL",
            details=(*self._failed, *copies[:SHOWN_CANDIDATES]),
        )


def copied_manifest(store: Store, backup_id: str) -> Manifest:
    """Read the manifest of a copy. Raises `BackupError` unless it is that of a good backup."""
    where, data = f"{store.destination.name}/{backup_id}.json", bytearray()
    for chunk in store.read(f"{backup_id}.json"):
        data += chunk
        if len(data) > MANIFEST_BYTES:
            raise BackupError(
                f"The manifest of the copy is larger than {MANIFEST_BYTES >> 20} MiB",
                where=where,
                todo="check the destination; another copy may be intact",
            )
    manifest = parse_manifest(data.decode("utf-8", "replace"), where)
    if manifest.id != backup_id or manifest.status != "good":
        raise BackupError(
            "The manifest of the copy belongs to another backup, or to one that is not good",
            where=where,
            todo="use another copy or another backup: `cosmicdeploy backup list`",
        )
    return manifest


def copy_differs(backup_id: str, destination: Destination) -> BackupError:
    """Return the error for a copy that differs from its backup."""
    return BackupError(
        f"The copy of {backup_id} differs from its manifest (size or SHA-256)",
        where=destination.name,
        todo="check the destination; another copy may be intact",
    )


def _fill(partial_backup: PartialBackup, manifest: Manifest, store: Store) -> None:
    """Write the copy's data; raise `BackupError` if it does not fit the disk or the manifest."""
    if manifest.compressed:
        require_room(partial_backup.data.parent, manifest.compressed.bytes)
    digest = Digest()
    for chunk in store.read(partial_backup.data.name):
        digest.feed(chunk)
        # A longer copy differs from its manifest in any case, and could fill the disk.
        if manifest.compressed is None or digest.bytes > manifest.compressed.bytes:
            break
        partial_backup.file.write(chunk)
    if digest.content != manifest.compressed:
        raise copy_differs(manifest.id, store.destination)


def _require_sandbox_line(partial_backup: PartialBackup, store: Store) -> None:
    """Raise `BackupError` unless the fetched dump begins with MariaDB's sandbox line.

    The line is required even if the dump's header names a tool that does not write it, since a
    forged header can name such a tool.
    """
    partial_backup.file.flush()
    head = next(read_raw(partial_backup.partial), b"")[:OPENING_BYTES]
    if not has_sandbox_line(head):
        raise BackupError(
            "The copy's dump lacks MariaDB's sandbox line, so it may be forged",
            where=store.destination.name,
            todo=f"{BY_HAND.format(id=partial_backup.manifest.id)}; for later backups, set"
            " `backup.signing_key_variable`: a signed copy needs no such line",
        )


def _ids(store: Store) -> list[str]:
    """Return the IDs of the complete copies: those with a manifest."""
    stems = (name.removesuffix(".json") for name in store.names() if name.endswith(".json"))
    return [stem for stem in stems if ID.fullmatch(stem)]
