"""A schema is restored unchanged or refused beforehand, on both MariaDB versions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import DumpOptions, create_backup
from cosmicdeploy.database.restore.restore import restore_backup
from cosmicdeploy.database.restore.verify import verify_restore
from cosmicdeploy.database.swap.swap import drop_replaced_data, swap_back
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from tests.stack.stacks.databases import NAME, Servers, cursor, renew, run_all, schemas, snapshot

pytestmark = pytest.mark.stack

DATA = Path(__file__).parent / "fidelity"
TABLES = (DATA / "tables.sql").read_text(encoding="utf-8")
OBJECTS = (DATA / "objects.sql").read_text(encoding="utf-8")
EVERY_BYTE = bytes(range(256)) * 3 + b"\r\n;\x1a'\"\\--\n"


@pytest.fixture(scope="module")
def server(mariadb: DatabaseAccess) -> Iterator[DatabaseAccess]:
    yield mariadb
    renew(mariadb)


def fill(access: DatabaseAccess, charset: str) -> None:
    """Create every kind of object of the matrix in a schema with this default character set."""
    renew(access, charset)
    with cursor(access) as opened:
        opened.execute("SET sql_mode = 'NO_ZERO_IN_DATE'")  # so that zero dates are accepted
        for statement in TABLES.strip().split("\n\n"):
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
        opened.execute(f"ALTER DATABASE COLLATE {charset}_nopad_bin")


def change(access: DatabaseAccess) -> None:
    run_all(
        access,
        """
DELETE FROM blobs

DROP TABLE partitioned

CREATE TABLE later (id INT PRIMARY KEY)

DROP TRIGGER shout

CREATE TRIGGER later_too BEFORE INSERT ON later FOR EACH ROW SET NEW.id = 1

DROP PROCEDURE latin

CREATE OR REPLACE FUNCTION half(n INT) RETURNS INT DETERMINISTIC RETURN 0

CREATE EVENT later_event ON SCHEDULE EVERY 1 DAY DO SELECT 1

ALTER EVENT nightly DISABLE

CREATE OR REPLACE VIEW deep AS SELECT 1 AS id, 2 AS h

