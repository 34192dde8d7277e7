"""Loads of a backup into a schema: data that is hard to carry over, and faults."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from cosmicdeploy.database.access import DatabaseAccess, open_session
from cosmicdeploy.database.catalogue import Catalogue
from cosmicdeploy.database.dump import create_backup
from cosmicdeploy.database.load import load_schema
from cosmicdeploy.database.schemas import create_schema_like
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from tests.stack.databases import run
from tests.stack.kiosks import state

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
    """Room for the largest row; the server is shared, so it gets its own setting back."""
    [(usual,)] = run(access, "SELECT @@GLOBAL.max_allowed_packet")
    run(access, "SET GLOBAL max_allowed_packet = 64 << 20")
    yield
    run(access, "SET GLOBAL max_allowed_packet = %s", usual)


@pytest.mark.usefixtures("large_packets")
@pytest.mark.parametrize("large", [100_000, 1])
def test_awkward_data_comes_back_the_same(
    engine: Engine,
    access: DatabaseAccess,
    catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
    large: int,
) -> None:
    """Whether indexes are built at once or afterwards; one row is too large for the lanes."""
    monkeypatch.setattr("cosmicdeploy.database.load.LARGE_ROWS", large)
    for statement in AWKWARD.strip().split(";\n"):
        run(access, statement)
    for number, text in enumerate(TEXTS, 1):
        run(access, "INSERT INTO `a;b` (t, bits, day) VALUES (%s, 300, '2026-01-01')", text)
        run(access, "INSERT INTO back VALUES (%s, %s)", number, number)
    run(access, "UPDATE `a;b` SET other = id")
    run(access, "INSERT INTO `a;b` (b) VALUES (REPEAT(UNHEX('00FF27'), 1000000))")
    run(
        access,
        "CREATE TRIGGER note AFTER INSERT ON `a;b` FOR EACH ROW BEGIN\n-- it's;\n"
        "INSERT INTO log (what) VALUES\n('DELIMITER ;'); END",
    )
    backup = create_backup(engine, access, catalogue)
    assert backup.manifest.objects.tables["a;b"].before == len(TEXTS) + 1
    assert backup.manifest.objects.tables["log"].before == 0
    with open_session(access) as session:
        create_schema_like(session, "platform", "platform__awkward")
    load_schema(engine, access, backup, "platform__awkward")
    assert state(access, "platform__awkward") == state(access)
    assert shown(access, "platform__awkward") == shown(access, "platform")
    assert not [t.name for t in threading.enumerate() if t.name in ("lane", "pipe")]


def shown(access: DatabaseAccess, schema: str) -> list[object]:
    """Tables, views and triggers in the server's own words."""
    names = run(access, "SHOW TABLES", schema=schema)
    quoted = ["`{}`".format(str(name).replace("`", "``")) for (name,) in names]
    tables = [run(access, f"SHOW CREATE TABLE {name}", schema=schema)[0][1] for name in quoted]
    return [*tables, run(access, "SHOW CREATE TRIGGER note", schema=schema)[0][2]]


@pytest.mark.fault("backup cut short")
def test_a_file_cut_while_it_loads_is_noticed(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    os.truncate(backup.data, int(backup.data.stat().st_size * 0.5))
    with open_session(access) as session:
        create_schema_like(session, "platform", "platform__cut")
    with pytest.raises(BackupError, match="not what its manifest says"):
        load_schema(engine, access, backup, "platform__cut")


def test_sql_that_fails_is_reported_in_the_servers_words(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    with open_session(access) as session:
        create_schema_like(session, "platform", "platform__full")
    run(access, "CREATE VIEW remotes AS SELECT 1", schema="platform__full")
    with pytest.raises(BackupError, match="did not load") as caught:
        load_schema(engine, access, backup, "platform__full")
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
        load_schema(engine, access, backup, "platform__cut", interrupt)
    assert not [t.name for t in threading.enumerate() if t.name == "lane"]
    deadline = time.monotonic() + 60
    query = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = 'platform__cut'"
    while run(access, query) != [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
