"""The table of all status changes of devices."""


def up() -> list[str]:
    """Create the table, without a foreign key, so that a restore can swap each table separately."""
    return [
        "CREATE TABLE device_status_transitions ("
        " id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,"
        " remote_id BIGINT UNSIGNED NOT NULL,"
        " from_status VARCHAR(32) NOT NULL,"
        " to_status VARCHAR(32) NOT NULL,"
        " reason VARCHAR(191) NOT NULL,"
        " source VARCHAR(32) NOT NULL,"
        " created_at TIMESTAMP(3) NULL DEFAULT NULL,"
        " KEY device_status_transitions_remote_id_created_at_index (remote_id, created_at)"
        ") ENGINE=InnoDB",
    ]


def down() -> list[str]:
    """Drop the table."""
    return ["DROP TABLE device_status_transitions"]
