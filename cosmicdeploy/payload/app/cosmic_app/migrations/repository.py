"""The table in which applied migrations are recorded."""

from __future__ import annotations

from dataclasses import dataclass

from pymysql.connections import Connection
from pymysql.cursors import DictCursor


@dataclass(frozen=True, kw_only=True)
class AppliedMigration:
    """The name of an applied migration, and the batch it ran in."""

    migration: str
    batch: int


class Repository:
    """The table `migrations`, in the format of Laravel."""

    def __init__(self, connection: Connection[DictCursor]) -> None:
        self._connection = connection

    def exists(self) -> bool:
        """Return whether the table exists."""
        with self._connection.cursor() as cursor:
            return bool(cursor.execute("SHOW TABLES LIKE 'migrations'"))

    def create(self) -> None:
        """Create the table."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE migrations (id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,"
                " migration VARCHAR(255) NOT NULL, batch INT NOT NULL)"
            )

    def applied(self) -> list[AppliedMigration]:
        """Return the applied migrations, oldest first."""
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT migration, batch FROM migrations ORDER BY batch, migration")
            return [AppliedMigration(**row) for row in cursor.fetchall()]

    def add(self, migration: str, batch: int) -> None:
        """Record that a migration ran."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO migrations (migration, batch) VALUES (%s, %s)", (migration, batch)
            )
        self._connection.commit()

    def remove(self, migration: str) -> None:
        """Remove the record of a migration."""
        with self._connection.cursor() as cursor:
            cursor.execute("DELETE FROM migrations WHERE migration = %s", (migration,))
        self._connection.commit()
