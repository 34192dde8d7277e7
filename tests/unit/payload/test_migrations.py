"""The payload's migrations: their files, their status, and the order of a rollback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cosmic_app.commands.migrate import status_table
from cosmic_app.migrations.migrator import choose_rollback
from cosmic_app.migrations.model import load_migration, migration_names
from cosmic_app.migrations.repository import AppliedMigration

pytestmark = pytest.mark.unit

GUIDE_MIGRATION = "2026_02_02_000001_add_heartbeat_management_fields_to_remotes"


def test_the_status_table_has_the_form_of_artisan() -> None:
    assert status_table(["2025_a", "2026_b"], {"2025_a": 1}) == (
        "+------+-----------+-------+\n"
        "| Ran? | Migration | Batch |\n"
        "+------+-----------+-------+\n"
        "| Yes  | 2025_a    | 1     |\n"
        "| No   | 2026_b    |       |\n"
        "+------+-----------+-------+"
    )


def test_every_migration_has_both_directions_and_a_date_in_its_name(payload: Path) -> None:
    folder = payload / "app/database/migrations"
    names = migration_names(folder)
    assert GUIDE_MIGRATION in names
    for name in names:
        migration = load_migration(folder, name)
        assert migration is not None
        assert migration.up
        assert migration.down
        assert re.match(r"\d{4}_\d{2}_\d{2}_\d{6}_[a-z_]+$", name)


def test_the_migration_of_the_guide_is_one_statement_and_drops_what_it_adds(payload: Path) -> None:
    migration = load_migration(payload / "app/database/migrations", GUIDE_MIGRATION)
    assert migration is not None
    (up,), (down,) = migration.up, migration.down
    added = re.findall(r"ADD COLUMN (\w+)", up)
    assert {"heartbeat_interval_seconds", "grace_period_seconds", "previous_status"} <= set(added)
    assert {"last_status_change_at", "status_change_reason", "last_heartbeat_source"} <= set(added)
    assert re.findall(r"DROP COLUMN (\w+)", down) == added
    assert "IF NOT EXISTS" not in up


def test_a_missing_migration_file_loads_as_none(tmp_path: Path) -> None:
    assert load_migration(tmp_path, "2025_01_01_000000_gone") is None


@pytest.mark.parametrize(
    ("steps", "expected"), [(0, ["c", "b"]), (1, ["c"]), (3, ["c", "b", "a"]), (9, ["c", "b", "a"])]
)
def test_a_rollback_takes_the_newest_migrations_first(steps: int, expected: list[str]) -> None:
    batches = (("a", 1), ("b", 2), ("c", 2))
    applied = [AppliedMigration(migration=name, batch=batch) for name, batch in batches]
    assert [entry.migration for entry in choose_rollback(applied, steps)] == expected


def test_without_applied_migrations_there_is_nothing_to_roll_back() -> None:
    assert choose_rollback([], 0) == []
