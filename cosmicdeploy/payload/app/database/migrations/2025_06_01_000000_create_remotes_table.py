"""The table of kiosk devices. `last_heartbeat_id` is the id of the last beat that had one."""


def up() -> list[str]:
    """Create the table."""
    return [
        "CREATE TABLE remotes ("
        " id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,"
        " name VARCHAR(191) NOT NULL,"
        " token_hash CHAR(64) CHARACTER SET ascii NOT NULL,"
        " token_revoked TINYINT(1) NOT NULL DEFAULT 0,"
        " status VARCHAR(32) NOT NULL DEFAULT 'Disconnected',"
        " battery_level DECIMAL(5,2) NULL,"
        " last_heartbeat_at TIMESTAMP(3) NULL DEFAULT NULL,"
        " last_heartbeat_id VARCHAR(64) CHARACTER SET ascii NULL DEFAULT NULL,"
        " created_at TIMESTAMP(3) NULL DEFAULT NULL,"
        " updated_at TIMESTAMP(3) NULL DEFAULT NULL,"
        " UNIQUE KEY remotes_name_unique (name),"
        " UNIQUE KEY remotes_token_hash_unique (token_hash),"
        " KEY remotes_status_index (status),"
        " KEY remotes_last_heartbeat_id_index (last_heartbeat_id)"
        ") ENGINE=InnoDB",
    ]


def down() -> list[str]:
    """Drop the table."""
    return ["DROP TABLE remotes"]
