"""The three rollbacks, from a release with a migration and a row that the backup does not have."""

from __future__ import annotations

from tests.stack.stacks.php.strangers_laravel import StrangersLaravel
from tests.year.actions import migrations
from tests.year.actions.sources import put_release
from tests.year.attempt import Attempt

LATER = "registered-after-the-backup"


def next_release(attempt: Attempt) -> None:
    """Deploy a release with a migration, and register a device afterwards."""
    stack = attempt.stack
    migrations.add(attempt, migrations.NICKNAME)
    put_release(stack, "to-roll-back")
    attempt.backup = str(attempt.prepare("deploy").report["backup"])
    _remove_device(stack)
    with stack.database() as facts:
        insert = "INSERT INTO remotes (name, token_hash) VALUES (%s, SHA2(%s, 256))"
        facts.session.execute(insert, LATER, LATER)
    attempt.put_back.callback(_remove_device, stack)


def code_only(attempt: Attempt) -> None:
    """Roll back the image alone."""
    attempt.run("rollback", "--code-only", "--to", attempt.backup, "--yes")
    _expect(attempt, column=True, device=True)


def by_migration(attempt: Attempt) -> None:
    """Roll back the image, and the schema by its down migration."""
    attempt.run("rollback", "--migration", "--to", attempt.backup, "--yes")
    _expect(attempt, column=False, device=True)


def with_data(attempt: Attempt) -> None:
    """Roll back image, schema and data."""
    attempt.run("rollback", "--to", attempt.backup, "--yes")
    _expect(attempt, column=False, device=False)


def _expect(attempt: Attempt, *, column: bool, device: bool) -> None:
    """Expect whether the new column and the device that was registered later are there."""
    found = ("nickname" in migrations.columns(attempt.stack), _has_device(attempt.stack))
    attempt.expect(
        found == (column, device), f"new column there: {found[0]}, later device there: {found[1]}"
    )


def _has_device(stack: StrangersLaravel) -> bool:
    with stack.database() as facts:
        return bool(facts.session.rows("SELECT id FROM remotes WHERE name = %s", LATER))


def _remove_device(stack: StrangersLaravel) -> None:
    with stack.database() as facts:
        facts.session.execute("DELETE FROM remotes WHERE name = %s", LATER)
