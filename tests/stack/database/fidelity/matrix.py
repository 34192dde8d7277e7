"""Fill a schema with the objects of the matrix, change them, and compare snapshots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.session import open_session
from tests.stack.stacks.databases import cursor, renew, run_all

DATA = Path(__file__).parent
TABLES = (DATA / "tables.sql").read_text(encoding="utf-8")
OBJECTS = (DATA / "objects.sql").read_text(encoding="utf-8")
# Types, keys and defaults that only this vendor's servers have.
OWN = {
    vendor: (DATA / f"{vendor.lower()}.sql").read_text(encoding="utf-8")
    for vendor in ("MariaDB", "MySQL")
}
# Vendor → the schema's default collation after `fill`.
LAST_COLLATION = {
    "MariaDB": {"utf8mb4": "utf8mb4_nopad_bin", "latin1": "latin1_nopad_bin"},
    "MySQL": {"utf8mb4": "utf8mb4_0900_as_ci", "latin1": "latin1_general_ci"},
}
EVERY_BYTE = bytes(range(256)) * 3 + b"\r\n;\x1a'\"\\--\n"
CHANGES = """
DELETE FROM blobs

DROP TABLE partitioned

CREATE TABLE later (id INT PRIMARY KEY)

DROP TRIGGER shout

CREATE TRIGGER later_too BEFORE INSERT ON later FOR EACH ROW SET NEW.id = 1

DROP PROCEDURE latin

DROP FUNCTION half

CREATE FUNCTION half(n INT) RETURNS INT DETERMINISTIC RETURN 0

CREATE EVENT later_event ON SCHEDULE EVERY 1 DAY DO SELECT 1

ALTER EVENT nightly DISABLE

CREATE OR REPLACE VIEW deep AS SELECT 1 AS id, 2 AS h

ALTER DATABASE CHARACTER SET utf8mb3
"""


def vendor(access: DatabaseAccess) -> str:
    with open_session(access) as session:
        return session.vendor.name


def fill(access: DatabaseAccess, charset: str) -> None:
    """Create every kind of object of the matrix in a schema with this default character set."""
    renew(access, charset)
    own = vendor(access)
    with cursor(access) as opened:
        opened.execute("SET sql_mode = 'NO_ZERO_IN_DATE'")  # so that zero dates are accepted
        for statement in f"{TABLES}\n{OWN[own]}".strip().split("\n\n"):
            opened.execute(statement)
        opened.execute("INSERT INTO blobs VALUES (1, %s), (2, '')", (EVERY_BYTE,))
        opened.execute("SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PIPES_AS_CONCAT'")
        opened.execute("SET time_zone = '-05:00', NAMES latin1 COLLATE latin1_german1_ci")
        opened.execute(
            "CREATE PROCEDURE latin() SELECT 'caf\u00e9' || '\\' AS \"word\"".encode("latin1")
        )
        opened.execute("SET NAMES utf8mb4")
        opened.execute(f"ALTER DATABASE COLLATE {charset}_bin")  # objects keep the earlier default
        for statement in OBJECTS.strip().split("\n\n"):
            opened.execute(statement)
        opened.execute(f"ALTER DATABASE COLLATE {LAST_COLLATION[own][charset]}")


def change(access: DatabaseAccess) -> None:
    run_all(access, CHANGES)


def assert_equal(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    keys = sorted(found.keys() | wanted.keys())
    changed = {key: found.get(key) for key in keys if found.get(key) != wanted.get(key)}
    assert not changed, f"{changed} instead of {[wanted.get(key) for key in changed]}"
