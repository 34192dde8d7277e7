"""A schema with every kind of object is restored unchanged, on each server."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.restore.restore import restore_backup
from cosmicdeploy.database.restore.verify import verify_restore
from cosmicdeploy.database.swap.swap import drop_replaced_data, swap_back
from cosmicdeploy.engine import Engine
from tests.stack.database.fidelity.matrix import assert_equal, change, fill
from tests.stack.stacks.databases import (
    NAME,
    VERSIONS,
    Servers,
    cursor,
    renew,
    run_all,
    schemas,
    snapshot,
)

pytestmark = pytest.mark.stack

# These cases always run. All other cases are torture tests.
SAMPLED = (("stable", "utf8mb4"), ("stable", "latin1"), ("mysql-8", "utf8mb4"))
ALL = tuple((version, charset) for version in VERSIONS for charset in ("utf8mb4", "latin1"))


@pytest.mark.parametrize(
    ("version", "charset"),
    [
        pytest.param(*each, marks=() if each in SAMPLED else pytest.mark.torture, id="-".join(each))
        for each in ALL
    ],
)
@pytest.mark.fault("fidelity: round trip equal")
def test_a_restore_restores_every_object(
    engine: Engine, servers: Servers, catalogue: Catalogue, version: str, charset: str
) -> None:
    server = servers(version)
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


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("stable", "newest"),
        ("newest", "stable"),
        pytest.param("mysql-8", "mysql-9", marks=pytest.mark.torture),
    ],
)
@pytest.mark.fault("fidelity: one server version to another")
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


@pytest.mark.fault("fidelity: what was lost is noticed")
def test_a_lost_definer_or_body_is_noticed(
    engine: Engine, any_server: DatabaseAccess, catalogue: Catalogue
) -> None:
    fill(any_server, "utf8mb4")
    backup = create_backup(engine, any_server, catalogue)
    wrong = dict.fromkeys(("trigger shout", "view deep"), "0" * 64)
    definitions = {**backup.manifest.definitions, **wrong}
    other = replace(backup, manifest=backup.manifest.updated(definitions=definitions))
    assert verify_restore(engine, any_server, other).reasons == (
        "definitions differ from the backup: trigger shout, view deep",
    )


@pytest.mark.fault("fidelity: writes during the dump")
def test_a_restore_is_one_consistent_moment_of_a_busy_database(
    engine: Engine, any_server: DatabaseAccess, catalogue: Catalogue
) -> None:
    renew(any_server)
    run_all(any_server, "CREATE TABLE a (n BIGINT)\n\nCREATE TABLE b (n BIGINT)")
    with cursor(any_server) as opened:
        rows = "information_schema.columns AS x, information_schema.columns AS y"
        opened.execute(f"INSERT INTO a SELECT 0 FROM {rows} LIMIT 50000")  # noqa: S608
        opened.execute("INSERT INTO b VALUES (0)")
    stop, moved = threading.Event(), []

    def write() -> None:
        with cursor(any_server) as opened:
            while not stop.is_set():
                opened.execute("BEGIN")
                opened.execute("INSERT INTO a VALUES (1)")
                opened.execute("INSERT INTO b VALUES (-1)")
                opened.execute("COMMIT")
                moved.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        backup = create_backup(engine, any_server, catalogue)
    finally:
        stop.set()
        writer.join()
    restore_backup(engine, any_server, backup)
    with cursor(any_server) as opened:
        opened.execute("SELECT (SELECT SUM(n) FROM a) + (SELECT SUM(n) FROM b)")
        assert opened.fetchone() == (0,)
    assert moved
