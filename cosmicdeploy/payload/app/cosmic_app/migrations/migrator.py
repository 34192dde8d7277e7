"""Run migrations and undo them, with the output of Artisan."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import DictCursor

from cosmic_app.migrations.model import Migration, MigrationFailed, load_migration, migration_names
from cosmic_app.migrations.repository import AppliedMigration, Repository

# How long a DDL statement waits for a lock. The server's default is a day (MariaDB) or a year
# (MySQL), and all heartbeats would wait behind the statement.
LOCK_WAIT_SECONDS = 10


class Migrator:
    """Runs the migrations of a folder on a database."""

    def __init__(
        self, connection: Connection[DictCursor], folder: Path, print_line: Callable[[str], None]
    ) -> None:
        self._connection = connection
        self._folder = folder
        self._print = print_line
        self.repository = Repository(connection)

    def migrate(self) -> None:
        """Run the pending migrations.

        Raises `MigrationFailed`; the migrations before the failed one stay applied.
        """
        if not self.repository.exists():
            self.repository.create()
            self._print("Migration table created successfully.")
        pending = self.pending()
        if not pending:
            self._print("Nothing to migrate.")
        batch = max((each.batch for each in self.repository.applied()), default=0) + 1
        for migration in pending:
            self._print(f"Migrating: {migration.name}")
            seconds = self._execute(migration.name, migration.up)
            self.repository.add(migration.name, batch)
            self._print(f"Migrated:  {migration.name} ({seconds * 1000:.2f}ms)")

    def pretend(self) -> None:
        """Print the statements that `migrate` would run."""
        for migration in self.pending():
            for statement in migration.up:
                self._print(f"{migration.name}: {statement}")

    def pending(self) -> list[Migration]:
        """Return the migrations that are not applied, oldest first."""
        applied = self.repository.applied() if self.repository.exists() else []
        done = {entry.migration for entry in applied}
        names = [name for name in migration_names(self._folder) if name not in done]
        loaded = (load_migration(self._folder, name) for name in names)
        return [migration for migration in loaded if migration]

    def roll_back(self, steps: int) -> None:
        """Undo the last `steps` migrations, or the whole last batch if `steps` is 0.

        A migration whose file is missing is reported and skipped, as in Artisan.
        """
        chosen = choose_rollback(self.repository.applied(), steps)
        if not chosen:
            self._print("Nothing to rollback.")
        for entry in chosen:
            self._undo(entry.migration)

    def _undo(self, name: str) -> None:
        migration = load_migration(self._folder, name)
        if migration is None:
            self._print(f"Migration not found: {name}")
            return
        self._print(f"Rolling back: {name}")
        seconds = self._execute(name, migration.down)
        self.repository.remove(name)
        self._print(f"Rolled back:  {name} ({seconds * 1000:.2f}ms)")

    def _execute(self, name: str, statements: Sequence[str]) -> float:
        """Run the statements; return the seconds they took."""
        started = time.perf_counter()
        with self._connection.cursor() as cursor:
            # MySQL accepts no unsigned number here, but the server's own setting is unsigned.
            cursor.execute(
                "SET SESSION lock_wait_timeout ="
                " LEAST(CAST(@@GLOBAL.lock_wait_timeout AS SIGNED), %s)",
                (LOCK_WAIT_SECONDS,),
            )
            for number, statement in enumerate(statements, start=1):
                try:
                    cursor.execute(statement)
                except pymysql.MySQLError as error:
                    place = f"{name}, statement {number} of {len(statements)}"
                    raise MigrationFailed(f"{place}: {error} (SQL: {statement})") from error
        self._connection.commit()
        return time.perf_counter() - started


def choose_rollback(applied: Sequence[AppliedMigration], steps: int) -> list[AppliedMigration]:
    """Return the last `steps` migrations, or the last batch if `steps` is 0, newest first."""
    newest_first = sorted(applied, key=lambda entry: (entry.batch, entry.migration), reverse=True)
    if steps:
        return newest_first[:steps]
    return [entry for entry in newest_first if entry.batch == newest_first[0].batch]
