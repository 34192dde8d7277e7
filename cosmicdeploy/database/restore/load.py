"""Load a backup into a schema beside the live one, and be sure that all of it arrived.

Rows are what takes long, so they go over several connections at once; one more runs what is left
when they are in (see `sorting`). All of these take a single statement at a time, and none has
commands of its own: the database's client would run several statements in one, or `\\! sh`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from cosmicdeploy.database.access import READ_TIMEOUT, DatabaseAccess
from cosmicdeploy.database.backups.archive import Digest, read_raw
from cosmicdeploy.database.backups.catalogue import Backup
from cosmicdeploy.database.backups.manifest import Content, Manifest
from cosmicdeploy.database.dump.prerequisites import require_loadable, require_room
from cosmicdeploy.database.dump.progress import OnBytes, unheard
from cosmicdeploy.database.restore.deferred_indexes import LARGE_ROWS
from cosmicdeploy.database.restore.packets import largest_statement
from cosmicdeploy.database.restore.parallel import Lane, Lanes, ended, lanes_of_this_machine
from cosmicdeploy.database.restore.routing import Sorting
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.errors import BackupError

# What waits is small, unless there are many routines: then it waits on the disk.
IN_MEMORY = 4 << 20
LENGTH_BYTES = 8


def load_schema(
    access: DatabaseAccess,
    backup: Backup,
    schema: str,
    on_bytes: OnBytes = unheard,
    *,
    events: bool = False,
) -> None:
    """Load a backup into an empty schema; its scheduled events only where `events` says so, since
    they would run there.

    Raises `BackupError` where it may not be loaded here, is not what its manifest says, or the
    database refuses it; the schema then holds a part of it.
    """
    raw = backup.manifest.raw
    if raw is None:
        raise BackupError("the backup was never finished", where=f"backup {backup.id}")
    with open_facts(access) as facts:
        require_loadable(backup.manifest, facts)
        limit = largest_statement(facts.session)
    folder = backup.data.parent
    with SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(folder)) as file:
        rest = Waiting(file, folder)
        tables = _Tables(access, schema, limit)
        chunks = _checked(backup, raw, on_bytes)
        tables.load(backup, chunks, rest, events=events)
        tables.complete(rest)


@dataclass(frozen=True)
class Waiting:
    """Statements that wait for the rows: on the disk from some size on, as long as that has room.

    Each stands behind its length: read again as text, they might be taken apart in another way.
    """

    file: IO[bytes]
    folder: Path

    def put(self, statement: bytes) -> None:
        """Add one; raises `BackupError` where the disk would become full."""
        if self.file.tell() + len(statement) > IN_MEMORY:
            require_room(self.folder, len(statement))
        self.file.write(len(statement).to_bytes(LENGTH_BYTES, "big") + statement)

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(0)
        while length := self.file.read(LENGTH_BYTES):
            yield self.file.read(int.from_bytes(length, "big"))


@dataclass(frozen=True)
class _Tables:
    """Where a dump is loaded to, and the largest statement that is taken there."""

    access: DatabaseAccess
    schema: str
    limit: int

    def load(self, backup: Backup, chunks: Iterable[bytes], rest: Waiting, *, events: bool) -> None:
        """Load tables and rows; what else there is goes to `rest`."""
        with ExitStack() as stack:
            sorting = Sorting(
                stack.enter_context(closing(self._lane())).run,
                lambda settings: stack.enter_context(self._lanes(settings)),
                rest,
                large=large_tables(backup.manifest),
                limit=self.limit,
                events=events,
            )
            for chunk in chunks:
                sorting.feed(chunk)
            sorting.end()
        self._index(sorting)

    def complete(self, rest: Iterable[bytes]) -> None:
        """Run what waited, statement by statement."""
        with closing(self._lane()) as lane:
            for statement in rest:
                lane.run(statement)

    def _index(self, sorting: Sorting) -> None:
        # An index of a large table is built without a word.
        with self._lanes(sorting.settings, silence=None) as lanes:
            for table in sorting.deferred:
                lanes.put(table.keys)
        # One by one: each locks the tables that it refers to.
        with closing(Lane(self.access, self.schema, sorting.settings)) as lane:
            for table in sorting.deferred:
                if table.foreign_keys:
                    lane.run(table.foreign_keys)

    def _lane(self) -> Lane:
        return Lane(self.access, self.schema, silence=READ_TIMEOUT)

    def _lanes(
        self, settings: list[bytes], silence: float | None = READ_TIMEOUT
    ) -> AbstractContextManager[Lanes]:
        count = lanes_of_this_machine()
        return ended(Lanes(self.access, self.schema, settings, count, silence))


def large_tables(manifest: Manifest) -> set[str]:
    """Those that are worth building the indexes of afterwards."""
    tables = manifest.objects.tables.items()
    return {name for name, rows in tables if rows.before >= LARGE_ROWS}


def _checked(backup: Backup, expected: Content, on_bytes: OnBytes) -> Iterator[bytes]:
    digest = Digest()
    for chunk in read_raw(backup.data):
        digest.feed(chunk)
        yield chunk
        on_bytes(digest.bytes)
    if digest.content != expected:
        raise BackupError(
            "the backup's data is not what its manifest says",
            where=str(backup.data),
            todo="use another backup",
        )
