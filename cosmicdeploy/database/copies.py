"""Copies of backups at other places, and the way back from there.

The manifest is written last and removed first: data without one is no copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from cosmicdeploy.database.archive import Digest
from cosmicdeploy.database.catalogue import ID, LATEST, Catalogue
from cosmicdeploy.database.draft import Draft, partial_path
from cosmicdeploy.database.entry import Backup
from cosmicdeploy.database.faithful import require_room
from cosmicdeploy.database.files import is_held
from cosmicdeploy.database.manifest import Manifest, now, parse_manifest
from cosmicdeploy.database.place import Place
from cosmicdeploy.database.progress import OnBytes, unheard
from cosmicdeploy.database.removal import condemned
from cosmicdeploy.database.state import Copied, State
from cosmicdeploy.database.store import Store
from cosmicdeploy.errors import BackupError

# Backup → the places that have a copy of it.
Found = dict[str, list[Store]]
Fails = Callable[[Place, BackupError], None]

SHOWN = 10
UNFINISHED = "the process that copied it ended before it was done"


class Copies:
    """What the settings name as places. A relative path starts at `base`."""

    def __init__(self, catalogue: Catalogue, places: Sequence[Place], base: Path) -> None:
        self._catalogue = catalogue
        self._base = base
        self.places = tuple(places)

    def missing(self, backup: Backup) -> list[Place]:
        """The places where no good copy of a backup is recorded."""
        return [place for place in self.places if place.name not in backup.state.places]

    def copy(self, backup: Backup, place: Place, on_bytes: OnBytes = unheard) -> Copied:
        """Bring a backup to a place, read it back and compare; what came of it is recorded.

        Raises `BackupError` only where the record cannot be written.
        """
        self._note(backup.id, Copied(url=place.name, at=now(), error=UNFINISHED))
        try:
            self._put(backup, Store(place, self._base), on_bytes)
            error = ""
        except BackupError as failure:
            error = str(failure)
            with suppress(BackupError):  # what is half there takes room for nothing
                _clear(Store(place, self._base), backup.id)
        return self._note(backup.id, Copied(url=place.name, at=now(), error=error))

    def fetch(
        self, reference: str, url: str = "", tell: Callable[[str], None] = lambda text: None
    ) -> Backup:
        """Bring a copy back into the catalogue, compared with its manifest.

        `reference` is an ID, or "latest" for the newest copy of all places; without `url` those of
        the settings are asked, in order. A place that fails is told, and the next one is tried.
        Raises `BackupError`, with the candidates where there is no such copy.
        """
        failed: list[str] = []

        def fails(place: Place, error: BackupError) -> None:
            failed.append(f"{place.name}: {error.what}")
            tell(failed[-1])

        found = self._found(self._asked(url), fails)
        wanted = max(found, default="") if reference == LATEST else reference
        if wanted not in found:
            raise _no_copy(reference, found, self._asked(url), failed)
        self._require_absent(wanted)
        for store in found[wanted]:
            try:
                return self._bring(wanted, store)
            except BackupError as error:
                fails(store.place, error)
        raise BackupError(
            f"no place gave a whole copy of {wanted}",
            where=", ".join(store.place.name for store in found[wanted]),
            todo="see to the places; `cosmicdeploy backup fetch` may name another backup",
            details=failed,
        )

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
                raise _differs(backup.id, store.place)
            store.put(self._catalogue.folder / manifest, manifest)
        if _manifest(store, backup.id) != backup.manifest:
            raise _differs(backup.id, store.place)

    def _asked(self, url: str) -> list[Place]:
        if not url:
            return list(self.places)
        wanted = Place(url=url)
        return [place for place in self.places if place.name == wanted.name] or [wanted]

    def _found(self, places: Iterable[Place], fails: Fails) -> Found:
        """Where each backup has a copy."""
        found: Found = {}
        for place in places:
            try:
                store = Store(place, self._base)
                for backup_id in _ids(store):
                    found.setdefault(backup_id, []).append(store)
            except BackupError as error:
                fails(place, error)
        return found

    def _known(self, name: str) -> Place:
        for place in self.places:
            if place.name == name:
                return place
        raise BackupError(
            "a copy is at a place that the settings no longer name",
            where=name,
            todo="name it in backup.copies again, so that prune can remove the copy",
        )

    def _bring(self, backup_id: str, store: Store) -> Backup:
        manifest = _manifest(store, backup_id)
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
        self._note(backup_id, Copied(url=store.place.name, at=now()))
        # Whatever was found wrong with the file that was here before is wrong no more.
        self._catalogue.note(backup_id, lambda state: state.updated(read=None))
        return self._catalogue.get(backup_id)

    def _note(self, backup_id: str, copied: Copied) -> Copied:
        self._catalogue.note(backup_id, lambda state: state.with_copy(copied))
        return copied

    def _require_absent(self, backup_id: str) -> None:
        here = [b for b in self._catalogue.list() if b.id == backup_id]
        if any(b.usable or b.status == "running" or is_held(partial_path(b.data)) for b in here):
            raise BackupError(
                f"the backup {backup_id} is here already",
                where=str(self._catalogue.folder),
                todo=f"prove it: `cosmicdeploy backup verify {backup_id}`",
            )
        if any(b.id == backup_id for b in condemned(self._catalogue)):
            raise BackupError(
                f"the backup {backup_id} is being removed",
                where=str(self._catalogue.folder),
                todo="let `cosmicdeploy backup prune` finish that first",
            )


def _without(url: str, state: State) -> State:
    return state.without_copy(url)


def _clear(store: Store, backup_id: str) -> None:
    for name in (f"{backup_id}.json", f"{backup_id}.sql.zst"):
        store.remove(name)


def _fill(draft: Draft, manifest: Manifest, store: Store) -> None:
    if manifest.compressed:
        require_room(draft.data.parent, manifest.compressed.bytes)
    digest = Digest()
    for chunk in store.read(draft.data.name):
        draft.file.write(chunk)
        digest.feed(chunk)
    if digest.content != manifest.compressed:
        raise _differs(manifest.id, store.place)


def _ids(store: Store) -> list[str]:
    """What is whole there: backups with a manifest, oldest first."""
    stems = (name.removesuffix(".json") for name in store.names() if name.endswith(".json"))
    return [stem for stem in stems if ID.fullmatch(stem)]


def _manifest(store: Store, backup_id: str) -> Manifest:
    text = b"".join(store.read(f"{backup_id}.json")).decode("utf-8", "replace")
    manifest = parse_manifest(text, f"{store.place.name}/{backup_id}.json")
    if manifest.id != backup_id or manifest.status != "good":
        raise BackupError("the copy's manifest is not that of a good backup", where=backup_id)
    return manifest


def _no_copy(
    reference: str, found: Found, places: Sequence[Place], failed: Sequence[str]
) -> BackupError:
    seen = [
        f"{one}  {store.place.name}" for one in sorted(found, reverse=True) for store in found[one]
    ]
    return BackupError(
        f"no copy of {reference!r} is at any place" + (" that answers" if failed else ""),
        where=", ".join(place.name for place in places),
        todo="name one of these" if seen else "name a place that has one: --from URL",
        details=(*failed, *seen[:SHOWN]),
    )


def _differs(backup_id: str, place: Place) -> BackupError:
    return BackupError(
        f"the copy of {backup_id} is not what the manifest says (size or SHA-256 differs)",
        where=place.name,
        todo="see to the place; another copy may be whole",
    )
