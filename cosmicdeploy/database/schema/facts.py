"""Queries about a schema: its tables, rows, objects and migrations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from cosmicdeploy.database.access import DatabaseAccess, quoted
from cosmicdeploy.database.bookkeeping import LARAVEL, Bookkeeping
from cosmicdeploy.database.schema.definitions import (
    ROUTINES,
    Definitions,
    Kind,
    names_of,
    read_definitions,
)
from cosmicdeploy.database.schema.digest import schema_digest
from cosmicdeploy.database.schema.tables.columns import Outline
from cosmicdeploy.database.schema.tables.outline import incompatibilities, read_outline
from cosmicdeploy.database.session import Session, open_session
from cosmicdeploy.errors import DatabaseError


@dataclass(frozen=True, kw_only=True)
class Server:
    """The database server's product: its `vendor` ("MariaDB" or "MySQL") and version."""

    vendor: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """A base table with its exact number of rows."""

    name: str
    engine: str
    rows: int


class Facts:
    """Queries about one schema. All methods raise `DatabaseError`.

    `bookkeeping` is its table of migrations; None if no framework keeps one.
    """

    def __init__(
        self, session: Session, schema: str, bookkeeping: Bookkeeping | None = LARAVEL
    ) -> None:
        self.session = session
        self.schema = schema
        self.bookkeeping = bookkeeping

    def ping(self) -> None:
        """Run a trivial query, to check that the database answers."""
        self.session.execute("SELECT 1")

    def server(self) -> Server:
        """Return the server's vendor and version."""
        return Server(vendor=self.session.vendor.name, version=self.session.version)

    def engines(self) -> dict[str, str]:
        """Return the storage engine of each base table, ordered by name."""
        rows = self.session.rows(
            "SELECT table_name, engine FROM information_schema.tables"
            " WHERE table_schema = %s AND table_type = 'BASE TABLE'",
            self.schema,
        )
        return {str(name): str(engine) for name, engine in sorted(rows)}

    def tables(self) -> tuple[Table, ...]:
        """Return the base tables with exact row counts. Counting reads each table completely."""
        return tuple(
            Table(name=name, engine=engine, rows=self.count(name))
            for name, engine in self.engines().items()
        )

    def count(self, table: str) -> int:
        """Return the exact number of rows of one table."""
        name = f"{quoted(self.schema)}.{quoted(table)}"
        return int(self.session.rows(f"SELECT COUNT(*) FROM {name}")[0][0])  # noqa: S608 - quoted

    def other_tables(self) -> dict[str, str]:
        """Return name → type of everything else, such as sequences: no base table and no view."""
        rows = self.session.rows(
            "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = %s"
            " AND table_type NOT IN ('BASE TABLE', 'VIEW')",
            self.schema,
        )
        return {str(name): str(kind) for name, kind in sorted(rows)}

    def views(self) -> tuple[str, ...]:
        """Return the names of the views."""
        return self._names("VIEW")

    def triggers(self) -> tuple[str, ...]:
        """Return the names of the triggers."""
        return self._names("TRIGGER")

    def routines(self) -> tuple[str, ...]:
        """Return the names of procedures, functions and packages."""
        return self._names(*ROUTINES)

    def events(self) -> tuple[str, ...]:
        """Return the names of the scheduled events."""
        return self._names("EVENT")

    def definitions(self) -> Definitions:
        """Return the definitions of views, routines, triggers and events.

        Raises `DatabaseError` also if the user may not read one of them.
        """
        return read_definitions(self.session, self.schema)

    def rounded_columns(self) -> tuple[str, ...]:
        """Return, as "table.column", the FLOAT columns with values that a dump would round.

        Reads all tables that have a FLOAT column.
        """
        rows = self.session.rows(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = %s AND data_type = 'float'",
            self.schema,
        )
        tables = self.engines()
        return tuple(
            f"{table}.{column}"
            for table, column in sorted(rows)
            if table in tables and self._rounds(table, column)
        )

    def _rounds(self, table: str, column: str) -> bool:
        source, value = f"{quoted(self.schema)}.{quoted(table)}", quoted(column)
        return bool(
            self.session.rows(
                f"SELECT 1 FROM {source} WHERE {value} <> CAST(CONCAT({value}) AS FLOAT) LIMIT 1"  # noqa: S608 - quoted
            )
        )

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the names of a table's columns, in order; empty if there is no such table."""
        rows = self.session.rows(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
            self.schema,
            table,
        )
        return tuple(str(row[0]) for row in rows)

    def data_bytes(self) -> int:
        """Return the server's estimate of the size of the data in bytes, without indexes."""
        rows = self.session.rows(
            "SELECT COALESCE(SUM(data_length), 0) FROM information_schema.tables"
            " WHERE table_schema = %s",
            self.schema,
        )
        return int(rows[0][0])

    def schema_digest(self, comparable_with: str | None = None) -> str:
        """Return the digest of the structure: equal digests mean equal structure.

        If `comparable_with` is a recorded digest, both digests can be compared.
        """
        return schema_digest(self.session, self.schema, comparable_with)

    def has_bookkeeping(self) -> bool:
        """Whether the framework's table of migrations exists."""
        return self.bookkeeping is not None and bool(self.columns(self.bookkeeping.table))

    def applied_migrations(self) -> dict[str, int]:
        """Return applied migration → number of the run that ran it, in the order in which they ran.

        The number is 0 if the framework counts no runs. Empty if there is no table of migrations.
        Raises `DatabaseError` also if the table has other columns than expected.
        """
        bookkeeping = self.bookkeeping
        existing = self.columns(bookkeeping.table) if bookkeeping else ()
        if bookkeeping is None or not existing:
            return {}
        _require_columns(bookkeeping, existing)
        columns = ", ".join(map(quoted, bookkeeping.read_columns))
        order = ", ".join(map(quoted, bookkeeping.order or bookkeeping.columns))
        table = f"{quoted(self.schema)}.{quoted(bookkeeping.table)}"
        return bookkeeping.applied(
            self.session.rows(f"SELECT {columns} FROM {table} ORDER BY {order}")  # noqa: S608 - quoted
        )

    def outline(self) -> Outline:
        """Return what application code relies on: the columns of each table and view."""
        return read_outline(self.session, self.schema)

    def incompatibilities(self, needed: Outline) -> list[str]:
        """Return why code written for the schema `needed` cannot use this schema; empty if it can.

        An empty `needed` is a reason too: it means that the schema which the code needs is not
        known.
        """
        if not needed:
            return ["it is not known which schema that code needs"]
        return incompatibilities(needed, self.outline())

    def highest_batch(self) -> int:
        """Return the number of the last run that migrated; 0 if none did, or if none is counted."""
        return max(self.applied_migrations().values(), default=0)

    def keys_across_schemas(self) -> tuple[str, ...]:
        """Return the foreign keys between this schema and others, as "table → referenced table"."""
        rows = self.session.rows(
            "SELECT table_schema, table_name, referenced_table_schema, referenced_table_name"
            " FROM information_schema.key_column_usage WHERE referenced_table_schema IS NOT NULL"
            " AND %s IN (table_schema, referenced_table_schema)",
            self.schema,
        )
        return tuple(
            f"{schema}.{table} → {other_schema}.{other}"
            for schema, table, other_schema, other in sorted(set(rows))
            if schema != other_schema
        )

    def _names(self, *kinds: Kind) -> tuple[str, ...]:
        names = (name for kind in kinds for name in names_of(self.session, self.schema, kind))
        return tuple(sorted(names))


def _require_columns(bookkeeping: Bookkeeping, existing: Sequence[str]) -> None:
    known = {name.lower() for name in existing}
    missing = [
        name
        for name in (*bookkeeping.read_columns, *bookkeeping.order)
        if name.lower() not in known
    ]
    if missing:
        raise DatabaseError(
            f"The table {bookkeeping.table} is not the table of migrations that the deployer"
            f" expects: it has no column {missing[0]}",
            where="database",
            todo="name the framework that runs the migrations in migrate.framework, or describe its"
            " table as `table` in a file of your own (docs/migrations.md)",
        )


@contextmanager
def open_facts(access: DatabaseAccess) -> Iterator[Facts]:
    """Open a session for queries about the live schema. Raises `DatabaseError`."""
    with open_session(access) as session:
        yield Facts(session, access.name, access.bookkeeping)