ALTER DATABASE CHARACTER SET utf8mb3
""",
    )


@pytest.mark.parametrize("charset", ["utf8mb4", "latin1"])
@pytest.mark.fault("fidelity: round trip equal")
def test_a_restore_brings_back_every_object(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue, charset: str
) -> None:
    fill(server, charset)
    original = snapshot(server)
    backup = create_backup(engine, server, catalogue)
    assert backup.manifest.warnings == ()
    assert verify_restore(engine, server, backup).reasons == ()
    change(server)
    changed = snapshot(server)
    restore_backup(engine, server, backup)
    assert_equal(snapshot(server), original)
    swap_back(server)
    assert_equal(snapshot(server), changed)
    assert schemas(server) == {NAME}


@pytest.mark.parametrize(("source", "target"), [("stable", "newest"), ("newest", "stable")])
@pytest.mark.fault("fidelity: one MariaDB version to the other")
def test_a_backup_of_one_server_version_restores_on_the_other(
    engine: Engine, servers: Servers, catalogue: Catalogue, source: str, target: str
) -> None:
    fill(servers(source), "utf8mb4")
    renew(servers(target))
    restore_backup(engine, servers(target), create_backup(engine, servers(source), catalogue))
    drop_replaced_data(servers(target))
    then, now = snapshot(servers(source)), snapshot(servers(target))
    assert then.keys() == now.keys()
    data = [key for key in then if key.startswith("rows of ")]
    assert {key: then[key] for key in data} == {key: now[key] for key in data}
    acting = [key for key in then if key.startswith(("TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"))]
    assert_equal({key: now[key] for key in acting}, {key: then[key] for key in acting})


def assert_equal(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert found.keys() == wanted.keys()
    assert {key: found[key] for key in found if found[key] != wanted[key]} == {}


@pytest.mark.fault("fidelity: what was lost is noticed")
def test_a_lost_definer_or_body_is_noticed(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue
) -> None:
    fill(server, "utf8mb4")
    backup = create_backup(engine, server, catalogue)
    wrong = dict.fromkeys(("trigger shout", "view deep"), "0" * 64)
    definitions = {**backup.manifest.definitions, **wrong}
    other = replace(backup, manifest=backup.manifest.updated(definitions=definitions))
    assert verify_restore(engine, server, other).reasons == (
        "definitions differ from the backup: trigger shout, view deep",
    )


@pytest.mark.fault("fidelity: writes during the dump")
def test_a_restore_is_one_consistent_moment_of_a_busy_database(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue
) -> None:
    renew(server)
    run_all(server, "CREATE TABLE a (n BIGINT)\n\nCREATE TABLE b (n BIGINT)")
    with cursor(server) as opened:
        opened.execute("INSERT INTO a SELECT 0 FROM seq_1_to_50000")
        opened.execute("INSERT INTO b VALUES (0)")
    stop, moved = threading.Event(), []

    def write() -> None:
        with cursor(server) as opened:
            while not stop.is_set():
                opened.execute("BEGIN")
                opened.execute("INSERT INTO a VALUES (1)")
                opened.execute("INSERT INTO b VALUES (-1)")
                opened.execute("COMMIT")
                moved.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        backup = create_backup(engine, server, catalogue)
    finally:
        stop.set()
        writer.join()
    restore_backup(engine, server, backup)
    with cursor(server) as opened:
        opened.execute("SELECT (SELECT SUM(n) FROM a) + (SELECT SUM(n) FROM b)")
        assert opened.fetchone() == (0,)
    assert moved


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("CREATE SEQUENCE numbers", r"sequences .*: numbers \(SEQUENCE\)"),
        ("CREATE TABLE past (id INT) WITH SYSTEM VERSIONING", r"history .*: past"),
        ("CREATE TABLE old (id INT) ENGINE=MyISAM", r"inconsistent: old \(MyISAM\)"),
        ("CREATE TABLE old (id INT) ENGINE=Aria", r"inconsistent: old \(Aria\)"),
        ("CREATE TABLE all_old (id INT) ENGINE=MERGE UNION=()", r"data .*: all_old \(MRG_MyISAM\)"),
        ("CREATE TABLE places AS SELECT CAST(47.376887 AS FLOAT) AS lat", r"places\.lat"),
        ("CREATE VIEW broken AS SELECT id FROM gone", "cannot be queried: broken"),
        (
            f"CREATE TRIGGER {NAME}.bound BEFORE INSERT ON {NAME}.t FOR EACH ROW SET NEW.id = 1",
            "trigger bound names its schema",
        ),
    ],
)
@pytest.mark.fault("fidelity: refused by name beforehand")
def test_objects_that_would_not_round_trip_are_refused_before_the_dump(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue, statement: str, named: str
) -> None:
    renew(server)
    script = "CREATE TABLE gone (id INT)\n\nCREATE TABLE t (id INT)\n\n{}\n\nDROP TABLE gone"
    run_all(server, script.format(statement))
    seen: list[int] = []
    with pytest.raises(BackupError, match=named) as caught:
        create_backup(engine, server, catalogue, on_bytes=seen.append)
    assert caught.value.todo
    assert seen == []


@pytest.mark.fault("revoked rights")
def test_missing_privileges_are_named_before_the_dump_and_the_restore(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue
) -> None:
    fill(server, "utf8mb4")
    backup = create_backup(engine, server, catalogue)
    account = replace(server, user="reader", password="r")
    run_all(
        server,
        """
CREATE OR REPLACE ROLE dumping

CREATE OR REPLACE USER reader@'%' IDENTIFIED BY 'r'

GRANT SELECT, SHOW VIEW ON platform.* TO reader@'%'

GRANT TRIGGER ON `plat%`.* TO dumping

GRANT dumping TO reader@'%'

SET DEFAULT ROLE dumping FOR reader@'%'
""",
    )
    with pytest.raises(BackupError, match="lacks privileges: EVENT, EXECUTE on platform"):
        create_backup(engine, account, catalogue)
    run_all(server, "GRANT EVENT, EXECUTE ON platform.* TO reader@'%'")
    with pytest.raises(Exception, match="may not read the body of function half"):
        create_backup(engine, account, catalogue)
    run_all(server, "GRANT SELECT ON mysql.proc TO reader@'%'")
    with pytest.raises(BackupError, match="lacks privileges: INSERT, ") as caught:
        create_backup(engine, account, catalogue)
    assert "backup.prove: off" in caught.value.todo
    assert create_backup(engine, account, catalogue, options=DumpOptions(prove="off")).is_good
    with pytest.raises(
        BackupError, match=r"lacks privileges: INSERT, .* on platform; SELECT, INSERT"
    ):
        restore_backup(engine, account, backup)
    run_all(server, "GRANT ALL ON `platform%`.* TO reader@'%'")
    with pytest.raises(BackupError, match=r"lacks privileges: INSERT, .* on platform \("):
        restore_backup(engine, account, backup)  # the closer grant applies
    run_all(server, "GRANT ALL ON platform.* TO reader@'%'")
    with pytest.raises(BackupError, match="another definer: ghost@%, root@%"):
        restore_backup(engine, account, backup)
    run_all(server, "GRANT SET USER ON *.* TO reader@'%'")
    original = snapshot(server)
    restore_backup(engine, account, backup)
    assert_equal(snapshot(server), original)
    run_all(server, "DROP USER reader@'%'\n\nDROP ROLE dumping")
