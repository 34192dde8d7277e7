"""The tables and rows that backups and restores are tested with."""

from __future__ import annotations

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.vendors import MARIADB
from tests.stack.stacks.databases import NAME, run

ROWS = 20_000
TABLES = """
CREATE TABLE sites (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(200) NOT NULL UNIQUE);
CREATE TABLE remotes (
  id INT PRIMARY KEY AUTO_INCREMENT, site_id INT NOT NULL, name VARCHAR(200) NOT NULL,
  battery INT NULL CHECK (battery <= 100), last_heartbeat_at TIMESTAMP NULL, facts JSON NULL,
  KEY remotes_name (name(20)), CONSTRAINT remotes_site FOREIGN KEY (site_id) REFERENCES sites (id)
    ON DELETE CASCADE);
CREATE TABLE pictures (
  id INT PRIMARY KEY AUTO_INCREMENT, remote_id INT NOT NULL, data LONGBLOB NOT NULL,
  FOREIGN KEY (remote_id) REFERENCES remotes (id));
CREATE TABLE `odd ``name``` (`a b` INT PRIMARY KEY, parent INT NULL,
  CONSTRAINT odd_parent FOREIGN KEY (parent) REFERENCES `odd ``name``` (`a b`));
CREATE TABLE migrations (id INT PRIMARY KEY AUTO_INCREMENT, migration VARCHAR(255), batch INT);
CREATE VIEW site_names AS SELECT id, name FROM sites;
CREATE VIEW busy_names AS SELECT n.name FROM site_names n JOIN remotes r ON r.site_id = n.id
"""


def fill(access: DatabaseAccess) -> None:
    """Fill the tables with rows that the server generates; the driver would be too slow."""
    run(access, "INSERT INTO sites (name) VALUES ('Zürich 🚀'), (%s)", "a\nCREATE TABLE `x` (")
    run(
        access,
        "INSERT INTO remotes (site_id, name, battery, last_heartbeat_at, facts)"  # noqa: S608
        " SELECT 1 + seq MOD 2, CONCAT('KIOSK-', seq, %s), seq MOD 101, NOW(),"
        f" JSON_OBJECT('n', seq) FROM {numbers(access, ROWS)}",
        " '\"\\ \t\r\n\0 日本",
    )
    run(
        access,
        # Hard to compress, so that a dump still runs after its first bytes.
        "INSERT INTO pictures (remote_id, data) SELECT seq, CONCAT(RANDOM_BYTES(1000), %s)"  # noqa: S608
        f" FROM {numbers(access, ROWS // 2)}",
        b"\x00\n;'\xff",
    )
    run(access, "INSERT INTO `odd ``name``` VALUES (1, NULL), (2, 1)")
    run(access, "INSERT INTO migrations (migration, batch) VALUES ('one', 1), ('two', 2)")


def numbers(access: DatabaseAccess, count: int) -> str:
    """Return a table with the numbers from 1 to `count`, for a FROM clause."""
    with open_session(access) as session:
        if session.vendor is MARIADB:
            return f"seq_1_to_{count}"
    columns = "information_schema.columns AS a, information_schema.columns AS b"
    some = f"(SELECT 1 AS x FROM {columns} LIMIT {count}) AS some"  # noqa: S608 - fixed words
    return f"(SELECT ROW_NUMBER() OVER (ORDER BY x) AS seq FROM {some}) AS numbers"  # noqa: S608


def state(access: DatabaseAccess, schema: str = NAME) -> dict[str, object]:
    """Return everything that a restore must restore."""
    with open_session(access) as session:
        facts = Facts(session, schema)
        checksums = {table: checksum(access, schema, table) for table in facts.engines()}
        return {"data": checksums, "structure": facts.schema_digest(), "views": facts.views()}


def checksum(access: DatabaseAccess, schema: str, table: str) -> int:
    quoted = "`" + table.replace("`", "``") + "`"
    [(_, value)] = run(access, f"CHECKSUM TABLE {quoted}", schema=schema)
    return int(value)
