"""Load a backup into a schema other than the live one, and check that its data is intact.

Rows take most of the time, so several connections load them in parallel. Afterwards the views,
routines and triggers are created from the manifest. It has their texts as the server reports them,
while a dump tool changes some texts. If an older version of the deployer made the backup, only the
dump has these objects (see `routing`).

The database's client is not used. A forged dump may contain several statements in one text, or
commands such as `\\! sh`, and the client would run these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass

from cosmicdeploy.database.access import READ_TIMEOUT, DatabaseAccess
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.on_disk.archive import Digest, OnBytes, ignore_progress, read_raw
from cosmicdeploy.database.backups.on_disk.manifest import Content, Manifest
from cosmicdeploy.database.loading.connection import LoadConnection
from cosmicdeploy.database.loading.deferred_indexes import LARGE_ROWS
from cosmicdeploy.database.loading.parallel import (
    ParallelConnections,
    closing_connections,
    connection_count,
)
from cosmicdeploy.database.loading.routing import Router, StatementSink
from cosmicdeploy.database.loading.spool import DISCARD, statement_spool
from cosmicdeploy.database.schema.creatable import require_creatable
from cosmicdeploy.database.schema.definitions import Definitions
from cosmicdeploy.database.schema.facts import Facts, open_facts
from cosmicdeploy.database.schema.privileges import TO_RESTORE, require_definers, require_privileges
from cosmicdeploy.database.schema.rebuilding.create import create_all
from cosmicdeploy.database.schema.rebuilding.relocation import relocated
from cosmicdeploy.database.schema.schemas import restoring_schemas
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.tools.server_limits import largest_statement
from cosmicdeploy.errors import BackupError


def load_schema(
    access: DatabaseAccess,
    backup: Backup,
    schema: str,
    on_bytes: OnBytes = ignore_progress,
    *,
    connections: int | None = None,
) -> None:
    """Load a backup into an empty schema, without its events.

    `on_bytes` may raise an error to stop the load. `connections` is how many connections load rows;
    by default `connection_count()`. Raises `BackupError` if the backup must not be loaded on this
    server, its data differs from its manifest, or the server refuses a statement. Raises
    `DatabaseError` if the server cannot be reached. After an error the schema may hold a part of
    the backup.
    """
    raw = backup.manifest.raw
    if raw is None:
        raise BackupError(
            "The backup was never completed",
            where=f"backup {backup.id}",
            todo="use another backup: `cosmicdeploy backup list`",
        )
    with open_facts(access) as facts:
        require_loadable(backup.manifest, facts)
        limit = largest_statement(facts.session)
    loader = _Loader(access, schema, limit, connections or connection_count(), on_bytes)
    chunks = _checked(backup, raw, on_bytes)
    if backup.manifest.object_definitions is not None:
        loader.load(backup, chunks, DISCARD)
        _create_recorded(access, backup.manifest, schema)
        return
    with statement_spool(backup.data.parent) as rest:
        loader.load(backup, chunks, rest)
        loader.complete(rest)


def require_loadable(manifest: Manifest, facts: Facts) -> None:
    """Raise `BackupError` if loading this backup could change the live schema, or would fail.

    Raises `DatabaseError` if a query fails.
    """
    where = f"backup {manifest.id}"
    if manifest.schema_statements:
        raise BackupError(
            "The dump names a schema that it changes, which could be the live one",
            where=where,
            todo="restore it by hand on another server",
            details=manifest.schema_statements,
        )
    vendor = facts.server().vendor
    if vendor != manifest.server_vendor:
        raise BackupError(
            f"The backup is from {manifest.server_vendor}, and this server is {vendor}",
            where=where,
            todo=f"restore it on a {manifest.server_vendor} server",
        )
    require_privileges(facts.session, restoring_schemas(facts.schema), TO_RESTORE)
    require_definers(facts.session, manifest.definers)
    require_creatable(facts.session, manifest.recorded)


def _create_recorded(access: DatabaseAccess, manifest: Manifest, schema: str) -> None:
    """Create the views, routines and triggers from their texts in the manifest."""
    objects = manifest.object_definitions or ()
    recorded = Definitions(collation=manifest.collation, objects=objects)
    with open_session(access) as session:
        create_all(session, schema, relocated(recorded, manifest.database, schema))


@dataclass(frozen=True)
class _Loader:
    """Loads a dump into `schema`; the server accepts statements of up to `limit` bytes.

    `connections` load the rows in parallel. `on_bytes` is called with 0 before each table gets its
    indexes, and may raise an error to stop.
    """

    access: DatabaseAccess
    schema: str
    limit: int
    connections: int
    on_bytes: OnBytes = ignore_progress

    def load(self, backup: Backup, chunks: Iterable[bytes], rest: StatementSink) -> None:
        """Load tables, rows and indexes; put all other statements into `rest`, to run later."""
        with ExitStack() as stack:
            router = Router(
                stack.enter_context(closing(self._connection())).run,
                lambda settings: stack.enter_context(self._parallel(settings)),
                rest,
                large=large_tables(backup.manifest),
                limit=self.limit,
            )
            for chunk in chunks:
                router.feed(chunk)
            router.end()
        self._index(router)

    def complete(self, rest: Iterable[bytes]) -> None:
        """Run the deferred statements one by one."""
        with closing(self._connection()) as connection:
            for statement in rest:
                connection.run(statement)

    def _index(self, router: Router) -> None:
        """Add the indexes and foreign keys of the large tables."""
        # The server answers only when an index is built, so there is no time limit.
        with self._parallel(router.settings, read_timeout=None) as connections:
            for table in router.deferred:
                self.on_bytes(0)
                connections.put(table.keys)
        # One by one, since each statement locks the tables that its foreign keys reference.
        with closing(LoadConnection(self.access, self.schema, router.settings)) as connection:
            for table in router.deferred:
                if table.foreign_keys:
                    self.on_bytes(0)
                    connection.run(table.foreign_keys)

    def _connection(self) -> LoadConnection:
        return LoadConnection(self.access, self.schema, read_timeout=READ_TIMEOUT)

    def _parallel(
        self, settings: list[bytes], read_timeout: float | None = READ_TIMEOUT
    ) -> AbstractContextManager[ParallelConnections]:
        return closing_connections(
            ParallelConnections(self.access, self.schema, settings, self.connections, read_timeout)
        )


def large_tables(manifest: Manifest) -> set[str]:
    """Return the tables so large that building their indexes after the rows saves time."""
    tables = manifest.objects.tables.items()
    return {name for name, rows in tables if rows.before >= LARGE_ROWS}


def _checked(backup: Backup, expected: Content, on_bytes: OnBytes) -> Iterator[bytes]:
    """Yield the SQL of a backup; at the end, raise `BackupError` if its size or SHA-256 differs."""
    digest = Digest()
    for chunk in read_raw(backup.data):
        digest.feed(chunk)
        yield chunk
        on_bytes(digest.bytes)
    if digest.content != expected:
        raise BackupError(
            "The backup's data differs from its manifest",
            where=str(backup.data),
            todo="use another backup: `cosmicdeploy backup list`",
        )
