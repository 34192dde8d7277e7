"""A backup is loaded into a schema: with awkward data, and with faults."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import zstandard

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.on_disk.archive import Digest, read_raw
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.loading.routing import LARGEST_QUEUED
from cosmicdeploy.database.restore.load import load_schema
from cosmicdeploy.database.schema.schemas import create_schema_like
from cosmicdeploy.database.session import open_session
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from tests.stack.stacks.databases import renew, run
from tests.stack.support.kiosks import state

pytestmark = pytest.mark.stack

AWKWARD = """
CREATE TABLE `a;b` (
  id INT PRIMARY KEY AUTO_INCREMENT, other INT NULL, t LONGTEXT NULL COMMENT 'it''s; -- /* "',
  b LONGBLOB NULL, twice INT AS (other * 2) STORED, bits BIT(9) NULL, day DATE NULL,
  UNIQUE KEY z (t(20), id), KEY y (twice), KEY a (day, other));
CREATE TABLE back (id INT PRIMARY KEY, a INT NULL, KEY q (id, a), KEY (a),
  CONSTRAINT back_a FOREIGN KEY (a) REFERENCES `a;b` (id) ON DELETE SET NULL);
ALTER TABLE `a;b` ADD CONSTRAINT forth FOREIGN KEY (other) REFERENCES back (id);
CREATE TABLE log (id INT PRIMARY KEY AUTO_INCREMENT, what TEXT);
CREATE VIEW v AS SELECT id, 'INSERT INTO `no` VALUES\n(1);' AS x FROM back
"""
TEXTS = (
    "');\nINSERT INTO `no` VALUES\n(1);\n",
    "DELIMITER ;;\n-- Dump completed\n--\n/* ",
    "\\' \\\\ \" ` \0 \r\x1a \\",
    "🚀 ),\n( CREATE TABLE `no` (",
    "",
    None,
)


@pytest.fixture
def large_packets(access: DatabaseAccess) -> Iterator[None]:
    """Make room for the largest row; afterwards restore the setting of the shared server."""
    [(usual,)] = run(access, "SELECT @@GLOBAL.max_allowed_packet")
    run(access, "SET GLOBAL max_allowed_packet = 64 << 20")
    yield
    run(access, "SET GLOBAL max_allowed_packet = %s", usual)


@pytest.mark.usefixtures("large_packets")
@pytest.mark.parametrize("large", [100_000, pytest.param(1, marks=pytest.mark.torture)])
def test_awkward_data_is_restored_unchanged(
    engine: Engine,
    access: DatabaseAccess,
    catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
    large: int,
) -> None:
    """The indexes are built with the tables or after the rows.

    One row is too large for parallel loading.
    """
    monkeypatch.setattr("cosmicdeploy.database.restore.load.LARGE_ROWS", large)
    for statement in AWKWARD.strip().split(";\n"):
        run(access, statement)
    for number, text in enumerate(TEXTS, 1):
        run(access, "INSERT INTO `a;b` (t, bits, day) VALUES (%s, 300, '2026-01-01')", text)
        run(access, "INSERT INTO back VALUES (%s, %s)", number, number)
    run(access, "UPDATE `a;b` SET other = id")
    run(access, "INSERT INTO `a;b` (b) VALUES (REPEAT(UNHEX('00FF27'), 1000000))")
    run(
        access,
        "CREATE TRIGGER note AFTER INSERT ON `a;b` FOR EACH ROW BEGIN\r\n-- it's;\n"
        "INSERT INTO log (what) VALUES\n('DELIMITER ;'); END",
    )
    backup = create_backup(engine, access, catalogue)
    assert backup.manifest.objects.tables["a;b"].before == len(TEXTS) + 1
    assert backup.manifest.objects.tables["log"].before == 0
    with open_session(access) as session:
        create_schema_like(session, "platform", "platform__awkward")
    load_schema(access, backup, "platform__awkward")
    assert state(access, "platform__awkward") == state(access)
    assert shown(access, "platform__awkward") == shown(access, "platform")
    assert not [t.name for t in threading.enumerate() if t.name in ("load", "pipe")]


SANDBOX_LINE = b"/*M!999999\\- enable the sandbox mode */ \n"
SHELL = "touch /tmp/reached"
LIVE = "`platform`.`notes`"
FORGED = (
    f"\\! {SHELL}\n",
    f"system {SHELL}\n",
    f"/*!99999 \\! {SHELL}\n*/ SELECT 1;\n",
    f"DELIMITER \\!\nSELECT 1 \\! {SHELL}\n",
    f"CREATE VIEW \\! {SHELL}\n v AS SELECT 1;\n",
    "LOAD DATA LOCAL INFILE '/etc/shadow' INTO TABLE notes;\nSYNTAX;\n",
    f"DROP TABLE {LIVE};\n",
    f"INSERT INTO `notes` VALUES\n('x'); DROP TABLE {LIVE}; INSERT INTO `notes` VALUES\n('');\n",
    f"INSERT INTO `notes` VALUES\n('{'x' * LARGEST_QUEUED}'); DROP TABLE {LIVE};"
    " INSERT INTO `notes` VALUES\n('');\n",
)

# A restore takes no routines from the dump, unless an older version made the backup.
FORGED_ROUTINES = (
    f"DELIMITER ;;\nCREATE PROCEDURE `p`() SELECT 1; DROP TABLE {LIVE};;\nDELIMITER ;\n",
    f"DELIMITER ;;\nCREATE PROCEDURE `p`() SELECT 1\nDELIMITER //\n//\nDROP TABLE {LIVE};;\n",
)


def test_a_forged_copy_reaches_neither_the_container_nor_the_live_schema(
    engine: Engine, mariadb: DatabaseAccess, catalogue: Catalogue
) -> None:
    """The checks of `verify` are skipped, to test the protection that remains without them."""
    renew(mariadb)
    run(mariadb, "CREATE TABLE notes (a LONGTEXT)")
    run(mariadb, "INSERT INTO notes VALUES ('live')")
    backup = create_backup(engine, mariadb, catalogue)
    sql = b"".join(read_raw(backup.data))
    assert sql.startswith(SANDBOX_LINE)
    older = replace(backup, manifest=backup.manifest.updated(object_definitions=None))
    copies = [(backup, line) for line in FORGED] + [(older, line) for line in FORGED_ROUTINES]
    for number, (original, line) in enumerate(copies):
        schema = f"platform__forged_{number}"
        with open_session(mariadb) as session:
            create_schema_like(session, "platform", schema)
        with pytest.raises(BackupError, match="did not load"):
            load_schema(mariadb, forged(original, sql + line.encode()), schema)
        reached = engine.exec(mariadb.container_id, ["test", "-e", "/tmp/reached"])
        assert reached.exit_code == 1, line
        assert run(mariadb, "SELECT * FROM notes") == [("live",)], line
    renew(mariadb)


def forged(backup: Backup, sql: bytes) -> Backup:
    """Return the backup with other SQL, without the sandbox line, and a manifest that matches."""
    sql = sql.replace(SANDBOX_LINE, b"", 1)
    backup.data.write_bytes(zstandard.ZstdCompressor().compress(sql))
    digest = Digest()
    digest.feed(sql)
    return replace(backup, manifest=backup.manifest.updated(raw=digest.content))


@pytest.mark.usefixtures("large_packets")
def test_a_row_too_large_to_restore_is_reported(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    """A dump doubles the size of a BLOB: the row fits, but its INSERT does not."""
    run(access, "CREATE TABLE files (data LONGBLOB)")
    run(access, "INSERT INTO files VALUES (REPEAT('secret', 2000000))")
    backup = create_backup(engine, access, catalogue)
    run(access, "SET GLOBAL max_allowed_packet = 16 << 20")
    with open_session(access) as session:
        create_schema_like(session, "platform", "platform__small")
    words = r"Table files has a row that takes 22\.\d MiB .*max_allowed_packet = 3\d{7} "
    with pytest.raises(BackupError, match=words):
        load_schema(access, backup, "platform__small")
    with pytest.raises(BackupError, match=words):
        create_backup(engine, access, catalogue)
    assert catalogue.get("latest").id == backup.id
    assert [b.status for b in catalogue.list() if b.id != backup.id] == ["failed"]
    stored = "".join(path.read_text() for path in catalogue.folder.glob("*.json"))
    assert "max_allowed_packet" in stored
    assert "secret" not in stored and b"secret".hex() not in stored.lower()


def shown(access: DatabaseAccess, schema: str) -> list[object]:
    """Return tables, views and triggers as the server describes them."""
    names = run(access, "SHOW TABLES", schema=schema)
    quoted = ["`{}`".format(str(name).replace("`", "``")) for (name,) in names]
    tables = [run(access, f"SHOW CREATE TABLE {name}", schema=schema)[0][1] for name in quoted]
    return [*tables, run(access, "SHOW CREATE TRIGGER note", schema=schema)[0][2]]


@pytest.mark.fault("backup cut short")
def test_a_file_truncated_while_it_loads_is_noticed(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    os.truncate(backup.data, int(backup.data.stat().st_size * 0.5))
    with open_session(access) as session:
        create_schema_like(session, "platform", "platform__cut")
    with pytest.raises(BackupError, match="differs from its manifest"):
        load_schema(access, backup, "platform__cut")


def test_sql_that_fails_is_reported_in_the_servers_words(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    with open_session(access) as session:
        create_schema_like(session, "platform", "platform__full")
    run(access, "CREATE VIEW remotes AS SELECT 1", schema="platform__full")
    with pytest.raises(BackupError, match="did not load") as caught:
        load_schema(access, backup, "platform__full")
    assert any("ERROR" in line for line in caught.value.details)


def test_an_interrupted_load_leaves_no_connection(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    with open_session(access) as session:
        create_schema_like(session, "platform", "platform__cut")

    def interrupt(done: int) -> None:
        if done > 4 << 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_schema(access, backup, "platform__cut", interrupt)
    assert not [t.name for t in threading.enumerate() if t.name == "load"]
    deadline = time.monotonic() + 60
    query = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = 'platform__cut'"
    while run(access, query) != [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
