"""The commands migrate, migrate:status and migrate:rollback."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cosmic_app.console.context import Command, CommandFailed, Console
from cosmic_app.console.table import render_table
from cosmic_app.migrations.model import MigrationFailed, migration_names

if TYPE_CHECKING:
    from cosmic_app.migrations.migrator import Migrator

# Much longer than a request may take: altering a large table takes minutes.
STATEMENT_SECONDS = 3600.0
WARNING = """\
**************************************
*     Application In Production!     *
**************************************

 Do you really wish to run this command? (yes/no) [no]:
 > """


@contextmanager
def open_migrator(console: Console) -> Iterator[Migrator]:
    """Open a migrator, and close its connection afterwards.

    Raises `CommandFailed` if a migration fails.
    """
    from cosmic_app.database.connection import connect
    from cosmic_app.migrations.migrator import Migrator

    connection = connect(console.settings.database, timeout=STATEMENT_SECONDS)
    try:
        yield Migrator(connection, console.settings.migrations, console.line)
    except MigrationFailed as error:
        raise CommandFailed(f"Migration failed: {error}") from error
    finally:
        connection.close()


def confirmed(console: Console, options: Namespace) -> bool:
    """Return whether to run: in production only with --force or after "yes" at the prompt."""
    if options.force or console.settings.environment != "production":
        return True
    print(WARNING, end="", file=console.out, flush=True)
    interactive = sys.stdin.isatty() and not options.no_interaction
    if interactive and sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    console.line("\nCommand Canceled!")
    return False


def migrate(console: Console, options: Namespace) -> int:
    """Run the pending migrations."""
    if options.pretend:
        with open_migrator(console) as migrator:
            migrator.pretend()
        return 0
    if not confirmed(console, options):
        return 1
    with open_migrator(console) as migrator:
        migrator.migrate()
    return 0


def status(console: Console, options: Namespace) -> int:
    """Show which migrations were applied."""
    with open_migrator(console) as migrator:
        if not migrator.repository.exists():
            console.line("Migration table not found.")
            return 1
        batches = {each.migration: each.batch for each in migrator.repository.applied()}
    names = migration_names(console.settings.migrations)
    if not names:
        console.line("No migrations found")
        return 0
    console.line(status_table(names, batches))
    return 0


def status_table(names: list[str], batches: dict[str, int]) -> str:
    """Render one row per migration file, in order."""
    rows = [("Yes" if name in batches else "No", name, batches.get(name, "")) for name in names]
    return render_table(("Ran?", "Migration", "Batch"), rows)


def rollback(console: Console, options: Namespace) -> int:
    """Undo the last batch, or the last `--step` migrations."""
    if not confirmed(console, options):
        return 1
    with open_migrator(console) as migrator:
        if not migrator.repository.exists():
            console.line("Migration table not found.")
            return 1
        migrator.roll_back(options.step)
    return 0


def migrate_options(parser: ArgumentParser) -> None:
    """Add the options of migrate."""
    parser.add_argument("--force", action="store_true", help="run in production without asking")
    parser.add_argument("--pretend", action="store_true", help="only show the statements")


def rollback_options(parser: ArgumentParser) -> None:
    """Add the options of migrate:rollback."""
    parser.add_argument("--force", action="store_true", help="run in production without asking")
    parser.add_argument("--step", type=int, default=0, help="how many to undo (0: the last batch)")


COMMANDS = (
    Command(
        name="migrate",
        description="Run the database migrations",
        handle=migrate,
        options=migrate_options,
    ),
    Command(name="migrate:status", description="Show the status of each migration", handle=status),
    Command(
        name="migrate:rollback",
        description="Rollback the last database migration",
        handle=rollback,
        options=rollback_options,
    ),
)
