"""A real server counts rows and computes their checksums while a backup is made."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.dump.options import DumpOptions
from cosmicdeploy.database.restore.restore import load_shadow
from cosmicdeploy.database.restore.verify import (
    RestoreTest,
    verify_restore,
    verify_restore_and_record,
)
from cosmicdeploy.database.session import open_session
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from cosmicdeploy.process.polling import poll
from tests.stack.stacks.databases import renew, run, schemas

pytestmark = pytest.mark.stack

WITH_CHECKSUMS = DumpOptions(prove="data")


@contextmanager
def writer(access: DatabaseAccess) -> Iterator[None]:
    """Insert rows continuously during the block, each in its own transaction."""
    over = threading.Event()

    def write() -> None:
        with open_session(access) as session:
            while not over.is_set():
                session.execute("INSERT INTO sites (name) VALUES (UUID())")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def with_checksums(engine: Engine, access: DatabaseAccess, catalogue: Catalogue) -> Backup:
    """Create backups until one has checksums.

    On a busy machine, the deployer may see too late that the dump's snapshot has begun.
    """
    backup = poll(
        lambda: create_backup(engine, access, catalogue, options=WITH_CHECKSUMS),
        until=lambda backup: backup.manifest.rows_counted == "snapshot",
        every=0,
        attempts=5,
    )
    assert backup.manifest.rows_counted == "snapshot"
    return backup


def checksums(access: DatabaseAccess, catalogue: Catalogue) -> dict[str, str]:
    tables = catalogue.get("latest").manifest.objects.tables
    return {name: rows.checksum for name, rows in tables.items()}


def test_a_restore_is_compared_with_the_rows_that_the_server_had(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = with_checksums(engine, access, catalogue)
    assert all(checksums(access, catalogue).values())
    proven = verify_restore_and_record(
        engine, access, catalogue, backup, how=RestoreTest(data=True, connections=1)
    )
    assert proven.reasons == ()
    assert "data proven on" in catalogue.get("latest").proof
    tables = {**backup.manifest.objects.tables}
    tables["remotes"] = tables["remotes"].model_copy(update={"checksum": "crc32-sum:1"})
    objects = backup.manifest.objects.model_copy(update={"tables": tables})
    other = replace(backup, manifest=backup.manifest.model_copy(update={"objects": objects}))
    with pytest.raises(BackupError, match="table remotes has other values in its rows"):
        load_shadow(engine, access, other)
    assert schemas(access) == {"platform"}


def test_without_checksums_the_first_proof_records_checksums_for_later_restores(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    assert not any(checksums(access, catalogue).values())
    how = RestoreTest(data=True)
    assert verify_restore_and_record(engine, access, catalogue, backup, how=how).passed
    proven = catalogue.get("latest")
    assert {*proven.checksums} == {*backup.manifest.objects.tables}
    assert "without the server's checksums" in proven.proof
    wrong = {**proven.checksums, "sites": "crc32-sum:1"}
    catalogue.update_state(backup.id, lambda state: state.updated(checksums=wrong))
    reasons = verify_restore(engine, access, catalogue.get("latest")).reasons
    assert reasons == ("table sites has other values in its rows than the backup (checksum)",)


@pytest.mark.torture
def test_while_clients_write_tables_have_a_checksum_only_in_the_dumps_snapshot(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    with writer(access):
        backup = create_backup(engine, access, catalogue, options=WITH_CHECKSUMS)
    known = checksums(access, catalogue)
    is_exact = backup.manifest.rows_counted == "snapshot"
    assert bool(known["sites"]) == bool(known["remotes"]) == is_exact
    if not is_exact:
        assert any("no checksum of the rows of" in w for w in backup.manifest.warnings)
    assert verify_restore(engine, access, backup, how=RestoreTest(data=True)).reasons == ()


@pytest.mark.torture
def test_for_a_user_who_may_not_see_the_servers_status_rows_are_counted_before_the_dump(
    engine: Engine, two_tables: DatabaseAccess, catalogue: Catalogue
) -> None:
    run(two_tables, "CREATE USER plain IDENTIFIED BY 'x'")
    run(two_tables, "CREATE USER plain@localhost IDENTIFIED BY 'x'")
    try:
        for account in ("plain", "plain@localhost"):
            run(two_tables, f"GRANT ALL ON `platform%`.* TO {account}")
        plain = replace(two_tables, user="plain", password="x")
        backup = create_backup(engine, plain, catalogue)
        assert (backup.is_good, backup.manifest.rows_counted) == (True, "around")
    finally:
        run(two_tables, "DROP USER plain, plain@localhost")


@pytest.mark.torture
def test_checksums_cover_every_type_and_every_collation(
    engine: Engine, mariadb: DatabaseAccess, catalogue: Catalogue
) -> None:
    renew(mariadb)
    run(
        mariadb,
        "CREATE TABLE types (id INT PRIMARY KEY, b BIT(9), d DECIMAL(30,9), f DOUBLE, e ENUM('ü')"
        ", s SET('a','b'), l CHAR(9) CHARACTER SET latin1, u VARCHAR(9) COLLATE utf8mb4_bin, v"
        " VARCHAR(9) COLLATE utf8mb4_unicode_ci, w VARBINARY(9), j JSON, g GEOMETRY, t TIMESTAMP(6)"
        " NULL, y YEAR, x LONGBLOB, n INT AS (id + 1), p INT AS (id + 2) STORED, h INT INVISIBLE)",
    )
    run(
        mariadb,
        "INSERT INTO types (id, b, d, f, e, s, l, u, v, w, j, g, t, y, x, h) VALUES"
        " (1, b'1', 1.5, 1e300, 'ü', 'a,b', 'é', 'a#', '#b', x'00ff', '[1]', POINT(1, 2),"
        " '2026-03-01 10:00:00.000001', 2026, REPEAT('x', 100000), 5), (2, NULL, NULL, NULL, NULL,"
        " NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    )
    backup = with_checksums(engine, mariadb, catalogue)
    assert checksums(mariadb, catalogue)["types"]
    assert verify_restore(engine, mariadb, backup, how=RestoreTest(data=True)).reasons == ()
    renew(mariadb)
