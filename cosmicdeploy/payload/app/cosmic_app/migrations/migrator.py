"""Runs migrations forth and back, saying what it does in Artisan's words."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import DictCursor

from cosmic_app.migrations.model import Migration, MigrationFailed, load_migration, migration_names
from cosmic_app.migrations.repository import Ran, Repository

# For DDL: the server's default is a day, during which all beats would wait behind it.
LOCK_WAIT_SECONDS = 10


class Migrator:
    """The migrations of one folder, against one database."""

    def __init__(
        self, connection: Connection[DictCursor], folder: Path, say: Callable[[str], None]
    ) -> None:
        self._connection = connection
        self._folder = folder
        self._say = say
        self.repository = Repository(connection)

    def migrate(self) -> None:
        """Run what has not run. Raises `MigrationFailed`; what ran before is remembered."""
        if not self.repository.exists():
            self.repository.create()
            self._say("Migration table created successfully.")
        pending = self.pending()
        if not pending:
            self._say("Nothing to migrate.")
        batch = max((ran.batch for ran in self.repository.ran()), default=0) + 1
        for migration in pending:
            self._say(f"Migrating: {migration.name}")
            seconds = self._execute(migration.name, migration.up)
            self.repository.add(migration.name, batch)
            self._say(f"Migrated:  {migration.name} ({seconds * 1000:.2f}ms)")

    def pretend(self) -> None:
        """Say the statements that `migrate` would run."""
        for migration in self.pending():
            for statement in migration.up:
                self._say(f"{migration.name}: {statement}")

    def pending(self) -> list[Migration]:
        """What has not run, oldest first."""
        ran = self.repository.ran() if self.repository.exists() else []
        done = {entry.migration for entry in ran}
        names = [name for name in migration_names(self._folder) if name not in done]
        return [found for name in names if (found := load_migration(self._folder, name))]

    def roll_back(self, steps: int) -> None:
        """Undo the last `steps` migrations; the whole last batch where that is 0.

        One whose file is missing is left as it is, said so, and passed over, as Artisan does.
        """
        chosen = choose_rollback(self.repository.ran(), steps)
        if not chosen:
            self._say("Nothing to rollback.")
        for entry in chosen:
            self._undo(entry.migration)

    def _undo(self, name: str) -> None:
        migration = load_migration(self._folder, name)
        if migration is None:
            self._say(f"Migration not found: {name}")
            return
        self._say(f"Rolling back: {name}")
        seconds = self._execute(name, migration.down)
        self.repository.remove(name)
        self._say(f"Rolled back:  {name} ({seconds * 1000:.2f}ms)")

    def _execute(self, name: str, statements: Sequence[str]) -> float:
        """Run the statements; the seconds they took."""
        started = time.perf_counter()
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SET SESSION lock_wait_timeout = LEAST(@@GLOBAL.lock_wait_timeout, %s)",
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


def choose_rollback(ran: Sequence[Ran], steps: int) -> list[Ran]:
    """Newest first: the last `steps` migrations, or the last batch where `steps` is 0."""
    newest_first = sorted(ran, key=lambda entry: (entry.batch, entry.migration), reverse=True)
    if steps:
        return newest_first[:steps]
    return [entry for entry in newest_first if entry.batch == newest_first[0].batch]
