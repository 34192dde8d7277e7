"""Backups and restores with a real MariaDB in a real container."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pymysql
import pytest

from cosmicdeploy.database.access import DatabaseAccess, open_session
from cosmicdeploy.database.catalogue import Backup, Catalogue
from cosmicdeploy.database.compare import row_differences
from cosmicdeploy.database.dump import Origin, create_backup
from cosmicdeploy.database.facts import Facts, open_facts
from cosmicdeploy.database.load import load_schema
from cosmicdeploy.database.restore import load_shadow, restore_backup
from cosmicdeploy.database.schemas import create_schema_like
from cosmicdeploy.database.swap import drop_before, has_before, swap, swap_back
from cosmicdeploy.database.verify import verify_backup, verify_restore
from cosmicdeploy.engine import Engine, connect
from cosmicdeploy.errors import BackupError, DatabaseError
from cosmicdeploy.stack.environment import read_env_file
from tests.stack.harness import IMAGES

pytestmark = pytest.mark.stack

PASSWORD = "p'\"\\$# w"
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


@pytest.fixture(scope="module")
def engine() -> Engine:
    return connect()


@pytest.fixture(scope="module")
def server(engine: Engine) -> Iterator[DatabaseAccess]:
    client = docker.from_env()
    name = f"cosmicdeploy-test-database-{secrets.token_hex(3)}"
    network = client.networks.create(name)
    container = client.containers.create(
        read_env_file(IMAGES)["MARIADB_IMAGE"],
        name=name,
        network=name,
        environment={"MARIADB_ROOT_PASSWORD": PASSWORD, "MARIADB_DATABASE": "platform"},
        ports={"3306/tcp": ("127.0.0.1", None)},
    )
    try:
        container.start()
        container.reload()
        access = DatabaseAccess(
            container_id=container.id,
            host="127.0.0.1",
            port=int(container.ports["3306/tcp"][0]["HostPort"]),
            name="platform",
            user="root",
            password=PASSWORD,
        )
        wait_for(access)
        yield access
    finally:
        container.remove(force=True, v=True)
        network.remove()


def wait_for(access: DatabaseAccess) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with open_facts(access) as facts:
                return facts.ping()
        except DatabaseError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


@pytest.fixture
def access(server: DatabaseAccess) -> DatabaseAccess:
    """The server with nothing but freshly filled tables."""
    for schema in schemas(server):
        run(server, f"DROP DATABASE `{schema}`", schema=None)
    run(server, "CREATE DATABASE platform CHARACTER SET utf8mb4", schema=None)
    for statement in TABLES.split(";\n"):
        run(server, statement)
    fill(server)
    return server


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "backups")


def connection(access: DatabaseAccess, schema: str | None = "platform") -> pymysql.Connection:
    return pymysql.connect(
        host=access.host,
        port=access.port,
        user="root",
        password=PASSWORD,
        database=schema,
        autocommit=True,
    )


def run(access: DatabaseAccess, sql: str, *args: object, schema: str | None = "platform") -> list:
    with connection(access, schema) as opened, opened.cursor() as cursor:
        cursor.execute(sql, args or None)
        return list(cursor.fetchall())


def fill(access: DatabaseAccess) -> None:
    """Rows made by the server itself: sending megabytes of them takes the driver long."""
    run(access, "INSERT INTO sites (name) VALUES ('Zürich 🚀'), (%s)", "a\nCREATE TABLE `x` (")
    run(
        access,
        "INSERT INTO remotes (site_id, name, battery, last_heartbeat_at, facts)"
        " SELECT 1 + seq MOD 2, CONCAT('KIOSK-', seq, %s), seq MOD 101, NOW(),"
        " JSON_OBJECT('n', seq) FROM seq_1_to_20000",
        " '\"\\ \t\r\n\0 日本",
    )
    run(
        access,
        "INSERT INTO pictures (remote_id, data) SELECT seq, CONCAT(REPEAT(RANDOM_BYTES(1000), 50),"
        " %s) FROM seq_1_to_200",
        b"\x00\n;'\xff",
    )
    run(access, "INSERT INTO `odd ``name``` VALUES (1, NULL), (2, 1)")
    run(access, "INSERT INTO migrations (migration, batch) VALUES ('one', 1), ('two', 2)")


def schemas(access: DatabaseAccess) -> set[str]:
    return {row[0] for row in run(access, "SHOW DATABASES LIKE 'platform%'", schema=None)}


def state(access: DatabaseAccess, schema: str = "platform") -> dict[str, object]:
    """Everything that a restore has to bring back."""
    with open_session(access) as session:
        facts = Facts(session, schema)
        checksums = {
            name: run(access, "CHECKSUM TABLE `{}`".format(name.replace("`", "``")), schema=schema)[
                0
            ][1]
            for name in facts.engines()
        }
        return {"data": checksums, "structure": facts.schema_digest(), "views": facts.views()}


def once(action: Callable[[], object]) -> Callable[[int], None]:
    """Do something when the first bytes of a dump have come, while it goes on."""
    left = [action]
    return lambda _: left and left.pop()()


def dump_processes(access: DatabaseAccess) -> list[str]:
    top = docker.from_env().containers.get(access.container_id).top(ps_args="-eo pid,args")
    return [line[-1] for line in top["Processes"] if "dump" in line[-1]]


def test_facts_of_a_schema(access: DatabaseAccess) -> None:
    with open_facts(access) as facts:
        assert facts.server().vendor == "MariaDB"
        tables = {table.name: table for table in facts.tables()}
        assert tables["remotes"].rows == ROWS
        assert tables["odd `name`"].engine == "InnoDB"
        assert facts.views() == ("busy_names", "site_names")
        assert facts.columns("sites") == ("id", "name")
        assert facts.columns("nothing") == ()
        assert facts.applied_migrations() == {"one": 1, "two": 2}
        assert facts.highest_batch() == 2
        assert facts.data_bytes() > 10_000_000


def test_the_digest_tells_structure_and_not_data(access: DatabaseAccess) -> None:
    with open_facts(access) as facts:
        first = facts.schema_digest()
        run(access, "DELETE FROM pictures")
        assert facts.schema_digest() == first
        run(access, "ALTER TABLE remotes ADD COLUMN grace_period_seconds INT")
        altered = facts.schema_digest()
        run(access, "CREATE INDEX battery ON remotes (battery)")
        assert len({first, altered, facts.schema_digest()}) == 3


def test_a_schema_that_was_never_migrated_has_batch_0(access: DatabaseAccess) -> None:
    run(access, "DROP TABLE migrations")
    with open_facts(access) as facts:
        assert facts.applied_migrations() == {}
        assert facts.highest_batch() == 0


def test_a_backup_says_what_it_holds(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    seen: list[int] = []
    origin = Origin(release="1", images={"cosmic-app-1": "sha256:1a2b"})
    backup = create_backup(engine, access, catalogue, origin, seen.append)
    manifest = backup.manifest
    assert (manifest.status, manifest.reason, manifest.release) == ("good", "", "1")
    assert manifest.images == {"cosmic-app-1": "sha256:1a2b"}
    assert manifest.objects.tables["remotes"].before == ROWS
    assert manifest.objects.views == ("busy_names", "site_names")
    assert manifest.highest_batch == 2
    assert manifest.tool == "mariadb-dump"
    assert manifest.schema_statements == ()
    assert manifest.raw and manifest.compressed and seen[-1] == manifest.raw.bytes
    assert manifest.compressed.bytes == backup.data.stat().st_size
    assert catalogue.get("latest") == catalogue.get(backup.id) == backup
    assert backup.data.stat().st_mode & 0o777 == 0o600
    assert catalogue.folder.stat().st_mode & 0o777 == 0o700
    assert sorted(path.suffix for path in catalogue.folder.iterdir()) == [".json", ".zst"]


def test_a_backup_is_proven_to_restore(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    assert verify_backup(backup).reasons == ()
    assert verify_restore(engine, access, backup).reasons == ()
    assert schemas(access) == {"platform"}


def test_a_restore_that_lacks_rows_is_not_proven(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    tables = {**backup.manifest.objects.tables}
    tables["remotes"] = tables["remotes"].model_copy(update={"before": 7, "after": 7})
    objects = backup.manifest.objects.model_copy(update={"tables": tables})
    other = replace(backup, manifest=backup.manifest.model_copy(update={"objects": objects}))
    reasons = verify_restore(engine, access, other).reasons
    assert reasons == (f"table remotes has {ROWS} rows instead of 7",)
    assert schemas(access) == {"platform"}


def test_rows_that_come_during_the_dump_are_not_counted(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    def insert() -> None:
        run(access, "INSERT INTO sites (name) VALUES (UUID())")

    backup = create_backup(engine, access, catalogue, on_bytes=once(insert))
    assert backup.manifest.rows_counted == "in the dump"
    assert backup.manifest.objects.tables["sites"].before == 2
    assert run(access, "SELECT COUNT(*) FROM sites") == [(3,)]
    assert verify_restore(engine, access, backup).reasons == ()


def test_a_restore_brings_everything_back(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    original = state(access)
    backup = create_backup(engine, access, catalogue)
    run(access, "DELETE FROM pictures")
    run(access, "ALTER TABLE remotes ADD COLUMN grace_period_seconds INT")
    run(access, "CREATE TABLE extra (id INT PRIMARY KEY, site_id INT REFERENCES sites (id))")
    run(access, "CREATE OR REPLACE VIEW site_names AS SELECT 1 AS id, 'changed' AS name")
    run(access, "CREATE VIEW extra_view AS SELECT id FROM extra")
    changed = state(access)
    with open_facts(access) as facts:
        rows = row_differences(backup.manifest, facts.tables())
        lost = {row.table: (row.backup, row.now) for row in rows}
    assert lost == {"pictures": (200, 0), "extra": (None, 0)}

    swapped = restore_backup(engine, access, backup)
    assert "extra" in swapped.left and "extra" not in swapped.came
    assert state(access) == original
    assert run(access, "SELECT COUNT(*) FROM busy_names") == [(ROWS,)]
    assert schemas(access) == {"platform", "platform__before", "platform__swap"}
    assert has_before(access)
    assert state(access, "platform__before")["data"] == changed["data"]  # views are on record
    assert_keys_hold(access)

    swap_back(access)
    assert state(access) == changed
    assert run(access, "SELECT name FROM site_names") == [("changed",)]
    assert schemas(access) == {"platform"}
    assert_keys_hold(access)

    restore_backup(engine, access, backup)
    drop_before(access)
    assert not has_before(access)
    assert state(access) == original


def assert_keys_hold(access: DatabaseAccess) -> None:
    """Foreign keys stay within their schema, refuse what they should, and cascade."""
    assert run(
        access,
        "SELECT COUNT(*) FROM information_schema.key_column_usage WHERE"
        " referenced_table_schema <> table_schema",
    ) == [(0,)]
    with pytest.raises(pymysql.err.IntegrityError):
        run(access, "INSERT INTO remotes (site_id, name) VALUES (999, 'nobody')")
    with pytest.raises(pymysql.err.IntegrityError):
        run(access, "INSERT INTO `odd ``name``` VALUES (3, 99)")
    with connection(access) as opened, opened.cursor() as cursor:
        opened.begin()
        cursor.execute("DELETE FROM pictures")
        assert cursor.execute("DELETE FROM sites WHERE id = 2") == 1
        cursor.execute("SELECT COUNT(*) FROM remotes")
        assert cursor.fetchone() == (ROWS // 2,)
        opened.rollback()


def test_rights_by_schema_name_survive_a_swap(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    run(access, "CREATE OR REPLACE USER app@'%' IDENTIFIED BY 'app'")
    run(access, "GRANT SELECT ON platform.* TO app@'%'")
    restore_backup(engine, access, create_backup(engine, access, catalogue))
    with open_facts(replace(access, user="app", password="app")) as facts:
        assert facts.count("remotes") == ROWS


def test_data_of_an_earlier_restore_is_never_overwritten(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    restore_backup(engine, access, backup)
    with pytest.raises(BackupError, match="still kept"):
        load_shadow(engine, access, backup)
    assert schemas(access) == {"platform", "platform__before", "platform__swap"}


def test_a_swap_waits_for_a_running_transaction(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    original = state(access)
    load_shadow(engine, access, create_backup(engine, access, catalogue))
    with connection(access) as holder, holder.cursor() as cursor:
        holder.begin()
        cursor.execute("SELECT 1 FROM remotes LIMIT 1")
        release = threading.Timer(4.5, holder.rollback)
        release.start()
        started = time.monotonic()
        swap(access)
        assert time.monotonic() - started > 4
        release.join()
    assert state(access) == original


def test_nothing_to_swap_or_to_undo(access: DatabaseAccess) -> None:
    with pytest.raises(BackupError, match="no backup was loaded"):
        swap(access)
    with pytest.raises(BackupError, match="no earlier data"):
        swap_back(access)


def test_keys_across_schemas_are_refused_before_anything_is_touched(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    backup = create_backup(engine, access, catalogue)
    run(access, "CREATE DATABASE platform__other")
    run(
        access,
        "CREATE TABLE platform__other.c (id INT PRIMARY KEY, site INT,"
        " FOREIGN KEY (site) REFERENCES platform.sites (id))",
    )
    original = state(access)
    with pytest.raises(BackupError) as caught:
        restore_backup(engine, access, backup)
    run(access, "DROP DATABASE platform__other")
    named = "foreign keys across schemas: platform__other.c → platform.sites"
    assert caught.value.details == (named,)
    assert state(access) == original
    assert schemas(access) == {"platform"}


@pytest.mark.fault("wrong password")
def test_wrong_password(access: DatabaseAccess, engine: Engine, catalogue: Catalogue) -> None:
    wrong = replace(access, password="not-this-one")
    with pytest.raises(DatabaseError, match="refuses this user or password") as caught:
        create_backup(engine, wrong, catalogue)
    assert "not-this-one" not in repr(caught.value) + str(caught.value) + repr(wrong)
    assert catalogue.list() == []


def test_unreachable_and_unknown_database(access: DatabaseAccess) -> None:
    with (
        pytest.raises(DatabaseError, match="cannot be reached"),
        open_facts(replace(access, port=1)),
    ):
        pass
    with (
        pytest.raises(DatabaseError, match="no such database"),
        open_facts(replace(access, name="nothing")),
    ):
        pass


@pytest.mark.fault("data that a dump would not hold")
def test_tables_that_no_snapshot_covers_are_refused(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    run(access, "CREATE TABLE old (id INT) ENGINE=MyISAM")
    with pytest.raises(BackupError, match=r"old \(MyISAM\)"):
        create_backup(engine, access, catalogue)
    assert_failed(catalogue, "MyISAM")


@pytest.mark.parametrize("kept", [0.5, 0.9999])
@pytest.mark.fault("backup cut short")
def test_a_truncated_file_is_refused(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue, kept: float
) -> None:
    backup = create_backup(engine, access, catalogue)
    os.truncate(backup.data, int(backup.data.stat().st_size * kept))
    assert "not what was written" in verify_backup(backup).reasons[0]
    assert not verify_restore(engine, access, backup).good
    original = state(access)
    with pytest.raises(BackupError, match="not what was written"):
        restore_backup(engine, access, backup)
    assert state(access) == original
    assert schemas(access) == {"platform"}


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


@pytest.mark.fault("schema that changes during the dump")
def test_a_schema_that_changes_during_the_dump(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    def migrate() -> None:
        run(access, "CREATE TABLE new (id INT PRIMARY KEY)")

    with pytest.raises(BackupError, match="changed while it was dumped"):
        create_backup(engine, access, catalogue, on_bytes=once(migrate))
    assert_failed(catalogue, "changed while it was dumped")


@pytest.mark.fault("dump that breaks off")
def test_a_dump_that_loses_its_connection_is_not_good(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    def cut() -> None:
        others = run(
            access,
            "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID()"
            " AND host = 'localhost' AND user = 'root'",
        )
        assert len(others) == 1
        run(access, "KILL %s", others[0][0])

    with pytest.raises(BackupError, match="exit code 3") as caught:
        create_backup(engine, access, catalogue, on_bytes=once(cut))
    assert any("Error" in line for line in caught.value.details)
    assert_failed(catalogue, "exit code 3")


@pytest.mark.fault("dump that breaks off")
def test_a_dump_that_is_killed_is_not_good(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    def kill() -> None:
        script = 'kill -9 $(grep -lz "^.*mariadb-dump" /proc/[0-9]*/cmdline | cut -d/ -f3)'
        engine.exec(access.container_id, ["sh", "-c", script])

    with pytest.raises(BackupError, match="exit code 137"):
        create_backup(engine, access, catalogue, on_bytes=once_beside(kill))
    assert_failed(catalogue, "exit code 137")


def once_beside(action: Callable[[], object]) -> Callable[[int], None]:
    """Do something while a dump goes on: not in its own sink, where the engine would hang."""
    left = [action]

    def act(_: int) -> None:
        if left:
            thread = threading.Thread(target=left.pop())
            thread.start()
            thread.join(0.5)

    return act


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
    run(access, "SET GLOBAL max_allowed_packet = 64 << 20")
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
    deadline = time.monotonic() + 5
    query = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = 'platform__cut'"
    while run(access, query) != [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_an_interrupted_backup_leaves_no_dump_running(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    def interrupt(_: int) -> None:
        assert dump_processes(access)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create_backup(engine, access, catalogue, on_bytes=interrupt)
    assert_failed(catalogue, "KeyboardInterrupt")
    deadline = time.monotonic() + 5
    while dump_processes(access) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert dump_processes(access) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, 128 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.fault("disk full")
def test_a_disk_that_fills_up_during_the_dump(
    engine: Engine, access: DatabaseAccess, small_disk: Path
) -> None:
    catalogue = Catalogue(small_disk / "backups")

    def fill_disk(_: int) -> None:
        with (small_disk / "filler").open("ab", buffering=0) as file:
            try:
                while file.write(bytes(1 << 20)):
                    pass
            except OSError:
                return

    with pytest.raises(BackupError, match="no room for the backup"):
        create_backup(engine, access, catalogue, on_bytes=fill_disk)
    assert [path.suffix for path in catalogue.folder.iterdir()] == [".json"]
    [failed] = catalogue.list()
    assert failed.manifest.status == "failed"
    assert dump_processes(access) == []


@pytest.mark.fault("disk full")
def test_a_disk_that_is_full_when_the_last_bytes_are_written(
    engine: Engine, access: DatabaseAccess, small_disk: Path
) -> None:
    run(access, "DELETE FROM pictures")
    run(access, "DELETE FROM remotes")
    catalogue = Catalogue(small_disk / "backups")
    filler = once(lambda: fill_up(small_disk / "filler"))
    with pytest.raises(BackupError, match="no room for the backup"):
        create_backup(engine, access, catalogue, on_bytes=filler)
    [failed] = catalogue.list()
    assert failed.manifest.status == "failed"


def fill_up(path: Path) -> None:
    with path.open("ab", buffering=0) as file:
        for size in (1 << 20, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue


@pytest.mark.fault("disk full")
def test_too_little_room_is_seen_before_the_dump(
    engine: Engine, access: DatabaseAccess, small_disk: Path
) -> None:
    (small_disk / "filler").write_bytes(bytes(80 << 20))
    catalogue = Catalogue(small_disk / "backups")
    seen: list[int] = []
    with pytest.raises(BackupError, match="no room for the backup"):
        create_backup(engine, access, catalogue, on_bytes=seen.append)
    assert seen == []
    assert_failed(catalogue, "no room")


def assert_failed(catalogue: Catalogue, reason: str) -> None:
    [failed] = catalogue.list()
    assert failed.manifest.status == "failed"
    assert reason in failed.manifest.reason
    assert [path.suffix for path in catalogue.folder.iterdir()] == [".json"]
    with pytest.raises(BackupError, match="no good backup"):
        catalogue.get("latest")


def test_the_password_is_seen_nowhere(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    api = docker.from_env().api
    since = time.time() - 1
    seen: list[str] = []

    def look() -> None:
        seen.append(repr(api.top(access.container_id, ps_args="-eo pid,args")))
        execs = api.inspect_container(access.container_id)["ExecIDs"]
        seen.extend(json.dumps(api.exec_inspect(exec_id)) for exec_id in execs)

    backup = create_backup(engine, access, catalogue, on_bytes=once(look))
    with open_session(access) as session:
        create_schema_like(session, "platform", "platform__seen")
    load_schema(engine, access, backup, "platform__seen")
    events = list(api.events(since=since, until=time.time(), decode=True))
    stored = "".join(path.read_text() for path in catalogue.folder.glob("*.json"))
    text = "".join(seen) + json.dumps(events) + stored
    for tool in ("mariadb-dump --no-defaults", "mariadb --no-defaults", "exec_create"):
        assert tool in text
    for form in forms_of(PASSWORD):
        assert form not in text


def forms_of(password: str) -> set[str]:
    """The password as it is, and as JSON or Python would show it."""
    return {password, json.dumps(password)[1:-1], repr(password)[1:-1], json.dumps(password)}


def test_a_running_backup_is_seen_as_running(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    seen: list[Backup] = []
    create_backup(engine, access, catalogue, on_bytes=lambda _: seen.extend(catalogue.list()))
    assert {backup.manifest.status for backup in seen} == {"running"}
