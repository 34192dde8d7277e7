"""Copies of backups come back: from whichever place has a whole one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from cosmicdeploy.database.backups.archive import Digest
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import ID, LATEST, Catalogue
from cosmicdeploy.database.backups.disk_space import require_room
from cosmicdeploy.database.backups.manifest import Manifest, now, parse_manifest
from cosmicdeploy.database.backups.partial_backup import PartialBackup, partial_path
from cosmicdeploy.database.backups.removal import pending_removals
from cosmicdeploy.database.backups.state import CopyRecord
from cosmicdeploy.database.copies.destination import Destination
from cosmicdeploy.database.copies.store import Store
from cosmicdeploy.errors import BackupError, ForeignBackup
from cosmicdeploy.files.atomic import is_locked
from cosmicdeploy.text.formatting import counted

# Backup → the places that have a copy of it.
Found = dict[str, list[Store]]

SHOWN_CANDIDATES = 10


class Fetch:
    """One fetch into the catalogue. A place that fails is told, and the next one is tried."""

    def __init__(self, catalogue: Catalogue, base: Path, tell: Callable[[str], None]) -> None:
        self._catalogue = catalogue
        self._base = base
        self._tell = tell
        self._failed: list[str] = []

    def fetch(self, reference: str, places: Sequence[Destination]) -> Backup:
        """Bring a copy back. Raises `BackupError`, with all that failed."""
        found = self._found(places)
        wanted = self._latest(found) if reference == LATEST else reference
        if wanted not in found:
            raise self._no_copy(reference, found, places)
        self._require_absent(wanted)
        for store in found[wanted]:
            try:
                return self._bring(wanted, store)
            except ForeignBackup:
                raise
            except BackupError as error:
                self._fails(store.place, error)
        raise BackupError(
            f"no place gave a whole copy of {wanted}",
            where=", ".join(store.place.name for store in found[wanted]),
            todo="see to the places, or name another backup",
            details=self._failed,
        )

    def _fails(self, place: Destination, error: BackupError) -> None:
        self._failed.append(f"{place.name}: {error.what}")
        self._tell(self._failed[-1])

    def _found(self, places: Iterable[Destination]) -> Found:
        found: Found = {}
        for place in places:
            try:
                store = Store(place, self._base)
                for backup_id in _ids(store):
                    found.setdefault(backup_id, []).append(store)
            except BackupError as error:
                self._fails(place, error)
        return found

    def _latest(self, found: Found) -> str:
        """The newest copy that may be used; "" where there is none."""
        refuted = {
            b.id: b.why for b in self._catalogue.list() if b.whole and b.state.restore_failure
        }
        passed = 0
        for backup_id in sorted(found, reverse=True):
            why = refuted.get(backup_id) or self._objection(backup_id, found[backup_id])
            if not why:
                break
            passed += 1
            if passed <= SHOWN_CANDIDATES:
                self._catalogue.warn(f"passed over {backup_id}: {why}")
        else:
            backup_id = ""
        if passed > SHOWN_CANDIDATES:
            more = counted(passed - SHOWN_CANDIDATES, "more copy", "more copies")
            self._catalogue.warn(f"passed over {more}")
        return backup_id

    def _objection(self, backup_id: str, stores: Sequence[Store]) -> str:
        why = ""
        for store in stores:
            try:
                manifest = copied_manifest(store, backup_id)
            except BackupError as error:
                why = f"{store.place.name}: {error.what}"
                continue
            objections = self._catalogue.objections(manifest)
            return objections["foreign"] or objections["ahead"]
        return why

    def _bring(self, backup_id: str, store: Store) -> Backup:
        manifest = copied_manifest(store, backup_id)
        if self._catalogue.owner and self._catalogue.objections(manifest)["foreign"]:
            raise self._catalogue.owner.refused(manifest, store.place.name)
        draft = self._catalogue.begin(manifest.updated(status="running"))
        try:
            _fill(draft, manifest, store)
            draft.finish(manifest)
        except OSError as error:
            draft.fail(f"fetching it failed: {error.strerror}", 0)
            raise BackupError(
                f"the copy cannot be written here: {error.strerror}",
                where=str(self._catalogue.folder),
            ) from error
        except BaseException as error:
            draft.fail(f"fetching it failed: {error}", 0)
            raise
        copied = CopyRecord(url=store.place.name, at=now())
        # Whatever was found wrong with the file that was here before is wrong no more.
        self._catalogue.note(backup_id, lambda s: s.with_copy(copied).updated(read=None))
        return self._catalogue.get(backup_id)

    def _require_absent(self, backup_id: str) -> None:
        here = [b for b in self._catalogue.list() if b.id == backup_id]
        if any(b.whole or b.status == "running" or is_locked(partial_path(b.data)) for b in here):
            raise BackupError(
                f"the backup {backup_id} is here already",
                where=str(self._catalogue.folder),
                todo=f"prove it: `cosmicdeploy backup verify {backup_id}`",
            )
        if any(b.id == backup_id for b in pending_removals(self._catalogue)):
            raise BackupError(
                f"the backup {backup_id} is being removed",
                where=str(self._catalogue.folder),
                todo="let `cosmicdeploy backup prune` finish that first",
            )

    def _no_copy(self, reference: str, found: Found, places: Sequence[Destination]) -> BackupError:
        newest = sorted(found, reverse=True)
        seen = [f"{one}  {store.place.name}" for one in newest for store in found[one]]
        return BackupError(
            f"no copy of {reference!r} is at any place" + " that answers" * bool(self._failed),
            where=", ".join(place.name for place in places),
            todo="name one of these" if seen else "name a place that has one: --from URL",
            details=(*self._failed, *seen[:SHOWN_CANDIDATES]),
        )


def copied_manifest(store: Store, backup_id: str) -> Manifest:
    """The manifest of a copy. Raises `BackupError` where it is not that of a good backup."""
    text = b"".join(store.read(f"{backup_id}.json")).decode("utf-8", "replace")
    manifest = parse_manifest(text, f"{store.place.name}/{backup_id}.json")
    if manifest.id != backup_id or manifest.status != "good":
        raise BackupError("the copy's manifest is not that of a good backup", where=backup_id)
    return manifest


def copy_differs(backup_id: str, place: Destination) -> BackupError:
    """A copy that is not what it was made from."""
    return BackupError(
        f"the copy of {backup_id} is not what the manifest says (size or SHA-256 differs)",
        where=place.name,
        todo="see to the place; another copy may be whole",
    )


def _fill(draft: PartialBackup, manifest: Manifest, store: Store) -> None:
    if manifest.compressed:
        require_room(draft.data.parent, manifest.compressed.bytes)
    digest = Digest()
    for chunk in store.read(draft.data.name):
        draft.file.write(chunk)
        digest.feed(chunk)
    if digest.content != manifest.compressed:
        raise copy_differs(manifest.id, store.place)


def _ids(store: Store) -> list[str]:
    """What is whole there: backups with a manifest."""
    stems = (name.removesuffix(".json") for name in store.names() if name.endswith(".json"))
    return [stem for stem in stems if ID.fullmatch(stem)]
