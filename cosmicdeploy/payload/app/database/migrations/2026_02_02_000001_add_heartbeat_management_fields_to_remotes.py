"""Columns for the expected heartbeat of a device, and for its last status change.

Each direction is one statement, so the table has all of the columns or none.
"""


def up() -> list[str]:
    """Add the columns."""
    return [
        "ALTER TABLE remotes"
        " ADD COLUMN heartbeat_interval_seconds INT UNSIGNED NOT NULL DEFAULT 30,"
        " ADD COLUMN grace_period_seconds INT UNSIGNED NOT NULL DEFAULT 60,"
        " ADD COLUMN previous_status VARCHAR(32) NULL,"
        " ADD COLUMN last_status_change_at TIMESTAMP(3) NULL DEFAULT NULL,"
        " ADD COLUMN status_change_reason VARCHAR(191) NULL,"
        " ADD COLUMN last_heartbeat_source VARCHAR(32) NULL,"
        " ADD INDEX remotes_last_status_change_at_index (last_status_change_at)",
    ]


def down() -> list[str]:
    """Drop the columns."""
    return [
        "ALTER TABLE remotes"
        " DROP INDEX remotes_last_status_change_at_index,"
        " DROP COLUMN heartbeat_interval_seconds,"
        " DROP COLUMN grace_period_seconds,"
        " DROP COLUMN previous_status,"
        " DROP COLUMN last_status_change_at,"
        " DROP COLUMN status_change_reason,"
        " DROP COLUMN last_heartbeat_source",
    ]
